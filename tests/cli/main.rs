//! The command line as people and scripts meet it: answers on standard output, errors on standard error, exit codes.

#[cfg(test)]
mod agreements;
#[cfg(test)]
#[path = "../fixtures/mod.rs"]
mod fixtures;
#[cfg(test)]
mod request;
#[cfg(test)]
mod status;
#[cfg(test)]
mod submitted;
#[cfg(test)]
mod support;
#[cfg(test)]
mod usage;
