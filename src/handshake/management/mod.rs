//! The management handshake: a network manager's scope connection and the scope's network manager connection.

pub mod halves;
pub mod ids;
