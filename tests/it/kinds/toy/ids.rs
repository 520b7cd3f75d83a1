//! Ids of rooms and links, and of the handshake between two rooms.

use peerpact::handshake::ids::{HandshakeId, TenantId};
use peerpact::handshake::kind_name::KindName;
use peerpact::handshake::pair::Pair;
use peerpact::handshake::resource_id::ResourceId;

/// The kind's public name.
pub(super) const NAME: KindName = KindName::new("link");

/// Whether this is `/subscriptions/…/resourceGroups/…/providers/Example.Network/rooms/…`.
pub(super) fn is_room(id: &ResourceId) -> bool {
    let segments: Vec<String> = id.as_str().split('/').map(str::to_ascii_lowercase).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    matches!(
        segments[..],
        ["", "subscriptions", _, "resourcegroups", _, "providers", "example.network", "rooms", _]
    )
}

/// Whether this is `…/rooms/…/links/…`.
pub(super) fn is_link(id: &ResourceId) -> bool {
    let segments: Vec<&str> = id.as_str().split('/').collect();
    segments.len() == 11 && segments[9].eq_ignore_ascii_case("links") && is_room(&id.holder())
}

/// The pair that two rooms make.
pub(super) fn pair(ours: &ResourceId, theirs: &ResourceId, partner: TenantId) -> Option<Pair> {
    let id = handshake(ours, theirs);
    let are_rooms = is_room(ours) && is_room(theirs);
    are_rooms.then(|| Pair::new(NAME, id, ours.clone(), theirs.clone(), partner))
}

/// The handshake between two rooms, whichever is named first.
pub(super) fn handshake(one: &ResourceId, other: &ResourceId) -> HandshakeId {
    HandshakeId::of(&NAME, [one.min(other), one.max(other)])
}
