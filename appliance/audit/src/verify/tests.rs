use std::io::Cursor;

use proptest::prelude::*;
use proptest::sample::Index;

use super::report::LISTED;
use super::*;
use crate::checkpoint::{Checkpoint, Signed};
use crate::export;
use crate::hash::leaf_hash;
use crate::leaf::{Actor, Detail, Entry, Kind, Stamp};
use crate::testlog::{Log, sample_entry, signing_key};

fn run(lines: &[Vec<u8>], log: &Log, kept: &[&str]) -> Result<Report, VerifyError> {
    verify(
        Cursor::new(lines.concat()),
        &log.public,
        kept,
        Options::default(),
    )
}

fn finding(result: Result<Report, VerifyError>) -> Finding {
    match result {
        Err(VerifyError::Found(finding)) => *finding,
        other => panic!("{other:?}"),
    }
}

fn fault(lines: &[Vec<u8>], log: &Log, kept: &[&str]) -> (Fault, Option<u64>) {
    let finding = finding(run(lines, log, kept));
    assert!(!finding.advice().is_empty());
    (finding.fault, finding.index)
}

/// The log as someone with write access to the database, but not to the key, would
/// leave it: indices, leaf hashes and the end line fit the entries again.
fn rebuilt(entries: &[Vec<u8>], log: &Log, notes: &[&Signed]) -> Vec<Vec<u8>> {
    let mut forged = Log::new();
    entries
        .iter()
        .for_each(|entry| forged.append(entry.clone()));
    forged.notes = notes.iter().map(|signed| (*signed).clone()).collect();
    assert_eq!(forged.public, log.public);
    forged.lines()
}

fn notes(log: &Log) -> Vec<&Signed> {
    log.notes.iter().collect()
}

#[test]
fn a_good_log_is_reported() {
    let log = Log::sample(700, 256);
    let kept: Vec<_> = log
        .notes
        .iter()
        .map(|signed| signed.note.as_str())
        .collect();
    let report = run(&log.lines(), &log, &kept).unwrap();
    assert_eq!(
        (report.entries, report.checkpoints, report.kept),
        (700, 3, 3)
    );
    assert_eq!((report.signed, report.unsigned_tail), (700, 0));
    assert_eq!(report.signed_root, Some(log.tree.frontier.root()));
    let counts: Vec<_> = report.kinds.iter().map(|(kind, n)| (*kind, *n)).collect();
    assert_eq!(
        counts,
        [(Kind::SignReserved, 350), (Kind::SignOutcome, 350)]
    );
    assert!(report.open.is_empty() && report.concerns.is_empty());
    assert_eq!(
        report.first.unwrap().to_string(),
        "2026-11-18T11:06:40.000000Z"
    );
    assert!(report.last > report.first);
    let text = report.to_string();
    assert!(text.contains("proven       700 (3 checkpoints)"), "{text}");
}

#[test]
fn an_empty_log_is_good_and_proves_nothing() {
    let log = Log::new();
    let report = run(&log.lines(), &log, &[]).unwrap();
    assert_eq!(report, Report::default());
    let mut signed = Log::new();
    signed.sign();
    assert_eq!(run(&signed.lines(), &signed, &[]).unwrap().checkpoints, 1);
}

#[test]
fn an_altered_entry_is_named() {
    let log = Log::sample(40, 10);
    let mut lines = log.lines();
    let at = lines
        .iter()
        .position(|line| line.starts_with(b"{\"index\":17,"))
        .unwrap();
    let text = String::from_utf8(lines[at].clone()).unwrap();
    lines[at] = text.replace("signed", "refused").into_bytes();
    assert_eq!(fault(&lines, &log, &[]), (Fault::Altered, Some(17)));
}

#[test]
fn an_altered_entry_with_matching_leaf_hash_fails_the_next_checkpoint() {
    let log = Log::sample(40, 10);
    let mut entries = log.entries.clone();
    entries[17] = sample_entry(19);
    let lines = rebuilt(&entries, &log, &notes(&log));
    assert_eq!(fault(&lines, &log, &[]), (Fault::Rewritten, Some(10)));
    let found = finding(run(&lines, &log, &[]));
    assert_eq!(found.line, Some(1 + 10 + 1 + 10 + 1));
    assert!(found.to_string().contains("entries 10 to 20"), "{found}");
}

