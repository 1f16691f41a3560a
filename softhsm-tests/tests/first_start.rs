//! The first start and every start after it: what is missing, wrong or already there is said
//! plainly, and nothing is half-done.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use softhsm_tests::appliance::PIN;
use softhsm_tests::program::{self, Ended};
use softhsm_tests::{Appliance, Options};

fn told(ended: &Ended, says: &str, what: &str) {
    assert_eq!(ended.code, Some(1), "{what}: {ended}");
    assert!(
        ended.stderr.contains(says),
        "{what}: expected `{says}` in {ended}"
    );
    assert!(!ended.stderr.contains("panicked"), "{what}: {ended}");
    assert!(!ended.stderr.contains(PIN), "{what} shows the PIN: {ended}");
}

/// Devices that are refused, and the word that says why.
fn wrong_device(good: &str) -> Vec<(&'static str, String, &'static str)> {
    let replace = |from: &str, to: &str| good.replacen(from, to, 1);
    vec![
        (
            "no kind of device",
            replace("kind = 'pkcs11'\n", ""),
            "`kind`",
        ),
        (
            "no such kind of device",
            replace("'pkcs11'", "'paper'"),
            "expected `pkcs11`",
        ),
    ]
}

/// Configurations that are refused, and the word that says why.
fn wrong(good: &str, root: &str, taken: &str) -> Vec<(&'static str, String, &'static str)> {
    let elsewhere = format!("{root}/elsewhere");
    let replace = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    vec![
        ("not TOML", "[hsm\n".to_owned(), "not valid"),
        (
            "an unknown key",
            format!("colour = 'red'\n{good}"),
            "colour",
        ),
        (
            "an unknown key of a table",
            replace("[hsm]", "[hsm]\npin = '1'"),
            "pin",
        ),
        ("no token", replace("token = 'countersign'\n", ""), "token"),
        (
            "another token",
            replace("'countersign'", "'elsewhere'"),
            "elsewhere",
        ),
        (
            "no module",
            replace("libsofthsm2.so", "libnothing.so"),
            "libnothing.so",
        ),
        (
            "no workers",
            replace("workers = 2", "workers = 0"),
            "hsm.workers",
        ),
        ("no such custody", replace("'resident'", "'paper'"), "paper"),
        (
            "envelope turned off",
            replace("'resident'", "'envelope'"),
            "custody.default",
        ),
        (
            "another trust domain",
            replace("desk.example", "other.example"),
            "trust domain",
        ),
        (
            "no domain at all",
            replace("desk.example", "Desk Example"),
            "Desk Example",
        ),
        (
            "a name that is none",
            replace("'localhost'", "'a b'"),
            "server_names",
        ),
        ("a taken address", replace("127.0.0.1:0", taken), "listen"),
        ("no PIN file", replace("/pin'", "/nothing'"), "nothing"),
        (
            "another directory",
            replace(
                &format!("state_dir = '{root}'"),
                &format!("state_dir = '{}'", elsewhere),
            ),
            "its database is lost, or elsewhere",
        ),
    ]
}

#[tokio::test]
async fn a_start_with_something_wrong_says_what() {
    let mut appliance = Appliance::initialised(&Options::default()).unwrap();
    let file = appliance.path("countersignd.toml");
    let good = fs::read_to_string(&file).unwrap();
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap().to_string();
    let root = appliance.root().display().to_string();
    let mut table = wrong(&good, &root, &taken);
    table.extend(wrong_device(&good));
    for (what, text, says) in table {
        fs::write(&file, text).unwrap();
        told(&appliance.refused().await.unwrap(), says, what);
    }
    drop(held);
    fs::remove_file(&file).unwrap();
    told(
        &appliance.refused().await.unwrap(),
        "countersignd.toml",
        "no configuration",
    );
    fs::write(&file, &good).unwrap();
    wrong_pins(&mut appliance).await;
    // None of it left anything behind.
    appliance.start().await.unwrap();
}

async fn wrong_pins(appliance: &mut Appliance) {
    appliance.write_pin("not-the-pin\n").unwrap();
    let ended = appliance.refused().await.unwrap();
    told(&ended, "PinIncorrect", "a wrong PIN");
    assert!(!ended.stderr.contains("not-the-pin"), "{ended}");
    appliance.write_pin("\n").unwrap();
    told(
        &appliance.refused().await.unwrap(),
        "is empty",
        "an empty PIN",
    );
    appliance.write_pin(PIN).unwrap();
    fs::set_permissions(appliance.path("pin"), Permissions::from_mode(0o644)).unwrap();
    told(
        &appliance.refused().await.unwrap(),
        "chmod 600",
        "a PIN for everybody",
    );
    appliance.write_pin(PIN).unwrap();
    the_right_pin_after_a_wrong_one(appliance).await;
}

