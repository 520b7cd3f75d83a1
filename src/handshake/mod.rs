//! The handshake itself, pure: no clock, no I/O, no randomness.

pub mod halves;
pub mod ids;