#[test]
fn dropped_repeated_and_swapped_lines_are_named() {
    let log = Log::sample(40, 10);
    let good = log.lines();
    let at = |index: u64| {
        let start = format!("{{\"index\":{index},");
        good.iter()
            .position(|line| line.starts_with(start.as_bytes()))
            .unwrap()
    };
    let mut dropped = good.clone();
    dropped.remove(at(17));
    assert_eq!(fault(&dropped, &log, &[]), (Fault::Missing, Some(17)));
    let mut repeated = good.clone();
    repeated.insert(at(17), good[at(17)].clone());
    assert_eq!(fault(&repeated, &log, &[]), (Fault::OutOfOrder, Some(18)));
    let mut swapped = good.clone();
    swapped.swap(at(17), at(18));
    assert_eq!(fault(&swapped, &log, &[]), (Fault::Missing, Some(17)));
    let mut last = good.clone();
    last.remove(at(39));
    assert_eq!(fault(&last, &log, &[]), (Fault::Missing, Some(39)));
}

#[test]
fn dropped_and_swapped_entries_with_matching_indices_fail_a_checkpoint() {
    let log = Log::sample(40, 10);
    let mut dropped = log.entries.clone();
    dropped.remove(17);
    assert_eq!(
        fault(&rebuilt(&dropped, &log, &notes(&log)), &log, &[]),
        (Fault::Rewritten, Some(10))
    );
    let mut swapped = log.entries.clone();
    swapped.swap(20, 29);
    assert_eq!(
        fault(&rebuilt(&swapped, &log, &notes(&log)), &log, &[]),
        (Fault::Rewritten, Some(20))
    );
}

#[test]
fn hiding_the_later_checkpoints_leaves_an_unsigned_tail() {
    let log = Log::sample(40, 10);
    let mut entries = log.entries.clone();
    entries[17] = sample_entry(19);
    let lines = rebuilt(&entries, &log, &notes(&log)[..1]);
    assert_eq!(fault(&lines, &log, &[]), (Fault::Unsigned, Some(10)));
    let none = rebuilt(&entries, &log, &[]);
    assert_eq!(fault(&none, &log, &[]), (Fault::Unsigned, Some(0)));
}

#[test]
fn an_unsigned_tail_has_to_be_accepted() {
    let mut log = Log::sample(40, 10);
    log.append(sample_entry(40));
    log.append(sample_entry(41));
    assert_eq!(fault(&log.lines(), &log, &[]), (Fault::Unsigned, Some(40)));
    let options = Options {
        unsigned_tail: 2,
        ..Options::default()
    };
    let report = verify(Cursor::new(log.lines().concat()), &log.public, &[], options).unwrap();
    assert_eq!(
        (report.entries, report.signed, report.unsigned_tail),
        (42, 40, 2)
    );
}

#[test]
fn a_log_rolled_back_to_an_older_signed_state_contradicts_a_kept_checkpoint() {
    let log = Log::sample(40, 10);
    let older = Log::sample(20, 10);
    assert!(
        run(&older.lines(), &older, &[]).is_ok(),
        "by itself it looks good"
    );
    let kept = log.notes.last().unwrap().note.as_str();
    let made_after = Options {
        latest: true,
        ..Options::default()
    };
    let lines = older.lines().concat();
    let found = verify(Cursor::new(&lines), &log.public, &[kept], made_after);
    let Err(VerifyError::Found(found)) = found else {
        panic!("{found:?}");
    };
    assert_eq!((found.fault, found.index), (Fault::RolledBack, Some(20)));
    // An export that was made before says nothing about it, and is no alarm.
    let report = verify(
        Cursor::new(&lines),
        &log.public,
        &[kept],
        Options::default(),
    )
    .unwrap();
    assert_eq!((report.newer, report.kept, report.signed), (1, 0, 20));
    assert!(
        report.to_string().contains("this export is older"),
        "{report}"
    );
}

