//! What the Functions host may rely on, tested on raw bodies over a real socket.

mod deployed;
mod hostile;
mod invocations;
mod messages;
mod outcomes;
mod pooled;
mod serving;
mod slow;
mod wire;
