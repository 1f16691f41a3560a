//! Circles of a graph, each with one way around it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::{Display, Formatter};
use std::path::{Path, PathBuf};

type Edges = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Files each of which uses all the others, if only by way of some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// All of them.
    pub files: BTreeSet<PathBuf>,
    /// A shortest way from the first of them back to it, without the return.
    pub way: Vec<PathBuf>,
}

impl Display for Circle {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        for file in &self.way {
            write!(f, "{} -> ", file.display())?;
        }
        let first = self.way.first().map(|file| file.display());
        first.map_or(Ok(()), |first| write!(f, "{first}"))
    }
}

/// The circles. No file is in two.
pub(super) fn circles(edges: &Edges) -> Vec<Circle> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = edges
        .keys()
        .map(|file| (file.as_path(), reached(edges, file)))
        .collect();
    let leads = |from: &Path, to: &Path| reached.get(from).is_some_and(|all| all.contains(to));
    let mut told = BTreeSet::new();
    let mut circles = Vec::new();
    for file in edges.keys() {
        if told.contains(file) || !leads(file, file) {
            continue;
        }
        let all = edges.keys();
        let files: BTreeSet<PathBuf> = all
            .filter(|other| leads(file, other) && leads(other, file))
            .cloned()
            .collect();
        told.extend(files.iter().cloned());
        circles.push(Circle {
            way: way(edges, file),
            files,
        });
    }
    circles
}

fn next<'a>(edges: &'a Edges, file: &Path) -> impl Iterator<Item = &'a Path> {
    edges.get(file).into_iter().flatten().map(PathBuf::as_path)
}

fn reached<'a>(edges: &'a Edges, from: &Path) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Path> = next(edges, from).collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(next(edges, file));
        }
    }
    reached
}

fn way(edges: &Edges, from: &Path) -> Vec<PathBuf> {
    let mut before: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(file) = open.pop_front() {
        for to in next(edges, file) {
            if to == from {
                return back(&before, file);
            }
            if let std::collections::btree_map::Entry::Vacant(entry) = before.entry(to) {
                entry.insert(file);
                open.push_back(to);
            }
        }
    }
    Vec::new()
}

fn back(before: &BTreeMap<&Path, &Path>, last: &Path) -> Vec<PathBuf> {
    let mut way: Vec<PathBuf> = std::iter::successors(Some(last), |file| before.get(file).copied())
        .map(Path::to_owned)
        .collect();
    way.reverse();
    way
}
