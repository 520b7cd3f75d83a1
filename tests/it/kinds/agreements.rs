//! The toy kind's section of an agreement file.

use super::stage::{agreements, file, hall, link_alone, lobby};
use super::toy::Rooms;

fn problem(text: &str) -> String {
    let error = agreements(&link_alone(&Rooms::default()), text).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    [error.to_string(), source.unwrap_or_default()].join(": ")
}

#[test]
fn a_section_is_read_and_shown_under_its_label() {
    let agreements = agreements(&link_alone(&Rooms::default()), &file(&hall(), &lobby(), 3, "")).unwrap();
    let partner = &agreements.partners()[0];
    let shown = partner.all_terms().flat_map(|(_, terms)| terms.shown(&|name| partner.label_of(name)));
    let shown: Vec<_> = shown.map(|shown| (shown.label, shown.lines)).collect();
    assert_eq!(shown, [("contoso/all".to_owned(), vec![format!("{} and {}, 3 wide", hall(), lobby())])]);
}

#[test]
fn what_is_wrong_in_a_section_is_told_with_its_line() {
    let wide = |width| file(&hall(), &lobby(), width, "");
    let told = problem(&wide(0));
    assert_eq!(told, "contoso.toml, line 4: `width` is 0, and nothing fits through that: ");
    let told = problem(&(wide(1) + "colour = \"red\"\n"));
    assert!(told.contains("unknown field `colour`"), "{told}");
    let told = problem(&file(&hall(), &hall(), 1, ""));
    assert!(told.contains("cannot be both ours and a partner's"), "{told}");
    let told = problem(
        &(wide(1) + "[[requests]]\nqueue = \"connection-requests\"\nactions = [\"connect-peering\"]\n"),
    );
    let known = "`connect-peering` is not an action; there are connect-link, disconnect, recheck";
    assert!(told.contains(known), "{told}");
    let told = problem(&(wide(1) + "[[peering]]\n"));
    assert!(told.contains("expected one of `partner`, `tenant`, `link`, `requests`, `deny`"), "{told}");
}
