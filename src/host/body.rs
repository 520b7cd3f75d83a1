//! A request's body, within its bound.

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;

use super::json::Unusable;
use super::reply::Fault;

/// How much of a body that is refused is still taken off the wire. If we closed while the host is writing, it would see
/// a broken connection instead of our answer, and deliver the same thing again. The host itself lets no more through.
const DRAINED_BYTES_MAX: usize = 100 * 1024 * 1024;

/// The whole body, or why it is refused.
pub(super) async fn read(mut body: Body, bytes_max: usize) -> Result<Bytes, Fault> {
    let mut kept = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Fault::ours)?.into_data() else { continue };
        if kept.len() + data.len() > bytes_max {
            drop(kept);
            drain(body).await;
            return Err(Unusable::TooLarge(bytes_max).into());
        }
        kept.extend_from_slice(&data);
    }
    Ok(kept.into())
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
