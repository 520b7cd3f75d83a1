//! A local Azure for two tenants.
pub mod azure;
pub mod clock;
pub mod front;
pub mod up;
pub mod world;
