use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use clap::Parser;
use countersign_audit::checkpoint::extends;
use countersign_audit::proof::inclusion;
use countersign_audit::{
    Actor, Detail, Entry, Fetched, Frontier, Hash, HashReader, Kind, LogKey, Stamp, Tile, leaf_hash,
};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

use crate::client::{Answer, Call, Transport};
use crate::command::{Cli, run};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::tests::Captured;
use crate::session::Session;

/// How many entries the double puts on a page.
const PAGE: u64 = 7;

/// An appliance with nothing but a log.
#[derive(Clone)]
struct Log {
    entries: Rc<RefCell<Vec<String>>>,
    key: LogKey,
    note: String,
    size: u64,
}

/// Leaf hashes of a log small enough for one tile.
struct Leaves(Vec<Hash>);

impl HashReader for Leaves {
    type Error = Tile;

    fn read(&self, tile: Tile) -> Result<Vec<Hash>, Tile> {
        let first = tile.first() as usize;
        let range = first..first + usize::from(tile.width);
        self.0.get(range).map(<[Hash]>::to_vec).ok_or(tile)
    }
}

fn entry(index: i64) -> String {
    let at = Stamp::from_unix_micros(1_795_000_000_000_000 + index).unwrap();
    let entry = Entry::new(
        at,
        Kind::UserCreated,
        Actor::Caller {
            spiffe_id: "spiffe://desk/gateway/g",
            certificate: "crt_0a",
        },
        Detail::default(),
    );
    let bytes = entry.subject(format!("usr_{index}")).encode().unwrap();
    String::from_utf8(bytes).unwrap()
}

impl Log {
    fn of(entries: i64) -> Self {
        let signing = SigningKey::from_bytes(&[7; 32]);
        let key = LogKey::new("desk.example/audit", signing.verifying_key().as_bytes()).unwrap();
        let entries: Vec<String> = (0..entries).map(entry).collect();
        let mut tree = Frontier::default();
        for entry in &entries {
            tree.append(leaf_hash(entry.as_bytes()));
        }
        let next = extends(&key, None, &tree, Fetched::default()).unwrap();
        let sign = |text: &[u8]| Ok::<_, ()>(signing.sign(text).to_bytes());
        let note = next.sign(&key, sign).unwrap().note;
        Self {
            size: tree.size(),
            entries: Rc::new(RefCell::new(entries)),
            key,
            note,
        }
    }

    fn answer(&self, call: &Call) -> Value {
        let number = |name: &str| {
            let value = call.query.iter().find(|(given, _)| *given == name);
            value.map(|(_, value)| value.parse::<u64>().unwrap())
        };
        let entries = self.entries.borrow();
        match call.path.as_str() {
            "/v1/audit/checkpoint" => {
                json!({"note": self.note, "vkey": self.key.vkey(), "size": self.size})
            }
            "/v1/audit/checkpoints" => {
                let all = json!([{"note": self.note, "vkey": self.key.vkey(), "size": self.size}]);
                json!({ "items": all })
            }
            "/v1/audit/entries" => {
                let start = number("start").unwrap();
                let end = start + number("limit").unwrap().min(PAGE);
                let items: Vec<Value> = (start..end.min(entries.len() as u64))
                    .map(|index| json!({"index": index, "entry": entries[index as usize]}))
                    .collect();
                json!({"items": items, "size": entries.len()})
            }
            "/v1/audit/proof" => {
                let (index, size) = (number("index").unwrap(), number("size").unwrap());
                let leaves = entries.iter().map(|entry| leaf_hash(entry.as_bytes()));
                let hashes = inclusion(Leaves(leaves.collect()), index, size).unwrap();
                json!({"index": index, "size": size, "hashes": hashes, "root": ""})
            }
            other => panic!("unexpected {other}"),
        }
    }

    fn run(&self, line: &[&str]) -> (Exit, String, String) {
        let line = ["countersign", "audit"]
            .into_iter()
            .chain(line.iter().copied());
        let cli = Cli::try_parse_from(line).unwrap();
        let (out, err) = (Captured::default(), Captured::default());
        let output = Output::new(Box::new(out.clone()), Box::new(err.clone()), cli.json);
        let mut session = Session::over(output, Box::new(self.clone()));
        let outcome = run(cli.command, &mut session);
        let exit = outcome.unwrap_or_else(|failure| {
            session.out.failure(&failure);
            failure.exit
        });
        session.out.finish().unwrap();
        (exit, out.text(), err.text())
    }

    fn export(&self) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        let (exit, out, err) = self.run(&["export", "--out", file.to_str().unwrap()]);
        assert_eq!(exit, Exit::Done, "{err}");
        assert!(out.contains("the log is good"), "{out}");
        (folder, file)
    }
}

impl Transport for Log {
    fn send(&self, call: &Call) -> Result<Answer, Failure> {
        let body = serde_json::to_vec(&self.answer(call)).unwrap();
        Ok(Answer { status: 200, body })
    }
}

#[test]
fn an_export_has_every_entry_and_verifies_offline() {
    let log = Log::of(40);
    let (_folder, file) = log.export();
    let text = fs::read_to_string(&file).unwrap();
    // Header, entries, checkpoint, end.
    assert_eq!(text.lines().count(), 43);
    let vkey = log.key.vkey();
    let (exit, out, _) = log.run(&["verify", file.to_str().unwrap(), "--vkey", &vkey]);
    assert_eq!(exit, Exit::Done);
    assert!(out.contains("40"), "{out}");
}

