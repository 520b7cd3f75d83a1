//! The queues over AMQP.

#[cfg(test)]
mod proton;
