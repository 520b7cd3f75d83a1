//! Reconciliations against the sandbox, in process and under virtual time: the app as it is, only its transport ends in the
//! sandbox instead of a socket.

mod bad_requests;
mod budget;
mod clock_steps;
mod clocks;
mod consent;
mod consent_races;
mod consent_withdrawn;
mod disconnects;
mod events;
mod faults;
mod forged_events;
mod freshness;
mod instances;
mod management;
mod management_requests;
mod management_troubles;
mod members;
mod messages;
mod outages;
mod privilege;
mod pruning;
mod reach;
mod request_rights;
mod requests;
mod rules;
mod slow;
mod stage;
mod subnets;
mod work_items;
