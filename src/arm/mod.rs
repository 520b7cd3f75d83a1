//! Resource Manager, as far as peerings need it, over azure_core's pipeline and one shared transport.
//!
//! Reads are repeated within bounds; writes are not, except where Azure's answer proves that nothing was done. Every
//! call ends by its deadline. Nothing is built, and no token asked for, before the first call needs it.

mod address;
mod client;
mod deadline;
mod denial;
mod envelope;
mod error;
mod operation;
mod tokens;
pub mod transport;
pub mod wire;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use azure_core::credentials::Secret;
use azure_core::http::{HttpClient, Method, Transport, Url};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use self::address::Origin;
pub use self::address::Place;
use self::client::{Call, Client};
pub use self::deadline::Deadline;
pub use self::error::{ArmError, Asked, AzureFailure, Class, Fault, WriteError};
pub use self::operation::{Ended, Operation};
use crate::clock::Clock;
use crate::handshake::halves::{Network, PeeringFlags, Sight};
use crate::handshake::ids::{PeeringId, TenantId, VirtualNetworkId};

/// A subscription has at most some thousand networks and a page some hundred.
const MOST_PAGES: usize = 100;

const READ_NETWORK: &str = "Microsoft.Network/virtualNetworks/read";
const WRITE_PEERING: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write";
const DELETE_PEERING: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/delete";

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

