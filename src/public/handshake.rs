//! A handshake as programs and people are shown it: by `GET /api/handshakes` and by `peerpact status --json`.

use serde::Serialize;
use time::OffsetDateTime;

use crate::handshake::end::End;
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::handshake::kind_name::KindName;
use crate::handshake::phase::Phase;
use crate::handshake::reason::{Code, Reason};
use crate::handshake::record::Record;
use crate::ledger::{Ledger, LedgerError, Line, Stored};

/// One handshake with its history. The shape is public: fields are added, never renamed or removed.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// The same in both tenants.
    pub id: HandshakeId,
    /// What is connected.
    #[cfg_attr(test, schemars(with = "crate::schemas::KindText"))]
    pub kind: KindName,
    /// Where it stands.
    pub phase: Phase,
    /// Why, in one; `null` only while there is nothing to tell.
    pub reason: Option<PublicReason>,
    /// Every reason on its own, where there are several.
    pub reasons: Vec<Reason>,
    /// Our end.
    pub ours: PublicEnd,
    /// The partner's end.
    pub theirs: PublicEnd,
    /// The agreement that covers the pair, as `partner/name`.
    pub agreement: Option<String>,
    /// When it was first seen since it was last closed.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(test, schemars(with = "crate::schemas::Moment"))]
    pub opened_at: OffsetDateTime,
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(test, schemars(with = "crate::schemas::Moment"))]
    pub updated_at: OffsetDateTime,
    /// When both halves were first seen Connected and in sync.
    #[serde(with = "time::serde::rfc3339::option")]
    #[cfg_attr(test, schemars(with = "Option<crate::schemas::Moment>"))]
    pub connected_at: Option<OffsetDateTime>,
    /// When its halves were last looked at with success; `null` if they never were.
    #[serde(with = "time::serde::rfc3339::option")]
    #[cfg_attr(test, schemars(with = "Option<crate::schemas::Moment>"))]
    pub checked_at: Option<OffsetDateTime>,
    /// How it came to this, the oldest first.
    pub history: Vec<Line>,
}

/// All reasons in one: the code and fix of the first, and every sentence.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PublicReason {
    /// The first reason's code.
    pub code: Code,
    /// Every reason's sentence.
    pub message: String,
    /// The first fix there is.
    pub fix: Option<String>,
}

/// One end of a handshake.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublicEnd {
    /// Its tenant.
    pub tenant_id: TenantId,
    /// The resource id of the network, the manager, the subscription or the management group.
    pub resource_id: String,
    /// The half's resource id, as last seen.
    pub half: Option<String>,
    /// The half's `peeringState` or `connectionState`; `null` when there is none or it cannot be read.
    pub state: Option<String>,
    /// The half's `peeringSyncLevel`; `null` for connections.
    #[cfg_attr(test, schemars(with = "Option<crate::kinds::peering::SyncLevel>"))]
    pub sync_level: Option<String>,
}

/// The handshake with this id, if the ledger has it.
///
/// # Errors
/// The ledger failed.
pub async fn one(ledger: &dyn Ledger, id: &HandshakeId) -> Result<Option<Handshake>, LedgerError> {
    match ledger.load(id).await? {
        Some(stored) => show(ledger, stored).await.map(Some),
        None => Ok(None),
    }
}

/// Every handshake, or those in one phase, the longest unchanged first.
///
/// # Errors
/// The ledger failed.
pub async fn many(ledger: &dyn Ledger, phase: Option<Phase>) -> Result<Vec<Handshake>, LedgerError> {
    let mut handshakes = Vec::new();
    for stored in ledger.list(phase).await? {
        handshakes.push(show(ledger, stored).await?);
    }
    Ok(handshakes)
}

async fn show(ledger: &dyn Ledger, stored: Stored) -> Result<Handshake, LedgerError> {
    let history = ledger.history(&stored.record.id).await?;
    let checked_at = stored.progress.checked_at;
    Ok(Handshake { checked_at, ..Handshake::new(stored.record, history) })
}

impl Handshake {
    /// A record as it is shown where nothing is known of when its halves were read.
    #[must_use]
    pub fn new(record: Record, history: Vec<Line>) -> Self {
        Self {
            id: record.id,
            kind: record.kind,
            phase: record.phase,
            reason: PublicReason::of(&record.reasons),
            reasons: record.reasons,
            ours: PublicEnd::of(&record.ours),
            theirs: PublicEnd::of(&record.theirs),
            agreement: record.agreement,
            opened_at: record.opened_at,
            updated_at: record.updated_at,
            connected_at: record.connected_at,
            checked_at: None,
            history,
        }
    }
}

impl PublicReason {
    /// Several reasons in one; `None` of none.
    #[must_use]
    pub(crate) fn of(reasons: &[Reason]) -> Option<Self> {
        let first = reasons.first()?;
        let sentences: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
        Some(Self {
            code: first.code,
            message: sentences.join("; "),
            fix: reasons.iter().find_map(|reason| reason.fix.clone()),
        })
    }
}

impl PublicEnd {
    fn of(end: &End) -> Self {
        Self {
            tenant_id: end.tenant,
            resource_id: end.resource.to_string(),
            half: end.half.as_ref().map(ToString::to_string),
            state: end.state.clone(),
            sync_level: end.sync.clone(),
        }
    }
}
