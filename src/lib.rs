//! peerpact: when one tenant opens a network connection, the other tenant's half is made, checked and recorded.

pub mod arm;
pub mod clock;
pub mod handshake;
