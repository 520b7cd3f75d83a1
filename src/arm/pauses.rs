//! Who throttled us, and until when they want to be left alone.
//!
//! Resource Manager counts calls by caller and subscription: one who goes on calling for other things before the time it
//! asked for only makes it longer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use azure_core::http::Url;
use time::OffsetDateTime;

use super::error::{AzureFailure, Fault};
use crate::handshake::ids::TenantId;

/// Kept in memory only: who starts anew learns it from the next answer.
#[derive(Default)]
pub(super) struct Pauses(Mutex<HashMap<Place, (OffsetDateTime, AzureFailure)>>);

/// A tenant's subscription in lower case; empty for what belongs to none.
type Place = (TenantId, String);

impl Pauses {
    /// Nothing is to be called there for this long.
    pub(super) fn begin(
        &self,
        tenant: TenantId,
        url: &Url,
        now: OffsetDateTime,
        after: Duration,
        why: &AzureFailure,
    ) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.retain(|_, (until, _)| *until > now);
        pauses.insert(place(tenant, url), (now + after, why.clone()));
    }

    /// What Resource Manager would answer there, or at least what it asked us to take for that.
    pub(super) fn at(&self, tenant: TenantId, url: &Url, now: OffsetDateTime) -> Option<Fault> {
        let pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, failure) = pauses.get(&place(tenant, url))?;
        let left = Duration::try_from(*until - now).ok().filter(|left| !left.is_zero())?;
        Some(Fault::Answered { status: 429, failure: failure.clone(), after: Some(left), linked: None })
    }
}

fn place(tenant: TenantId, url: &Url) -> Place {
    let mut segments = url.path().split('/').skip(1);
    let subscription = match segments.next() {
        Some(first) if first.eq_ignore_ascii_case("subscriptions") => segments.next(),
        _ => None,
    };
    (tenant, subscription.unwrap_or_default().to_ascii_lowercase())
}
