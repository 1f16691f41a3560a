//! The service's user beside root, which these tests have to be: limits bind only who is not root, and what
//! root leaves behind is in that user's way.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a failure is the test's, and so is what it did not try"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;
use softhsm_tests::program::{self, Ended};
use softhsm_tests::{Appliance, Options};
use tempfile::TempDir;

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");

/// Nobody's on any machine.
const SERVICE: u32 = 64_987;

/// An appliance whose files are the service's user's, and programs that this user can start.
struct Machine {
    appliance: Appliance,
    _programs: TempDir,
}

/// `None` where the test is not root.
fn machine(options: Options) -> Option<Machine> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tried: it takes root to become another user");
        return None;
    }
    let programs = tempfile::tempdir().unwrap();
    fs::set_permissions(programs.path(), Permissions::from_mode(0o755)).unwrap();
    for name in ["countersignd", "countersign"] {
        let from = program::directory().unwrap().join(name);
        let to = programs.path().join(name);
        if fs::hard_link(&from, &to).is_err() {
            fs::copy(&from, &to).unwrap();
        }
    }
    let appliance = Appliance::initialised(&Options {
        programs: Some(programs.path().to_owned()),
        ..options
    });
    let appliance = appliance.unwrap();
    give(appliance.root());
    Some(Machine {
        appliance,
        _programs: programs,
    })
}

/// Gives a directory and all in it to the service's user.
fn give(path: &Path) {
    chown(path, Some(SERVICE), Some(SERVICE)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

/// Files that are not the service's user's.
fn foreign(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    if fs::symlink_metadata(path).unwrap().uid() != SERVICE {
        found.push(path.display().to_string());
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            found.extend(foreign(&entry.unwrap().path()));
        }
    }
    found
}

impl Machine {
    /// `countersignd` as the service's user, with less memory that may be locked than any program takes.
    fn service(&self) -> Command {
        let plain = self.appliance.countersignd();
        let mut command = Command::new("prlimit");
        command
            .arg("--memlock=65536:65536")
            .args(["setpriv", "--reuid", &SERVICE.to_string()])
            .args(["--regid", &SERVICE.to_string(), "--clear-groups", "--"])
            .arg(plain.get_program())
            .args(plain.get_args());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Starts it, waits until it listens, and stops it; what it logged.
    async fn starts(&self, mut command: Command) -> String {
        let log = self.appliance.path("service.log");
        let announced = self.appliance.path("operations-url");
        let _none = fs::remove_file(&announced);
        command.stderr(fs::File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let listens = || fs::read_to_string(&announced).is_ok_and(|text| text.ends_with('\n'));
        for _ in 0..3_000 {
            if listens() || child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let listened = listens();
        stop(&mut child).await;
        let log = fs::read_to_string(log).unwrap();
        assert!(listened, "{log}");
        log
    }
}

async fn stop(child: &mut Child) {
    let _ended_already = program::terminate(child.id());
    for _ in 0..3_000 {
        if child.try_wait().unwrap().is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _ended_already = child.kill();
    panic!("it does not stop");
}

fn finding(report: &Ended, check: &str) -> (bool, String) {
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let mut findings = report["findings"].as_array().unwrap().iter();
    let finding = findings.find(|finding| finding["check"] == check).unwrap();
    let detail = finding["detail"].as_str().unwrap();
    (finding["ok"] == true, detail.to_owned())
}

#[tokio::test]
async fn what_root_runs_leaves_nothing_in_the_services_way() {
    let Some(machine) = machine(Options::policy(POLICY)) else {
        return;
    };
    let appliance = &machine.appliance;
    for lock in fs::read_dir(appliance.root()).unwrap() {
        let path = lock.unwrap().path();
        if path.to_string_lossy().ends_with(".lock") {
            fs::remove_file(path).unwrap();
        }
    }
    let examined = program::run(appliance.countersignd().arg("doctor")).unwrap();
    assert_eq!(examined.code, Some(0), "{examined}");
    assert_eq!(foreign(appliance.root()), Vec::<String>::new());
    let mut service = appliance.countersignd();
    service.uid(SERVICE).gid(SERVICE);
    machine.starts(service).await;
    // Nor does a start by root.
    machine.starts(appliance.countersignd()).await;
    let ours: Vec<String> = foreign(appliance.root());
    let of_the_service = |path: &&String| !path.ends_with("service.log");
    assert_eq!(ours.iter().find(of_the_service), None);
}

/// Key bytes would go to swap.
#[tokio::test]
async fn envelope_custody_is_refused_where_memory_cannot_be_locked() {
    let options = Options {
        envelope: true,
        ..Options::policy(POLICY)
    };
    let Some(machine) = machine(options) else {
        return;
    };
    let path = machine.appliance.path("countersignd.toml");
    let lax = fs::read_to_string(&path).unwrap();
    let strict = lax.replace("allow_swap = true", "allow_swap = false");
    assert_ne!(lax, strict);
    fs::write(&path, &strict).unwrap();
    let refused = program::run(&mut machine.service()).unwrap();
    assert_eq!(refused.code, Some(1), "{refused}");
    for says in ["memory cannot be locked", "LimitMEMLOCK", "allow_swap"] {
        assert!(refused.stderr.contains(says), "no `{says}` in {refused}");
    }
    let examined = program::run(machine.service().args(["doctor", "--json"])).unwrap();
    let (well, detail) = finding(&examined, "memory");
    assert!(!well && examined.code == Some(1), "{detail}");

    fs::write(&path, lax).unwrap();
    let log = machine.starts(machine.service()).await;
    assert!(log.contains("memory is not locked"), "{log}");
}
