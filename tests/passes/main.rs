//! Passes against the sandbox, in process and under virtual time: the app as it is, only its transport ends in the
//! sandbox instead of a socket.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod actor;
mod app;
mod asking;
mod bad_requests;
mod beliefs;
mod budget;
mod clock_steps;
mod clocks;
mod consent;
mod consent_races;
mod consent_withdrawn;
mod desk;
mod disconnects;
mod faults;
mod forged;
mod freshness;
mod gate;
mod held;
mod hints;
mod management;
mod management_faults;
mod management_requests;
mod management_troubles;
mod members;
mod messages;
mod points;
mod privilege;
mod pruning;
mod queue;
mod reach;
mod request_faults;
mod requests;
mod rules;
mod slow;
mod stage;
mod subnets;
mod together;
