//! The `peerpact` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    peerpact::cli::main()
}
