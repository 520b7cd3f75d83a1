//! The part of an agreement file that belongs to one kind of handshake.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use toml::Spanned;

use crate::handshake::scope::Scope;

/// A kind's section of an agreement file.
#[derive(Clone, Copy)]
pub struct Section {
    /// The key of the tables in it, which is the kind's public name.
    pub key: &'static str,
    /// The actions that a request can ask for with it alone.
    pub actions: &'static [&'static str],
    /// What to add where no agreement names a resource of the kind.
    pub fix: &'static str,
    /// Reads the section out of a whole file, and passes over what is not its own.
    pub read: fn(&str) -> Result<Arc<dyn Terms>, toml::de::Error>,
}

/// What a kind reads from an agreement file.
pub trait Terms: Any + fmt::Debug + Send + Sync {
    /// The name of each agreement, where it stands in the file.
    fn names(&self) -> Vec<&Spanned<String>>;

    /// Every scope that the agreements name, and whether they call it ours.
    fn claims(&self) -> Vec<Claim<'_>>;

    /// Whether the keys of each agreement go together.
    ///
    /// # Errors
    /// The first rule that is broken.
    fn check(&self) -> Result<(), Broken>;

    /// The agreements as people and programs are shown them; `label` makes `partner/name` of a name.
    fn shown(&self, label: &dyn Fn(&Spanned<String>) -> String) -> Vec<ShownAgreement>;
}

/// That an agreement calls a scope ours, or the partner's.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The agreement's name.
    pub agreement: &'a Spanned<String>,
    /// The scope.
    pub scope: Scope,
    /// Whether it is called ours.
    pub ours: bool,
}

/// A rule that a file breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where, in bytes from the start of the file.
    pub at: usize,
    /// What is wrong and what to write instead.
    pub problem: String,
}

/// An agreement as `agreements check` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownAgreement {
    /// Its `partner/name`.
    pub label: String,
    /// What it says, in lines.
    pub lines: Vec<String>,
    /// The same for programs.
    pub json: Value,
}
