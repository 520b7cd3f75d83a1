//! What is behind the protocol.

use async_trait::async_trait;

use super::invocation::{FunctionName, Invocation, TriggerType};
use super::reply::{Fault, Reply};

/// What an app's functions do; the host layer calls it for each invocation.
#[async_trait]
pub trait Functions: Send + Sync + 'static {
    /// What starts this function, or `None` if there is no such function (the host then gets 404).
    ///
    /// It says how the body is to be read, and has to be the same as in the function's `function.json`.
    fn trigger(&self, function: &FunctionName) -> Option<TriggerType>;

    /// Runs one invocation of a function for which [`Functions::trigger`] gave a trigger.
    ///
    /// # Errors
    /// [`Fault::Unusable`] when the same body would fail every time, [`Fault::Ours`] when another try may go well.
    async fn invoke(&self, invocation: Invocation) -> Result<Reply, Fault>;
}
