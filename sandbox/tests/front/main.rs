//! The fronts on ports, against a small handler in Python and real TLS clients.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod amqp;
mod azure;
mod event_grid;
mod failures;
mod http_functions;
mod https;
mod life;
mod manifest;
mod queues;
mod relay;
mod support;
mod timers;
mod up;
