//! The list of kinds: a new one is a line here.

use std::fmt;
use std::sync::{Arc, LazyLock};

use super::kind::{Kind, Nouns};
use super::network_manager::ManagementKind;
use super::peering::PeeringKind;
use crate::handshake::agreements::{AgreementError, Agreements, Section, Whose};
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::handshake::kind_name::KindName;
use crate::handshake::pair::Pair;
use crate::handshake::resource_id::ResourceId;

/// A list of kinds.
#[derive(Clone)]
pub struct Kinds(Arc<[Arc<dyn Kind>]>);

static BUILT_IN: LazyLock<Kinds> =
    LazyLock::new(|| Kinds::new([Arc::new(PeeringKind) as _, Arc::new(ManagementKind) as _]));

impl Kinds {
    /// Every kind that peerpact knows.
    #[must_use]
    pub fn built_in() -> Self {
        BUILT_IN.clone()
    }

    /// These kinds.
    pub fn new(kinds: impl IntoIterator<Item = Arc<dyn Kind>>) -> Self {
        Self(kinds.into_iter().collect())
    }

    /// Each kind, in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Kind> {
        self.0.iter().map(|kind| &**kind)
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(&self, name: &KindName) -> Option<&dyn Kind> {
        self.iter().find(|kind| kind.name() == *name)
    }

    /// The kind that has such halves.
    #[must_use]
    pub fn of_half(&self, half: &ResourceId) -> Option<&dyn Kind> {
        self.iter().find(|kind| kind.is_half(half))
    }

    /// Reads agreement files, given with their names, with the sections of these kinds.
    ///
    /// # Errors
    /// The first thing that is wrong in any of them.
    pub fn agreements<'a>(
        &self,
        home: Option<TenantId>,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Agreements, AgreementError> {
        let sections: Vec<Section> = self.iter().map(Kind::section).collect();
        Agreements::parse(home, &sections, files)
    }

    /// The pair that our end and the partner's make; `None` unless they can, and are whose they are said to be.
    #[must_use]
    pub fn pair(&self, ours: &ResourceId, theirs: &ResourceId, agreements: &Agreements) -> Option<Pair> {
        match (agreements.whose_resource(ours)?, agreements.whose_resource(theirs)?) {
            (Whose::Ours, Whose::Theirs(partner)) => {
                self.iter().find_map(|kind| kind.pair(ours, theirs, partner))
            }
            (Whose::Ours, Whose::Ours) | (Whose::Theirs(_), _) => None,
        }
    }

    /// The id of the handshake between two resources, whoever's they are; `None` if they can make none.
    #[must_use]
    pub fn handshake(&self, one: &ResourceId, other: &ResourceId) -> Option<HandshakeId> {
        let anybody = TenantId::from(uuid::Uuid::nil());
        self.iter().find_map(|kind| kind.pair(one, other, anybody)).map(|pair| pair.id())
    }

    /// Reads what can be a half.
    ///
    /// # Errors
    /// [`UnknownResource`].
    pub fn parse_half(&self, text: &str) -> Result<ResourceId, UnknownResource> {
        let half = text.parse().ok().filter(|id| self.of_half(id).is_some());
        half.ok_or_else(|| UnknownResource::new(text, self.nouns(|nouns| nouns.halves)))
    }

    /// Reads what can stand at an end.
    ///
    /// # Errors
    /// [`UnknownResource`].
    pub fn parse_end(&self, text: &str) -> Result<ResourceId, UnknownResource> {
        let end = text.parse().ok().filter(|id| self.iter().any(|kind| kind.is_end(id)));
        end.ok_or_else(|| UnknownResource::new(text, self.nouns(|nouns| nouns.ends)))
    }

    /// Which ends make a pair, of each kind.
    #[must_use]
    pub fn pairings(&self) -> String {
        self.iter().map(|kind| kind.nouns().pair).collect::<Vec<_>>().join(", ")
    }

    fn nouns(&self, which: impl Fn(Nouns) -> &'static [&'static str]) -> Vec<&'static str> {
        self.iter().flat_map(|kind| which(kind.nouns())).copied().collect()
    }
}

/// Why a text is not the id of a half, or of what can stand at an end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not the id of {wanted}")]
pub struct UnknownResource {
    /// The text, as much of it as an error tells.
    pub given: String,
    /// What was wanted, such as `a peering or a scope connection`.
    pub wanted: String,
}

impl UnknownResource {
    fn new(text: &str, nouns: Vec<&str>) -> Self {
        let given = crate::handshake::ids::shown(text);
        let mut nouns: Vec<String> = nouns.into_iter().map(|noun| format!("a {noun}")).collect();
        let last = nouns.pop().unwrap_or_default();
        let wanted = if nouns.is_empty() { last } else { format!("{} or {last}", nouns.join(", ")) };
        Self { given, wanted }
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Kind::name)).finish()
    }
}
