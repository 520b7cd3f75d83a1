//! Who throttled us, and until when they want to be left alone.
//!
//! Resource Manager counts calls by caller and subscription, reads apart from writes: one who goes on calling for other
//! things before the time it asked for only makes it longer. A lock is told by 429 too, but keeps only writes away, and
//! only from one network.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use azure_core::http::{Method, Url};
use tokio::time::Instant;

use crate::azure::{AzureFailure, CallFault};
use crate::handshake::ids::TenantId;

/// Kept in memory only: who starts anew learns it from the next answer.
#[derive(Default)]
pub(super) struct Throttles(Mutex<HashMap<Place, (Instant, AzureFailure)>>);

/// What is to be left alone; paths and subscriptions in lower case.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    /// Reads of a tenant's subscription; empty for what belongs to none.
    Reads(TenantId, String),
    /// Writes there.
    Writes(TenantId, String),
    /// Writes on one network and what is in it; on the resource itself where it is in no network.
    Locked(String),
}

impl Place {
    /// Where calls of this kind are counted.
    fn counted(tenant: TenantId, method: Method, url: &Url) -> Self {
        let mut segments = url.path().split('/').skip(1);
        let subscription = match segments.next() {
            Some(first) if first.eq_ignore_ascii_case("subscriptions") => segments.next(),
            _ => None,
        };
        let subscription = subscription.unwrap_or_default().to_ascii_lowercase();
        if method == Method::Get {
            Self::Reads(tenant, subscription)
        } else {
            Self::Writes(tenant, subscription)
        }
    }

    fn locked(url: &Url) -> Self {
        let path = url.path().to_ascii_lowercase();
        let mut segments = path.split('/');
        let before = segments.by_ref().take_while(|segment| *segment != "virtualnetworks").count();
        let held = match segments.next() {
            Some(_) => path.split('/').take(before + 2).collect::<Vec<_>>().join("/"),
            None => path,
        };
        Self::Locked(held)
    }
}

impl Throttles {
    /// Such calls are not to be made there for this long.
    pub(super) fn begin(
        &self,
        (tenant, method, url): (TenantId, Method, &Url),
        now: Instant,
        after: Duration,
        why: &AzureFailure,
    ) {
        let place = if why.is_lock() { Place::locked(url) } else { Place::counted(tenant, method, url) };
        let mut throttles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        throttles.retain(|_, (until, _)| *until > now);
        throttles.insert(place, (now + after, why.clone()));
    }

    /// What Resource Manager would answer there, or at least what it asked us to take for that.
    pub(super) fn at(
        &self,
        (tenant, method, url): (TenantId, Method, &Url),
        now: Instant,
    ) -> Option<CallFault> {
        let locked = (method != Method::Get).then(|| Place::locked(url));
        let throttles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, failure) = [Some(Place::counted(tenant, method, url)), locked]
            .into_iter()
            .flatten()
            .filter_map(|place| throttles.get(&place))
            .max_by_key(|(until, _)| *until)?;
        let left = until.saturating_duration_since(now);
        (!left.is_zero()).then(|| CallFault::Answered {
            status: 429,
            failure: failure.clone(),
            after: Some(left),
            linked: None,
        })
    }
}
