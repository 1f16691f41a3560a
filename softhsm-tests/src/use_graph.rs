//! The graph of which source file of a crate uses which, and the circles in it.
//!
//! A path leads to the file that defines what it names, through re-exports. A module and those within it
//! are one room: what they take from each other is left out.

mod circle;
mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub use circle::Circle;

/// How many re-exports a name is followed through.
const LONGEST: usize = 16;

/// Where a module is in its crate: empty for the crate itself.
type ModulePath = Vec<String>;

/// One module, as far as its paths tell.
#[derive(Debug, Default)]
struct Module {
    /// The file that it stands in.
    file: PathBuf,
    /// Names of the modules in it.
    children: BTreeSet<String>,
    /// Names of the items in it.
    defined: BTreeSet<String>,
    /// Names that it imports or re-exports, and what they stand for, from the crate's root.
    imports: BTreeMap<String, Vec<String>>,
    /// Modules whose every name it takes.
    globs: Vec<Vec<String>>,
    /// Every path that stands in it, from the crate's root.
    paths: Vec<Vec<String>>,
}

/// The source files of one crate, and which of them use which.
#[derive(Debug, Default)]
pub struct UseGraph {
    modules: BTreeMap<ModulePath, Module>,
    edges: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl UseGraph {
    /// Reads a crate from its root file, with every module that is not for tests alone.
    ///
    /// # Errors
    /// A file that is missing or is not Rust.
    pub fn of_crate(root: &Path) -> Result<Self> {
        Self::read(root, &|path| {
            std::fs::read_to_string(path).with_context(|| format!("reading `{}`", path.display()))
        })
    }

    /// Reads a crate from what `source` says is in its files; it fails for a file that does not exist.
    ///
    /// # Errors
    /// A file that is missing or is not Rust.
    pub fn read(root: &Path, source: &dyn Fn(&Path) -> Result<String>) -> Result<Self> {
        let mut graph = Self {
            modules: reader::modules(root, source)?,
            edges: BTreeMap::new(),
        };
        graph.connect();
        Ok(graph)
    }

    /// The circles, each with one way around it. No file is in two.
    #[must_use]
    pub fn circles(&self) -> Vec<Circle> {
        circle::circles(&self.edges)
    }

    fn connect(&mut self) {
        let mut edges: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
        for (from, module) in &self.modules {
            let used = edges.entry(module.file.clone()).or_default();
            for path in &module.paths {
                let Some(to) = self.definer(path, LONGEST) else {
                    continue;
                };
                let Some(target) = self.modules.get(&to) else {
                    continue;
                };
                let one_room = from.starts_with(&to) || to.starts_with(from);
                if !one_room && target.file != module.file {
                    used.insert(target.file.clone());
                }
            }
        }
        self.edges = edges;
    }

    /// The module that defines what a path names; `None` where that is another crate's, or is a module
    /// and nothing in it.
    fn definer(&self, path: &[String], most: usize) -> Option<ModulePath> {
        let most = most.checked_sub(1)?;
        let mut at = ModulePath::new();
        for (place, name) in path.iter().enumerate() {
            let module = self.modules.get(&at)?;
            let rest = path.get(place + 1..)?;
            if module.children.contains(name) && !rest.is_empty() {
                at.push(name.clone());
                continue;
            }
            if let Some(import) = module.imports.get(name) {
                let onward = [import.as_slice(), rest].concat();
                return self.definer(&onward, most);
            }
            if module.children.contains(name) {
                return None;
            }
            let through = module.globs.iter().find_map(|glob| {
                let onward = [glob.as_slice(), std::slice::from_ref(name), rest].concat();
                let found = self.definer(&onward, most)?;
                let defines = self.modules.get(&found)?.defined.contains(name);
                defines.then_some(found)
            });
            let own = module.defined.contains(name);
            return Some(through.filter(|_| !own).unwrap_or(at));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let source = |path: &Path| -> Result<String> {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            Ok(found.context("no such file")?.1.to_owned())
        };
        let graph = UseGraph::read(Path::new("src/lib.rs"), &source).unwrap();
        let named = |circle: Circle| -> Vec<String> {
            let files = circle.files.iter();
            files.map(|file| file.display().to_string()).collect()
        };
        graph.circles().into_iter().map(named).collect()
    }

    #[test]
    fn a_planted_circle_is_found_with_its_way() {
        let files = [
            ("src/lib.rs", "mod a; mod b; mod c; mod d;"),
            ("src/a.rs", "use crate::b::{One, Two}; struct A(One);"),
            ("src/b.rs", "fn f() { super::c::g(); }"),
            ("src/c.rs", "macro_rules! m { () => { $crate::a::A } }"),
            ("src/d.rs", "use crate::a::A;"),
        ];
        assert_eq!(circles(&files), [["src/a.rs", "src/b.rs", "src/c.rs"]]);
        let source = |path: &Path| -> Result<String> {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            Ok(found.context("no such file")?.1.to_owned())
        };
        let graph = UseGraph::read(Path::new("src/lib.rs"), &source).unwrap();
        let told = graph.circles().first().unwrap().to_string();
        assert_eq!(told, "src/a.rs -> src/b.rs -> src/c.rs -> src/a.rs");
    }

    #[test]
    fn a_circle_through_a_re_export_or_an_alias_is_found() {
        let through_room = [
            ("src/lib.rs", "mod a; mod room;"),
            ("src/a.rs", "use crate::room; fn f() { room::B; }"),
            ("src/room/mod.rs", "mod b; pub use b::B;"),
            (
                "src/room/b.rs",
                "use crate::{a as other}; fn g() { other::f(); }",
            ),
        ];
        assert_eq!(circles(&through_room), [["src/a.rs", "src/room/b.rs"]]);
    }

    #[test]
    fn a_circle_through_a_glob_is_found() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "use crate::b::*;"),
            ("src/b.rs", "use super::a::A;"),
        ];
        assert_eq!(circles(&files), [["src/a.rs", "src/b.rs"]]);
        let own_beside_a_glob = [
            ("src/lib.rs", "mod a; mod b; mod c;"),
            (
                "src/a.rs",
                "use crate::c::*; use crate::b::B; pub struct A;",
            ),
            ("src/b.rs", "use crate::a::A; pub struct B;"),
            ("src/c.rs", "pub struct C;"),
        ];
        assert_eq!(circles(&own_beside_a_glob), [["src/a.rs", "src/b.rs"]]);
    }

    #[test]
    fn rooms_tests_and_other_crates_make_no_circle() {
        let files = [
            (
                "src/lib.rs",
                "mod a; mod b; mod room; #[cfg(test)] mod missing;",
            ),
            (
                "src/a.rs",
                "use b::Foreign; use crate::b::B; #[cfg(test)] mod tests { use crate::room::R; }",
            ),
            ("src/b.rs", "#[cfg(test)] use crate::a::{A}; struct B;"),
            ("src/room.rs", "mod child; use child::C; use crate::a::A;"),
            ("src/room/child.rs", "use super::R; use crate::b::B;"),
        ];
        assert_eq!(circles(&files), [[""; 0]; 0]);
    }
}
