//! Reads the agreements from their folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::handshake::agreements::{AgreementError, Agreements};
use crate::handshake::ids::TenantId;
use crate::kinds::Kinds;

/// No agreement is anywhere near this long.
const LONGEST_FILE: u64 = 1024 * 1024;

/// Why the agreements could not be read.
#[derive(Debug, Error)]
pub(crate) enum FolderError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is too long to be an agreement.
    #[error("{} is longer than {LONGEST_FILE} bytes, which no agreement is", .0.display())]
    TooLong(PathBuf),
    /// An agreement is not taken.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
}

/// Reads every `*.toml` in the folder, in the order of their names.
///
/// # Errors
/// The first file that cannot be read or is not taken.
pub(crate) fn read(kinds: &Kinds, folder: &Path, home: Option<TenantId>) -> Result<Agreements, FolderError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::Read { path, source }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail(folder))? {
        let path = entry.map_err(fail(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if fs::metadata(&path).map_err(fail(&path))?.len() > LONGEST_FILE {
            return Err(FolderError::TooLong(path));
        }
        let text = fs::read_to_string(&path).map_err(fail(&path))?;
        files.push((path.display().to_string(), text));
    }
    Ok(kinds.agreements(home, files.iter().map(|(path, text)| (path.as_str(), text.as_str())))?)
}
