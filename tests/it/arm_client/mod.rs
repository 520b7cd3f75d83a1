//! The Resource Manager client against a scripted transport, in process and under virtual time.

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
