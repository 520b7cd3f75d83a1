//! The embedded ledger: one SQLite file, written by compare-and-swap and read by other processes.

#[cfg(test)]
mod files;
#[cfg(test)]
#[path = "../fixtures/mod.rs"]
mod fixtures;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod hints;
#[cfg(test)]
mod locks;
#[cfg(test)]
mod management;
#[cfg(test)]
mod prune;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod support;
#[cfg(test)]
mod swaps;
