//! Who may read the file: its owner. It names networks, and people by what they asked for.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// To read and to write, by the owner.
const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;

/// Makes the file, if there is none, so that nobody else can read it. SQLite gives the files that it makes beside it the
/// same rights. Whatever is wrong with the place is for SQLite to say.
pub(super) fn make(path: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path);
}

/// Removes what others may from a ledger and the files beside it.
pub(super) fn keep_to_the_owner(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = OsString::from(path);
        name.push(suffix);
        if let Err(error) = narrow(Path::new(&name)) {
            tracing::warn!(
                file = %Path::new(&name).display(), %error,
                "others may read this file of the ledger, and its rights cannot be changed: run chmod 600 on it"
            );
        }
    }
}

fn narrow(file: &Path) -> io::Result<()> {
    match fs::metadata(file) {
        Ok(found) if found.is_file() && found.permissions().mode() & OTHERS != 0 => {
            fs::set_permissions(file, Permissions::from_mode(OWNER_ONLY))
        }
        _ => Ok(()),
    }
}
