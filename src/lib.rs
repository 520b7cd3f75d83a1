//! peerpact

pub mod clock;
pub mod config;
pub mod host;
pub mod telemetry;
