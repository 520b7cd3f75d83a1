//! What can be set about the sandbox.

/// How long operations take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Half a second each, `Retry-After` 1.
    #[default]
    Quick,
    /// As recorded: networks within 3 s, peerings and deletions 10-20 s with `Retry-After` 10, gateways minutes.
    Recorded,
}

/// What can be set about the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long operations take.
    pub pace: Pace,
    /// Decides every id, entity tag and duration, and the signing key.
    pub seed: u64,
    /// How long an access token is good for; Entra's usual 3599 s by default.
    pub token_lifetime: time::Duration,
    /// How long a message received from a queue is locked; 30 s by default, as on Azure.
    pub lock_duration: time::Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pace: Pace::Quick,
            seed: 0,
            token_lifetime: time::Duration::seconds(3599),
            lock_duration: time::Duration::seconds(30),
        }
    }
}

impl Settings {
    /// The defaults but for pace and seed.
    pub fn new(pace: Pace, seed: u64) -> Self {
        Self { pace, seed, ..Self::default() }
    }
}
