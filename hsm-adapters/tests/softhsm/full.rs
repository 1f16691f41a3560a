//! The token's file system is full: SoftHSM2 answers `CKR_OK` and leaves empty files.

use countersign_hsm::ceremony::create;
use countersign_hsm::{Consequence, Device, Error, KeyId, KeyRole, KeyType};
use zeroize::Zeroizing;

use crate::token::{device, on_fresh_token};

/// No file of this process grows while this lives, as on a full file system.
struct Full(libc::rlimit);

#[allow(unsafe_code, reason = "no safe function limits the size of files")]
impl Full {
    fn now() -> Self {
        let mut before = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the pointers are to locals, and ignoring a signal has no precondition.
        unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            assert_eq!(libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut before), 0);
            let none = libc::rlimit {
                rlim_cur: 0,
                ..before
            };
            assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const none), 0);
        }
        Self(before)
    }
}

#[allow(unsafe_code, reason = "as above")]
impl Drop for Full {
    fn drop(&mut self) {
        // SAFETY: the pointer is to a live field.
        unsafe {
            libc::setrlimit(libc::RLIMIT_FSIZE, &raw const self.0);
        }
    }
}

fn told(error: &Error) {
    assert_eq!(error.consequence(), Consequence::Refused, "{error}");
    assert!(error.to_string().contains("full"), "{error}");
}

#[test]
fn what_the_token_did_not_keep_does_not_count_as_done() {
    on_fresh_token(
        "full::what_the_token_did_not_keep_does_not_count_as_done",
        || {
            let device = device();
            create(&device, &KeyRole::expected(true, true)).unwrap();
            let mut anchor = device.anchor().unwrap();
            anchor.write(b"first").unwrap();
            let mut admin = device.key_admin().unwrap();
            let id = |n| KeyId::from_bytes([n; 16]);

            let full = Full::now();
            told(&anchor.write(b"second").unwrap_err());
            assert_eq!(anchor.read().unwrap().as_deref(), Some(b"first".as_slice()));
            // This one SoftHSM2 admits by itself, though not what it means.
            admin
                .generate(&id(1), "wallet", KeyType::Ed25519)
                .unwrap_err();
            let seed = Zeroizing::new([7; 32]);
            told(
                &admin
                    .import(&id(2), "wallet", KeyType::Ed25519, seed)
                    .unwrap_err(),
            );
            drop(full);

            // Nothing of it is in the way, and the module was not started again for it.
            assert_eq!(device.restarts(), 0);
            anchor.write(b"third").unwrap();
            assert_eq!(anchor.read().unwrap().as_deref(), Some(b"third".as_slice()));
            admin.generate(&id(1), "wallet", KeyType::Ed25519).unwrap();
            let other = crate::token::device();
            let read = other.anchor().unwrap().read().unwrap();
            assert_eq!(read.as_deref(), Some(b"third".as_slice()));
        },
    );
}

#[test]
fn a_ceremony_on_a_full_token_fails() {
    on_fresh_token("full::a_ceremony_on_a_full_token_fails", || {
        let device = device();
        let full = Full::now();
        create(&device, &KeyRole::REQUIRED).unwrap_err();
        drop(full);
        create(&device, &KeyRole::REQUIRED).unwrap();
    });
}
