use proptest::prelude::*;

use super::*;

fn stamp(micros: i64) -> Stamp {
    Stamp::from_unix_micros(micros).unwrap()
}

const BOT: Actor<'static> = caller("spiffe://desk/bot/a");

const fn caller(spiffe_id: &str) -> Actor<'_> {
    Actor::Caller {
        spiffe_id,
        certificate: "crt_7f",
    }
}

fn reserved() -> Entry<'static> {
    let detail = Detail::from_json(r#"{"asset":"SOL","amount":"1.5"}"#).unwrap();
    Entry::new(
        stamp(1_795_247_064_000_123),
        Kind::SignReserved,
        BOT,
        detail,
    )
    .request("req_1")
    .subject("wal_7")
    .rule("dex-trades")
    .digest([0xab; 32])
}

#[test]
fn an_entry_has_these_bytes() {
    let expected = concat!(
        r#"{"v":1,"at":"2026-11-21T07:44:24.000123Z","kind":"sign_reserved","#,
        r#""actor":"spiffe://desk/bot/a","certificate":"crt_7f","request":"req_1","subject":"wal_7","#,
        r#""rule":"dex-trades","#,
        r#""digest":"abababababababababababababababababababababababababababababababab","#,
        r#""detail":{"asset":"SOL","amount":"1.5"}}"#,
    );
    assert_eq!(
        String::from_utf8(reserved().encode().unwrap()).unwrap(),
        expected
    );
    assert_eq!(Entry::parse(expected.as_bytes()).unwrap(), reserved());
}

