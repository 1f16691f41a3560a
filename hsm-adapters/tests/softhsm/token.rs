//! A throw-away SoftHSM2 token per test, in a process of its own.
//!
//! `C_Initialize` and `SOFTHSM2_CONF` belong to a process, so each test runs itself again as a
//! child with the variable set; this works alike under `cargo test` and runners that start one
//! process per test.

use std::env;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

use countersign_hsm::{Pkcs11Config, Pkcs11Device};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

pub(crate) const PIN: &str = "123456";
pub(crate) const SO_PIN: &str = "87654321";
pub(crate) const LABEL: &str = "throw-away";

/// The variable that names another module to test, as `SoftHSM2` is installed elsewhere or the
/// module is another one that reads `SOFTHSM2_CONF`.
const MODULE: &str = "COUNTERSIGN_TEST_PKCS11_MODULE";
const CHILD: &str = "COUNTERSIGN_TEST_CHILD";

/// Runs `test` in a child process with a fresh token; `name` is the test function's own name.
pub(crate) fn on_fresh_token(name: &str, test: impl FnOnce()) {
    if env::var_os(CHILD).is_some() {
        return test();
    }
    let dir = tempfile::tempdir().unwrap();
    let conf = dir.path().join("softhsm2.conf");
    let tokens = dir.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let text = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&conf, text).unwrap();
    init_token(&conf);
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env("SOFTHSM2_CONF", &conf)
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    println!("{text}");
    assert!(
        output.status.success(),
        "{name} in its own process: {}\n{text}",
        output.status
    );
    assert!(
        text.contains("1 passed"),
        "{name} is not the name of the test"
    );
}

/// Another token in the same store; its label may be taken already.
pub(crate) fn init_token(conf: &Path) {
    let status = Command::new("softhsm2-util")
        .args([
            "--init-token",
            "--free",
            "--label",
            LABEL,
            "--pin",
            PIN,
            "--so-pin",
            SO_PIN,
        ])
        .env("SOFTHSM2_CONF", conf)
        .status()
        .expect("`softhsm2-util` runs; install the package `softhsm2`");
    assert!(status.success());
}

pub(crate) fn module() -> String {
    env::var(MODULE).unwrap_or_else(|_| "/usr/lib/softhsm/libsofthsm2.so".to_owned())
}

pub(crate) fn config() -> Pkcs11Config {
    Pkcs11Config {
        module: module().into(),
        token_label: LABEL.into(),
        token_serial: None,
        pin: PIN.to_owned().into(),
        envelope: true,
        import: true,
        spend_low_pin: false,
        cache_size: NonZeroUsize::new(8).unwrap(),
    }
}

pub(crate) fn device() -> Pkcs11Device {
    Pkcs11Device::open(config()).unwrap()
}

/// The module as any other program with the PIN would use it, in this process.
pub(crate) struct Backdoor {
    pub(crate) module: Pkcs11,
    pub(crate) slot: Slot,
}

impl Backdoor {
    pub(crate) fn new() -> Self {
        let module = Pkcs11::new(module()).unwrap();
        let locking = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        // Whoever comes second is told that it is initialised already.
        let _ = module.initialize(locking);
        let slot = module.get_slots_with_initialized_token().unwrap()[0];
        Self { module, slot }
    }

    /// A session of the logged-in user.
    pub(crate) fn session(&self) -> Session {
        let session = self.module.open_rw_session(self.slot).unwrap();
        let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
        session
    }

    /// `C_CloseAllSessions`, which the safe binding lacks.
    #[allow(unsafe_code, reason = "no safe function takes other sessions away")]
    pub(crate) fn close_all_sessions(&self) {
        // SAFETY: the module is loaded and initialised already; the call takes a number only.
        let code = unsafe {
            let library = cryptoki_sys::Pkcs11::new(module()).unwrap();
            library.C_CloseAllSessions(self.slot.id())
        };
        assert_eq!(code, cryptoki_sys::CKR_OK);
    }
}
