//! Words of the commands that reasons tell people to run.

use std::fmt::Display;

/// A word that a shell takes as it is: ids of resource groups such as `rg(1)`, tags and names are legal in Azure and
/// mean something else to a shell.
pub(crate) fn quote(text: impl Display) -> String {
    let text = text.to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_plain_word_stays_as_it_is() {
        for text in ["/subscriptions/1/resourceGroups/rg-1_a.b", "tags.peerpact=contoso", "11111111-2222"] {
            assert_eq!(quote(text), text);
        }
    }

    #[test]
    fn what_means_something_to_a_shell_is_quoted() {
        assert_eq!(quote("rg(1)"), "'rg(1)'");
        assert_eq!(quote("größe"), "'größe'");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("$(id)"), "'$(id)'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
