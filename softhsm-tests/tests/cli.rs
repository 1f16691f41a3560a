//! The real `countersign` against the real appliance: what it does, and its exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use softhsm_tests::appliance::{Appliance, Options};
use softhsm_tests::program::{self, Ended};

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");

fn countersign(appliance: &Appliance, who: &str, arguments: &[&str]) -> Ended {
    program::run(appliance.countersign(who).args(arguments)).unwrap()
}

#[tokio::test]
async fn policies_certificates_and_exit_codes() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let policy = appliance.path("policy.toml");
    let policy = policy.to_str().unwrap();

    let checked = countersign(&appliance, "operator-a", &["policy", "check", policy]);
    assert_eq!(checked.code, Some(0), "{checked}");
    let bad = appliance.path("bad.toml");
    std::fs::write(&bad, "schema = 1\nnmae = 'x'\n").unwrap();
    let bad = countersign(
        &appliance,
        "operator-a",
        &["policy", "check", bad.to_str().unwrap()],
    );
    assert_ne!(bad.code, Some(0));
    assert!(format!("{bad}").contains("nmae"), "{bad}");

    let status = countersign(&appliance, "operator-a", &["--json", "status"]);
    assert_eq!(status.code, Some(0), "{status}");
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["phase"], "ready");

    let forbidden = countersign(&appliance, "bot", &["users", "list"]);
    assert_eq!(forbidden.code, Some(1), "{forbidden}");
    let usage = countersign(&appliance, "operator-a", &["users", "show", "usr_x"]);
    assert_eq!(usage.code, Some(2), "{usage}");

    let id = appliance.issue("bot", "thief").await.unwrap();
    let thief = appliance.client("thief").unwrap();
    assert_eq!(thief.get("/v1/wallets").await.unwrap().status, 200);
    let own = &["pki", "revoke", "--principal", "operator/a"];
    let own = countersign(&appliance, "operator-a", own);
    assert_eq!(own.code, Some(2), "{own}");
    assert!(own.stderr.contains("nothing was done"), "{own}");
    let listed = countersign(&appliance, "operator-a", &["pki", "list"]);
    assert!(listed.stdout.contains("bot/thief"), "{listed}");
    fits_the_terminal(&appliance, &listed.stdout);
    let revoked = countersign(&appliance, "operator-a", &["pki", "revoke", &id]);
    assert_eq!(revoked.code, Some(0), "{revoked}");
    // On the connection that was open already.
    assert_eq!(thief.get("/v1/wallets").await.unwrap().status, 403);

    appliance.stop().await.unwrap();
    let unreachable = countersign(&appliance, "operator-a", &["status"]);
    assert_eq!(unreachable.code, Some(3), "{unreachable}");
}

/// The list of certificates on terminals, by their own width and by `COLUMNS`; piped it is in full.
fn fits_the_terminal(appliance: &Appliance, piped: &str) {
    let widest = |text: &str| {
        text.lines()
            .map(|line| line.trim_end().chars().count())
            .max()
    };
    assert!(widest(piped) > Some(120), "{piped}");
    let listing = appliance.countersign("operator-a");
    let program = listing.get_program().to_str().unwrap();
    let arguments: Vec<_> = listing
        .get_args()
        .map(|one| one.to_str().unwrap())
        .collect();
    for (columns, before, width) in [
        ("", "stty rows 24 cols 72;", 72),
        ("80", "stty rows 24 cols 200;", 80),
    ] {
        let arguments = arguments.join(" ");
        let line = format!("{before} COLUMNS={columns} {program} {arguments} pki list");
        let mut terminal = std::process::Command::new("script");
        terminal.args(["-qec", &line, "/dev/null"]);
        let shown = program::run(&mut terminal).unwrap();
        assert_eq!(shown.code, Some(0), "{shown}");
        assert!(shown.stdout.contains("bot/thief"), "{shown}");
        assert!(shown.stdout.contains("--wide"), "{shown}");
        assert!(widest(&shown.stdout) <= Some(width), "{shown}");
    }
}

