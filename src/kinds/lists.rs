//! Which lists a sweep asked for, and what kept it from them.

use super::grants;
use crate::arm::{ArmError, Class};
use crate::handshake::agreements::Agreements;
use crate::handshake::read::Denial;
use crate::handshake::reason::Reason;
use crate::handshake::trouble::Trouble;

/// How many lists were asked for, how many could be had, and what kept us from the others.
#[derive(Debug, Default)]
pub struct Attempts {
    /// How many were asked for.
    pub asked: usize,
    /// How many could be had.
    pub had: usize,
    /// What kept us from the others.
    pub troubles: Vec<Trouble>,
}

impl Attempts {
    /// A list of `what` failed.
    pub fn failed(&mut self, what: &str, error: &ArmError, agreements: &Agreements) {
        match error.class() {
            Class::Denied(denial) => self.denied(&denial, agreements),
            _ => {
                let message = format!("{what} could not be listed: {error}");
                self.troubles.push(Trouble { message, fix: None });
            }
        }
    }

    /// A list may not be read.
    pub fn denied(&mut self, denial: &Denial, agreements: &Agreements) {
        let Reason { message, fix, .. } = grants::access_missing(denial, agreements);
        self.troubles.push(Trouble { message, fix });
    }
}