#[test]
fn entries_beyond_the_checkpoint_are_left_out() {
    let log = Log::of(10);
    log.entries.borrow_mut().push(entry(10));
    let (_folder, file) = log.export();
    assert_eq!(fs::read_to_string(file).unwrap().lines().count(), 13);
}

#[test]
fn an_altered_export_is_found() {
    let log = Log::of(10);
    let (_folder, file) = log.export();
    let altered = fs::read_to_string(&file).unwrap().replace("usr_3", "usr_9");
    fs::write(&file, altered).unwrap();
    let vkey = log.key.vkey();
    let line = ["verify", file.to_str().unwrap(), "--vkey", &vkey];
    let (exit, _, err) = log.run(&line);
    assert_eq!(exit, Exit::Refused);
    assert!(err.contains("entry 3"), "{err}");
    let (exit, out, _) = log.run(&[&line[..], &["--json"]].concat());
    assert_eq!(exit, Exit::Refused);
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found["finding"]["fault"], "altered");
}

#[test]
fn a_kept_checkpoint_finds_a_rollback_and_an_older_export_is_none() {
    let (old, new) = (Log::of(5), Log::of(10));
    let (folder, file) = old.export();
    let (_, note, _) = new.run(&["checkpoint"]);
    let kept = folder.path().join("kept");
    fs::write(&kept, note).unwrap();
    let vkey = old.key.vkey();
    let kept = kept.to_str().unwrap();
    let line = [
        "verify",
        file.to_str().unwrap(),
        "--vkey",
        &vkey,
        "--checkpoint",
        kept,
    ];
    let (exit, out, _) = old.run(&line);
    assert_eq!(exit, Exit::Done);
    assert!(
        out.contains("1 checkpoints of the auditor: this export is older"),
        "{out}"
    );
    let (exit, _, err) = old.run(&[&line[..], &["--latest"]].concat());
    assert_eq!(exit, Exit::Refused);
    assert!(err.contains("at least 10 entries"), "{err}");
}

#[test]
fn an_appliance_that_rewrote_its_log_is_found_while_exporting() {
    let log = Log::of(10);
    log.entries.borrow_mut()[3] = entry(99);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let (exit, _, err) = log.run(&["export", "--out", file.to_str().unwrap()]);
    assert_eq!(exit, Exit::Refused, "{err}");
    // The evidence stays.
    assert!(file.exists());
}

#[test]
fn an_appliance_that_hides_entries_gives_no_export() {
    let log = Log::of(10);
    log.entries.borrow_mut().truncate(6);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let (exit, _, err) = log.run(&["export", "--out", file.to_str().unwrap()]);
    assert_eq!(exit, Exit::Unreachable);
    assert!(err.contains("expected entry 6 of 10"), "{err}");
    assert!(!file.exists());
}

#[test]
fn an_export_does_not_overwrite() {
    let log = Log::of(3);
    let (_folder, file) = log.export();
    let (exit, _, err) = log.run(&["export", "--out", file.to_str().unwrap()]);
    assert_eq!(exit, Exit::Usage, "{err}");
}

#[test]
fn a_swapped_log_key_is_found_with_the_one_noted() {
    let log = Log::of(3);
    let other = SigningKey::from_bytes(&[8; 32]);
    let noted = LogKey::new("desk.example/audit", other.verifying_key().as_bytes()).unwrap();
    let (exit, _, err) = log.run(&["checkpoint", "--vkey", &noted.vkey()]);
    assert_eq!(exit, Exit::Refused, "{err}");
    let (exit, out, _) = log.run(&["checkpoint", "--vkey", &log.key.vkey()]);
    assert_eq!((exit, out.as_str()), (Exit::Done, log.note.as_str()));
    let (exit, _, _) = log.run(&["checkpoint", "--vkey", "nonsense"]);
    assert_eq!(exit, Exit::Usage);
}

#[test]
fn a_proof_shows_that_an_entry_is_in() {
    let log = Log::of(20);
    for index in ["0", "11", "19"] {
        let (exit, out, err) = log.run(&["proof", index]);
        assert_eq!(exit, Exit::Done, "{err}");
        assert!(
            out.contains(&format!("entry {index} is in the signed log of 20")),
            "{out}"
        );
    }
    let (exit, _, _) = log.run(&["proof", "20"]);
    assert_eq!(exit, Exit::Usage);
    log.entries.borrow_mut()[11] = entry(99);
    let (exit, _, err) = log.run(&["proof", "11"]);
    assert_eq!(exit, Exit::Refused);
    assert!(err.contains("not in the signed log"), "{err}");
}

#[test]
fn tail_shows_the_last_entries_in_order() {
    let log = Log::of(40);
    let (exit, out, _) = log.run(&["tail", "-n", "15"]);
    assert_eq!(exit, Exit::Done);
    assert_eq!(out.lines().count(), 15);
    assert!(
        out.lines().next().unwrap().contains("subject=\"usr_25\""),
        "{out}"
    );
    assert!(
        out.lines().last().unwrap().trim_start().starts_with("39  "),
        "{out}"
    );
    let (_, out, _) = log.run(&["tail", "-n", "2", "--json"]);
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[1]["index"], 39);
}

#[test]
fn a_missing_export_is_no_finding() {
    let log = Log::of(3);
    let (exit, _, err) = log.run(&["verify", "no/such/file", "--vkey", &log.key.vkey()]);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("`no/such/file`"), "{err}");
}
