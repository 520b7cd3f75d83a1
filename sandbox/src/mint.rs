//! Ids that look random and are not: the same seed and the same order of calls give the same ids.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// 32 bytes that depend on nothing but the seed and the label.
pub(crate) fn derive(seed: u64, label: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(label.as_bytes());
    hash.finalize().into()
}

/// Makes ids in a fixed sequence.
#[derive(Debug)]
pub(crate) struct Mint {
    seed: u64,
    made: u64,
}

impl Mint {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, made: 0 }
    }

    /// The next id, in the shape of a random (version 4) UUID.
    pub(crate) fn guid(&mut self) -> Uuid {
        let bytes = self.bytes();
        let mut id = [0; 16];
        id.copy_from_slice(&bytes[..16]);
        Builder::from_random_bytes(id).into_uuid()
    }

    /// The next entity tag, quoted and weak as the network provider writes it.
    pub(crate) fn etag(&mut self) -> String {
        format!("W/\"{}\"", self.guid())
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        let mut number = [0; 8];
        number.copy_from_slice(&self.bytes()[..8]);
        low + u64::from_be_bytes(number) % (high - low + 1)
    }

    fn bytes(&mut self) -> [u8; 32] {
        self.made += 1;
        derive(self.seed, &format!("mint/{}", self.made))
    }
}
