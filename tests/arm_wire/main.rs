//! What Azure really sent, read by the wire types: recorded exchanges in the folder `PEERPACT_RECORDINGS`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail and tell as tests do")]

mod managers;
mod networks;
mod recordings;
