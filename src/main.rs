//! The `peerpact` command.
fn main() {}
