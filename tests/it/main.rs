//! Everything that runs in process. Nothing here may change what the whole process shares: see `tests/process` for that.

#[cfg(test)]
mod arm_client;
#[cfg(test)]
mod arm_transport;
#[cfg(test)]
mod arm_wire;
#[cfg(test)]
mod handshake;
#[cfg(test)]
mod host_contract;
#[cfg(test)]
mod house;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod log;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod reconcile;
#[cfg(test)]
mod request;
