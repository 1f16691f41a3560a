//! What a token with many keys is asked, counted rather than timed: by OpenSC's `pkcs11-spy`, which stands
//! between the appliance and SoftHSM2 and writes down every call.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde_json::Value;
use softhsm_tests::{Appliance, Client, Options, program};

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");

/// Where Debian and Ubuntu put it (`opensc-pkcs11`).
const SPY: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so",
    "/usr/lib/aarch64-linux-gnu/pkcs11-spy.so",
];

/// An appliance whose calls to its token are written down.
async fn watched() -> Appliance {
    let spy = SPY.iter().find(|path| Path::new(path).is_file());
    let spy = spy.unwrap_or_else(|| panic!("no pkcs11-spy.so; `make setup` installs opensc"));
    let mut appliance = Appliance::initialised(&Options::policy(POLICY)).unwrap();
    let module = program::softhsm_module().unwrap();
    let path = appliance.path("countersignd.toml");
    let text = fs::read_to_string(&path).unwrap();
    let module_text = module.display().to_string();
    assert!(text.contains(&module_text));
    fs::write(path, text.replace(&module_text, spy)).unwrap();
    appliance.set_environment(vec![
        ("PKCS11SPY".into(), module.into()),
        (
            "PKCS11SPY_OUTPUT".into(),
            appliance.path("calls.log").into(),
        ),
    ]);
    appliance.start().await.unwrap();
    appliance.issue("gateway", "gateway").await.unwrap();
    appliance
}

/// The calls written down since the last look.
struct Calls<'a> {
    appliance: &'a Appliance,
    read: u64,
}

impl Calls<'_> {
    fn made(&mut self) -> Vec<String> {
        let mut log = fs::File::open(self.appliance.path("calls.log")).unwrap();
        log.seek(SeekFrom::Start(self.read)).unwrap();
        let mut bytes = Vec::new();
        self.read += u64::try_from(log.read_to_end(&mut bytes).unwrap()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let calls = text.lines().filter_map(|line| {
            let (number, call) = line.split_once(": C_")?;
            let numbered = number.bytes().all(|byte| byte.is_ascii_digit());
            numbered.then(|| call.to_owned())
        });
        calls.collect()
    }
}

/// The fewest calls for one more wallet of some, and the fewest that search: checks and heads of the log come in
/// between.
async fn creations(calls: &mut Calls<'_>, gateway: &Client, name: &str) -> (usize, usize) {
    let mut fewest = (usize::MAX, usize::MAX);
    for number in 0..7 {
        calls.made();
        wallet(gateway, &format!("{name}{number}")).await;
        let made = calls.made();
        let searches = made.iter().filter(|call| call.starts_with("FindObjects"));
        fewest = (fewest.0.min(made.len()), fewest.1.min(searches.count()));
    }
    fewest
}

async fn wallet(gateway: &Client, name: &str) {
    let user = gateway.user(name).await.unwrap();
    gateway.wallet(&user.id, None).await.unwrap();
}

/// The fewest calls that a page of ten takes, of a few tries.
async fn page(calls: &mut Calls<'_>, gateway: &Client) -> usize {
    let mut fewest = usize::MAX;
    for _ in 0..5 {
        calls.made();
        let page = gateway.get("/v1/wallets?limit=10").await.unwrap();
        let page: Value = page.ok().unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), 10);
        fewest = fewest.min(calls.made().len());
    }
    fewest
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_new_wallet_nor_a_page_asks_more_of_a_token_with_many_keys() {
    let appliance = watched().await;
    let gateway = appliance.client("gateway").unwrap();
    let mut calls = Calls {
        appliance: &appliance,
        read: 0,
    };
    let few = creations(&mut calls, &gateway, "few").await;
    for number in 0..20 {
        wallet(&gateway, &format!("u{number}")).await;
    }
    let many = creations(&mut calls, &gateway, "many").await;
    let page = page(&mut calls, &gateway).await;
    assert!(few.0 > 0 && many.0 <= few.0, "{few:?} calls, then {many:?}");
    // What a search costs grows with the keys that are there.
    assert_eq!((few.1, many.1), (0, 0), "searches");
    assert_eq!(page, 0, "calls for a page whose rows are known");
}
