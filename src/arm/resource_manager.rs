//! Resource Manager as a whole: what its calls share.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use azure_core::http::{HttpClient, Transport};
use uuid::Uuid;

use super::address::Origin;
use super::asked::Asked;
use super::client::Client;
use super::deadline::Deadline;
use super::error::ArmError;
use super::operation::{Ended, Operation};
use super::settings::Settings;
use crate::clock::Clock;
use crate::handshake::ids::TenantId;

/// An operation is followed for so long at most within one reconciliation.
const FOLLOWED: Duration = Duration::from_secs(5);

/// Resource Manager. Cheap to clone; clones share the transport and the tokens.
#[derive(Clone)]
pub struct ResourceManager(Arc<Inner>);

struct Inner {
    settings: Settings,
    origin: Origin,
    transport: Arc<dyn HttpClient>,
    clock: Clock,
    client: OnceLock<Client>,
    reads: AtomicU64,
}

impl ResourceManager {
    /// Keeps what it is given; everything else is built on first use.
    #[must_use]
    pub fn new(settings: Settings, transport: Arc<dyn HttpClient>, clock: Clock) -> Self {
        let origin = Origin::new(settings.endpoint.clone());
        Self(Arc::new(Inner {
            settings,
            origin,
            transport,
            clock,
            client: OnceLock::new(),
            reads: AtomicU64::new(0),
        }))
    }

    /// Polls an operation until it ends: at `Azure-AsyncOperation`, else at `Location`, else at the resource itself,
    /// as often as `Retry-After` allows.
    ///
    /// # Errors
    /// When it cannot be polled: how the write ended is then unknown.
    pub async fn finish(&self, operation: Operation, until: Deadline) -> Result<Ended, ArmError> {
        operation.finish(self.client(), &self.0.origin, &self.0.clock, until).await
    }

    /// [`Self::finish`], for a moment: what takes longer is polled by a later reconciliation.
    ///
    /// # Errors
    /// As there.
    pub async fn follow(&self, operation: Operation, until: Deadline) -> Result<Ended, ArmError> {
        self.finish(operation, Deadline::after(&self.0.clock, FOLLOWED).min(until)).await
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.0.origin
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn client(&self) -> &Client {
        let inner = &*self.0;
        let build = || Client::new(&inner.settings, Transport::new(inner.transport.clone()), inner.clock);
        inner.client.get_or_init(build)
    }

    /// Reads are named by when they were made and by us, so that a run can be repeated to the letter.
    pub(super) fn read_id(&self) -> Uuid {
        let count = self.0.reads.fetch_add(1, Ordering::Relaxed);
        let now = self.0.clock.now().unix_timestamp_nanos();
        let name = format!("{} {} {now} {count}", self.0.settings.home, self.0.settings.client_id);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
    }

    pub(super) fn asked(&self, tenant: TenantId, action: &'static str, resource: String) -> Asked {
        Asked { tenant, action, resource, linked: None, client_id: self.0.settings.client_id.clone() }
    }
}

impl fmt::Debug for ResourceManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceManager")
            .field("endpoint", &self.0.settings.endpoint.as_str())
            .finish_non_exhaustive()
    }
}
