//! A local Azure for two tenants: Resource Manager, Entra, Event Grid and Service Bus as one deterministic model.
//!
//! [`Azure`] is the in-process front: it takes an HTTP request and gives the answer Azure would give, under the time of a
//! [`Clock`] and with ids derived from a seed, so that the same calls at the same times always end in the same world.
//! The front on ports carries the same requests over TLS on loopback.
//!
//! Behaviour follows recorded traffic where there is any (the test recordings of the Azure CLI and of Azure PowerShell);
//! where it rests on documentation or on a choice of ours, the code says so.

mod arm;
mod azure;
mod clock;
mod entra;
mod events;
mod faults;
pub mod front;
mod history;
mod injector;
mod mint;
mod model;
mod reply;
mod request;
pub mod service_bus;
mod settings;
pub mod up;
mod world;

pub use azure::Azure;
pub use clock::Clock;
pub use events::{Delivery, DeliveryId};
pub use faults::{
    Action, Answer, CallMatch, Cut, Delay, EventFaults, FaultPlan, FaultPlanError, Range, Reorder,
    RetryAfter, Rule,
};
pub use history::Call;
pub use service_bus::Broker;
pub use settings::{Pace, Settings};
pub use world::{Principal, Tenant, World};
