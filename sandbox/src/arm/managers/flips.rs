//! When states change by themselves.
//!
//! Whatever happens, everything that would now take another state is given a time, 1-3 s away, at which it looks around
//! again. None of it raises an event.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::rules::{Sight, settled, settled_member};
use crate::arm::call::{Key, parse_id};
use crate::arm::state::{
    ConnectionHalf, ConnectionState, Managers, Member, MemberState, NetworkManager, Scope, Side, Store,
};
use crate::mint::Mint;
use crate::world::Tenant;

/// Milliseconds until a half has looked around (seen: 1-3 s).
const FLIP: (u64, u64) = (1_000, 3_000);
/// Milliseconds until a new member is in its group (seen: still Updating after 2 s, over after 4 s).
const JOIN: (u64, u64) = (2_000, 4_000);

impl Store {
    /// Gives a time to everything that would take another state, and takes it from what no longer would.
    pub(crate) fn look_around(&mut self, mint: &mut Mint, now: OffsetDateTime) {
        let mut plan =
            |due: Option<OffsetDateTime>, changes: bool, (least, most): (u64, u64)| match (due, changes) {
                (_, false) => None,
                (Some(due), true) => Some(due),
                (None, true) => Some(now + std::time::Duration::from_millis(mint.between(least, most))),
            };
        let restless: Vec<(Key, bool)> = self
            .managers
            .connections
            .iter()
            .map(|(key, half)| (key.clone(), settled(half.state, self.managers.sight(half)) != half.state))
            .collect();
        for (key, changes) in restless {
            if let Some(half) = self.managers.connections.get_mut(&key) {
                half.due = plan(half.due, changes, FLIP);
            }
        }
        let restless: Vec<(Key, bool)> = self
            .managers
            .members
            .iter()
            .map(|(key, member)| {
                (key.clone(), settled_member(member.state, self.fits(member)) != member.state)
            })
            .collect();
        for (key, changes) in restless {
            if let Some(member) = self.managers.members.get_mut(&key) {
                let takes = if member.state == MemberState::Updating { JOIN } else { FLIP };
                member.due = plan(member.due, changes, takes);
            }
        }
    }

    /// Lets everything look around whose time has come.
    pub(crate) fn flip(&mut self, now: OffsetDateTime) {
        let is_due = |due: Option<OffsetDateTime>| due.is_some_and(|due| due <= now);
        let halves: Vec<Key> = keys(&self.managers.connections, |half| is_due(half.due));
        for key in halves {
            let Some(half) = self.managers.connections.get(&key) else { continue };
            let state = settled(half.state, self.managers.sight(half));
            if let Some(half) = self.managers.connections.get_mut(&key) {
                (half.state, half.due) = (state, None);
            }
        }
        let members: Vec<Key> = keys(&self.managers.members, |member| is_due(member.due));
        for key in members {
            let Some(member) = self.managers.members.get(&key) else { continue };
            let state = settled_member(member.state, self.fits(member));
            let location =
                self.networks.get(&Key::of(&member.resource_id)).map(|network| network.location.clone());
            if let Some(member) = self.managers.members.get_mut(&key) {
                (member.state, member.due) = (state, None);
                if state == MemberState::Succeeded {
                    member.location = location.unwrap_or_default();
                }
            }
        }
    }

    /// Whether the member's network exists and lies, through a management group too, in a scope that the manager has as its
    /// own or by a connection of both halves. Inferred: no recording shows why a member fails.
    fn fits(&self, member: &Member) -> bool {
        if !self.networks.contains_key(&Key::of(&member.resource_id)) {
            return false;
        }
        let tenant = parse_id(&member.resource_id)
            .ok()
            .and_then(|target| Tenant::by_subscription_id(target.subscription()?));
        let Some(tenant) = tenant else { return false };
        let own = self.managers.managers.get(&member.manager);
        Scope::around(tenant).iter().any(|scope| {
            own.is_some_and(|manager| manager.own.contains(scope))
                || self.managers.is_connected(&member.manager, scope)
        })
    }
}

fn keys<T>(all: &BTreeMap<Key, T>, wanted: impl Fn(&T) -> bool) -> Vec<Key> {
    all.iter().filter(|(_, one)| wanted(one)).map(|(key, _)| key.clone()).collect()
}

impl Managers {
    /// When the next of them looks around.
    pub(crate) fn next_due(&self) -> Option<OffsetDateTime> {
        let halves = self.connections.values().filter_map(|half| half.due);
        halves.chain(self.members.values().filter_map(|member| member.due)).min()
    }

    fn sight(&self, half: &ConnectionHalf) -> Sight {
        let counterpart = self
            .connections
            .values()
            .any(|other| other.side != half.side && other.same_pair(half) && other.state.stands());
        let manager = self.managers.get(&half.manager);
        // Seen: a management group does not connect in this way.
        let own_scope = matches!(half.scope, Scope::Subscription(_))
            && manager.is_some_and(|manager| manager.own.contains(&half.scope));
        let held_by_another = manager.is_some_and(|manager| {
            self.holders(&half.scope, &manager.accesses, &half.manager).next().is_some()
        });
        Sight { counterpart, own_scope, held_by_another }
    }

    /// The managers other than `but` that have this very scope, as their own or by a connection, with one of these accesses.
    /// What lies above or below the scope does not matter: the recorded refusal speaks of the same object.
    pub(super) fn holders<'s>(
        &'s self,
        scope: &'s Scope,
        accesses: &'s [String],
        but: &'s Key,
    ) -> impl Iterator<Item = &'s NetworkManager> {
        self.managers
            .iter()
            .filter(move |(key, manager)| {
                *key != but
                    && manager.overlaps(accesses)
                    && (manager.own.contains(scope) || self.halves_connected(key, scope).next().is_some())
            })
            .map(|(_, manager)| manager)
    }

    fn halves_connected<'s>(
        &'s self,
        manager: &'s Key,
        scope: &'s Scope,
    ) -> impl Iterator<Item = &'s ConnectionHalf> {
        self.connections.values().filter(move |half| {
            half.manager == *manager && half.scope == *scope && half.state == ConnectionState::Connected
        })
    }

    /// Whether both halves between this manager and this very scope are Connected.
    fn is_connected(&self, manager: &Key, scope: &Scope) -> bool {
        let on = |side: Side| self.halves_connected(manager, scope).filter(move |half| half.side == side);
        on(Side::Manager).any(|ours| on(Side::Scope).any(|theirs| theirs.same_pair(ours)))
    }

    /// The scopes of other tenants that are connected to this manager, by tenant.
    pub(super) fn connected_abroad(&self, key: &Key) -> BTreeMap<Tenant, BTreeSet<&Scope>> {
        let home = Tenant::of_scope(key.as_str());
        let mut found = BTreeMap::<_, BTreeSet<_>>::new();
        for half in
            self.connections.values().filter(|half| half.side == Side::Manager && half.manager == *key)
        {
            if let Some(tenant) = half.scope.tenant().filter(|tenant| Some(*tenant) != home)
                && self.is_connected(key, &half.scope)
            {
                found.entry(tenant).or_default().insert(&half.scope);
            }
        }
        found
    }
}
