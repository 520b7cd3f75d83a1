//! How fresh what is known is: when anything was last listed, and what the last sweep could not do.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::handshake::trouble::Trouble;

/// At most so many troubles of a sweep are kept.
const TROUBLES_MAX: usize = 20;
/// No text of a trouble is kept beyond so many characters.
const TEXT_MAX: usize = 1000;

/// What a sweep could do and what not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepNote {
    /// When it ended.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How many handshakes it compared with the lists.
    pub seen: usize,
    /// How many of them had to be reconciled.
    pub noticed: usize,
    /// What could not be read.
    pub troubles: Vec<Trouble>,
    /// When a sweep last had at least one list; while none ever had, when the first one ended.
    #[serde(rename = "lookedAt", with = "time::serde::rfc3339")]
    pub listed_at: OffsetDateTime,
}

impl SweepNote {
    /// The note with no more in it than is kept.
    #[must_use]
    pub(crate) fn bounded(mut self) -> Self {
        self.troubles.truncate(TROUBLES_MAX);
        for trouble in &mut self.troubles {
            cut(&mut trouble.message);
            trouble.fix.iter_mut().for_each(cut);
        }
        self
    }
}

fn cut(text: &mut String) {
    if let Some((at, _)) = text.char_indices().nth(TEXT_MAX) {
        text.truncate(at);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_bounded_in_every_direction() {
        let long = "ä".repeat(TEXT_MAX + 1);
        let trouble = Trouble { message: long.clone(), fix: Some(long) };
        let at = OffsetDateTime::UNIX_EPOCH;
        let troubles = vec![trouble; TROUBLES_MAX + 1];
        let note = SweepNote { at, seen: 0, noticed: 0, troubles, listed_at: at }.bounded();
        assert_eq!(note.troubles.len(), TROUBLES_MAX);
        assert_eq!(note.troubles[0].message.chars().count(), TEXT_MAX + 1);
        assert!(note.troubles[0].fix.as_ref().is_some_and(|fix| fix.ends_with("ä…")));
    }
}
