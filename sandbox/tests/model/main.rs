//! How the in-process model behaves, rule by rule.

mod support;

mod handshake;
