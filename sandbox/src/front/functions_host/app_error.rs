//! What is wrong with the files of a function app.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a folder is not a function app that can be run here. Every error says which file and, where there is one, which field.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The file or folder cannot be read.
    #[error("{file} cannot be read")]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not JSON, or a field in it has the wrong type.
    #[error("{file}: {field}")]
    Json {
        /// The file.
        file: PathBuf,
        /// The path to the field, `.` for the whole file.
        field: String,
        /// Why, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// The field's value cannot be used.
    #[error("{file}: {field}: {message}")]
    Value {
        /// The file.
        file: PathBuf,
        /// The path to the field.
        field: String,
        /// Why.
        message: String,
    },
}

impl AppError {
    pub(super) fn value(file: &Path, field: impl Into<String>, message: impl ToString) -> Self {
        Self::Value { file: file.to_owned(), field: field.into(), message: message.to_string() }
    }
}
