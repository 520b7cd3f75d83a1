//! A request's body, within its bounds of size and time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::json::Unusable;
use super::reply::Fault;

/// How long a body may take to come.
pub const BODY_MAX: Duration = Duration::from_secs(30);

/// How many bytes of bodies are held at a time. Who brings more waits, and no longer than for its own body.
pub const BODIES_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How much of a body that is refused is still taken off the wire. If we closed while the host is writing, it would see
/// a broken connection instead of our answer, and deliver the same thing again. The host itself lets no more through.
const DRAINED_BYTES_MAX: usize = 100 * 1024 * 1024;

/// What was read, and the room that it takes.
pub(super) struct Whole {
    pub(super) bytes: Vec<u8>,
    room: OwnedSemaphorePermit,
}

/// Why an invocation came to nothing.
pub(super) enum Failure {
    /// Its body did not come in time.
    Slow,
    /// It is refused, or failed.
    Fault(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The whole body, or why there is none.
pub(super) async fn read(body: Body, bytes_max: usize, room: &Arc<Semaphore>) -> Result<Whole, Failure> {
    let read = timeout(BODY_MAX, whole(body, bytes_max, room)).await.map_err(|_| Failure::Slow)?;
    match read? {
        Read::Whole(whole) => Ok(whole),
        Read::TooLarge(rest) => {
            // What has taken its time already is answered, whatever of it is still to come.
            let _ = timeout(BODY_MAX, drain(rest)).await;
            Err(Failure::Fault(Unusable::TooLarge(bytes_max).into()))
        }
    }
}

enum Read {
    Whole(Whole),
    /// The rest of a body that is too large.
    TooLarge(Body),
}

async fn whole(mut body: Body, bytes_max: usize, room: &Arc<Semaphore>) -> Result<Read, Fault> {
    let none = room.clone().acquire_many_owned(0).await.map_err(Fault::ours)?;
    let mut kept = Whole { bytes: Vec::new(), room: none };
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Fault::ours)?.into_data() else { continue };
        if kept.bytes.len() + data.len() > bytes_max {
            return Ok(Read::TooLarge(body));
        }
        let more = u32::try_from(data.len()).map_err(Fault::ours)?;
        let more = room.clone().acquire_many_owned(more).await.map_err(Fault::ours)?;
        kept.room.merge(more);
        kept.bytes.extend_from_slice(&data);
    }
    Ok(Read::Whole(kept))
}

async fn drain(mut body: Body) {
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, Bytes::len);
        if drained > DRAINED_BYTES_MAX {
            return;
        }
    }
}
