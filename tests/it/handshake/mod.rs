//! The pure core: ids, agreements, admission, decisions and records, without a clock, a network or a disk.

mod admission;
mod agreements;
mod decide;
mod gateways;
mod goals;
mod grants;
mod grid;
mod ids;
mod management;
mod memory;
mod overlaps;
mod patterns;
mod records;
mod request_rules;
