//! The Resource Manager client against a scripted transport, in process and under virtual time.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod denials;
mod manager_reads;
mod manager_writes;
mod members;
mod operations;
mod reads;
mod script;
mod throttles;
mod tokens;
mod writes;