#[test]
fn a_fork_signed_by_the_log_itself_is_proved_by_a_kept_checkpoint() {
    let log = Log::sample(40, 10);
    let mut fork = Log::new();
    for index in 0..40 {
        fork.append(sample_entry(if index == 15 { 17 } else { index }));
    }
    fork.sign();
    assert!(
        run(&fork.lines(), &log, &[]).is_ok(),
        "by itself it looks good"
    );
    let kept: Vec<_> = log
        .notes
        .iter()
        .map(|signed| signed.note.as_str())
        .collect();
    assert_eq!(run(&fork.lines(), &log, &kept[..1]).unwrap().kept, 1);
    let found = finding(run(&fork.lines(), &log, &kept));
    assert_eq!(found.fault, Fault::Forked);
    assert!(found.expected.contains("size 20"), "{found}");
}

#[test]
fn entries_that_contradict_a_kept_checkpoint_without_another_signature() {
    let log = Log::sample(40, 40);
    let mut entries = log.entries.clone();
    entries.swap(3, 4);
    let lines = rebuilt(&entries, &log, &[]);
    let options = Options {
        unsigned_tail: 40,
        ..Options::default()
    };
    let kept = [log.notes[0].note.as_str()];
    let result = verify(Cursor::new(lines.concat()), &log.public, &kept, options);
    assert_eq!(finding(result).fault, Fault::Rewritten);
}

#[test]
fn a_kept_checkpoint_proves_as_much_as_one_in_the_export() {
    let log = Log::sample(40, 10);
    let lines = rebuilt(&log.entries, &log, &[]);
    let report = run(&lines, &log, &[log.notes[3].note.as_str()]).unwrap();
    assert_eq!((report.signed, report.checkpoints, report.kept), (40, 0, 1));
    assert_eq!(
        fault(&lines, &log, &[log.notes[2].note.as_str()]),
        (Fault::Unsigned, Some(30))
    );
}

#[test]
fn two_kept_checkpoints_that_exclude_each_other_prove_a_fork() {
    let log = Log::sample(20, 10);
    let mut fork = Log::new();
    (0..30).for_each(|index| fork.append(sample_entry(index.max(1))));
    fork.sign();
    let lines = rebuilt(&fork.entries, &log, &[]);
    let kept = [log.notes[1].note.as_str(), fork.notes[0].note.as_str()];
    assert_eq!(fault(&lines, &log, &kept).0, Fault::Forked);
}

#[test]
fn another_signer_is_not_accepted() {
    let log = Log::sample(5, 5);
    let (_, other) = signing_key(8);
    let result = verify(
        Cursor::new(log.lines().concat()),
        &other,
        &[],
        Options::default(),
    );
    let found = finding(result);
    assert_eq!((found.fault, found.line), (Fault::WrongSigner, Some(1)));
    assert!(found.expected.contains(&other.vkey()) && found.got.contains(&log.public.vkey()));
    // The header forged to name the pinned key: the checkpoints give it away.
    let mut lines = log.lines();
    lines[0] = export::header_line(&other).unwrap();
    let result = verify(Cursor::new(lines.concat()), &other, &[], Options::default());
    assert_eq!(finding(result).fault, Fault::WrongSigner);
    // A kept checkpoint by a stranger.
    let kept = log.notes[0].note.as_str();
    let result = verify(Cursor::new(Vec::new()), &other, &[kept], Options::default());
    let found = finding(result);
    assert_eq!((found.fault, found.line), (Fault::WrongSigner, None));
}

#[test]
fn checkpoints_out_of_place_are_refused() {
    let log = Log::sample(40, 10);
    let good = log.lines();
    let is_note = |line: &Vec<u8>| line.starts_with(b"{\"checkpoint\"");
    let places: Vec<_> = (0..good.len()).filter(|at| is_note(&good[*at])).collect();
    let mut early = good.clone();
    early.swap(places[1], places[1] - 1);
    assert_eq!(fault(&early, &log, &[]), (Fault::Missing, Some(19)));
    let mut late = good.clone();
    late.swap(places[1], places[1] + 1);
    assert_eq!(fault(&late, &log, &[]), (Fault::OutOfOrder, Some(20)));
    let mut twice = good.clone();
    twice.insert(places[1], good[places[1]].clone());
    assert_eq!(run(&twice, &log, &[]).unwrap().checkpoints, 5);
    let mut altered = good.clone();
    let text = String::from_utf8(good[places[1]].clone()).unwrap();
    altered[places[1]] = text.replace("\\n20\\n", "\\n21\\n").into_bytes();
    assert_eq!(fault(&altered, &log, &[]), (Fault::BadSignature, Some(20)));
}