/// It is not spent on a token that tells of a wrong one until a person says so.
async fn the_right_pin_after_a_wrong_one(appliance: &mut Appliance) {
    for says in [
        "CKF_USER_PIN_COUNT_LOW",
        "the pin was not tried",
        "doctor --try-pin",
    ] {
        let ended = appliance.refused().await.unwrap();
        told(&ended, says, "the right PIN after a wrong one");
    }
    let doctor = |more: &[&str]| {
        let mut command = appliance.countersignd();
        program::run(command.args(["doctor", "--json"]).args(more)).unwrap()
    };
    let spared = doctor(&[]);
    assert_eq!(spared.code, Some(1), "{spared}");
    assert!(spared.stdout.contains("the pin was not tried"), "{spared}");
    let tried = doctor(&["--try-pin"]);
    assert_eq!(tried.code, Some(0), "{tried}");
    assert!(tried.stdout.contains("hsm.pin"), "{tried}");
    assert!(
        !tried.stdout.contains(PIN) && !tried.stderr.contains(PIN),
        "{tried}"
    );
}

#[test]
fn a_second_first_start_is_refused() {
    let appliance = Appliance::initialised(&Options::default()).unwrap();
    let objects = || fs::read_dir(token(&appliance)).unwrap().count();
    let before = objects();
    told(
        &appliance.init().unwrap(),
        "exists already",
        "the same directory",
    );
    // Another directory, but the keys are on the token.
    let file = appliance.path("countersignd.toml");
    let good = fs::read_to_string(&file).unwrap();
    let root = appliance.root().display().to_string();
    let other = appliance.path("other");
    let text = good.replacen(
        &format!("state_dir = '{root}'"),
        &format!("state_dir = '{}'", other.display()),
        1,
    );
    fs::write(&file, text).unwrap();
    for name in ["operator-a", "operator-b"] {
        for kind in ["pem", "key"] {
            fs::remove_file(appliance.path(&format!("{name}.{kind}"))).unwrap();
        }
    }
    told(&appliance.init().unwrap(), "already", "a token with keys");
    assert_eq!(objects(), before, "the token was touched");
    // Some of the keys are gone: still not a token for a first start.
    let object = fs::read_dir(token(&appliance))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap_or_default();
            path.extension().is_some_and(|end| end == "object") && name != "token.object"
        })
        .unwrap();
    fs::remove_file(object).unwrap();
    let left = objects();
    told(
        &appliance.init().unwrap(),
        "the token",
        "a token with some of the keys",
    );
    assert_eq!(objects(), left, "the token was touched");
    assert!(
        !other.join("countersign.db").exists(),
        "a database was left behind"
    );
    assert!(
        !appliance.path("operator-a.key").exists(),
        "an operator was made"
    );
}

fn token(appliance: &Appliance) -> std::path::PathBuf {
    let mut folders = fs::read_dir(appliance.path("tokens")).unwrap();
    folders.next().unwrap().unwrap().path()
}

