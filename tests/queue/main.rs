//! The queues over AMQP.

#[cfg(test)]
mod far_side;
#[cfg(test)]
mod proton;
