//! Identifiers: tenants, subscriptions, Azure resource ids and the id of a handshake.
//!
//! Azure compares resource ids without regard to case and changes their case itself, so every comparison, order and
//! hash here ignores ASCII case, while printing keeps what was given.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::kind_name::KindName;
use crate::hex::hex;

/// The longest resource id that is read; real ones stay far below.
pub const LONGEST_ID: usize = 1024;

/// The id of a handshake: the same in both tenants, 32 hexadecimal digits.
///
/// It is a hash of the kind and of both endpoints, lower-cased and in order, so whoever sees the two ends computes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct HandshakeId(String);

impl HandshakeId {
    /// The handshake of this kind between two ends, in the order that its kind gives them: the same one in both
    /// tenants.
    #[must_use]
    pub fn of(kind: &KindName, ends: [&dyn fmt::Display; 2]) -> Self {
        // ASCII only, as names are compared: `K` and the Kelvin sign are the same letter to Unicode, and two networks.
        let [one, other] = ends.map(|end| end.to_string().to_ascii_lowercase());
        let digest = Sha256::digest(format!("{kind}\n{one}\n{other}"));
        Self(hex(&digest[..16]))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a virtual network.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualNetworkId {
    /// The subscription it lives in.
    pub subscription: SubscriptionId,
    /// Its resource group.
    pub resource_group: Name,
    /// Its name.
    pub name: Name,
}

/// A Microsoft Entra tenant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TenantId(Uuid);

/// An Azure subscription.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SubscriptionId(Uuid);

/// The name of a resource or a resource group: kept as given, compared without regard to ASCII case.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a half that we create: derived from the handshake, so that a repeated write is the same write.
    #[must_use]
    pub fn of_half(handshake: &HandshakeId) -> Self {
        Self(format!("peerpact-{}", &handshake.0[..12]))
    }

    /// The names that a half of ours may have, the first one first: the second is for a network, manager or scope in which
    /// somebody else's half has the first.
    #[must_use]
    pub fn of_halves(handshake: &HandshakeId) -> [Self; 2] {
        [Self::of_half(handshake), Self(format!("peerpact-{}", handshake.0))]
    }

    /// A name that we derive for something that belongs to a handshake: the same text gives the same name.
    pub(crate) fn derived(handshake: &HandshakeId, from: &str) -> Self {
        let digest = Sha256::digest(format!("{}\n{from}", handshake.0));
        Self(format!("peerpact-{}", hex(&digest[..6])))
    }
}

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{given}` is not {expected}: {problem}")]
pub struct IdError {
    given: String,
    expected: &'static str,
    problem: String,
}

impl IdError {
    pub(crate) fn new(given: &str, expected: &'static str, problem: impl Into<String>) -> Self {
        Self { given: shown(given), expected, problem: problem.into() }
    }
}

/// As much of a foreign text as an error tells, on one line: it ends in logs and on terminals.
pub(crate) fn shown(given: &str) -> String {
    const SHOWN: usize = 200;
    let printable = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = given.chars().take(SHOWN).map(printable).collect();
    if given.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

const NETWORK: &str =
    "a virtual network id (/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/…)";

impl FromStr for VirtualNetworkId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match segments(text, NETWORK)?.as_slice() {
            network if network.len() == 8 => network_of(text, NETWORK, network),
            other => {
                Err(IdError::new(text, NETWORK, format!("it has {} segments instead of 8", other.len())))
            }
        }
    }
}

/// The segments of an id; a missing leading and a trailing slash are let pass, as Azure's own answers vary there.
pub(crate) fn segments<'a>(text: &'a str, expected: &'static str) -> Result<Vec<&'a str>, IdError> {
    if text.len() > LONGEST_ID {
        return Err(IdError::new(text, expected, format!("it is longer than {LONGEST_ID} bytes")));
    }
    let inner = text.strip_prefix('/').unwrap_or(text);
    Ok(inner.strip_suffix('/').unwrap_or(inner).split('/').collect())
}

pub(crate) fn network_of(
    text: &str,
    expected: &'static str,
    parts: &[&str],
) -> Result<VirtualNetworkId, IdError> {
    let [subscriptions, subscription, groups, group, providers, provider, networks, name] = parts else {
        return Err(IdError::new(text, expected, "it has too few segments"));
    };
    expect(text, expected, subscriptions, "subscriptions")?;
    expect(text, expected, groups, "resourceGroups")?;
    expect(text, expected, providers, "providers")?;
    expect(text, expected, provider, "Microsoft.Network")?;
    expect(text, expected, networks, "virtualNetworks")?;
    Ok(VirtualNetworkId {
        subscription: subscription_of(text, expected, subscription)?,
        resource_group: name_of(text, expected, group)?,
        name: name_of(text, expected, name)?,
    })
}

pub(crate) fn expect(text: &str, expected: &'static str, found: &str, literal: &str) -> Result<(), IdError> {
    if found.eq_ignore_ascii_case(literal) {
        return Ok(());
    }
    Err(IdError::new(text, expected, format!("`{}` stands where `{literal}` belongs", shown(found))))
}

pub(crate) fn name_of(text: &str, expected: &'static str, name: &str) -> Result<Name, IdError> {
    name.parse().map_err(|error: IdError| {
        IdError::new(text, expected, format!("`{}`: {}", shown(name), error.problem))
    })
}

impl FromStr for Name {
    type Err = IdError;

    /// Letters, digits, `_`, `-`, `.`, `(` and `)`, at most 90: what resource groups allow, the widest of the names used.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '(' | ')');
        let problem = if text.is_empty() {
            "it is empty"
        } else if text.chars().count() > 90 {
            "it is longer than 90 characters"
        } else if !text.chars().all(allowed) {
            "only letters, digits and _ - . ( ) are allowed"
        } else if text.chars().all(|c| c == '.') {
            "it consists of dots"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(IdError::new(text, "a name", problem))
    }
}

impl FromStr for TenantId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        guid(text, "a tenant id").map(Self)
    }
}

impl From<Uuid> for TenantId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl FromStr for SubscriptionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        guid(text, "a subscription id").map(Self)
    }
}

impl FromStr for HandshakeId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(IdError::new(text, "a handshake id", "it is not 32 hexadecimal digits"))
    }
}

pub(crate) fn subscription_of(
    text: &str,
    expected: &'static str,
    given: &str,
) -> Result<SubscriptionId, IdError> {
    given
        .parse()
        .map_err(|_| IdError::new(text, expected, format!("`{}` is not a subscription id", shown(given))))
}

fn guid(text: &str, expected: &'static str) -> Result<Uuid, IdError> {
    match Uuid::try_parse(text) {
        Ok(id) if text.len() == 36 => Ok(id),
        _ => {
            Err(IdError::new(text, expected, "it is not a GUID such as 11111111-2222-3333-4444-555555555555"))
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        let folded = |name: &'_ Self| name.0.to_ascii_lowercase();
        folded(self).cmp(&folded(other))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for VirtualNetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subscription, resource_group, name } = self;
        write!(
            f,
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.Network/virtualNetworks/{name}"
        )
    }
}

/// Debugs and reads a type as the text it is parsed from; the second word says what else is missing.
macro_rules! as_text {
    ($($type:ty => $display:ident),+ $(,)?) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        $display!($type);
    )+};
}

macro_rules! display_inner {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

macro_rules! serialize_display {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

as_text!(
    HandshakeId => display_inner,
    TenantId => display_inner,
    SubscriptionId => display_inner,
    VirtualNetworkId => serialize_display,
);

pub(crate) use {as_text, serialize_display};
