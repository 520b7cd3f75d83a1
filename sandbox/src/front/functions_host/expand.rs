//! `%NAME%` references to application settings.

use std::collections::BTreeMap;

/// The environment of the handler: what Azure calls application settings.
pub(super) type AppSettings = BTreeMap<String, String>;

/// Replaces each `%NAME%` whose setting exists and leaves every other text as it is, which is how .NET expands `arguments`.
pub(super) fn expand(text: &str, settings: &AppSettings) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        expanded.push_str(before);
        match after.split_once('%').and_then(|(name, tail)| Some((settings.get(name)?, tail))) {
            Some((value, tail)) => {
                expanded.push_str(value);
                rest = tail;
            }
            None => {
                expanded.push('%');
                rest = after;
            }
        }
    }
    expanded.push_str(rest);
    expanded
}

/// The same for a value of a binding, where the real host's name resolver refuses a setting that does not exist: `Err` holds its name.
pub(super) fn resolve(text: &str, settings: &AppSettings) -> Result<String, String> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        resolved.push_str(before);
        let Some((name, tail)) = after.split_once('%') else { return Err(after.to_owned()) };
        resolved.push_str(settings.get(name).ok_or_else(|| name.to_owned())?);
        rest = tail;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> AppSettings {
        AppSettings::from([("PORT".to_owned(), "7071".to_owned())])
    }

    #[test]
    fn a_setting_that_exists_is_replaced_and_every_other_percent_sign_stays() {
        assert_eq!(expand("--port=%PORT%", &settings()), "--port=7071");
        assert_eq!(expand("50% of %NOBODY% at %PORT%%PORT%", &settings()), "50% of %NOBODY% at 70717071");
    }

    #[test]
    fn a_binding_that_names_a_missing_setting_is_refused_by_that_name() {
        assert_eq!(resolve("%PORT%", &settings()), Ok("7071".to_owned()));
        assert_eq!(resolve("%NOBODY%", &settings()), Err("NOBODY".to_owned()));
    }
}
