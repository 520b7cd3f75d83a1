//! Writes: what a decision asks to be sent, complete.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use serde_json::Value;

use super::reason::Reason;
use super::resource_id::ResourceId;
use super::step::Step;

/// One write, complete: repeating it is the same write. Two are equal if they show the same.
#[derive(Clone, Debug)]
pub struct Write {
    /// Which.
    pub step: Step,
    /// What is written or removed.
    pub target: ResourceId,
    /// How, as its kind knows it.
    pub body: Arc<dyn Body>,
    /// What follows from it beside what its step says.
    pub effects: Effects,
}

/// What a kind sends.
pub trait Body: Any + Debug + Send + Sync {
    /// The body as people and programs are shown it; it holds all that tells two writes apart.
    fn shown(&self) -> Value;
}

/// What follows from a write beside what its step says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// It is the one more write that a half which Azure failed on is given.
    pub mends: bool,
    /// Everything is read anew afterwards, though the record says that all is well.
    pub rereads_all: bool,
    /// Why the handshake is closed, where nothing is left after it.
    pub gone: Option<Reason>,
}

impl Write {
    /// A write without further effects.
    #[must_use]
    pub fn new(step: Step, target: ResourceId, body: impl Body) -> Self {
        Self { step, target, body: Arc::new(body), effects: Effects::default() }
    }

    /// The body, if it is this kind's.
    #[must_use]
    pub fn body<B: Body>(&self) -> Option<&B> {
        (&*self.body as &dyn Any).downcast_ref()
    }

    /// The same, as the one more write that a failed half is given.
    #[must_use]
    pub fn mending(mut self) -> Self {
        self.effects.mends = true;
        self
    }

    /// The same, after which everything is read anew.
    #[must_use]
    pub fn rereading_all(mut self) -> Self {
        self.effects.rereads_all = true;
        self
    }

    /// The same, with why the handshake is closed where nothing is left after it.
    #[must_use]
    pub fn gone(mut self, why: Reason) -> Self {
        self.effects.gone = Some(why);
        self
    }
}

impl PartialEq for Write {
    fn eq(&self, other: &Self) -> bool {
        let whole = |write: &Self| (write.step, write.target.clone(), write.effects.clone());
        whole(self) == whole(other) && self.body.shown() == other.body.shown()
    }
}
