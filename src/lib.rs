//! peerpact
