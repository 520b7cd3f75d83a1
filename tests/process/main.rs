//! The binary as a process of its own: its command line and what the Functions host may rely on from outside.

#[cfg(test)]
mod cli;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod signals;