#[test]
fn a_file_cut_anywhere_is_noticed() {
    let log = Log::sample(6, 3);
    let whole = log.lines().concat();
    for length in 0..whole.len() {
        let cut = Cursor::new(whole.get(..length).unwrap());
        let found = finding(verify(cut, &log.public, &[], Options::default()));
        assert_eq!(found.fault, Fault::CutOff, "{length}");
    }
}

#[test]
fn lines_that_do_not_belong_are_refused() {
    let log = Log::sample(6, 3);
    let good = log.lines();
    let end = good.len() - 1;
    let cases: [(usize, Vec<u8>); 8] = [
        (1, good[0].clone()),
        (1, b"\n".to_vec()),
        (1, b"{}\n".to_vec()),
        (1, b"[]\n".to_vec()),
        (1, b"\xff\n".to_vec()),
        (
            1,
            b"{\"index\":0,\"leaf\":\"AAAA\",\"entry\":\"\"}\n".to_vec(),
        ),
        (end + 1, good[end].clone()),
        (0, good[1].clone()),
    ];
    for (at, line) in cases {
        let mut lines = good.clone();
        lines.insert(at, line);
        assert_eq!(fault(&lines, &log, &[]).0, Fault::Malformed, "{at}");
    }
    let mut longer = good.clone();
    longer.insert(2, vec![b' '; export::MAX_LINE + 1]);
    let found = finding(run(&longer, &log, &[]));
    assert!(found.expected.contains("lines of at most"), "{found}");
    let mut newer = good.clone();
    let text = String::from_utf8(good[0].clone()).unwrap();
    newer[0] = text
        .replace("countersign-audit/1", "countersign-audit/2")
        .into_bytes();
    assert_eq!(fault(&newer, &log, &[]).0, Fault::Malformed);
}

#[test]
fn bytes_that_are_no_entry_are_found_even_when_signed() {
    for bytes in [b"\x00\xff\n".to_vec(), b"{\"v\":1}".to_vec(), Vec::new()] {
        let mut log = Log::new();
        log.append(sample_entry(0));
        log.append(bytes);
        log.sign();
        assert_eq!(fault(&log.lines(), &log, &[]), (Fault::NotAnEntry, Some(1)));
    }
}

#[test]
fn a_device_that_fails_is_no_finding() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("unplugged"))
        }
    }
    let (_, key) = signing_key(7);
    let result = verify(io::BufReader::new(Broken), &key, &[], Options::default());
    assert!(matches!(result, Err(VerifyError::Read(_))), "{result:?}");
}

fn entry(second: i64, kind: Kind, request: &str) -> Entry<'static> {
    let at = Stamp::from_unix_micros(1_000_000_000_000_000 + second * 1_000_000).unwrap();
    Entry::new(at, kind, Actor::System, Detail::default()).request(request.to_owned())
}

fn reserved(second: i64, request: &str) -> Entry<'static> {
    entry(second, Kind::SignReserved, request)
        .subject("wal_1")
        .digest([0; 32])
}

