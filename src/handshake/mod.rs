//! The handshake itself, pure: no clock, no I/O, no randomness.

pub mod admission;
pub mod agreements;
pub mod consent;
pub mod decide;
pub mod decision;
pub mod grants;
pub mod halves;
pub mod holding;
pub mod ids;
pub mod management;
pub mod observation;
pub mod pair;
pub mod pattern;
pub mod phase;
pub mod reason;
pub mod record;
pub mod removal;
pub mod request_queue;
mod shell;
pub mod step;
mod tell;
pub mod view;
pub mod wish;
