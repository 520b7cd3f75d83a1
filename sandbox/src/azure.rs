//! Placeholder.
#![allow(missing_docs)]
use crate::{
    clock::Clock,
    world::{Tenant, World},
};
use bytes::Bytes;
use std::sync::Arc;
#[derive(Clone)]
pub struct Azure(Arc<(World, Clock)>);
#[derive(Debug)]
pub struct Cut;
#[derive(Clone, Copy)]
pub enum Pace {
    Quick,
    Recorded,
}
pub struct Settings {
    pub pace: Pace,
    pub seed: u64,
}
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    pub sequence: u64,
}
#[derive(serde::Deserialize)]
pub struct FaultPlan {
    pub cut: bool,
}
#[derive(Clone, Copy)]
pub struct DeliveryId(pub u64);
pub struct Delivery {
    pub id: DeliveryId,
    pub to: Tenant,
    pub attempt: u32,
    pub subscription: String,
    pub event: serde_json::Value,
}
impl Settings {
    pub fn new(pace: Pace, seed: u64) -> Self {
        Self { pace, seed }
    }
}
impl FaultPlan {
    pub fn check(&self) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}
impl Azure {
    pub fn new(world: World, clock: Clock, _: Settings) -> Self {
        Self(Arc::new((world, clock)))
    }
    pub async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, Cut> {
        if request.uri().path() == "/cut" {
            return Err(Cut);
        }
        Ok(http::Response::new(Bytes::from(request.uri().path().to_owned())))
    }
    pub fn calls_since(&self, _: u64) -> Vec<Call> {
        vec![]
    }
    pub fn set_faults(&self, _: FaultPlan) {}
    pub fn clear_faults(&self) {}
    pub fn settle(&self) {}
    pub fn due_events(&self) -> Vec<Delivery> {
        vec![]
    }
    pub fn next_event_at(&self) -> Option<time::OffsetDateTime> {
        None
    }
    pub async fn events_changed(&self) {
        std::future::pending().await
    }
    pub fn delivered(&self, _: DeliveryId) {}
    pub fn delivery_failed(&self, _: DeliveryId, _: Option<u16>) {}
    pub fn dead_letters(&self) -> Vec<serde_json::Value> {
        vec![]
    }
    pub fn world(&self) -> &World {
        &self.0.0
    }
    pub fn clock(&self) -> &Clock {
        &self.0.1
    }
}