#[test]
fn text_outside_ascii_is_escaped_and_read_back() {
    let entry = Entry::new(stamp(0), Kind::Freeze, Actor::System, Detail::default())
        .rule("größer\u{7f}\n\"\\😀");
    let bytes = entry.encode().unwrap();
    let text = str::from_utf8(&bytes).unwrap();
    assert!(
        text.contains(r#""rule":"gr\u00f6\u00dfer\u007f\n\"\\\ud83d\ude00""#),
        "{text}"
    );
    assert_eq!(Entry::parse(&bytes).unwrap(), entry);
}

#[test]
fn each_kind_demands_its_fields() {
    let at = stamp(0);
    let bare = |kind| Entry::new(at, kind, Actor::System, Detail::default());
    let field = |entry: Entry<'_>| match entry.encode() {
        Err(EntryError::Field { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(bare(Kind::SignReserved)), "request");
    assert_eq!(field(bare(Kind::SignReserved).request("req_1")), "subject");
    assert_eq!(
        field(bare(Kind::SignReserved).request("req_1").subject("wal_1")),
        "digest"
    );
    assert_eq!(field(bare(Kind::SignOutcome).code("signed")), "request");
    assert_eq!(field(bare(Kind::SignOutcome).request("req_1")), "code");
    assert_eq!(
        field(bare(Kind::SignOutcome).request("req_1").code("done")),
        "code"
    );
    assert_eq!(field(bare(Kind::SignDenied)), "code");
    assert_eq!(field(bare(Kind::SignErrored)), "code");
    assert_eq!(field(bare(Kind::Freeze).request("1")), "request");
    assert_eq!(
        field(Entry::new(
            at,
            Kind::Freeze,
            caller("root"),
            Detail::default()
        )),
        "actor"
    );
    for outcome in Outcome::ALL {
        let entry = bare(Kind::SignOutcome)
            .request("req_1")
            .code(outcome.as_str());
        let bytes = entry.encode().unwrap();
        assert_eq!(Entry::parse(&bytes).unwrap().outcome(), Some(*outcome));
    }
}

#[test]
fn every_kind_is_written_and_read_under_its_name() {
    for kind in Kind::ALL {
        let text = serde_json::to_string(kind).unwrap();
        assert_eq!(text, format!("\"{kind}\""));
        assert_eq!(serde_json::from_str::<Kind>(&text).unwrap(), *kind);
    }
    assert_eq!(Kind::ALL.len(), 36);
}

#[test]
fn other_spellings_of_the_same_entry_are_refused() {
    let good = String::from_utf8(reserved().encode().unwrap()).unwrap();
    let not_canonical = [
        good.replace(r#""v":1,"at""#, r#""v":1, "at""#),
        good.replace("sign_reserved", r"sign\u005freserved"),
        good.replace("abab", "ABAB"),
        good.replace(
            r#","rule":"dex-trades""#,
            r#","code":null,"rule":"dex-trades""#,
        ),
        format!("{good} "),
    ];
    for text in not_canonical {
        assert_eq!(
            Entry::parse(text.as_bytes()),
            Err(EntryError::NotCanonical),
            "{text}"
        );
    }
    let not_json = [
        good.replace(r#""v":1,"#, ""),
        good.replace(r#""rule""#, r#""role""#),
        good.replace("sign_reserved", "sign_anything"),
        good.replace("24.000123Z", "24.000123+00:00"),
        good.replace("24.000123Z", "24.0001234Z"),
        good.replace("2026-11-21", "2026-02-30"),
        good.replace(r#""1.5""#, "1.5"),
        good.replace(r#""1.5""#, "1e5"),
        good.replace("{\"asset", "{\n\"asset"),
        good.replace(r#"{"asset":"SOL","amount":"1.5"}"#, "[]"),
        good.replace(
            r#""rule":"dex-trades","#,
            r#""rule":"dex-trades","rule":"dex-trades","#,
        ),
        format!("{good}{good}"),
    ];
    for text in not_json {
        assert!(
            matches!(Entry::parse(text.as_bytes()), Err(EntryError::Json(_))),
            "{text}"
        );
    }
    let version = good.replace(r#""v":1"#, r#""v":2"#);
    assert!(matches!(
        Entry::parse(version.as_bytes()),
        Err(EntryError::Field { field: "v", .. })
    ));
}

#[test]
fn an_entry_fills_65535_bytes_and_not_one_more() {
    let with = |length: usize| {
        let text = format!(r#"{{"x":"{}"}}"#, "y".repeat(length));
        let detail = Detail::from_json(&text).unwrap().into_owned();
        Entry::new(stamp(0), Kind::Start, Actor::System, detail).encode()
    };
    let overhead = with(0).unwrap().len();
    assert_eq!(with(MAX_ENTRY - overhead).unwrap().len(), MAX_ENTRY);
    assert_eq!(
        with(MAX_ENTRY - overhead + 1),
        Err(EntryError::TooLong(MAX_ENTRY + 1))
    );
    assert_eq!(
        Entry::parse(&vec![b' '; MAX_ENTRY + 1]),
        Err(EntryError::TooLong(MAX_ENTRY + 1))
    );
}

#[test]
fn detail_is_an_object_of_integers_and_text() {
    for good in [
        r"{}",
        r#"{"a":1}"#,
        r#"{"a":-1,"b":[true,false,null]}"#,
        r#"{"a":"1.5e3\"."}"#,
    ] {
        assert_eq!(Detail::from_json(good).unwrap().as_str(), good);
    }
    for bad in [
        r#"{"a":1.5}"#,
        r#"{"a":1e5}"#,
        r#"{"a":[1E5]}"#,
        r#"{"a\"":1.0}"#,
    ] {
        assert_eq!(Detail::from_json(bad), Err(DetailError::Float), "{bad}");
    }
    for bad in ["1", "[]", "null", "\"{}\""] {
        assert!(
            matches!(Detail::from_json(bad), Err(DetailError::NotAnObject(_))),
            "{bad}"
        );
    }
    for bad in ["", "{", "{}{}", "{'a':1}", r#"{"a":}"#] {
        assert!(
            matches!(Detail::from_json(bad), Err(DetailError::Json(_))),
            "{bad}"
        );
    }
    assert_eq!(
        Detail::from_json("{\n}"),
        Err(DetailError::ControlCharacter)
    );
    assert_eq!(
        Detail::from_json(r#"{"ü":1}"#).unwrap().as_str(),
        r#"{"\u00fc":1}"#
    );
    assert_eq!(
        Detail::of(&[("ü", 1)].map(|(k, _)| k)),
        Err(DetailError::NotAnObject(r#"["\u00fc"]"#.into()))
    );
    let floats = std::collections::BTreeMap::from([("amount", 1.5)]);
    assert_eq!(Detail::of(&floats), Err(DetailError::Float));
    let map = std::collections::BTreeMap::from([("to", "ü\u{7f}")]);
    assert_eq!(
        Detail::of(&map).unwrap().as_str(),
        r#"{"to":"\u00fc\u007f"}"#
    );
    assert_eq!(Detail::default().as_str(), "{}");
}

#[test]
fn times_at_the_edges() {
    assert_eq!(stamp(0).to_string(), "1970-01-01T00:00:00.000000Z");
    assert_eq!(
        stamp(951_782_400_000_001).to_string(),
        "2000-02-29T00:00:00.000001Z"
    );
    assert_eq!(
        stamp(253_402_300_799_999_999).to_string(),
        "9999-12-31T23:59:59.999999Z"
    );
    for out in [-1, 253_402_300_800_000_000, i64::MIN, i64::MAX] {
        assert_eq!(Stamp::from_unix_micros(out), Err(StampError::Range(out)));
    }
    for bad in [
        "",
        "2026-11-21T07:44:24Z",
        "2026-11-21 07:44:24.000123Z",
        "2026-13-21T07:44:24.000123Z",
        "2026-11-21T24:00:00.000000Z",
        "2026-11-21T07:44:60.000000Z",
        "+026-11-21T07:44:24.000123Z",
        "1969-12-31T23:59:59.999999Z",
        "2026-11-21T07:44:24.000123z",
        "2026-11-21T07:44:24.00012éZ",
    ] {
        assert!(bad.parse::<Stamp>().is_err(), "{bad}");
    }
}

fn any_text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(any::<String>())
}

proptest! {
    #[test]
    fn what_is_encoded_is_read_back(
        micros in 0_i64..253_402_300_800_000_000,
        kind in proptest::sample::select(Kind::ALL),
        actor in any::<String>(),
        (subject, code, rule) in (any_text(), any_text(), any_text()),
        request in any::<String>(),
        digest in proptest::option::of(any::<[u8; 32]>()),
        detail in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..5),
    ) {
        let name = format!("spiffe://{actor}");
        let mut entry = Entry::new(stamp(micros), kind, caller(&name), Detail::of(&detail).unwrap());
        entry.request = Some(format!("req_{request}").into());
        entry.subject = subject.map(Into::into);
        entry.code = code.map(Into::into);
        entry.rule = rule.map(Into::into);
        entry.digest = digest;
        if let Ok(bytes) = entry.encode() {
            prop_assert!(bytes.iter().all(|byte| (b' '..=b'~').contains(byte)));
            prop_assert_eq!(Entry::parse(&bytes).unwrap(), entry);
        }
    }

    #[test]
    fn times_are_read_back_and_sort_as_text(a in 0_i64..253_402_300_800_000_000, b in 0_i64..253_402_300_800_000_000) {
        prop_assert_eq!(stamp(a).to_string().parse::<Stamp>().unwrap(), stamp(a));
        prop_assert_eq!(stamp(a).to_string().cmp(&stamp(b).to_string()), a.cmp(&b));
    }

    #[test]
    fn a_changed_byte_is_another_entry_or_none(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let good = reserved().encode().unwrap();
        let mut bytes = good.clone();
        bytes[at.index(good.len())] = byte;
        if let Ok(entry) = Entry::parse(&bytes) {
            prop_assert_eq!(entry == reserved(), bytes == good);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
        let _ = Entry::parse(&bytes);
        let _ = Entry::parse(text.as_bytes());
        let _ = Detail::from_json(&text);
        let _ = text.parse::<Stamp>();
    }

    #[test]
    fn detail_accepts_what_a_json_reader_accepts(text in r#"\{("[a-z.]{0,3}":(-?[0-9.eE+-]{1,4}|"[ -~]{0,4}"|true|\[\]),?)*\}"#) {
        let reader = serde_json::from_str::<serde_json::Value>(&text);
        match Detail::from_json(&text) {
            Ok(detail) => {
                prop_assert_eq!(detail.as_str(), text.as_str());
                prop_assert!(!has_float(&reader.unwrap()));
            }
            Err(DetailError::Float) => prop_assert!(has_float(&reader.unwrap())),
            Err(_) => prop_assert!(reader.is_err()),
        }
    }
}

fn has_float(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Object(map) => map.values().any(has_float),
        serde_json::Value::Array(values) => values.iter().any(has_float),
        other => other.is_f64(),
    }
}
