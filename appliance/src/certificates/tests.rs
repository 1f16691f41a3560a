use super::*;

fn record() -> CertificateRecord {
    CertificateRecord {
        spiffe_id: "spiffe://desk/bot/a".to_owned(),
        not_before: 0,
        not_after: 3_900_000_000,
        issued_by: "operator/a".to_owned(),
        revoked_at: None,
        issued_at: None,
        issuers: None,
        lifetime: None,
        renews: None,
        renewed_to: None,
        ends_at: None,
        sha256: None,
    }
}

#[test]
fn a_row_of_an_earlier_version_is_read() {
    let row = r#"{"spiffe_id":"spiffe://desk/bot/a","not_before":0,"not_after":3900000000,"issued_by":"operator/a","revoked_at":null}"#;
    let read: CertificateRecord = serde_json::from_str(row).unwrap();
    assert_eq!(read, record());
    assert_eq!(serde_json::to_string(&read).unwrap(), row);
    // It begins five minutes in the past: it was given an hour.
    assert_eq!(read.first_lifetime(), Span::from_secs(3_600));
    let known = read.known().unwrap();
    assert_eq!(known.issuers, ["operator/a".parse().unwrap()]);
}

#[test]
fn nobody_issued_what_the_first_start_did() {
    let first = CertificateRecord {
        issued_by: "init".to_owned(),
        ..record()
    };
    assert_eq!(first.known().unwrap().issuers, []);
}

#[test]
fn a_certificate_is_good_until_it_ends() {
    let ending = CertificateRecord {
        ends_at: Some(10),
        ..record()
    };
    let at = Timestamp::from_micros;
    assert!(ending.is_good(at(10)) && !ending.is_good(at(11)));
    let revoked = CertificateRecord {
        revoked_at: Some(0),
        ..record()
    };
    assert!(!revoked.is_good(at(1)));
    assert!(record().is_good(at(3_900_000_000)) && !record().is_good(at(3_900_000_001)));
}
