//! Addresses: of resources, and which of those that answers give may be followed.

use std::fmt;

use azure_core::http::Url;
use azure_core::http::headers::{HeaderName, Headers};

use crate::azure::CallFault;
use crate::handshake::ids::{Name, SubscriptionId, VirtualNetworkId};

/// The api-version of everything that is used: networks, peerings, network managers and what belongs to them.
const VERSION: &str = "2024-05-01";

/// Operation addresses are signed and up to 4 kB long.
const LONGEST_ADDRESS: usize = 16 * 1024;

/// What a list of networks or network managers covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedIn {
    /// A whole subscription.
    Subscription(SubscriptionId),
    /// One resource group.
    ResourceGroup(SubscriptionId, Name),
}

impl ListedIn {
    /// Whether a list of this place has the network in it, if it is there.
    #[must_use]
    pub fn holds(&self, network: &VirtualNetworkId) -> bool {
        match self {
            Self::Subscription(subscription) => *subscription == network.subscription,
            Self::ResourceGroup(subscription, group) => {
                *subscription == network.subscription && *group == network.resource_group
            }
        }
    }
}

/// Resource Manager's address, and the only one that its tokens go to.
pub(super) struct Origin(Url);

impl Origin {
    pub(super) fn new(endpoint: Url) -> Self {
        Self(endpoint)
    }

    /// The address of a resource.
    pub(super) fn resource(&self, id: &impl fmt::Display) -> Url {
        self.url(id.to_string().split('/').skip(1))
    }

    /// The address of a list below what holds it, with the size of its pages where it takes one.
    pub(super) fn list(&self, parent: &impl fmt::Display, collection: &str, top: Option<u8>) -> Url {
        let mut url = self.url(format!("{parent}/{collection}").split('/').skip(1));
        if let Some(top) = top {
            url.set_query(Some(&format!("api-version={VERSION}&$top={top}")));
        }
        url
    }

    /// The pipeline would send a token over plain http.
    pub(super) fn check(&self) -> Result<(), CallFault> {
        if self.0.scheme() == "https" {
            return Ok(());
        }
        Err(CallFault::Unusable { what: "Resource Manager's address is not https".to_owned(), source: None })
    }

    /// The address of a resource; each segment is encoded.
    fn url<'a>(&self, segments: impl Iterator<Item = &'a str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        Self::set_version(&mut url);
        url
    }

    /// Leaves the api-version as the whole query.
    pub(super) fn set_version(url: &mut Url) {
        url.set_query(None);
        url.query_pairs_mut().append_pair("api-version", VERSION);
    }

    /// An address that an answer gives: taken as it is, but only here.
    pub(super) fn follow(&self, what: &str, text: &str) -> Result<Url, CallFault> {
        if text.len() > LONGEST_ADDRESS {
            let what = format!("{what} is longer than {LONGEST_ADDRESS} bytes");
            return Err(CallFault::Malformed { what, source: None });
        }
        let url = Url::parse(text).map_err(|error| CallFault::Malformed {
            what: format!("{what} is no address"),
            source: Some(error.into()),
        })?;
        if url.origin() == self.0.origin() {
            return Ok(url);
        }
        let host = url.host_str().unwrap_or("no host").to_owned();
        Err(CallFault::Malformed {
            what: format!("{what} leads away from Resource Manager, to {host}"),
            source: None,
        })
    }

    /// The address in a header of an answer, if it has that header.
    pub(super) fn header(&self, headers: &Headers, name: &HeaderName) -> Result<Option<Url>, CallFault> {
        headers.get_optional_str(name).map(|text| self.follow(name.as_str(), text)).transpose()
    }
}

impl fmt::Display for ListedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscription(subscription) => write!(f, "/subscriptions/{subscription}"),
            Self::ResourceGroup(subscription, group) => {
                write!(f, "/subscriptions/{subscription}/resourceGroups/{group}")
            }
        }
    }
}
