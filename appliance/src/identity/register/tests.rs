use super::super::testing::{Client, authority, principal, recorded, start, trust_domain};
use super::*;

fn serial(number: u8) -> Serial {
    Serial::from_bytes([number; 16])
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn issued(to: &str) -> Issued {
    Issued {
        principal: principal(to),
        issued_at: at(10),
        not_after: at(1_000),
        sha256: None,
        revoked: false,
        ends_at: None,
        successor: None,
        issuers: vec![principal("operator/a")],
    }
}

fn can_come_in(register: &Register, now: i64, who: &Principal) -> bool {
    let ways = register.ways_in(at(now));
    ways.iter().any(|way| way.principal == *who)
}

fn renewed(to: &str, successor: u8) -> Issued {
    Issued {
        successor: Some(serial(successor)),
        ends_at: Some(at(500)),
        ..issued(to)
    }
}

#[test]
fn revoking_one_revokes_everything_renewed_from_it() {
    let register = Register::new();
    register.put(serial(1), renewed("bot/a", 2), at(0));
    register.put(serial(2), renewed("bot/a", 3), at(0));
    register.put(serial(3), issued("bot/a"), at(0));
    register.put(serial(4), issued("bot/a"), at(0));
    assert_eq!(register.revoke(serial(2)), [serial(2), serial(3)]);
    let revoked = |number| register.get(&serial(number)).unwrap().revoked;
    assert_eq!(
        [1, 2, 3, 4].map(revoked),
        [false, true, true, false],
        "those before it and those of another chain stay"
    );
    // A row that was read before the revocation was written changes nothing.
    register.put(serial(3), issued("bot/a"), at(0));
    assert!(revoked(3));
}

#[test]
fn nothing_is_taken_as_unused_that_an_earlier_run_may_have_let_in() {
    let register = Register::new();
    register.put(serial(1), renewed("bot/a", 2), at(0));
    register.put(serial(2), issued("bot/a"), at(0));
    assert!(!register.may_be_used(&serial(2)));
    register.note_use(&serial(2));
    assert!(register.may_be_used(&serial(2)));
    // Another run reads the same rows, and issues one more.
    let register = Register::new();
    register.put(serial(1), renewed("bot/a", 2), at(0));
    register.put(serial(2), issued("bot/a"), at(0));
    register.assume_used();
    register.put(serial(3), issued("bot/a"), at(0));
    assert!(register.may_be_used(&serial(2)));
    assert!(!register.may_be_used(&serial(3)));
    // Rows that are read again tell no more than before.
    register.put(serial(2), issued("bot/a"), at(0));
    assert!(register.may_be_used(&serial(2)));
    assert!(register.may_be_used(&serial(4)), "dropped, or never read");
}

#[test]
fn a_chain_that_leads_back_to_itself_ends() {
    let register = Register::new();
    register.put(serial(1), renewed("bot/a", 2), at(0));
    register.put(serial(2), renewed("bot/a", 1), at(0));
    assert_eq!(register.revoke(serial(1)), [serial(1), serial(2)]);
}

#[test]
fn a_block_counts_for_every_certificate_and_lifting_revives_none() {
    let register = Register::new();
    register.put(serial(1), issued("bot/a"), at(0));
    register.put(serial(2), issued("bot/b"), at(0));
    let mallory = principal("bot/a");
    let block = |since, lifted_at| Block {
        since: at(since),
        lifted_at,
    };
    register.block(mallory.clone(), block(50, None));
    assert!(register.is_blocked(&mallory));
    assert!(!can_come_in(&register, 60, &mallory));
    assert!(can_come_in(&register, 60, &principal("bot/b")));
    // An older row, read again, does not take it back; nor does lifting another one.
    register.block(mallory.clone(), block(20, Some(at(30))));
    register.lift(&mallory, at(20), at(70));
    assert!(register.is_blocked(&mallory));
    register.lift(&mallory, at(50), at(80));
    assert!(!register.is_blocked(&mallory));
    assert!(!can_come_in(&register, 90, &mallory));
    let later = Issued {
        issued_at: at(81),
        ..issued("bot/a")
    };
    register.put(serial(3), later, at(90));
    assert!(can_come_in(&register, 90, &mallory));
}

#[test]
fn renewals_have_a_rate_for_each_principal() {
    let register = Register::new();
    let (bot, other) = (principal("bot/a"), principal("bot/b"));
    let start = Duration::from_secs(5);
    for _ in 0..MOST_RENEWALS {
        assert_eq!(register.count_renewal(&bot, start), Ok(()));
    }
    let later = start + Duration::from_secs(60);
    assert_eq!(
        register.count_renewal(&bot, later),
        Err(RENEWALS_PER - Duration::from_secs(60))
    );
    assert_eq!(register.count_renewal(&other, later), Ok(()));
    assert_eq!(register.count_renewal(&bot, start + RENEWALS_PER), Ok(()));
}

#[test]
fn expired_certificates_do_not_stay_in_memory() {
    let register = Register::new();
    for number in 0..PUTS_PER_SWEEP as u128 * 2 {
        let serial = Serial::from_bytes(number.to_be_bytes());
        register.put(serial, issued("bot/a"), at(2_000));
    }
    assert!(register.read().issued.len() <= PUTS_PER_SWEEP);
}

#[test]
fn revocations_from_many_threads_are_all_kept() {
    let register = Register::new();
    for number in 0..128 {
        register.put(serial(number), issued("bot/a"), at(0));
    }
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let register = &register;
            scope.spawn(move || {
                for n in 0..32 {
                    register.revoke(serial(thread * 32 + n));
                }
            });
        }
    });
    let revoked = (0..128).filter(|n| register.get(&serial(*n)).unwrap().revoked);
    assert_eq!(revoked.count(), 128);
}

#[test]
fn one_that_copies_a_serial_number_and_a_name_is_not_let_in() {
    let authority = authority();
    let issue = || Client::issue(&authority, "bot/a", start()).1;
    let (ours, theirs) = (issue(), issue());
    let caller = |issued: &crate::identity::Issued| {
        Caller::from_certificate(&issued.certificate, &trust_domain()).unwrap()
    };
    let (came, row) = (caller(&ours), recorded("bot/a", &ours));
    let known = |row: Issued| {
        let register = Register::new();
        register.put(ours.serial, row, start());
        register.check(&came, start())
    };
    assert_eq!(known(row.clone()), Ok(()));
    let not_issued = Err(IdentityError::NotIssued(ours.serial));
    let another = Issued {
        sha256: Some(theirs.sha256()),
        ..row.clone()
    };
    assert_eq!(known(another), not_issued);
    // A row of an earlier version tells at least how long it was to live.
    let earlier = Issued {
        sha256: None,
        ..row
    };
    assert_eq!(known(earlier.clone()), Ok(()));
    let shorter = Issued {
        not_after: start(),
        ..earlier
    };
    assert_eq!(known(shorter), not_issued);
}
