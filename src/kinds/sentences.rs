//! Sentences about agreements that the kinds share.

use crate::handshake::agreements::Remedy;

/// What becomes of a half that is not agreed to any more.
pub(crate) fn withdrawal(remedy: Remedy, which: &str) -> String {
    let then = match remedy {
        Remedy::Remove => format!("it is told, and {which} is removed"),
        Remedy::Tell => "it is told, and nothing is cut".to_owned(),
    };
    format!("when our agreement covers a pair no longer: {then}")
}

/// What becomes of halves that people made.
pub(crate) fn adoption(manages: bool, kept: &str) -> String {
    format!("halves that people made: {}", if manages { "treated like our own" } else { kept })
}
