//! The token is away for a while, under load: its directory moved, its files unreadable, the descriptors
//! used up. SoftHSM2 2.6.1 does not find its objects again by itself after any of them.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use countersign_hsm::ceremony::create;
use countersign_hsm::{
    Consequence, Device, Error, KeyId, KeyRef, KeyRole, KeyType, Material, Pkcs11Config,
    Pkcs11Device, verifies,
};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;

use crate::token::{Backdoor, config, device, on_fresh_token};

fn tokens() -> PathBuf {
    let conf = env::var("SOFTHSM2_CONF").unwrap();
    Path::new(&conf).with_file_name("tokens")
}

/// One key of each custody.
fn keys(device: &Pkcs11Device) -> Vec<KeyRef> {
    create(device, &KeyRole::expected(true, true)).unwrap();
    let id = |n| KeyId::from_bytes([n; 16]);
    let mut admin = device.key_admin().unwrap();
    let mut keys = Vec::new();
    for n in 1..4 {
        keys.push(KeyRef {
            id: id(n),
            public: admin.generate(&id(n), "wallet", KeyType::Ed25519).unwrap(),
            material: Material::Resident,
        });
    }
    let mut envelope = device.envelope().unwrap();
    let sealed = envelope.generate(&id(9), KeyType::Ed25519).unwrap();
    keys.push(KeyRef {
        id: id(9),
        public: sealed.public,
        material: Material::Envelope(sealed.blob),
    });
    keys
}

/// Until every key signs, for at most thirty seconds: on a busy machine a start takes its time.
fn signs_again(device: &Pkcs11Device, keys: &[KeyRef], what: &str) {
    let mut last = None;
    for _ in 0..300 {
        let mut worker = device.connect();
        let all = keys.iter().try_for_each(|key| match &mut worker {
            Ok(worker) => worker.sign(key, b"again").map(drop),
            Err(error) => Err(error.clone()),
        });
        match all {
            Ok(()) => return,
            Err(error) => last = Some(error),
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!(
        "{what}: no signature within thirty seconds: {}",
        last.unwrap()
    );
}

/// Has the threads end also where this one panics: it would wait for them for ever.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Four threads sign while `disturb` runs; what they hear is true, and afterwards every key signs.
fn through(device: &Pkcs11Device, keys: &[KeyRef], what: &str, disturb: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    let failed: Vec<Error> = thread::scope(|scope| {
        let sign = || {
            let mut failed = Vec::new();
            let mut worker = device.connect().unwrap();
            for (n, key) in (0_u64..).zip(keys.iter().cycle()) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                match worker.sign(key, &n.to_be_bytes()) {
                    Ok(signature) => assert!(verifies(&key.public, &n.to_be_bytes(), &signature)),
                    Err(error) => {
                        thread::sleep(Duration::from_millis(5));
                        failed.push(error);
                    }
                }
            }
            failed
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(sign)).collect();
        let stopping = Stop(&stop);
        thread::sleep(Duration::from_millis(300));
        disturb();
        signs_again(device, keys, what);
        drop(stopping);
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    println!("{what}: {} calls failed meanwhile", failed.len());
    for error in failed {
        assert_ne!(error.consequence(), Consequence::Broken, "{what}: {error}");
        assert!(!error.to_string().contains("init`"), "{what}: {error}");
    }
}

fn moved(for_how_long: Duration) {
    let (tokens, away) = (tokens(), tokens().with_file_name("away"));
    fs::rename(&tokens, &away).unwrap();
    thread::sleep(for_how_long);
    fs::rename(&away, &tokens).unwrap();
}

/// As files that cannot be read: under another name, for whoever runs this may be root.
fn unreadable() {
    let token = fs::read_dir(tokens()).unwrap().next().unwrap().unwrap();
    let objects: Vec<PathBuf> = fs::read_dir(token.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "object"))
        .collect();
    for object in &objects {
        fs::rename(object, object.with_extension("hidden")).unwrap();
    }
    thread::sleep(Duration::from_secs(1));
    for object in &objects {
        fs::rename(object.with_extension("hidden"), object).unwrap();
    }
}

fn descriptors_used_up() {
    let mut open = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        open.push(file);
    }
    thread::sleep(Duration::from_secs(1));
}

#[test]
fn whatever_was_away_for_a_while_comes_back_by_itself() {
    on_fresh_token(
        "gone::whatever_was_away_for_a_while_comes_back_by_itself",
        || {
            let device = device();
            let keys = keys(&device);
            let three = Duration::from_secs(3);
            through(&device, &keys, "moved", || moved(three));
            through(&device, &keys, "unreadable", unreadable);
            through(&device, &keys, "descriptors", descriptors_used_up);
            through(&device, &keys, "moved for a moment", || {
                moved(Duration::from_millis(20));
            });
            assert!(device.restarts() > 0);
            // Everything else is there again, too.
            device.mac().unwrap().mac(b"row").unwrap();
            device.key_wrap().unwrap().prove().unwrap();
            let mut admin = device.key_admin().unwrap();
            let id = KeyId::from_bytes([77; 16]);
            admin.generate(&id, "wallet", KeyType::P256).unwrap();
            let mut anchor = device.anchor().unwrap();
            anchor.write(b"after").unwrap();
            assert_eq!(anchor.read().unwrap().as_deref(), Some(b"after".as_slice()));
        },
    );
}

/// Nobody signs; the one who asks now and then sees it heal as well.
#[test]
fn an_idle_appliance_heals_too() {
    on_fresh_token("gone::an_idle_appliance_heals_too", || {
        let device = device();
        let keys = keys(&device);
        signs_again(&device, &keys, "before");
        moved(Duration::from_millis(100));
        // Nothing was asked meanwhile; SoftHSM2 notices the next time somebody asks.
        signs_again(&device, &keys, "after");
        let (tokens, away) = (tokens(), tokens().with_file_name("away"));
        fs::rename(&tokens, &away).unwrap();
        let error = device.connect().unwrap().sign(&keys[0], b"1").unwrap_err();
        assert_eq!(error.consequence(), Consequence::NotSent, "{error}");
        assert!(error.to_string().contains("started again"), "{error}");
        // Where the module itself does not start, that is said, not what calls on it answer then.
        let mut told = error.to_string();
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(100));
            let signed = device.connect().and_then(|mut it| it.sign(&keys[0], b"1"));
            told = signed.unwrap_err().to_string();
            assert!(!told.contains("NotInitialized"), "{told}");
        }
        assert!(told.contains("C_Initialize answered"), "{told}");
        assert!(told.contains("started again by itself"), "{told}");
        fs::rename(&away, &tokens).unwrap();
        signs_again(&device, &keys, "back");
    });
}

