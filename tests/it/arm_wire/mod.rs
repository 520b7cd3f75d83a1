//! What Azure really sent, read by the wire types: recorded exchanges in the folder `PEERPACT_RECORDINGS`.

mod managers;
mod networks;
mod recordings;
