//! The sandbox on ports: everything that a real client or a real handler connects to.
//!
//! Every listener is bound to 127.0.0.1 and nothing here may be reached from another machine.

mod accept;
mod amqp;
mod certificates;
mod control;
mod delivery;
pub mod functions_host;
mod https;
pub(crate) mod ready;

pub use amqp::serve_amqp;
pub use certificates::{Certificates, CertificatesError};
pub use control::control;
pub use delivery::WebhookError;
pub(crate) use delivery::{DeliveryTarget, Webhook, deliver_events};
pub use https::{Dropped, serve_https};
