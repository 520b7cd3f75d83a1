//! What the Functions host may rely on, tested on raw bodies over a real socket.

#[cfg(test)]
mod deployed;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod invocations;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod pooled;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod wire;
