//! What Event Grid is told of a write.

use http::StatusCode;

use super::call::ArmError;
use super::context::Cx;
use crate::reply::Reply;

/// Notes what will be told if the call succeeds. An operation takes the note over and tells at its end; a call that is
/// done at once tells at once; a deletion of what was not there tells nothing.
pub(super) fn with_event(
    cx: &mut Cx<'_>,
    act: impl FnOnce(&mut Cx<'_>) -> Result<Reply, ArmError>,
) -> Result<Reply, ArmError> {
    let happening = cx.happening(cx.call.path.trim_end_matches('/').to_owned(), cx.operation_name.clone());
    cx.happenings.extend(happening);
    let reply = act(cx);
    // A write may be what a connection or a member waits for, or what it loses.
    cx.store.look_around(cx.mint, cx.now);
    match &reply {
        Ok(reply) if reply.status == StatusCode::CREATED => {
            cx.happenings.iter_mut().for_each(|happening| happening.http = None);
        }
        Ok(reply) if reply.status != StatusCode::NO_CONTENT => {}
        Ok(_) | Err(_) => cx.happenings.clear(),
    }
    reply
}