/// A key that somebody destroyed does not keep the module from its work.
#[test]
fn a_key_that_is_gone_for_good_starts_the_module_seldom() {
    on_fresh_token(
        "gone::a_key_that_is_gone_for_good_starts_the_module_seldom",
        || {
            let device = device();
            let keys = keys(&device);
            signs_again(&device, &keys, "before");
            let other = crate::token::device();
            other.key_admin().unwrap().destroy(&keys[0].id).unwrap();
            let mut worker = device.connect().unwrap();
            for _ in 0..200 {
                let error = worker.sign(&keys[0], b"1").unwrap_err();
                assert_eq!(error.consequence(), Consequence::Refused, "{error}");
                worker.sign(&keys[1], b"1").unwrap();
                thread::sleep(Duration::from_millis(5));
            }
            assert!(
                (1..=5).contains(&device.restarts()),
                "{}",
                device.restarts()
            );
            // One that was never there does not start it at all.
            let unknown = KeyRef {
                id: KeyId::from_bytes([50; 16]),
                ..keys[1].clone()
            };
            thread::sleep(Duration::from_secs(3));
            let before = device.restarts();
            let error = worker.sign(&unknown, b"1").unwrap_err();
            assert_eq!(error.consequence(), Consequence::Refused, "{error}");
            assert_eq!(device.restarts(), before);
        },
    );
}

#[test]
fn a_pin_is_not_tried_while_the_token_tells_of_a_wrong_one() {
    on_fresh_token(
        "gone::a_pin_is_not_tried_while_the_token_tells_of_a_wrong_one",
        || {
            let backdoor = Backdoor::new();
            let session = backdoor.module.open_rw_session(backdoor.slot).unwrap();
            let wrong = AuthPin::new("000000".into());
            session.login(UserType::User, Some(&wrong)).unwrap_err();
            let low = || {
                let told = backdoor.module.get_token_info(backdoor.slot).unwrap();
                told.user_pin_count_low()
            };
            assert!(low());
            let error = match Pkcs11Device::open(config()) {
                Ok(_) => panic!("the pin was tried"),
                Err(error) => error,
            };
            assert_eq!(error.consequence(), Consequence::Refused, "{error}");
            assert!(
                error.to_string().contains("CKF_USER_PIN_COUNT_LOW"),
                "{error}"
            );
            assert!(error.to_string().contains("--try-pin"), "{error}");
            assert!(low(), "a right pin would have ended it");
            let asked = Pkcs11Device::open(Pkcs11Config {
                spend_low_pin: true,
                ..config()
            });
            asked.unwrap().connect().unwrap();
            assert!(!low());
        },
    );
}