/// A peering to be written, in full: Azure replaces it as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeeringWrite {
    /// The tenant of the network that holds it.
    pub tenant: TenantId,
    /// The tenant of the remote network, if it is another one: its token goes along, and no other's.
    pub auxiliary: Option<TenantId>,
    /// The peering.
    pub id: PeeringId,
    /// The network it points at.
    pub remote: VirtualNetworkId,
    /// Its flags.
    pub flags: PeeringFlags,
    /// Take over the remote network's address space as it is now (`syncRemoteAddressSpace`).
    pub sync: bool,
    /// Names this write in Azure's logs and, with the attempt's number, each request of it.
    pub correlation: Uuid,
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

    /// One virtual network with every peering in it: one GET.
    ///
    /// # Errors
    /// When it cannot be had by `until`: see [`ArmError::class`].
    pub async fn network(
        &self,
        tenant: TenantId,
        id: &VirtualNetworkId,
        until: Deadline,
    ) -> Result<Network, ArmError> {
        let asked = self.asked(tenant, READ_NETWORK, id.to_string());
        let network: wire::VirtualNetwork = self.get(&asked, self.0.origin.network(id), until).await?;
        let network =
            network.into_network().map_err(|error| malformed(&asked, "not a usable network", error))?;
        if network.id == *id {
            return Ok(network);
        }
        let what = format!("another network was asked for than {}", network.id);
        Err(ArmError::new(&asked, Fault::Malformed { what, source: None }))
    }

    /// The same, with "not there" and "not for us" as answers instead of errors.
    ///
    /// # Errors
    /// Every other class of error.
    pub async fn sight(
        &self,
        tenant: TenantId,
        id: &VirtualNetworkId,
        until: Deadline,
    ) -> Result<Sight, ArmError> {
        match self.network(tenant, id, until).await {
            Ok(network) => Ok(Sight::Seen(network)),
            Err(error) => match error.class() {
                Class::NotFound => Ok(Sight::NotFound),
                Class::Denied(denial) => Ok(Sight::Denied(denial)),
                _ => Err(error),
            },
        }
    }

    /// Every virtual network of a place. One that makes no sense is passed over with a warning.
    ///
    /// # Errors
    /// When a page cannot be had by `until`, or leads elsewhere: see [`ArmError::class`].
    pub async fn networks(
        &self,
        tenant: TenantId,
        place: &Place,
        until: Deadline,
    ) -> Result<Vec<Network>, ArmError> {
        let asked = self.asked(tenant, READ_NETWORK, place.to_string());
        let mut url = self.0.origin.networks(place);
        let mut networks = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: wire::Page = self.get(&asked, url, until).await?;
            let next = page.next().map(|next| self.0.origin.follow("nextLink", next)).transpose();
            for item in page.value {
                match serde_json::from_value::<wire::VirtualNetwork>(item)
                    .map(wire::VirtualNetwork::into_network)
                {
                    Ok(Ok(network)) => networks.push(network),
                    Ok(Err(error)) => tracing::warn!(%error, "a network in {place} is passed over"),
                    Err(error) => tracing::warn!(%error, "a network in {place} is passed over"),
                }
            }
            match next.map_err(|fault| ArmError::new(&asked, fault))? {
                Some(next) => url = next,
                None => return Ok(networks),
            }
        }
        let what = format!("the list does not end after {MOST_PAGES} pages");
        Err(ArmError::new(&asked, Fault::Malformed { what, source: None }))
    }

    /// Creates or replaces a peering: one PUT.
    ///
    /// # Errors
    /// [`WriteError::Rejected`] if nothing was written; [`WriteError::Unknown`] if that has to be read back.
    pub async fn put_peering(&self, write: &PeeringWrite, until: Deadline) -> Result<Operation, WriteError> {
        let mut asked = self.asked(write.tenant, WRITE_PEERING, write.id.to_string());
        asked.remote = Some(write.remote.clone());
        let mut url = self.0.origin.peering(&write.id);
        if write.sync {
            url.query_pairs_mut().append_pair("syncRemoteAddressSpace", "true");
        }
        let body = serde_json::to_vec(&wire::PeeringBody::new(&write.remote, write.flags))
            .map_err(|error| WriteError::Rejected(malformed(&asked, "the body cannot be written", error)))?;
        let auxiliary = write.auxiliary.filter(|auxiliary| *auxiliary != write.tenant);
        let call = Call {
            asked,
            method: Method::Put,
            url,
            body: Some(Bytes::from(body)),
            auxiliary,
            correlation: write.correlation,
            sequence: 0,
        };
        self.write(&call, until).await
    }

    /// Deletes a peering: one DELETE. One that is not there counts as deleted.
    ///
    /// # Errors
    /// As [`Self::put_peering`].
    pub async fn delete_peering(
        &self,
        tenant: TenantId,
        id: &PeeringId,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        let call = Call {
            asked: self.asked(tenant, DELETE_PEERING, id.to_string()),
            method: Method::Delete,
            url: self.0.origin.peering(id),
            body: None,
            auxiliary: None,
            correlation,
            sequence: 0,
        };
        self.write(&call, until).await
    }

    /// Looks at an operation until it ends: at `Azure-AsyncOperation`, else at `Location`, else at the resource itself,
    /// as often as `Retry-After` allows.
    ///
    /// # Errors
    /// When it cannot be looked at: how the write ended is then unknown.
    pub async fn finish(&self, operation: Operation, until: Deadline) -> Result<Ended, ArmError> {
        operation.finish(self.client(), &self.0.origin, &self.0.clock, until).await
    }

    async fn write(&self, call: &Call, until: Deadline) -> Result<Operation, WriteError> {
        self.0.origin.check().map_err(|fault| WriteError::Rejected(ArmError::new(&call.asked, fault)))?;
        let answer = self.client().write(call, until).await?;
        Operation::of(call, &answer, &self.0.origin, &self.0.clock)
            .map_err(|fault| WriteError::Unknown(ArmError::new(&call.asked, fault)))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        asked: &Asked,
        url: Url,
        until: Deadline,
    ) -> Result<T, ArmError> {
        self.0.origin.check().map_err(|fault| ArmError::new(asked, fault))?;
        let call = Call {
            asked: asked.clone(),
            method: Method::Get,
            url,
            body: None,
            auxiliary: None,
            correlation: self.read_id(),
            sequence: 0,
        };
        let answer = self.client().read(&call, until).await?;
        serde_json::from_slice(&answer.body).map_err(|error| malformed(asked, "not the expected JSON", error))
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
        Asked { tenant, action, resource, remote: None, client_id: self.0.settings.client_id.clone() }
    }
}

fn malformed(asked: &Asked, what: &str, source: impl std::error::Error + Send + Sync + 'static) -> ArmError {
    ArmError::new(asked, Fault::Malformed { what: what.to_owned(), source: Some(Box::new(source)) })
}

impl fmt::Debug for ResourceManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceManager")
            .field("endpoint", &self.0.settings.endpoint.as_str())
            .finish_non_exhaustive()
    }
}
