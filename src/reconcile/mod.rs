//! A level-triggered controller with a work queue and an outbox.
//!
//! A [`Trigger`] only names something to reconcile and goes through the [`WorkQueue`]; the [`Reconciler`] reads both halves of
//! a handshake and makes at most one write; what it came to goes through the [`Outbox`]. The [`Controller`] puts them
//! together: `triggers` for events and items, `requests` for requests, `sweep` for the timer.

mod backoff;
mod budget;
mod burst;
mod controller;
mod error;
mod outbox;
mod process;
mod reconciler;
mod reconciliation;
mod refusals;
mod requests;
mod sweep;
mod trigger;
mod triggers;
mod work_item;
mod work_queue;
mod write;

pub use budget::{Bill, EventBudget, EventLimits, Payer};
pub use controller::{Controller, Ports};
pub use error::ReconcileError;
pub use outbox::Outbox;
pub use process::{Processed, Reconciled};
pub use reconciler::{Reconciler, Report, Task};
pub use requests::Received;
pub use sweep::Swept;
pub use trigger::Trigger;
pub use triggers::Accepted;
pub use work_item::{NoWorkItem, WorkItem};
pub use work_queue::WorkQueue;