#[test]
fn every_case_of_the_policy_is_decided_as_it_says() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let cases: Vec<_> = std::fs::read_dir(format!("{root}/policy/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .filter(|path| !path.to_string_lossy().ends_with(".policy.toml"))
        .collect();
    assert!(cases.len() >= 30, "only {} cases", cases.len());
    let programs = program::directory().unwrap();
    let mut command =
        std::process::Command::new(program::require(&programs, "countersign").unwrap());
    command
        .args(["policy", "test"])
        .arg(format!("{root}/policy/cases/desk-a.policy.toml"))
        .args(&cases);
    let ended = program::run(&mut command).unwrap();
    assert_eq!(ended.code, Some(0), "{ended}");
}

/// The certificate of a new bot.
fn issued(appliance: &Appliance, name: &str, lifetime: &str) -> String {
    let path = |ending: &str| appliance.path(&format!("{name}.{ending}"));
    let mut issue = appliance.countersign("operator-a");
    issue.args(["pki", "issue", "--role", "bot", "--name", name]);
    issue.args(["--lifetime", lifetime, "--key-out"]);
    issue.arg(path("key")).arg("--out").arg(path("pem"));
    let issued = program::run(&mut issue).unwrap();
    assert_eq!(issued.code, Some(0), "{issued}");
    std::fs::read_to_string(path("pem")).unwrap()
}

/// A certificate whose client is ours renews itself: nothing before two thirds of its life are over,
/// then in place, with the key it has.
#[tokio::test]
async fn a_certificate_renews_itself_in_place() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    // Certificates begin five minutes before they are made.
    let first = issued(&appliance, "early", "1h");
    let renew = ["--json", "pki", "renew", "--auto"];
    let early = countersign(&appliance, "early", &renew);
    assert_eq!(early.code, Some(0), "{early}");
    let early: serde_json::Value = serde_json::from_str(&early.stdout).unwrap();
    assert_eq!(early["renewed"], false, "{early}");
    let kept = std::fs::read_to_string(appliance.path("early.pem")).unwrap();
    assert_eq!(kept, first);
    // Renewed elsewhere, the file still looks good for most of an hour.
    let (key, out) = (appliance.path("new.key"), appliance.path("new.pem"));
    let mut by_hand = appliance.countersign("early");
    by_hand.args(["pki", "renew", "--key-out"]).arg(key);
    let by_hand = program::run(by_hand.arg("--out").arg(out)).unwrap();
    assert_eq!(by_hand.code, Some(0), "{by_hand}");
    let dying = countersign(&appliance, "early", &["pki", "renew", "--auto"]);
    assert_eq!(dying.code, Some(1), "{dying}");
    let told = "renewed to another certificate";
    assert!(dying.stderr.contains(told), "{dying}");
    let first = issued(&appliance, "young", "60s");
    let tried = countersign(
        &appliance,
        "young",
        &["pki", "renew", "--auto", "--dry-run"],
    );
    assert_eq!(tried.code, Some(0), "{tried}");
    let mut renewed = serde_json::Value::Null;
    for _ in 0..120 {
        let ended = countersign(
            &appliance,
            "young",
            &["--json", "pki", "renew", "--if-needed"],
        );
        assert_eq!(ended.code, Some(0), "{ended}");
        renewed = serde_json::from_str(&ended.stdout).unwrap();
        if renewed["renewed"] == true {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    assert_eq!(renewed["renewed"], true, "{renewed}");
    let young = std::fs::read_to_string(appliance.path("young.pem")).unwrap();
    assert_ne!(young, first);
    // The new certificate goes with the key that stayed.
    assert_eq!(
        appliance
            .client("young")
            .unwrap()
            .get("/v1/wallets")
            .await
            .unwrap()
            .status,
        200
    );
    appliance.stop().await.unwrap();
}

/// The block of README that has a first message signed and another refused, as it stands.
#[tokio::test]
async fn the_first_signature_of_the_readme_is_made_and_the_refusal_refused() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let readme = std::fs::read_to_string("../README.md").unwrap();
    let blocks = softhsm_tests::runbook::blocks(&readme).unwrap();
    let block = blocks
        .iter()
        .find(|block| block.contains("deploy/dev/transfer.py"));
    let cold = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
    std::fs::write(appliance.path("cold-address"), cold).unwrap();
    let root = appliance.root().to_str().unwrap();
    let program = appliance.countersign("bot").get_program().to_owned();
    let programs = std::path::Path::new(&program).parent().unwrap();
    let script = block
        .unwrap()
        .replace("$PWD/target/release", programs.to_str().unwrap())
        .replace(".dev", root);
    let mut bash = std::process::Command::new("bash");
    bash.current_dir("..").args(["-c", &script]);
    let ended = program::run(&mut bash).unwrap();
    assert_eq!(ended.code, Some(1), "{ended}");
    assert_eq!(ended.stdout.matches("signature").count(), 1, "{ended}");
    assert!(ended.stdout.contains("allowed"), "{ended}");
    assert!(ended.stderr.contains("`policy_denied`"), "{ended}");
}
