//! Requests: what is read, what is refused and how that is told, and what our agreements let be asked.

#[cfg(test)]
mod canonical;
#[cfg(test)]
#[path = "../fixtures/mod.rs"]
mod fixtures;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod parse;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod support;