fn outcome(second: i64, request: &str, code: &'static str) -> Entry<'static> {
    entry(second, Kind::SignOutcome, request).code(code)
}

fn judged(entries: &[Entry<'_>]) -> Report {
    let mut log = Log::new();
    entries
        .iter()
        .for_each(|entry| log.append(entry.encode().unwrap()));
    log.sign();
    run(&log.lines(), &log, &[]).unwrap()
}

#[test]
fn contradictions_between_authentic_entries_are_reported() {
    let report = judged(&[
        reserved(10, "req_a"),
        reserved(10, "req_b"),
        outcome(11, "req_a", "not_sent"),
        outcome(11, "req_x", "signed"),
        reserved(12, "req_b"),
        outcome(13, "req_a", "unknown"),
        reserved(10, "req_c"),
        outcome(20, "req_b", "unknown"),
        outcome(21, "req_b", "signed"),
        reserved(22, "req_a"),
    ]);
    let (at, after) = (
        entry(10, Kind::Stop, "req_").at,
        entry(13, Kind::Stop, "req_").at,
    );
    let request = |id: &str| id.to_owned();
    assert_eq!(
        report.concerns,
        [
            Concern::OutcomeWithoutReservation {
                index: 3,
                request: request("req_x")
            },
            Concern::ReservedTwice {
                index: 4,
                request: request("req_b"),
                first: 1
            },
            Concern::SignedAfterRelease {
                index: 5,
                request: request("req_a")
            },
            Concern::ClockWentBack {
                index: 6,
                at,
                after
            },
            Concern::ReservedTwice {
                index: 9,
                request: request("req_a"),
                first: 0
            },
        ]
    );
    assert_eq!(report.concerns_total, 5);
    assert_eq!(
        report.open,
        [OpenRequest {
            index: 6,
            request: request("req_c")
        }]
    );
    assert!(report.to_string().contains("req_c (entry 6)"));
}

#[test]
fn what_was_given_back_may_be_reserved_and_signed_again() {
    let report = judged(&[
        reserved(10, "req_a"),
        outcome(11, "req_a", "not_sent"),
        reserved(12, "req_a"),
        reserved(12, "req_b"),
        outcome(13, "req_a", "signed"),
        outcome(14, "req_b", "refused"),
        reserved(15, "req_b"),
    ]);
    assert_eq!(report.concerns, []);
    let open = OpenRequest {
        index: 6,
        request: "req_b".to_owned(),
    };
    assert_eq!(report.open, [open]);
}

#[test]
fn a_clock_back_within_the_slack_is_no_concern_but_creeping_back_is() {
    let at = |second| entry(second, Kind::Clock, "req_1");
    assert!(judged(&[at(10), at(8), at(10), at(9)]).concerns.is_empty());
    assert_eq!(
        judged(&[at(10), at(9), at(8), at(7), at(6)]).concerns_total,
        2
    );
}

#[test]
fn lists_in_the_report_are_bounded() {
    let entries: Vec<_> = (0..1500)
        .map(|n| reserved(n, &format!("req_{n}")))
        .collect();
    let report = judged(&entries);
    assert_eq!((report.open.len(), report.open_total), (LISTED, 1500));
    assert_eq!(report.open[0].index, 0);
    let entries: Vec<_> = (0..1500).map(|n| outcome(n, "req_1", "signed")).collect();
    let report = judged(&entries);
    assert_eq!(
        (report.concerns.len(), report.concerns_total),
        (LISTED, 1500)
    );
}

#[test]
fn closed_requests_are_forgotten_and_open_ones_are_not() {
    let mut requests = requests::Requests::new(2);
    assert_eq!(requests.note(0, &reserved(0, "req_open")), None);
    for n in 1..=3 {
        let id = format!("req_{n}");
        assert_eq!(requests.note(n, &reserved(0, &id)), None);
        assert_eq!(requests.note(n, &outcome(0, &id, "signed")), None);
    }
    assert_eq!(requests.note(9, &reserved(0, "req_1")), None, "forgotten");
    assert!(requests.note(9, &reserved(0, "req_2")).is_some());
    assert!(requests.note(9, &reserved(0, "req_open")).is_some());
    let mut report = Report::default();
    requests.list_open(&mut report);
    assert_eq!(
        report
            .open
            .iter()
            .map(|open| open.index)
            .collect::<Vec<_>>(),
        [0, 9]
    );
}

proptest! {
    #[test]
    fn any_changed_byte_of_an_export_is_found(n in 1_usize..12, every in 1_usize..6, at in any::<Index>(), byte in any::<u8>()) {
        let log = Log::sample(n, every);
        let mut bytes = log.lines().concat();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let result = verify(Cursor::new(bytes), &log.public, &[], Options::default());
        prop_assert!(matches!(result, Err(VerifyError::Found(_))), "{:?}", result);
    }

    #[test]
    fn any_dropped_repeated_or_moved_line_is_found(n in 2_usize..30, every in 1_usize..9, how in 0..3, a in any::<Index>(), b in any::<Index>()) {
        let log = Log::sample(n, every);
        let mut lines = log.lines();
        let (a, b) = (a.index(lines.len()), b.index(lines.len()));
        let is_note = |line: &Vec<u8>| line.starts_with(b"{\"checkpoint\"");
        match how {
            // Leaving out or repeating a checkpoint takes nothing from what the others prove.
            0 | 1 if is_note(&lines[a]) => return Ok(()),
            0 => drop(lines.remove(a)),
            1 => lines.insert(a, lines[a].clone()),
            _ => {
                let line = lines.remove(a);
                prop_assume!(a != b);
                lines.insert(b, line);
            }
        }
        let result = run(&lines, &log, &[]);
        prop_assert!(matches!(result, Err(VerifyError::Found(_))), "{:?}", result);
    }

    #[test]
    fn any_forgery_that_fits_itself_but_not_the_signatures_is_found(
        n in 2_usize..40, every in 1_usize..9, how in 0..5, a in any::<Index>(), b in any::<Index>(),
        keep in any::<Index>(), byte in any::<u8>(),
    ) {
        let log = Log::sample(n, every);
        let mut entries = log.entries.clone();
        let (a, b) = (a.index(n), b.index(n));
        match how {
            0 => drop(entries.remove(a)),
            1 => entries.swap(a, b),
            2 => entries.insert(a, entries[b].clone()),
            3 => {
                let at = byte as usize % entries[a].len();
                entries[a][at] = byte;
            }
            _ => entries.truncate(a),
        }
        // More entries after all that were signed are no forgery.
        prop_assume!(!entries.starts_with(&log.entries));
        // All checkpoints, or only the older ones: what was signed and is hidden is
        // found by the checkpoint that the auditor kept.
        let shown = keep.index(log.notes.len() + 1);
        let shown = &notes(&log)[..shown];
        let lines = rebuilt(&entries, &log, shown);
        let options = Options { unsigned_tail: u64::MAX, latest: true, ..Options::default() };
        let kept = [log.notes.last().unwrap().note.as_str()];
        let result = verify(Cursor::new(lines.concat()), &log.public, &kept, options);
        prop_assert!(matches!(result, Err(VerifyError::Found(_))), "{:?}", result);
    }

    #[test]
    fn good_logs_of_any_shape_verify(n in 0_usize..60, every in 1_usize..20, kept in any::<Index>()) {
        let log = Log::sample(n, every);
        let kept: Vec<_> = log.notes.iter().take(kept.index(log.notes.len() + 1)).map(|s| s.note.as_str()).collect();
        let report = run(&log.lines(), &log, &kept).unwrap();
        prop_assert_eq!(report.entries as usize, n);
        prop_assert_eq!(report.kept as usize, kept.len());
        prop_assert_eq!(report.signed as usize, n);
    }

    #[test]
    fn arbitrary_bytes_never_panic(head in any::<bool>(), bytes in proptest::collection::vec(any::<u8>(), 0..400), text in any::<String>()) {
        let log = Log::new();
        let mut export = if head { log.lines()[0].clone() } else { Vec::new() };
        export.extend_from_slice(&bytes);
        prop_assert!(verify(Cursor::new(&export), &log.public, &[], Options::default()).is_err());
        export.extend_from_slice(text.as_bytes());
        prop_assert!(verify(Cursor::new(&export), &log.public, &[&text], Options::default()).is_err());
    }

    #[test]
    fn any_stored_bytes_can_be_exported(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let line = export::entry_line(3, leaf_hash(&bytes), &bytes).unwrap();
        prop_assert!(line.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\n'));
        let mut lines = Lines::new(line.as_slice());
        match lines.read().unwrap() {
            Some(export::Item::Entry { index: 3, leaf, entry }) => {
                prop_assert_eq!(leaf, leaf_hash(&bytes));
                prop_assert_eq!(entry, bytes);
            }
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert!(lines.read().unwrap().is_none());
    }
}

#[test]
fn the_largest_entry_fits_a_line() {
    let worst = vec![b'"'; crate::leaf::MAX_ENTRY];
    assert!(
        export::entry_line(u64::MAX, leaf_hash(&worst), &worst)
            .unwrap()
            .len()
            < export::MAX_LINE
    );
    let note = "—".repeat(crate::checkpoint::MAX_NOTE / 3);
    assert!(export::checkpoint_line(&note).unwrap().len() < export::MAX_LINE);
    assert!(Checkpoint::parse_body(&note).is_err());
}