#[test]
fn a_first_start_with_a_wrong_policy_or_name_touches_nothing() {
    let appliance =
        Appliance::configured(&Options::policy("schema = 1\nname = 'x'\nlimit = 1\n")).unwrap();
    let objects = || fs::read_dir(token(&appliance)).unwrap().count();
    let before = objects();
    told(
        &appliance.init().unwrap(),
        "limit",
        "a policy that is not valid",
    );
    fs::remove_file(appliance.path("policy.toml")).unwrap();
    let mut command = appliance.countersignd();
    command
        .args(["init", "--operator", "a b", "--operator-out"])
        .arg(appliance.root());
    told(
        &program::run(&mut command).unwrap(),
        "a b",
        "a name that is none",
    );
    assert_eq!(objects(), before, "the token was touched");
    let done = appliance.init().unwrap();
    assert_eq!(done.code, Some(0), "{done}");
    let done: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(done["keys"].as_array().unwrap().len(), 4, "{done}");
    assert_eq!(done["policy"], Value::Null);
    let mode = fs::metadata(appliance.path("operator-a.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// `countersignd … init …` of a document's shell blocks, as words behind `init`.
fn first_starts(document: &str) -> Vec<Vec<String>> {
    let blocks = document.split("```sh\n").skip(1);
    let commands = blocks.filter_map(|block| block.split("```").next());
    let lines = commands.flat_map(|block| {
        let joined = block.replace("\\\n", " ");
        joined.lines().map(ToOwned::to_owned).collect::<Vec<_>>()
    });
    lines
        .map(|line| line.split_whitespace().map(ToOwned::to_owned).collect())
        .filter_map(|words: Vec<String>| {
            let program = words.iter().position(|word| word == "countersignd")?;
            let init = words.iter().skip(program).position(|word| word == "init")?;
            Some(words[program + init + 1..].to_vec())
        })
        .collect()
}

/// The policy that the manual of policies calls `desk-a`.
fn desk_a(manual: &str) -> String {
    let mut blocks = manual.split("```toml\n").skip(1);
    let block = blocks
        .find(|block| block.contains("name = \"desk-a\""))
        .unwrap();
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn the_documents_first_start_runs_and_leaves_people_who_can_change_it() {
    let read = |path: &str| fs::read_to_string(format!("../{path}")).unwrap();
    let desk_a = desk_a(&read("policy/README.md"));
    let commands = first_starts(&read("deploy/README.md"));
    assert_eq!(commands.len(), 1, "{commands:?}");
    let appliance = Appliance::configured(&Options::policy(desk_a)).unwrap();
    let mut command = appliance.countersignd();
    command.args(["init", "--json"]);
    let mut words = commands[0].iter();
    while let Some(word) = words.next() {
        command.arg(word);
        match word.as_str() {
            "--operator-out" => {
                command.arg(appliance.root());
            }
            "--policy" => {
                assert_eq!(words.next().unwrap(), "desk-a.toml");
                command.arg(appliance.path("policy.toml"));
                continue;
            }
            _ => continue,
        }
        words.next();
    }
    let done = program::run(&mut command).unwrap();
    assert_eq!(done.code, Some(0), "{done}");
    let done: Value = serde_json::from_str(&done.stdout).unwrap();
    assert!(done.get("warning").is_none(), "{done}");
    assert_eq!(done["not_enrolled"], serde_json::json!([]), "{done}");
    assert_eq!(done["approvers"].as_array().unwrap().len(), 3, "{done}");
    let doctor = program::run(appliance.countersignd().args(["doctor", "--json"])).unwrap();
    assert!(!doctor.stdout.contains("\"warning\": true"), "{doctor}");
}

#[tokio::test]
async fn an_appliance_that_nobody_can_ever_change_is_refused_or_warns() {
    let policy = "schema = 1\nname = \"x\"\n";
    let with_group =
        "schema = 1\nname = \"x\"\n[groups.change]\napprovers = [\"alice\"]\nquorum = 1\n";
    let key = softhsm_tests::Approver::Alice.public_key();
    let alice = format!("alice@a={key}");
    let mut appliance = Appliance::configured(&Options::default()).unwrap();
    let file = appliance.path("policy.toml");
    let init = |appliance: &Appliance, more: &[&str]| {
        let mut command = appliance.countersignd();
        command.args(["init", "--operator", "a", "--operator-out"]);
        command.arg(appliance.root()).args(more);
        program::run(&mut command).unwrap()
    };
    let path = file.to_str().unwrap().to_owned();
    for (text, more, says) in [
        (policy, vec![], "no approver is enrolled"),
        (with_group, vec![], "no approver is enrolled"),
        (policy, vec!["--approver", &alice], "no group `change`"),
        // Alone she asks, and whoever asks does not count.
        (
            with_group,
            vec!["--approver", &alice],
            "only 0 of its members",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let more: Vec<&str> = more.iter().copied().chain(["--policy", &path]).collect();
        let refused = init(&appliance, &more);
        told(&refused, says, text);
        told(&refused, "a freeze is for ever", text);
        told(&refused, "--nobody-can-change-this-later", text);
    }
    fs::write(&file, policy).unwrap();
    let meant = ["--policy", &path, "--nobody-can-change-this-later"];
    let done = init(&appliance, &meant);
    assert_eq!(done.code, Some(0), "{done}");
    assert!(done.stdout.contains("a freeze is for ever"), "{done}");
    let doctor = program::run(appliance.countersignd().arg("doctor")).unwrap();
    assert_eq!(doctor.code, Some(0), "{doctor}");
    assert!(doctor.stdout.contains("WARN changes"), "{doctor}");
    appliance.start().await.unwrap();
    let ends = |arguments: &[&str]| {
        let mut command = appliance.countersign("operator-a");
        program::run(command.args(arguments)).unwrap()
    };
    for line in [&["status"][..], &["freeze", "everything"]] {
        let ended = ends(line);
        assert_eq!(ended.code, Some(0), "{ended}");
        assert!(ended.stdout.contains("a freeze is for ever"), "{ended}");
    }
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let appliance = Appliance::initialised(&Options::default()).unwrap();
    let doctor = || program::run(appliance.countersignd().args(["doctor", "--json"])).unwrap();
    let healthy = doctor();
    assert_eq!(healthy.code, Some(0), "{healthy}");
    let bad = |ended: &Ended| -> Vec<String> {
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["ok"] == false)
            .map(|finding| finding["check"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(bad(&healthy).is_empty(), "{healthy}");
    let database = appliance.path("countersign.db");
    let away = appliance.path("away.db");
    fs::rename(&database, &away).unwrap();
    let ended = doctor();
    assert_eq!(
        (ended.code, bad(&ended)),
        (Some(1), vec!["store".to_owned()]),
        "{ended}"
    );
    assert!(!database.exists(), "the doctor made a database");
    fs::rename(&away, &database).unwrap();
    appliance.write_pin("not-the-pin").unwrap();
    let ended = doctor();
    assert_eq!(
        (ended.code, bad(&ended)),
        (Some(1), vec!["hsm".to_owned()]),
        "{ended}"
    );
    appliance.write_pin(PIN).unwrap();
    let file = appliance.path("countersignd.toml");
    fs::write(&file, "").unwrap();
    let ended = doctor();
    assert_eq!(
        (ended.code, bad(&ended)),
        (Some(1), vec!["configuration".to_owned()]),
        "{ended}"
    );
}
