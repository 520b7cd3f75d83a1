//! Passes against the sandbox, in process and under virtual time: the app as it is, only its transport ends in the
//! sandbox instead of a socket.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod actor;
mod app;
mod bad_requests;
mod beliefs;
mod budget;
mod clocks;
mod desk;
mod disconnects;
mod faults;
mod gate;
mod hints;
mod management;
mod management_faults;
mod management_requests;
mod management_troubles;
mod members;
mod messages;
mod points;
mod privilege;
mod queue;
mod reach;
mod request_faults;
mod requests;
mod rules;
mod slow;
mod stage;
mod subnets;
mod together;
