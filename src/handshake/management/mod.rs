//! The management handshake: a network manager's scope connection and the scope's network manager connection.

pub mod decide;
pub mod ends;
pub mod halves;
pub mod ids;
pub mod members;
pub mod observation;
pub(crate) mod tell;
