//! Probes, metrics, logs, and a stop that finishes what was recorded.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a failure is the test's, and so is what it did not try"
)]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use countersign_api::{SignedAnswer, Wallet};
use countersign_appliance::meters::METERS;
use serde_json::Value;
use softhsm_tests::appliance::{Appliance, Options, PIN};
use softhsm_tests::log::Fetched;
use softhsm_tests::{message, program};

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

async fn wallet(appliance: &Appliance, custody: Option<&str>) -> Wallet {
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, custody).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    wallet
}

fn to_cold(wallet: &Wallet, lamports: u64) -> Vec<u8> {
    let payer = wallet.address.parse().unwrap();
    message::transfer(&payer, &COLD.parse().unwrap(), lamports)
}

#[tokio::test]
async fn probes_say_which_check_and_metrics_count() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let wallet = wallet(&appliance, None).await;
    let bot = appliance.client("bot").unwrap();
    bot.signed("one", &wallet.id, &to_cold(&wallet, 1))
        .await
        .unwrap();
    let live = appliance.operations("/livez").unwrap();
    assert_eq!((live.status, live.body.as_str()), (200, "ok\n"));
    let ready = appliance.operations("/readyz").unwrap();
    assert_eq!(ready.status, 200, "{}", ready.body);
    let ready: Value = serde_json::from_str(&ready.body).unwrap();
    let checks: Vec<&str> = ready["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    let keys = ["hsm.ca", "hsm.audit-log", "hsm.row-mac", "hsm.wrapping"];
    for check in keys.iter().chain(&["store", "clock", "log"]) {
        assert!(checks.contains(check), "no `{check}` in {checks:?}");
    }
    let metrics = appliance.operations("/metrics").unwrap().body;
    for line in [
        "countersign_requests_total{route=\"/v1/sign/solana\"} 1",
        "countersign_sign_outcomes_total{outcome=\"signed\"} 1",
        "countersign_hsm_sign_seconds",
        "countersign_connections",
    ] {
        assert!(metrics.contains(line), "no `{line}` in\n{metrics}");
    }
    // The plain listener has nothing else.
    for path in ["/v1/status", "/openapi.json", "/"] {
        assert_eq!(appliance.operations(path).unwrap().status, 404, "{path}");
    }
}

