use proptest::prelude::*;

use super::*;
use crate::testlog::{Log, Memory, ORIGIN, leaves, signing_key};
use crate::tree::Frontier;

/// The example of the C2SP signed-note specification.
const SPEC_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPEC_NOTE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

#[test]
fn the_specification_example_verifies() {
    let key = LogKey::parse(SPEC_VKEY).unwrap();
    assert_eq!(key.name(), "example.com/foo");
    assert_eq!(key.id(), 0x530d_903a);
    assert_eq!(key.vkey(), SPEC_VKEY);
    // The signature is good; what it signs is no checkpoint.
    assert_eq!(
        Checkpoint::open(SPEC_NOTE.as_bytes(), &key),
        Err(CheckpointError::Lines)
    );
    let altered = SPEC_NOTE.replace("example message", "example massage");
    assert_eq!(
        Checkpoint::open(altered.as_bytes(), &key),
        Err(CheckpointError::BadSignature(SPEC_VKEY.into()))
    );
}

#[test]
fn keys_of_other_forms_are_refused() {
    for bad in [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ] {
        assert!(
            matches!(LogKey::parse(bad), Err(KeyError::Text(_))),
            "{bad}"
        );
    }
    for altered in [
        SPEC_VKEY.replace("530d903a", "530d903b"),
        SPEC_VKEY.replace("530d903a", "530D903A"),
        SPEC_VKEY.replace("foo", "fop"),
    ] {
        assert!(
            matches!(LogKey::parse(&altered), Err(KeyError::Id(_))),
            "{altered}"
        );
    }
    let (signing, _) = signing_key(1);
    let public = signing.verifying_key().to_bytes();
    for name in ["", "a b", "a+b", "a\nb", "ä", "a\u{0}"] {
        assert!(
            matches!(LogKey::new(name, &public), Err(KeyError::Name(_))),
            "{name:?}"
        );
    }
    // The neutral element signs everything.
    let weak = [[1].as_slice(), &[0; 31]].concat().try_into().unwrap();
    assert!(matches!(LogKey::new("a", &weak), Err(KeyError::Key(_))));
}

#[test]
fn a_signed_checkpoint_is_read_back() {
    let log = Log::sample(300, 100);
    for signed in &log.notes {
        let opened = Checkpoint::open(signed.note.as_bytes(), &log.public).unwrap();
        assert_eq!(opened, signed.checkpoint);
    }
    let last = log.notes.last().unwrap();
    assert_eq!(last.checkpoint.size, 300);
    let [origin, size, root, blank, signature, end] = last
        .note
        .split('\n')
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert_eq!((origin, size, blank, end), (ORIGIN, "300", "", ""));
    assert_eq!(root, log.tree.frontier.root().to_string());
    assert!(signature.starts_with(&format!("— {ORIGIN} ")));
}

#[test]
fn cosignatures_of_witnesses_are_passed_over() {
    let log = Log::sample(3, 10);
    let (witness, _) = signing_key(9);
    let line =
        signed_note::Signature::new("witness.example".into(), 1, witness.to_bytes().to_vec());
    let line = String::from_utf8(line.unwrap().to_bytes()).unwrap();
    let note = format!("{}{line}", log.notes[0].note);
    assert_eq!(
        Checkpoint::open(note.as_bytes(), &log.public).as_ref(),
        Ok(log.last())
    );
    let only = note.replace(&log.notes[0].note, &format!("{}\n", log.last().body()));
    assert!(matches!(
        Checkpoint::open(only.as_bytes(), &log.public),
        Err(CheckpointError::NotSigned(_))
    ));
}

#[test]
fn bodies_have_one_spelling() {
    let root = crate::EMPTY_ROOT.to_string();
    let good = format!("{ORIGIN}\n0\n{root}\n");
    assert_eq!(Checkpoint::parse_body(&good).unwrap().body(), good);
    let size = |text: &str| Checkpoint::parse_body(&format!("{ORIGIN}\n{text}\n{root}\n"));
    for bad in [
        "",
        "00",
        "01",
        "+1",
        "-1",
        " 1",
        "1 ",
        "0x1",
        "9223372036854775808",
        "1e3",
    ] {
        assert!(matches!(size(bad), Err(CheckpointError::Size(_))), "{bad}");
    }
    assert_eq!(size("9223372036854775807").unwrap().size, MAX_SIZE);
    for bad in [
        String::new(),
        "\n".into(),
        format!("{ORIGIN}\n0\n{root}"),
        format!("{ORIGIN}\n0\n{root}\nextension\n"),
        format!("{ORIGIN}\n0\n{root}\n\n"),
        format!("{ORIGIN}\n0\n"),
    ] {
        assert_eq!(
            Checkpoint::parse_body(&bad),
            Err(CheckpointError::Lines),
            "{bad:?}"
        );
    }
    for bad in [
        "AAAA",
        "",
        root.trim_end_matches("="),
        &root.replace('=', "A"),
        "not base64",
    ] {
        let body = format!("{ORIGIN}\n0\n{bad}\n");
        assert!(
            matches!(Checkpoint::parse_body(&body), Err(CheckpointError::Root(_))),
            "{bad}"
        );
    }
}

