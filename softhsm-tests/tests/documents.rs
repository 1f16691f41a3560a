//! The documents hang together: their links lead somewhere, what they quote is said, and the first is short.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use softhsm_tests::program;

/// Lines of a page that fits a screen, with room for what is not there yet.
const SCREEN: usize = 80;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The tracked and the new files whose names end so.
fn files(ending: &str) -> Vec<PathBuf> {
    let mut git = Command::new("git");
    git.current_dir(top()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
        ending,
    ]);
    let listed = program::run(&mut git).unwrap();
    let paths = listed.stdout.lines().map(|line| top().join(line));
    paths.filter(|path| path.exists()).collect()
}

/// The text outside fenced blocks.
fn prose(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let mut fenced = false;
    let lines = text.lines().filter(|line| {
        let fence = line.starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    lines.map(str::to_owned).collect()
}

/// The name that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter
            .is_alphanumeric()
            .then(|| letter.to_ascii_lowercase()),
    });
    kept.collect()
}

fn anchors(page: &Path) -> BTreeSet<String> {
    let lines = prose(page);
    let headings = lines.iter().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

fn links(page: &Path) -> Vec<String> {
    let text = prose(page).join("\n");
    let rests = text.split("](").skip(1);
    let targets = rests.filter_map(|rest| rest.split([')', ' ', '\n']).next());
    targets
        .filter(|target| !target.contains("://"))
        .map(str::to_owned)
        .collect()
}

fn is_broken(page: &Path, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => page.to_owned(),
        _ => page.parent().unwrap().join(path),
    };
    !target.exists() || (!anchor.is_empty() && !anchors(&target).contains(anchor))
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_of_it() {
    let mut broken = Vec::new();
    for page in files("*.md") {
        for link in links(&page).iter().filter(|link| is_broken(&page, link)) {
            broken.push(format!("{}: {link}", page.display()));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_link_to_no_file_or_no_heading_is_broken() {
    let page = top().join("README.md");
    assert!(!is_broken(&page, "policy/README.md#limits"));
    assert!(is_broken(&page, "policy/README.md#limitless"));
    assert!(is_broken(&page, "policy/NOWHERE.md"));
}

#[test]
fn what_the_troubleshooting_table_quotes_is_said_by_a_program() {
    let manual = top().join("appliance/README.md");
    let lines = prose(&manual);
    let rest = lines
        .iter()
        .skip_while(|line| *line != "## Troubleshooting");
    let section = rest.skip(1).take_while(|line| !line.starts_with('#'));
    let quotes: Vec<&str> = section
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert!(quotes.len() > 5, "{quotes:?}");
    let sources: String = files("*.rs")
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for quote in quotes {
        assert!(sources.contains(quote), "no program says `{quote}`");
    }
}

#[test]
fn the_first_page_is_one_screen() {
    let page = fs::read_to_string(top().join("README.md")).unwrap();
    let lines = page.lines().count();
    assert!(
        lines <= SCREEN,
        "README.md has {lines} lines, over {SCREEN}"
    );
}
