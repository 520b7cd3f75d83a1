//! What a kind of handshake is to everything that works with all of them.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::lists::Attempts;
use crate::arm::{ArmError, Deadline, Ended, ResourceManager, WriteError};
use crate::handshake::agreements::{Agreements, Partner, Section};
use crate::handshake::bad_request::BadRequest;
use crate::handshake::decision::Decision;
use crate::handshake::fields::Fields;
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::handshake::kind_name::KindName;
use crate::handshake::pair::Pair;
use crate::handshake::read::Denial;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::seen::HalvesSeen;
use crate::handshake::write::Write;

/// One kind of handshake: which resources it connects, how its halves are read and written, and what its decisions are.
///
/// # Guarantees
/// What a decision says is a function of its arguments; a write that is repeated is the same write.
#[async_trait]
pub trait Kind: Send + Sync {
    /// Its public name.
    fn name(&self) -> KindName;

    /// Its section of an agreement file.
    fn section(&self) -> Section;

    /// What its halves and its ends are called.
    fn nouns(&self) -> Nouns;

    /// Whether a resource is a half of such a handshake, by its type.
    fn is_half(&self, id: &ResourceId) -> bool;

    /// Whether a resource can stand at an end of one, by its type.
    fn is_end(&self, id: &ResourceId) -> bool;

    /// Whether events about a resource at an end are worth following.
    fn is_watched(&self, end: &ResourceId) -> bool {
        self.is_end(end)
    }

    /// The pair that these ends make, ours first; `None` if they make none of this kind.
    fn pair(&self, ours: &ResourceId, theirs: &ResourceId, partner: TenantId) -> Option<Pair>;

    /// Whether an agreement covers the pair.
    fn is_covered(&self, pair: &Pair, agreements: &Agreements) -> bool;

    /// What the agreements say against the pair: a `[[deny]]`, or that none covers it.
    fn objection(&self, pair: &Pair, agreements: &Agreements) -> Option<Reason>;

    /// Ends whose handshakes a change of this resource concerns, beside those that it stands at itself.
    fn concerned(&self, _resource: &ResourceId, _agreements: &Agreements) -> Vec<ResourceId> {
        Vec::new()
    }

    /// Reads both halves.
    ///
    /// # Errors
    /// Azure could not be read; what is not there or not for us is seen, and no error.
    async fn read(
        &self,
        observer: &Observer<'_>,
        pair: &Pair,
        record: Option<&Record>,
        prefetched: Prefetched,
        until: Deadline,
    ) -> Result<Box<dyn View>, ArmError>;

    /// Reads a half to learn which pairs it belongs to. `written` says that an event tells so of it.
    ///
    /// # Errors
    /// As [`Kind::read`].
    async fn resolve(
        &self,
        observer: &Observer<'_>,
        half: &ResourceId,
        written: bool,
        until: Deadline,
    ) -> Result<Resolved, ArmError>;

    /// Lists what the agreements name, for the sweep. What cannot be listed is noted among the attempts.
    async fn list(
        &self,
        observer: &Observer<'_>,
        until: Deadline,
        attempts: &mut Attempts,
    ) -> Box<dyn Listed>;

    /// Sends a write, and follows it for a moment.
    ///
    /// # Errors
    /// [`WriteError`]: whether anything was written.
    async fn write(
        &self,
        observer: &Observer<'_>,
        pair: &Pair,
        write: &Write,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Ended, WriteError>;

    /// Reads the fields of a request to connect that are this kind's own.
    ///
    /// # Errors
    /// The first field that is wrong, and its rule.
    fn connect(&self, fields: Fields<'_>) -> Result<ConnectRequest, BadRequest>;

    /// The pair that a request to connect is about, and how our half is to be, as far as our tenant, `home`, agreed.
    ///
    /// # Errors
    /// The first field that goes beyond it, and what to write.
    fn authorize(
        &self,
        asked: &ConnectRequest,
        home: TenantId,
        agreements: &Agreements,
    ) -> Result<(Pair, Value), BadRequest>;

    /// Whether the agreements with a partner let us remove this half of theirs.
    fn reaches(&self, _partner: &Partner, _half: &ResourceId) -> bool {
        false
    }
}

/// What a kind's resources are called; single ones without an article.
#[derive(Clone, Copy, Debug)]
pub struct Nouns {
    /// Its halves.
    pub halves: &'static [&'static str],
    /// What stands at its ends.
    pub ends: &'static [&'static str],
    /// Which ends make a pair, as a clause.
    pub pair: &'static str,
}

