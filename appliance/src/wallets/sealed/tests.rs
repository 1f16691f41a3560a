use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_799_999_000_000_000);

/// Made by another implementation (jwcrypto 1.6.1).
fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn text_of<'a>(vectors: &'a Value, name: &str) -> &'a str {
    vectors[name].as_str().unwrap()
}

fn purpose(vectors: &Value) -> Purpose<'_> {
    Purpose {
        kid: text_of(vectors, "kid"),
        user: text_of(vectors, "user"),
        venue: "solana",
        environment: "mainnet",
    }
}

/// What the HSM does: the content-encryption key of a sealed key.
fn content_key(vectors: &Value, sealed: &Sealed) -> Zeroizing<[u8; 32]> {
    let der = BASE64_STANDARD.decode(text_of(vectors, "pkcs8")).unwrap();
    let key = PrivateDecryptingKey::from_pkcs8(&der).unwrap();
    let key = OaepPrivateDecryptingKey::new(key).unwrap();
    let mut out = vec![0; key.min_output_size()];
    let opened = key
        .decrypt(&OAEP_SHA1_MGF1SHA1, sealed.encrypted_key(), &mut out, None)
        .unwrap();
    Zeroizing::new(opened.try_into().unwrap())
}

#[test]
fn what_another_implementation_sealed_opens() {
    let vectors = vectors();
    let sealed = Sealed::parse(text_of(&vectors, "good")).unwrap();
    sealed.check(purpose(&vectors), NOW).unwrap();
    let key = content_key(&vectors, &sealed);
    let pair = sealed.open(&key).unwrap();
    assert_eq!(pair.address().to_string(), text_of(&vectors, "address"));
    assert_eq!(*pair.into_seed(), [7; 32]);
}

#[test]
fn the_thumbprint_is_that_of_another_implementation() {
    let vectors = vectors();
    let part = |name| {
        BASE64_URL_SAFE_NO_PAD
            .decode(text_of(&vectors, name))
            .unwrap()
    };
    let key = ImportKey::new(part("n"), part("e")).unwrap();
    assert_eq!(Recipient::new(&key).kid, text_of(&vectors, "kid"));
}

#[test]
fn every_header_that_says_something_else_is_refused_by_name() {
    let vectors = vectors();
    for (field, sealed) in vectors["other_header"].as_object().unwrap() {
        let sealed = Sealed::parse(sealed.as_str().unwrap()).unwrap();
        match sealed.check(purpose(&vectors), NOW) {
            Err(SealedError::Header { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[test]
fn a_sealed_key_is_good_until_its_time_and_for_a_week_at_most() {
    let vectors = vectors();
    let sealed = Sealed::parse(text_of(&vectors, "good")).unwrap();
    let exp = Timestamp::from_micros(1_800_000_000_000_000);
    let second = Span::from_micros(1_000_000);
    let at = |now| sealed.check(purpose(&vectors), now);
    assert_eq!(at(exp.saturating_sub(second)), Ok(()));
    assert_eq!(at(exp), Err(SealedError::Expired(exp)));
    let earliest = exp.saturating_sub(LONGEST_LIFE);
    assert_eq!(at(earliest), Ok(()));
    assert_eq!(
        at(earliest.saturating_sub(second)),
        Err(SealedError::TooLong(exp))
    );
}

#[test]
fn what_is_no_keypair_is_refused() {
    let vectors = vectors();
    for (name, sealed) in vectors["no_keypair"].as_object().unwrap() {
        let sealed = Sealed::parse(sealed.as_str().unwrap()).unwrap();
        let key = content_key(&vectors, &sealed);
        let refused = sealed.open(&key).err().unwrap();
        assert!(
            matches!(refused, SealedError::NoKeypair(_)),
            "{name}: {refused}"
        );
    }
}

#[test]
fn what_is_no_jwe_is_refused() {
    let vectors = vectors();
    let malformed = vectors["malformed"].as_object().unwrap().values();
    let long = "A".repeat(LONGEST + 1);
    let others = ["", ".", "....", "a.b.c.d.e.f", "{}", long.as_str()];
    for text in malformed.map(|text| text.as_str().unwrap()).chain(others) {
        let refused = Sealed::parse(text).unwrap_err();
        assert!(
            matches!(refused, SealedError::Malformed(_)),
            "{text}: {refused}"
        );
    }
}

#[test]
fn no_character_can_be_changed() {
    let vectors = vectors();
    let good = text_of(&vectors, "good");
    let key = content_key(&vectors, &Sealed::parse(good).unwrap());
    let encrypted_key = good.split('.').nth(1).unwrap();
    let after_key = good.find(encrypted_key).unwrap() + encrypted_key.len();
    // The encrypted key itself is the HSM's to refuse; every other part is tried here.
    let header_end = good.find('.').unwrap();
    for at in (0..header_end).chain(after_key..good.len()) {
        let mut bytes = good.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        let opened = Sealed::parse(&changed)
            .and_then(|sealed| sealed.check(purpose(&vectors), NOW).map(|()| sealed))
            .and_then(|sealed| sealed.open(&key));
        assert!(opened.is_err(), "character {at} was changed");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_reading_panic(
        text in proptest::string::string_regex("[A-Za-z0-9_.{}\":,-]{0,200}").unwrap(),
        at in 0_usize..1_200,
        piece in ".{0,3}",
    ) {
        let _read = Sealed::parse(&text);
        let vectors = vectors();
        let mut good = text_of(&vectors, "good").to_owned();
        let at = at.min(good.len());
        good.replace_range(at..at, &piece);
        let _read = Sealed::parse(&good);
    }
}
