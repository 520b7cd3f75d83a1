//! A kind of handshake from outside: all that one takes is behind `trait Kind`, and the controller, the ledger, the
//! queues, requests and what is shown work with it as they are.

mod agreements;
mod beside;
mod events;
mod requests;
mod stage;
mod sweeps;
mod toy;
