//! Resource Manager, as far as handshakes need it, over azure_core's pipeline and one shared transport.
//!
//! Reads are repeated within bounds; writes are not, except where Azure's answer proves that nothing was done. Every
//! call ends by its deadline. Nothing is built, and no token asked for, before the first call needs it.

mod address;
mod client;
mod deadline;
mod denial;
pub(crate) mod entra;
mod envelope;
mod error;
mod operation;
mod resources;
mod throttle;
mod tokens;
pub mod transport;
pub mod wire;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use azure_core::credentials::Secret;
use azure_core::http::{HttpClient, Transport, Url};
use uuid::Uuid;

pub use self::address::ListedIn;
use self::address::Origin;
use self::client::Client;
pub use self::deadline::Deadline;
pub use self::error::{ArmError, Asked, AzureFailure, Class, Fault, Linked, WriteError};
pub use self::operation::{Ended, Operation};
pub use self::resources::{Resource, ResourceType, as_read};
use crate::clock::Clock;
use crate::handshake::ids::TenantId;

/// An operation is followed for so long at most within one reconciliation.
const FOLLOWED: Duration = Duration::from_secs(5);

/// Where Azure is and who we are there.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Resource Manager's origin; https only, as tokens go there.
    pub endpoint: Url,
    /// The Entra authority's origin; https only.
    pub authority: Url,
    /// The tenant that we live in.
    pub home: TenantId,
    /// Our application, the same in every tenant that has a service principal of it.
    pub client_id: String,
    /// Its secret; never printed.
    pub client_secret: Secret,
}

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

    /// Looks at an operation until it ends: at `Azure-AsyncOperation`, else at `Location`, else at the resource itself,
    /// as often as `Retry-After` allows.
    ///
    /// # Errors
    /// When it cannot be looked at: how the write ended is then unknown.
    pub async fn finish(&self, operation: Operation, until: Deadline) -> Result<Ended, ArmError> {
        operation.finish(self.client(), &self.0.origin, &self.0.clock, until).await
    }

    /// [`Self::finish`], for a moment: what takes longer is looked at by a later reconciliation.
    ///
    /// # Errors
    /// As there.
    pub async fn follow(&self, operation: Operation, until: Deadline) -> Result<Ended, ArmError> {
        self.finish(operation, Deadline::after(&self.0.clock, FOLLOWED).min(until)).await
    }

    fn client(&self) -> &Client {
        let inner = &*self.0;
        let build = || Client::new(&inner.settings, Transport::new(inner.transport.clone()), inner.clock);
        inner.client.get_or_init(build)
    }

    /// Reads are named by when they were made and by us, so that a run can be repeated to the letter.
    fn read_id(&self) -> Uuid {
        let count = self.0.reads.fetch_add(1, Ordering::Relaxed);
        let now = self.0.clock.now().unix_timestamp_nanos();
        let name = format!("{} {} {now} {count}", self.0.settings.home, self.0.settings.client_id);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
    }

    fn asked(&self, tenant: TenantId, action: &'static str, resource: String) -> Asked {
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
