//! Resource Manager, as far as handshakes need it, over azure_core's pipeline and one shared transport.
//!
//! Reads are repeated within bounds; writes are not, except where Azure's answer proves that nothing was done. Every
//! call ends by its deadline. Nothing is built, and no token asked for, before the first call needs it.

mod address;
mod asked;
mod call;
mod client;
mod deadline;
mod denial;
mod error;
mod operation;
mod resource_manager;
mod resource_type;
mod resources;
mod settings;
mod throttle;
mod tokens;
pub mod wire;

pub use self::address::ListedIn;
pub use self::asked::{Asked, Linked};
pub use self::deadline::Deadline;
pub use self::error::{ArmError, Class, WriteError};
pub use self::operation::{Ended, Operation};
pub use self::resource_manager::ResourceManager;
pub use self::resource_type::{Resource, ResourceType};
pub use self::resources::as_read;
pub use self::settings::Settings;
