//! Requests: what is read, what is refused and how that is told, and what our agreements let be asked.

mod authorize;
mod canonical;
mod parse;
mod properties;
mod schema;
mod support;
