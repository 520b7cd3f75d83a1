//! The Resource Manager client against a scripted transport, in process and under virtual time.

mod denials;
mod operations;
mod reads;
mod script;
mod tokens;
mod writes;
