//! What the names mean that rules and limits which differ refer to. A name may have come long
//! before, so whoever agrees to a rule reads whom and what it is about, and not only its name.

use std::collections::{BTreeMap, BTreeSet};

use countersign_intent::KnownAsset;
use sha2::{Digest, Sha256};
use toml::Table;

use super::entry::{Entry, quoted};

const KINDS: [(&str, &str); 3] = [
    ("destinations", "destination"),
    ("groups", "group"),
    ("assets", "asset"),
];

/// A line for each name, whatever key it stands under, that is not new itself: what is new is told
/// in full already.
pub(super) fn tell(old: &Table, new: &Table, lines: &mut Vec<String>) {
    let words = words(old, new);
    for (section, what) in KINDS {
        let (before, after) = (section_of(old, section), section_of(new, section));
        for (name, meant) in before.iter().filter(|(name, _)| words.contains(*name)) {
            let everybodys = section == "assets" && KnownAsset::by_symbol(name).is_some();
            if let Some(now) = after.get(name).or(Some(meant)).filter(|_| !everybodys) {
                lines.push(format!("{what} `{}` is: {}", quoted(name), short(now)));
            }
        }
    }
}

/// Characters of a meaning at most: a list of forty addresses fits on no device, and nothing could
/// be changed about a rule that names it. People agreed to each when it came.
const MAX_MEANING: usize = 400;

fn short(meaning: &Entry) -> String {
    let full = meaning.to_string();
    if full.len() <= MAX_MEANING {
        return full;
    }
    let digest = Sha256::digest(&full);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} values, sha256 {hex}", meaning.count())
}

/// Every word of the rules and limits that differ, before and after.
fn words(old: &Table, new: &Table) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for section in ["rules", "limits"] {
        let (before, after) = (section_of(old, section), section_of(new, section));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (was, now) = (before.get(name), after.get(name));
            if was != now {
                let said = was.into_iter().chain(now).flat_map(Entry::words);
                words.extend(said.map(str::to_owned));
            }
        }
    }
    words
}

fn section_of(policy: &Table, section: &str) -> BTreeMap<String, Entry> {
    super::entries(policy.get(section))
}
