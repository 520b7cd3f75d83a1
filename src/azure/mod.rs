//! What everything that speaks to Azure shares: the way there, our credentials, and how failures are shown.
//!
//! Resource Manager (`arm`) and the queues (`queue`) stand on it; it knows neither of them.

mod bundle;
mod config;
pub(crate) mod entra;
pub(crate) mod envelope;
mod failure;
mod fault;
pub(crate) mod pipeline;
mod secret;
mod transport;

pub use self::bundle::BundleError;
pub(crate) use self::bundle::certificates;
pub use self::config::AzureConfig;
pub use self::failure::AzureFailure;
pub use self::fault::CallFault;
pub use self::secret::Secret;
pub use self::transport::{Https, LONGEST_BODY, TransportError, check_bundle};