/// After a long quiet an entry waits for the next head as any other does: how long the last head is ago says
/// nothing.
#[tokio::test]
async fn an_entry_after_a_long_quiet_does_not_make_it_unready() {
    let mut appliance = Appliance::initialised(&Options::policy(POLICY)).unwrap();
    let path = appliance.path("countersignd.toml");
    let text = fs::read_to_string(&path).unwrap();
    // Checks come every 5 s, so that one finds the entry without a head.
    let slow = text.replace("[log]\n", "[log]\ncheckpoint_every = '6s'\n");
    fs::write(&path, slow).unwrap();
    appliance.start().await.unwrap();
    tokio::time::sleep(Duration::from_millis(15_200)).await;
    appliance.issue("bot", "bot").await.unwrap();
    for _ in 0..52 {
        let ready = appliance.operations("/readyz").unwrap();
        assert_eq!(ready.status, 200, "{}", ready.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Metrics of ours named in a text.
fn named(text: &str) -> BTreeSet<&str> {
    text.split(|one: char| !(one.is_ascii_alphanumeric() || one == '_'))
        .filter(|word| word.starts_with("countersign_"))
        .collect()
}

/// From the start, so that an alert about what never happened yet has something to look at.
#[tokio::test]
async fn alerts_and_dashboard_look_at_metrics_that_are_there_from_the_start() {
    let mut appliance = Appliance::initialised(&Options::policy(POLICY)).unwrap();
    appliance.start().await.unwrap();
    let metrics = appliance.operations("/metrics").unwrap().body;
    let alerts = include_str!("../../deploy/prometheus/alerts.yml");
    let dashboard = include_str!("../../deploy/grafana/dashboard.json");
    let _is_json: Value = serde_json::from_str(dashboard).unwrap();
    let told: BTreeSet<&str> = METERS.iter().map(|meter| meter.name).collect();
    for (file, text) in [("alerts", alerts), ("dashboard", dashboard)] {
        let names = named(text);
        assert!(names.len() > 15, "{file}: {names:?}");
        let unknown: Vec<_> = names.difference(&told).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
    for name in told {
        let has = |start: String| metrics.lines().any(|line| line.starts_with(&start));
        assert!(
            has(format!("# HELP {name} ")),
            "no help for {name}\n{metrics}"
        );
        assert!(
            has(format!("# TYPE {name} ")),
            "no type of {name}\n{metrics}"
        );
        let mut values = ["{", " ", "_count ", "_sum "]
            .map(|next| format!("{name}{next}"))
            .into_iter();
        assert!(values.any(has), "no value of {name}\n{metrics}");
    }
    for line in [
        "countersign_certificate_not_after_seconds{certificate=\"ca\"} ",
        "countersign_certificate_not_after_seconds{certificate=\"server\"} ",
        "countersign_client_certificate_not_after_seconds{role=\"operator\"} 1",
        "countersign_client_certificate_not_after_seconds{role=\"bot\"} 0",
        "countersign_check_ok{check=\"store\"} 1",
    ] {
        assert!(metrics.contains(line), "no `{line}` in\n{metrics}");
    }
}

/// `promtool` comes with Prometheus (Debian: `prometheus`); where it is not there, nothing is tried.
#[tokio::test]
async fn prometheus_reads_the_metrics_and_the_alerts_fire_as_they_should() {
    let promtool = |arguments: &[&str], input: &str| {
        let ended = program::run_with_input(Command::new("promtool").args(arguments), input);
        let ended = ended.unwrap();
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended}");
    };
    if Command::new("promtool").arg("--version").output().is_err() {
        eprintln!("not tried: promtool is not there");
        return;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/prometheus");
    promtool(&["check", "rules", &format!("{folder}/alerts.yml")], "");
    promtool(&["test", "rules", &format!("{folder}/alerts_test.yml")], "");
    let mut appliance = Appliance::initialised(&Options::policy(POLICY)).unwrap();
    appliance.start().await.unwrap();
    let metrics = appliance.operations("/metrics").unwrap().body;
    promtool(&["check", "metrics"], &metrics);
}

#[tokio::test]
async fn a_stop_answers_what_was_begun_and_signs_the_last_head() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let wallet = wallet(&appliance, None).await;
    let bot = appliance.client("bot").unwrap();
    let mut flights = tokio::task::JoinSet::new();
    for number in 0..64_u64 {
        let (bot, id) = (bot.clone(), wallet.id.clone());
        let bytes = to_cold(&wallet, 1_000 + number);
        flights.spawn(async move {
            let reply = bot.sign(&format!("flight-{number}"), &id, &bytes).await;
            (number, reply)
        });
    }
    let mut answered: Vec<(u64, SignedAnswer)> = Vec::new();
    let mut stopping = false;
    while let Some(flight) = flights.join_next().await {
        match flight.unwrap() {
            (number, Ok(reply)) if reply.status == 200 => {
                answered.push((number, reply.ok().unwrap()));
            }
            (_, Ok(reply)) => assert_eq!((reply.status, reply.code()), (503, "not_ready")),
            (_, Err(_)) => assert!(stopping, "a connection broke before the stop"),
        }
        if !stopping {
            stopping = true;
            program::terminate(appliance.pid().unwrap()).unwrap();
        }
    }
    appliance.wait().await.unwrap();
    appliance.start().await.unwrap();
    let auditor = appliance.client("auditor").unwrap();
    let fetched = Fetched::from(&auditor).await.unwrap();
    let report = fetched.verify(&[]).unwrap();
    // Nothing was reserved without an outcome, and nothing was answered that is not there.
    assert_eq!(report.open_total, 0, "{report}");
    let kinds: Vec<String> = fetched
        .parsed()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds[kinds.len() - 2..], ["stop", "start"]);
    let bot = appliance.client("bot").unwrap();
    assert!(!answered.is_empty());
    for (number, answer) in answered {
        let bytes = to_cold(&wallet, 1_000 + number);
        let key = format!("flight-{number}");
        let again = bot.signed(&key, &wallet.id, &bytes).await.unwrap();
        assert_eq!(again.signature, answer.signature, "{key}");
        assert_eq!(again.request_id, answer.request_id, "{key}");
    }
}

/// What an allocator reserves and never uses takes no memory: a start would wait for it.
#[tokio::test]
async fn memory_that_may_hold_keys_is_locked_as_it_comes_into_use() {
    let options = Options {
        envelope: true,
        ..Options::policy(POLICY)
    };
    let appliance = Appliance::running(&options).await.unwrap();
    let status = format!("/proc/{}/status", appliance.pid().unwrap());
    let status = fs::read_to_string(status).unwrap();
    let kib = |field: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.unwrap().trim().trim_end_matches(" kB");
        number.parse().unwrap()
    };
    let refused = appliance.log().contains("memory is not locked");
    assert_eq!(kib("VmLck:") == 0, refused, "{status}");
    assert!(kib("VmRSS:") < 256 * 1024, "{status}");
}

#[tokio::test]
async fn inv09_nothing_that_is_written_shows_a_secret() {
    let options = Options {
        envelope: true,
        ..Options::policy(POLICY)
    };
    let mut appliance = Appliance::running(&options).await.unwrap();
    let wallet = wallet(&appliance, Some("envelope")).await;
    let bot = appliance.client("bot").unwrap();
    bot.signed("one", &wallet.id, &to_cold(&wallet, 1))
        .await
        .unwrap();
    bot.sign("two", &wallet.id, b"noise").await.unwrap();
    let metrics = appliance.operations("/metrics").unwrap().body;
    let openapi = bot.get("/openapi.json").await.unwrap().body.to_string();
    appliance.stop().await.unwrap();
    let doctor = program::run(appliance.countersignd().args(["doctor"])).unwrap();
    let log = appliance.log();
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
    for text in [&metrics, &openapi, &doctor.stdout, &log] {
        assert!(!text.is_empty());
        assert!(
            !text.contains(PIN) && !text.contains("PRIVATE KEY"),
            "{text}"
        );
    }
    let mut looked = 0;
    for entry in fs::read_dir(appliance.root()).unwrap() {
        let path = entry.unwrap().path();
        let holds_a_key = path.extension().is_some_and(|end| end == "key") || path.ends_with("pin");
        if path.is_dir() || holds_a_key {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let holds = |secret: &str| {
            bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        assert!(!holds(PIN) && !holds("PRIVATE KEY"), "{}", path.display());
        looked += 1;
    }
    assert!(looked > 8, "looked at {looked} files");
}
