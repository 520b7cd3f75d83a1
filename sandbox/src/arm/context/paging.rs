//! Lists that come in pages: `$top`, `$skipToken` and `nextLink`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::kind::Item;
use crate::arm::call::{ArmCall, Key, ManagerRefusal};
use crate::reply::Reply;

/// The documented bounds of `$top`. Inferred: a call without it gets the largest page.
const LARGEST: usize = 20;

/// One page of the items, in the order of their ids.
///
/// `nextLink` is there always, and the empty string on the last page (recorded).
pub(crate) fn page(call: &ArmCall, origin: &str, mut items: Vec<Item>) -> Result<Reply, ManagerRefusal> {
    let top = match call.query.get("$top") {
        None => LARGEST,
        Some(text) => text
            .parse()
            .ok()
            .filter(|top| (1..=LARGEST).contains(top))
            .ok_or_else(|| ManagerRefusal::Top(text.chars().take(20).collect()))?,
    };
    items.sort_by(|one, other| one.key.cmp(&other.key));
    if let Some(token) = call.query.get("$skiptoken") {
        let after = read(token)?;
        items.retain(|item| item.key > after);
    }
    let more = items.len() > top;
    items.truncate(top);
    let next = items.last().filter(|_| more).map(|item| {
        let token = URL_SAFE_NO_PAD.encode(item.key.as_str());
        let version = &call.api_version;
        format!("{origin}{}?api-version={version}&$top={top}&$skipToken={token}", call.path)
    });
    let bodies: Vec<Value> = items.into_iter().map(|item| item.body).collect();
    Ok(Reply::ok(json!({"value": bodies, "nextLink": next.unwrap_or_default()})))
}

fn read(token: &str) -> Result<Key, ManagerRefusal> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| ManagerRefusal::SkipToken)?;
    let text = String::from_utf8(bytes).map_err(|_| ManagerRefusal::SkipToken)?;
    if text.starts_with('/') { Ok(Key::of(&text)) } else { Err(ManagerRefusal::SkipToken) }
}
