//! The queues over AMQP.

#[cfg(test)]
mod broker;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod far_side;
#[cfg(test)]
mod proton;
#[cfg(test)]
mod stage;
