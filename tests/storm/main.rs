//! Handlers that are killed and a broker that fails while hundreds of requests are in flight: nothing is lost, nothing
//! is written twice.

#[cfg(test)]
mod blows;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod stopped;
#[cfg(test)]
mod storm;