/// What reads both tenants.
#[derive(Clone, Copy)]
pub struct Observer<'a> {
    /// The tenant that we live in.
    pub home: TenantId,
    /// What our tenant consents to.
    pub agreements: &'a Agreements,
    /// Azure.
    pub resource_manager: &'a ResourceManager,
}

/// What was read or learnt just now, and need not be read again.
#[derive(Clone, Debug, Default)]
pub struct Prefetched {
    /// What a kind's own [`Kind::resolve`] has read.
    pub read: Option<Arc<dyn Any + Send + Sync>>,
    /// An event named their half just now.
    pub announced: bool,
    /// Read everything, though the record says that all is well.
    pub thorough: bool,
}

/// The pairs that a half turns out to belong to, or why that cannot be said.
pub enum Resolved {
    /// These, with what was read of each.
    Pairs(Vec<(Pair, Prefetched)>),
    /// It cannot be read.
    Unreadable(Denial),
}

/// A pair, and both halves of it freshly read.
pub trait View: Debug + Send + Sync {
    /// What was read.
    fn pair(&self) -> Pair;

    /// Whether it shows how both halves stand.
    fn is_whole(&self) -> bool;

    /// The two halves, for the record.
    fn halves(&self) -> HalvesSeen;

    /// Decides by the kind's table. Pure: the same arguments give the same decision.
    fn decide(&self, record: Option<&Record>, agreements: &Agreements, now: OffsetDateTime) -> Decision;

    /// Equal for equal views: says whether anything changed since a write was refused.
    fn fingerprint(&self) -> String;
}

/// What the lists of a kind show.
pub trait Listed: Send + Sync {
    /// The pairs that the halves in the lists make.
    fn pairs(&self, agreements: &Agreements) -> Vec<Pair>;

    /// How the lists compare with what is known of a pair.
    fn shown(&self, pair: &Pair, record: Option<&Record>, agreements: &Agreements) -> Shown;
}

/// How a pair shows in lists.
pub enum Shown {
    /// Both halves, as if they had been read.
    Whole(Box<dyn View>),
    /// Only ours.
    Ours {
        /// Azure's word for where ours stands; `None` if it is not there.
        state: Option<String>,
        /// Why it goes beyond what is agreed, if it does.
        beyond: Vec<Reason>,
        /// Theirs would have been in the lists, if it were there and we might see it.
        sought: bool,
        /// Ours shows what becomes of theirs.
        tells_all: bool,
    },
    /// Not ours: that takes a read of its own.
    Nothing,
    /// Our own list could not be had.
    Unknown,
}

/// A request to connect, well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectRequest {
    /// The action by which it is asked for.
    pub action: &'static str,
    /// What is connected.
    pub kind: KindName,
    /// The handshake that is asked about.
    pub handshake: HandshakeId,
    /// What is asked for in its canonical form, as JSON: the fields that say something, in a fixed order, but for the
    /// action.
    pub document: String,
}

impl Prefetched {
    /// What this read gave.
    #[must_use]
    pub fn of(read: impl Any + Send + Sync) -> Self {
        Self { read: Some(Arc::new(read)), ..Self::default() }
    }

    /// What was read, if it is this.
    #[must_use]
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.read.as_deref()?.downcast_ref()
    }
}

impl Shown {
    /// Whether the lists show how both halves stand. That their network is not listed may mean that it is gone, or that
    /// we may not see it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Whole(view) => view.is_whole(),
            Self::Ours { tells_all, .. } => *tells_all,
            Self::Nothing | Self::Unknown => false,
        }
    }
}
