//! The embedded ledger: one SQLite file, written by compare-and-swap and read by other processes.

mod files;
mod formats;
mod locks;
mod management;
mod progress;
mod prune;
mod requests;
mod rights;
mod support;
mod swaps;
