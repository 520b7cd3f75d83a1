//! What the bodies of many types have alike.

use serde_json::{Map, Value};

use super::error::ArmError;

/// A body's location, as Azure writes it: lower case without spaces.
pub(crate) fn location(body: &Value) -> Option<String> {
    let given = body["location"].as_str()?;
    let name: String = given.chars().filter(|char| !char.is_whitespace()).collect::<String>().to_lowercase();
    (!name.is_empty()
        && name.len() <= 64
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '.'))
    .then_some(name)
}

pub(crate) fn tags(body: &Value) -> Option<Map<String, Value>> {
    body["tags"].as_object().cloned()
}

/// The texts in a list; none where there is no list.
pub(crate) fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The properties without those named.
pub(crate) fn others(properties: &Value, without: &[&str]) -> Map<String, Value> {
    let all = properties.as_object().into_iter().flatten();
    all.filter(|(name, _)| !without.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

pub(crate) fn merge(into: &mut Value, from: &Map<String, Value>) {
    for (name, value) in from {
        into[name] = value.clone();
    }
}

/// The network provider's rule for names.
pub(crate) fn check_name(name: &str) -> Result<(), ArmError> {
    let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let fits = name.len() <= 80
        && name.starts_with(word)
        && name.ends_with(word)
        && name.chars().all(|char| word(char) || char == '.' || char == '-');
    if fits { Ok(()) } else { Err(ArmError::BadName(name.chars().take(100).collect())) }
}
