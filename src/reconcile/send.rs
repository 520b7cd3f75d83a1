//! Sending a write.

use std::time::Duration;

use uuid::Uuid;

use super::Reconciler;
use crate::arm::{Deadline, Ended, PeeringWrite, WriteError};
use crate::handshake::ids::TenantId;
use crate::handshake::pair::{HalfId, Target};
use crate::handshake::step::{Body, Side, Write};

/// An operation is watched for so long at most: what takes Azure longer is looked at by a later pass.
const WATCHED: Duration = Duration::from_secs(5);

/// What becomes of a write that was sent.
pub(super) type Sent = Result<Ended, WriteError>;

impl Reconciler {
    /// Sends a write and watches its operation for a moment.
    pub(super) async fn send(
        &self,
        partner: TenantId,
        write: &Write,
        correlation: Uuid,
        until: Deadline,
    ) -> Sent {
        let (arm, home) = (&self.resource_manager, self.home);
        let operation = match &write.body {
            Body::Peering { id, remote, flags, over } => {
                let (tenant, other) = match write.step.side() {
                    Side::Ours => (home, partner),
                    Side::Theirs => (partner, home),
                };
                let put = PeeringWrite {
                    tenant,
                    auxiliary: Some(other),
                    id: id.clone(),
                    remote: remote.clone(),
                    flags: *flags,
                    over: over.clone(),
                    sync: write.step.syncs(),
                    correlation,
                };
                arm.put_peering(&put, until).await?
            }
            Body::ScopeConnection { id, tenant, scope } => {
                arm.put_scope_connection(home, id, *tenant, scope, correlation, until).await?
            }
            Body::Connection { id, manager } => {
                arm.put_connection(home, id, manager, correlation, until).await?
            }
            Body::Member { id, network } => {
                arm.put_member(home, partner, id, network, correlation, until).await?
            }
            Body::Removal(Target::Half(HalfId::Peering(id))) => {
                let tenant = match write.step.side() {
                    Side::Ours => home,
                    Side::Theirs => partner,
                };
                arm.delete_peering(tenant, id, correlation, until).await?
            }
            Body::Removal(Target::Half(HalfId::ScopeConnection(id))) => {
                arm.delete_scope_connection(home, id, correlation, until).await?
            }
            Body::Removal(Target::Half(HalfId::Connection(id))) => {
                arm.delete_connection(home, id, correlation, until).await?
            }
            Body::Removal(Target::Member(id)) => arm.delete_member(home, id, correlation, until).await?,
        };
        let watched = Deadline::after(&self.clock, WATCHED).min(until);
        arm.finish(operation, watched).await.map_err(WriteError::Unknown)
    }
}
