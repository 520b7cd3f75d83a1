//! The queues over AMQP.

mod broker;
mod clocks;
mod commands;
mod far_side;
mod proton;
mod stage;
