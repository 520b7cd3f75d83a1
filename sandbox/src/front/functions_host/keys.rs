//! The keys that open a function app's addresses.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;

use super::function::AuthLevel;

/// The keys of one function app. The same seed and name give the same keys, so that a run can be repeated.
#[derive(Clone)]
pub struct HostKeys {
    /// Opens every address.
    pub master: String,
    /// The host key `default`: opens functions with the levels `function` and `anonymous`.
    pub default: String,
    /// The system key `eventgrid_extension`: opens the Event Grid webhook.
    pub event_grid: String,
}

impl HostKeys {
    /// Derives the keys of the app `name` from `seed`.
    pub(super) fn derive(seed: u64, name: &str) -> Self {
        let key = |purpose: &str| {
            let digest = Sha256::digest(format!("functions host key/{seed}/{name}/{purpose}"));
            URL_SAFE_NO_PAD.encode(digest)
        };
        Self { master: key("master"), default: key("default"), event_grid: key("eventgrid_extension") }
    }

    pub(super) fn open_http(&self, level: AuthLevel, given: Option<&str>) -> bool {
        match level {
            AuthLevel::Anonymous => true,
            AuthLevel::Function => given.is_some_and(|key| key == self.default || key == self.master),
            AuthLevel::Admin => self.open_admin(given),
        }
    }

    pub(super) fn open_event_grid(&self, given: Option<&str>) -> bool {
        given.is_some_and(|key| key == self.event_grid || key == self.master)
    }

    pub(super) fn open_admin(&self, given: Option<&str>) -> bool {
        given.is_some_and(|key| key == self.master)
    }
}

impl fmt::Debug for HostKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HostKeys").finish_non_exhaustive()
    }
}
