//! The pure core: ids, agreements, admission, decisions and records, without a clock, a network or a disk.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod agreements;
#[cfg(test)]
mod decide;
#[cfg(test)]
#[path = "../fixtures/mod.rs"]
mod fixtures;
#[cfg(test)]
mod gateways;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod ids;
#[cfg(test)]
mod management;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod overlaps;
#[cfg(test)]
mod patterns;
#[cfg(test)]
mod records;
mod request_rules;
#[cfg(test)]
mod wishes;
