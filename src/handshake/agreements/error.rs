//! Why agreement files are not taken.

use thiserror::Error;

/// Why an agreement file is not taken. Every variant names the file.
#[derive(Debug, Error)]
pub enum AgreementError {
    /// The text is not TOML, or a key is unknown, missing or of another shape.
    #[error("{file} cannot be read as an agreement")]
    Syntax {
        /// The file.
        file: String,
        /// Says line and column, what is wrong and what may stand there.
        source: Box<toml::de::Error>,
    },
    /// A rule between keys is broken.
    #[error("{file}, line {line}: {problem}")]
    Rule {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong and what to write instead.
        problem: String,
    },
}
