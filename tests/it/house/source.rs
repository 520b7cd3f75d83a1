//! The sources of a crate: what each file defines in public, and which files it uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// A path within a crate, such as `["handshake", "ids", "Name"]`.
type Names = Vec<String>;

/// The files of a crate without their tests, by module.
pub(super) struct Sources(BTreeMap<Names, Source>);

#[derive(Default)]
pub(super) struct Source {
    /// From the crate's `src/`, such as `handshake/ids.rs`.
    pub(super) file: String,
    /// The crates that it names.
    pub(super) crates: BTreeSet<String>,
    /// The types that others can name.
    pub(super) types: Vec<String>,
    /// The modules that are there in tests only.
    tests: Vec<Names>,
    /// What it names of its own crate.
    uses: BTreeSet<Names>,
    /// What it passes on: under which name, and from where.
    passed_on: BTreeMap<String, Names>,
}

impl Sources {
    pub(super) fn of(folder: &Path) -> Self {
        let mut files = Vec::new();
        find(folder, &mut files);
        let read = |file: PathBuf| {
            let relative = file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            let mut module: Names = relative.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
            if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                module.pop();
            }
            let syntax = syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap();
            (module.clone(), Source::read(relative, module, &syntax))
        };
        // A program is no module that others use.
        let is_library = |file: &PathBuf| file.file_name().is_none_or(|name| name != "main.rs");
        let mut sources: BTreeMap<Names, Source> = files.into_iter().filter(is_library).map(read).collect();
        let tests: Vec<Names> = sources.values().flat_map(|source| source.tests.iter().cloned()).collect();
        sources.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        Self(sources)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Source> {
        self.0.values()
    }

    /// The files whose definitions this one uses.
    pub(super) fn used_by(&self, source: &Source) -> BTreeSet<&str> {
        let files = source.uses.iter().filter_map(|path| self.defining(path, 0));
        files.filter(|file| *file != source.file).collect()
    }

    /// The file that defines what a path names; `None` for a whole folder, and for what a macro makes.
    fn defining(&self, path: &[String], depth: usize) -> Option<&str> {
        let (module, source) =
            (0..=path.len()).rev().find_map(|length| self.0.get_key_value(&path[..length]))?;
        let rest = &path[module.len()..];
        let is_folder = source.file.ends_with("mod.rs") || source.file == "lib.rs";
        match rest.first() {
            None => (!is_folder).then_some(source.file.as_str()),
            Some(name) => match source.passed_on.get(name).filter(|_| depth < 8) {
                Some(from) => self.defining(&[from.as_slice(), &rest[1..]].concat(), depth + 1),
                None => Some(&source.file),
            },
        }
    }
}

impl Source {
    fn read(file: String, module: Names, syntax: &syn::File) -> Self {
        let mut reader = Reader { module, source: Self { file, ..Self::default() }, ..Reader::default() };
        for item in &syntax.items {
            if let Item::Mod(child) = item {
                reader.children.insert(child.ident.to_string());
            }
        }
        reader.visit_file(syntax);
        // The name of a module that was imported stands at the front of a path as a crate's does.
        reader.heads.retain(|name| !reader.imported.contains(name));
        reader.source.crates.append(&mut reader.heads);
        reader.source
    }
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[derive(Default)]
struct Reader {
    module: Names,
    children: BTreeSet<String>,
    /// The names that imports bring in.
    imported: BTreeSet<String>,
    /// The names at the front of paths that may be crates.
    heads: BTreeSet<String>,
    source: Source,
}

impl Reader {
    /// The path from the crate's root; `None` where it starts at another crate or at something that was imported.
    fn absolute(&self, path: &[String]) -> Option<Names> {
        let up = path.iter().take_while(|name| *name == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "super" => {
                let parent = &self.module[..self.module.len().checked_sub(up)?];
                Some([parent, &path[up..]].concat())
            }
            "self" => Some([&self.module, &path[1..]].concat()),
            child if self.children.contains(child) => Some([&self.module, path].concat()),
            _ => None,
        }
    }

    fn imports(&mut self, tree: &UseTree, mut path: Names, is_public: bool) {
        let named = match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                return self.imports(&inner.tree, path, is_public);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|inner| self.imports(inner, path.clone(), is_public));
            }
            UseTree::Name(inner) if inner.ident == "self" => path.last().cloned().unwrap_or_default(),
            UseTree::Name(inner) => {
                path.push(inner.ident.to_string());
                inner.ident.to_string()
            }
            UseTree::Rename(inner) => {
                path.push(inner.ident.to_string());
                inner.rename.to_string()
            }
            UseTree::Glob(_) => "*".to_owned(),
        };
        self.imported.insert(named.clone());
        match self.absolute(&path) {
            Some(path) => {
                if is_public {
                    self.source.passed_on.insert(named, path.clone());
                }
                self.source.uses.insert(path);
            }
            None => drop(self.source.crates.insert(foreign(&path))),
        }
    }

    fn defines(&mut self, visibility: &Visibility, name: &syn::Ident) {
        let is_public = match visibility {
            Visibility::Public(_) => true,
            Visibility::Restricted(within) => within.path.is_ident("crate"),
            Visibility::Inherited => false,
        };
        if is_public {
            self.source.types.push(name.to_string());
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_of_tests(item) {
            if let Item::Mod(item) = item {
                self.source.tests.push([self.module.as_slice(), &[item.ident.to_string()]].concat());
            }
            return;
        }
        match item {
            Item::Struct(item) => self.defines(&item.vis, &item.ident),
            Item::Enum(item) => self.defines(&item.vis, &item.ident),
            Item::Trait(item) => self.defines(&item.vis, &item.ident),
            Item::Type(item) => self.defines(&item.vis, &item.ident),
            Item::Use(item) => {
                let is_public = !matches!(item.vis, Visibility::Inherited);
                return self.imports(&item.tree, Vec::new(), is_public);
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            if let Some(path) = self.absolute(&names) {
                self.source.uses.insert(path);
            } else if names[0].starts_with(|c: char| c.is_ascii_lowercase()) && !is_primitive(&names[0]) {
                self.heads.insert(foreign(&names));
            }
        }
        visit::visit_path(self, path);
    }

    /// `pub(in crate::kinds::peering)` uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

fn is_of_tests(item: &Item) -> bool {
    let attributes = match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// What a path names of another crate: the crate, and of the standard library the module.
fn foreign(path: &[String]) -> String {
    let length = if path.first().is_some_and(|name| name == "std") { 2 } else { 1 };
    path[..length.min(path.len())].join("::")
}

/// Whether a type of the language has this name, such as `u8`.
fn is_primitive(name: &str) -> bool {
    let number =
        name.strip_prefix(['f', 'i', 'u']).is_some_and(|bits| bits == "size" || bits.parse::<u8>().is_ok());
    number || matches!(name, "bool" | "char" | "str")
}
