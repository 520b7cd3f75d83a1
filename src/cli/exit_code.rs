//! What a command ends with.

/// The answer is no: refused, not found, not as it should be.
pub(super) const NO: u8 = 1;
/// Something failed: settings, Azure, the ledger, a port. Wrong use of the command line is 2, as clap has it.
pub(super) const FAILED: u8 = 3;

pub(super) const ABOUT_EXIT_CODES: &str =
    "Exit codes: 0 done, or yes; 1 the answer is no; 2 wrong use; 3 something failed.";