#[test]
fn another_log_under_the_same_key_is_refused() {
    let log = Log::sample(3, 10);
    let (signing, _) = signing_key(7);
    let other = LogKey::new("other.example/audit", signing.verifying_key().as_bytes()).unwrap();
    let body = Checkpoint {
        origin: "third.example".into(),
        ..log.last().clone()
    }
    .body();
    let signature = log.sign_text(body.as_bytes()).unwrap().to_vec();
    let line = signed_note::Signature::new(ORIGIN.into(), log.public.id(), signature).unwrap();
    let note = signed_note::Note::new(body.as_bytes(), &[line])
        .unwrap()
        .to_bytes();
    assert!(matches!(
        Checkpoint::open(&note, &log.public),
        Err(CheckpointError::Origin { .. })
    ));
    assert!(matches!(
        Checkpoint::open(log.notes[0].note.as_bytes(), &other),
        Err(CheckpointError::NotSigned(_))
    ));
}

#[test]
fn too_long_a_note_is_refused() {
    let log = Log::sample(3, 10);
    let line = "— witness.example AAAAAAAA\n";
    let note = format!(
        "{}{}",
        log.notes[0].note,
        line.repeat(MAX_NOTE / line.len())
    );
    let error = Checkpoint::open(note.as_bytes(), &log.public).unwrap_err();
    assert!(error.to_string().contains("bytes"), "{error}");
}

#[test]
fn only_an_extension_can_be_signed() {
    let (_, key) = signing_key(7);
    let long = Memory::of(&leaves(0..700));
    let at = |tree: &Memory, size| Checkpoint {
        origin: ORIGIN.into(),
        size,
        root: Frontier::load(tree, size).unwrap().root(),
    };
    for size in [0, 1, 255, 256, 257, 512, 699, 700] {
        let next = extends(&key, Some(&at(&long, size)), &long.frontier, &long).unwrap();
        assert_eq!(next.checkpoint(), &at(&long, 700));
    }
    assert!(extends(&key, None, &long.frontier, &long).is_ok());
    let short = Memory::of(&leaves(0..600));
    let shrunk = extends(&key, Some(&at(&long, 700)), &short.frontier, &short);
    assert!(matches!(
        shrunk,
        Err(ExtendError::Shrunk {
            last: 700,
            size: 600
        })
    ));
    let mut other = leaves(0..800);
    other[300] = other[299];
    let other = Memory::of(&other);
    let forked = extends(&key, Some(&at(&long, 700)), &other.frontier, &other);
    assert!(matches!(forked, Err(ExtendError::Rewritten(_))));
    assert!(extends(&key, Some(&at(&long, 300)), &other.frontier, &other).is_ok());
    let foreign = Checkpoint {
        origin: "other.example".into(),
        ..at(&long, 300)
    };
    let foreign = extends(&key, Some(&foreign), &long.frontier, &long);
    assert!(matches!(foreign, Err(ExtendError::Origin { .. })));
}

#[test]
fn a_frontier_that_is_not_the_stored_tree_is_not_signed() {
    let (_, key) = signing_key(7);
    let mut tree = Memory::of(&leaves(0..700));
    let last = Checkpoint {
        origin: ORIGIN.into(),
        size: 400,
        root: Frontier::load(&tree, 400).unwrap().root(),
    };
    let mut other = leaves(0..700);
    other[650] = other[0];
    let frontier = Memory::of(&other).frontier;
    let refused = extends(&key, Some(&last), &frontier, &tree);
    assert!(matches!(refused, Err(ExtendError::Rewritten(_))));
    tree.leaves.truncate(600);
    let unread = extends(
        &key,
        Some(&last),
        &Memory::of(&leaves(0..700)).frontier,
        &tree,
    );
    assert!(matches!(unread, Err(ExtendError::Tree(_))));
}

#[test]
fn a_wrong_or_failing_signer_yields_nothing() {
    let (_, key) = signing_key(7);
    let (stranger, _) = signing_key(8);
    let tree = Memory::of(&leaves(0..5));
    let next = || extends(&key, None, &tree.frontier, &tree).unwrap();
    let wrong = next().sign(&key, |text| {
        use ed25519_dalek::Signer as _;
        Ok::<_, String>(stranger.sign(text).to_bytes())
    });
    assert_eq!(wrong, Err(SignError::NotByKey(key.vkey())));
    let failed = next().sign(&key, |_| Err("the device is gone"));
    assert_eq!(failed, Err(SignError::Signer("the device is gone")));
}

proptest! {
    #[test]
    fn a_changed_byte_of_a_checkpoint_is_refused(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let log = Log::sample(2, 5);
        let mut note = log.notes[0].note.clone().into_bytes();
        let at = at.index(note.len());
        prop_assume!(note[at] != byte);
        note[at] = byte;
        prop_assert!(Checkpoint::open(&note, &log.public).is_err());
    }

    #[test]
    fn arbitrary_notes_and_keys_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
        let (_, key) = signing_key(7);
        prop_assert!(Checkpoint::open(&bytes, &key).is_err());
        prop_assert!(Checkpoint::open(text.as_bytes(), &key).is_err());
        prop_assert!(Checkpoint::parse_body(&text).is_err());
        prop_assert!(LogKey::parse(&text).is_err());
    }
}
