//! What is to be known of a type of resource before it is read or written.

use std::fmt::Display;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::wire::WireError;

/// A type of resource that is read.
pub trait Resource: Sized {
    /// Its id.
    type Id: Display + PartialEq;
    /// Its JSON.
    type Wire: DeserializeOwned;
    /// The action that Azure checks for reading it.
    const READ: &'static str;
    /// What a list of them is called below what holds them.
    const COLLECTION: &'static str;
    /// How many to ask for on a page, where the list lets one ask.
    const TOP: Option<u8>;

    /// The resource, as it is used.
    ///
    /// # Errors
    /// What it lacks or says makes it useless.
    fn from_wire(wire: Self::Wire) -> Result<Self, WireError>;

    /// Its id.
    fn id(&self) -> &Self::Id;
}

/// A type of resource that is written: the actions that Azure checks, and its pace.
pub struct ResourceType {
    /// For reading one.
    pub read: &'static str,
    /// For writing one.
    pub write: &'static str,
    /// For deleting one.
    pub delete: &'static str,
    /// How long to wait before a write under way is polled, where Azure does not say.
    pub pause: Duration,
}
