//! Ranges of addresses, as agreements write them.

use std::fmt;

use ipnet::IpNet;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// The ranges with the place of the list in the file.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Spanned<Vec<IpNet>>, D::Error> {
    let ranges = Spanned::<Vec<Range>>::deserialize(deserializer)?;
    let span = ranges.span();
    Ok(Spanned::new(span, ranges.into_inner().into_iter().map(|Range(range)| range).collect()))
}

/// A range as Azure writes it. With bits beyond its length nobody knows whether the address or the length is meant.
struct Range(IpNet);

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(RangeText)
    }
}

/// A visitor, so that what is wrong is reported with the line of the range and not with that of the list.
struct RangeText;

impl Visitor<'_> for RangeText {
    type Value = Range;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a range of addresses such as \"10.0.0.0/8\" or \"fd00:1::/32\"")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Range, E> {
        let range: IpNet = text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))?;
        if range == range.trunc() {
            return Ok(Range(range));
        }
        let meant = range.trunc();
        Err(E::custom(format!(
            "`{range}` has bits beyond its length; write {meant} if that is what is agreed"
        )))
    }
}
