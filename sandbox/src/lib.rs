//! A local Azure for two tenants.
mod azure;
mod clock;
pub mod front;
pub mod up;
mod world;

pub use azure::{Azure, Call, Cut, Delivery, DeliveryId, FaultPlan, Pace, Settings};
pub use clock::Clock;
pub use world::{Principal, Tenant, World};
