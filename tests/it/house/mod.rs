//! The house: arrows between files and folders point one way, and one name is one thing.

mod circles;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::circles::circles;
use self::source::Sources;

/// The folders and files of `src/`, from the ground up. What stands on one line knows nothing of each other.
const LAYERS: [&[&str]; 12] = [
    &["hex", "clock"],
    &["handshake"],
    &["azure"],
    &["arm", "ledger", "queue"],
    &["kinds"],
    &["request", "public"],
    &["reconcile"],
    &["host"],
    &["functions"],
    &["config", "agreement_folder", "telemetry"],
    &["cli"],
    &["lib"],
];

/// What the pure part may take of the crates that we build on: nothing that waits, reads a clock or touches the machine.
const PURE: [&str; 9] =
    ["ipnet", "serde", "serde_json", "serde_path_to_error", "sha2", "thiserror", "time", "toml", "uuid"];
/// And what it may not take of the standard library.
const IMPURE: [&str; 6] = ["std::env", "std::fs", "std::io", "std::net", "std::process", "std::thread"];

/// The crates that we build on.
fn dependencies() -> BTreeSet<String> {
    let manifest: toml::Table = include_str!("../../../Cargo.toml").parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().map(|name| name.replace('-', "_")).collect()
}

fn ours() -> Sources {
    Sources::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// The first part of a file's path: the folder or the file that it is in `src/`.
fn entry(file: &str) -> &str {
    file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

fn layer(file: &str) -> usize {
    LAYERS.iter().position(|layer| layer.contains(&entry(file))).unwrap_or_else(|| {
        panic!("src/{file} is in no layer: give it one in tests/it/house/mod.rs and in ARCHITECTURE.md")
    })
}

#[test]
fn no_import_points_up_nor_beside() {
    let sources = ours();
    let mut wrong = Vec::new();
    for source in sources.files() {
        for used in sources.used_by(source) {
            let is_within = entry(used) == entry(&source.file);
            if !is_within && layer(used) >= layer(&source.file) {
                wrong.push(format!("{} -> {used}", source.file));
            }
        }
    }
    assert!(wrong.is_empty(), "these point up or beside: {wrong:#?}");
}

fn file_circles(sources: &Sources) -> Vec<Vec<String>> {
    let edges = sources.files().map(|source| (source.file.as_str(), sources.used_by(source)));
    circles(&edges.collect())
}

/// The file or folder in this folder that a file is or lies in.
fn part<'a>(file: &'a str, folder: &str) -> &'a str {
    file[folder.len()..].split('/').next().unwrap_or_default()
}

/// What lies in one folder: its files, and its folders as a whole.
fn sibling_circles(sources: &Sources) -> Vec<Vec<String>> {
    let mut folders: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for source in sources.files() {
        for used in sources.used_by(source) {
            let shared =
                source.file.bytes().zip(used.bytes()).take_while(|(one, other)| one == other).count();
            let folder = source.file[..shared].rfind('/').map_or("", |at| &source.file[..=at]);
            let (from, to) = (part(&source.file, folder), part(used, folder));
            // A folder's own file passes on what lies in it.
            if matches!(from, "mod.rs" | "lib.rs") {
                continue;
            }
            folders.entry(folder).or_default().entry(from).or_default().insert(to);
        }
    }
    folders.values().flat_map(circles).collect()
}

#[test]
fn neither_files_nor_folders_form_a_circle() {
    for folder in ["src", "sandbox/src"] {
        let sources = Sources::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        assert_eq!(file_circles(&sources), Vec::<Vec<String>>::new(), "files of {folder}");
        assert_eq!(sibling_circles(&sources), Vec::<Vec<String>>::new(), "folders of {folder}");
    }
}

#[test]
fn what_is_pure_names_nothing_that_waits_or_touches_the_machine() {
    let (sources, dependencies) = (ours(), dependencies());
    assert!(dependencies.contains("tokio"), "{dependencies:?}");
    let is_pure = |file: &str| {
        file.starts_with("handshake/") || (file.starts_with("kinds/") && file.contains("/decide/"))
    };
    for source in sources.files().filter(|source| is_pure(&source.file)) {
        let used = sources.used_by(source);
        let impure: Vec<_> =
            used.iter().filter(|file| ["arm", "azure", "clock"].contains(&entry(file))).collect();
        assert!(impure.is_empty(), "{} uses {impure:?}", source.file);
        let is_foreign = |name: &&String| {
            IMPURE.contains(&name.as_str())
                || (dependencies.contains(*name) && !PURE.contains(&name.as_str()))
        };
        let foreign: Vec<_> = source.crates.iter().filter(is_foreign).collect();
        assert!(foreign.is_empty(), "{} names {foreign:?}", source.file);
    }
}

#[test]
fn no_public_type_has_the_name_of_another() {
    let sources = ours();
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in sources.files() {
        for name in &source.types {
            places.entry(name).or_default().push(&source.file);
        }
    }
    places.retain(|_, files| files.len() > 1);
    assert!(places.is_empty(), "these names stand for two things: {places:#?}");
}
