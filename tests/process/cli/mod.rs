//! The command line as people and scripts meet it: answers on standard output, errors on standard error, exit codes.

mod agreements;
mod request;
mod status;
mod submitted;
mod support;
mod usage;
