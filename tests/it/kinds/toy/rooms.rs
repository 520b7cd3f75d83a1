//! The rooms of both tenants: what Azure is to other kinds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use peerpact::handshake::pair::Pair;
use peerpact::handshake::resource_id::ResourceId;
use uuid::Uuid;

/// Every link there is, and what was done to get there. Clones show the same rooms.
#[derive(Clone, Default)]
pub(crate) struct Rooms(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    links: Links,
    reads: usize,
    writes: Vec<(String, Uuid)>,
}

/// The links at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Links(BTreeMap<ResourceId, Link>);

#[derive(Clone, Debug)]
struct Link {
    to: ResourceId,
    width: u32,
    /// There was a link back once.
    met: bool,
}

/// A half as it is read.
#[derive(Clone, Debug)]
pub(super) struct Half {
    pub(super) id: ResourceId,
    pub(super) stands: Stands,
}

/// Where a half stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// It waits for the other one.
    Waiting,
    /// Both are there.
    Joined,
    /// The other one was there, and went.
    Left,
}

impl Rooms {
    /// A link of this name in this room is made or written over, as whoever holds the room may do.
    pub(crate) fn put(&self, link: &ResourceId, to: &ResourceId, width: u32) {
        self.lock().links.put(link, to, width);
    }

    /// A link goes.
    pub(crate) fn remove(&self, link: &ResourceId) {
        self.lock().links.0.remove(link);
    }

    /// The only link in this room, and its width.
    #[track_caller]
    pub(crate) fn only_link(&self, room: &ResourceId) -> (ResourceId, u32) {
        let state = self.lock();
        let mut links = state.links.0.iter().filter(|(id, _)| id.holder() == *room);
        let (id, link) = links.next().expect("a link");
        assert!(links.next().is_none(), "{:#?}", state.links);
        (id.clone(), link.width)
    }

    /// How often our kind has read.
    pub(crate) fn reads(&self) -> usize {
        self.lock().reads
    }

    /// What our kind has written, such as `PUT name`, each with its correlation id.
    pub(crate) fn writes(&self) -> Vec<(String, Uuid)> {
        self.lock().writes.clone()
    }

    /// What our kind reads.
    pub(super) fn read(&self) -> Links {
        let mut state = self.lock();
        state.reads += 1;
        state.links.clone()
    }

    /// What our kind writes: `None` removes.
    pub(super) fn write(&self, link: &ResourceId, half: Option<(&ResourceId, u32)>, correlation: Uuid) {
        let mut state = self.lock();
        let method = if half.is_some() { "PUT" } else { "DELETE" };
        state.writes.push((format!("{method} {}", link.name()), correlation));
        match half {
            Some((to, width)) => state.links.put(link, to, width),
            None => drop(state.links.0.remove(link)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Links {
    /// Our half of a pair.
    pub(super) fn ours(&self, pair: &Pair) -> Option<Half> {
        self.half(pair.ours(), pair.theirs())
    }

    /// The partner's half of a pair.
    pub(super) fn theirs(&self, pair: &Pair) -> Option<Half> {
        self.half(pair.theirs(), pair.ours())
    }

    /// Where this link leads.
    pub(super) fn end_of(&self, link: &ResourceId) -> Option<&ResourceId> {
        self.0.get(link).map(|link| &link.to)
    }

    /// The rooms at both ends of every link.
    pub(super) fn ends(&self) -> impl Iterator<Item = (ResourceId, &ResourceId)> {
        self.0.iter().map(|(id, link)| (id.holder(), &link.to))
    }

    fn half(&self, room: &ResourceId, to: &ResourceId) -> Option<Half> {
        let (id, link) = self.between(room, to)?;
        let stands = match (self.between(to, room), link.met) {
            (Some(_), _) => Stands::Joined,
            (None, true) => Stands::Left,
            (None, false) => Stands::Waiting,
        };
        Some(Half { id: id.clone(), stands })
    }

    fn between(&self, room: &ResourceId, to: &ResourceId) -> Option<(&ResourceId, &Link)> {
        self.0.iter().find(|(id, link)| id.holder() == *room && link.to == *to)
    }

    fn put(&mut self, link: &ResourceId, to: &ResourceId, width: u32) {
        let room = link.holder();
        let met = self.between(to, &room).is_some();
        self.0.insert(link.clone(), Link { to: to.clone(), width, met });
        for (id, other) in &mut self.0 {
            other.met |= id.holder() == *to && other.to == room;
        }
    }
}
