//! The pages of `deploy`, run as they stand on a machine set up by `deploy/README.md`
//! (`softhsm_tests::runbook` says what stands for the machine).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fs;

use serde_json::Value;
use softhsm_tests::runbook::{Machine, blocks};

const RESTORE: &str = include_str!("../../deploy/runbooks/restore.md");
const TOKEN_LOST: &str = include_str!("../../deploy/runbooks/token-lost.md");
const UNUSED_KEYS: &str = include_str!("../../deploy/runbooks/unused-keys.md");
const FREEZE: &str = include_str!("../../deploy/runbooks/freeze.md");
const CLOCK: &str = include_str!("../../deploy/runbooks/clock.md");
const SERVER_CERTIFICATE: &str = include_str!("../../deploy/runbooks/server-certificate.md");

fn machine() -> Machine {
    let machine = Machine::new().unwrap();
    machine.set_up().unwrap();
    machine
}

/// The one block of a page that holds these words.
fn block(page: &str, words: &str) -> String {
    let all = blocks(page).unwrap();
    let mut found = all.into_iter().filter(|block| block.contains(words));
    let block = found
        .next()
        .unwrap_or_else(|| panic!("no block with `{words}`"));
    assert!(found.next().is_none(), "two blocks with `{words}`");
    block
}

/// A certificate for the gateway, a user and a wallet that `momentum-7` may use; their ids.
fn wallet(machine: &Machine, user: &str) -> (String, String) {
    let made = machine
        .done(
            r#"
            cd "$HOME"
            [ -e gateway.pem ] || countersign pki issue --role gateway --name gateway \
              --key-out gateway.key --out gateway.pem
            as_gateway=(--cert gateway.pem --key gateway.key)
            user=$(countersign "${as_gateway[@]}" --json users create "$NEW" | jq -r .id)
            wallet=$(countersign "${as_gateway[@]}" --json wallets create --user "$user" | jq -r .id)
            countersign grants create --bot momentum-7 --wallet "$wallet" >grant.txt
            echo "$user $wallet"
            "#,
            &[("NEW", user)],
        )
        .unwrap();
    let (user, wallet) = made.trim().split_once(' ').unwrap();
    (user.to_owned(), wallet.to_owned())
}

/// The digits of the key that a wallet was made with.
fn key(wallet: &str) -> &str {
    wallet.strip_prefix("wal_").unwrap()
}

#[test]
fn every_block_of_the_pages_is_run_by_a_test() {
    let counted = [
        (RESTORE, 9),
        (TOKEN_LOST, 4),
        (UNUSED_KEYS, 3),
        (FREEZE, 2),
        (CLOCK, 1),
        (SERVER_CERTIFICATE, 1),
    ];
    for (page, count) in counted {
        let title = page.lines().next().unwrap_or_default();
        assert_eq!(
            blocks(page).unwrap().len(),
            count,
            "{title}: run the new block, too"
        );
    }
    let pages = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/runbooks")).unwrap();
    // `stolen-certificate.md` has a test of its own.
    assert_eq!(pages.count(), counted.len() + 1, "a page without a test");
}

#[test]
fn signing_is_stopped_as_the_runbook_says() {
    let machine = machine();
    let (_, wallet) = wallet(&machine, "u-1");
    let variables = [("WALLET", wallet.as_str()), ("BOT", "momentum-7")];
    machine
        .done(&block(FREEZE, "odd trades"), &variables)
        .unwrap();
    let told = machine
        .done(&block(FREEZE, "audit tail"), &variables)
        .unwrap();
    assert!(
        told.contains("odd trades") && told.contains("find out first"),
        "{told}"
    );
    assert!(told.contains("people would be asked"), "{told}");
}

#[test]
fn the_clock_and_the_servers_certificate_are_looked_after() {
    let machine = machine();
    machine.done(&block(CLOCK, "clock confirm"), &[]).unwrap();
    let before = machine.done("cat \"$ROOT/pid\"", &[]).unwrap();
    machine
        .done(&block(SERVER_CERTIFICATE, "restart"), &[])
        .unwrap();
    let after = machine
        .done("cat \"$ROOT/pid\"; countersign status >/dev/null", &[])
        .unwrap();
    assert_ne!(before, after);
}

#[test]
fn a_lost_database_and_ca_are_restored() {
    let machine = machine();
    let (_, wallet) = wallet(&machine, "u-1");
    let newest = machine.path("newest");
    fs::create_dir(&newest).unwrap();
    let lose = "systemctl stop countersignd; cp -p /var/lib/countersign/countersign.db* \"$NEWEST\"; \
                rm /var/lib/countersign/countersign.db*; ! systemctl start countersignd";
    let variables = [("NEWEST", newest.to_str().unwrap())];
    let lost = machine.run(lose, &variables).unwrap();
    assert!(
        lost.stderr.contains("its database is lost, or elsewhere"),
        "{lost}"
    );
    assert!(lost.stderr.contains("restore.md"), "{lost}");
    // `init` says so, too, and leaves the token alone.
    let init = machine
        .run(
            &format!(
                "{}\nrm /var/lib/countersign/ca.pem\ncountersignd init --operator alice --operator-out \
                 \"$ROOT/again\"",
                block(RESTORE, "install -d -m 700 -o countersign -g countersign /run")
            ),
            &[],
        )
        .unwrap();
    assert_ne!(init.code, Some(0), "{init}");
    let pin = block(RESTORE, "export CREDENTIALS_DIRECTORY");
    let ca = machine.path("home/.config/countersign/ca.pem");
    let client = [("CA", ca.to_str().unwrap()), variables[0]];
    let of_ca = block(RESTORE, "\"$CA\"");
    // Without its database the appliance is not whole: the certificate alone is.
    let newest = block(RESTORE, "\"$NEWEST/$file\"");
    let without_ca = machine.run(&format!("{pin}\n{newest}"), &client).unwrap();
    assert!(
        format!("{without_ca}").contains("every client has"),
        "{without_ca}"
    );
    let script = format!("{pin}\n{of_ca}\nsystemctl start countersignd");
    machine.done(&script, &client).unwrap();
    let shown = machine
        .done("countersign --json wallets list", &[])
        .unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["items"][0]["id"], wallet.as_str());
    // The database that was put back by the same block, with everything there.
    let script = format!(
        "{pin}\nsystemctl stop countersignd\ncp -p /var/lib/countersign/countersign.db* \"$NEWEST\"\n{newest}"
    );
    machine.done(&script, &client).unwrap();
    machine.done("countersign status", &[]).unwrap();
}

#[test]
fn an_old_backup_is_gone_on_from_and_its_keys_are_adopted() {
    let machine = machine();
    let (user, first) = wallet(&machine, "u-1");
    let backup = machine.path("backup");
    fs::create_dir(&backup).unwrap();
    let take = block(RESTORE, ".backup").replace("/backup/", &format!("{}/", backup.display()));
    machine.done(&take, &[]).unwrap();
    let taken = fs::read_dir(&backup)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let (_, lost) = wallet(&machine, "u-2");
    let address = machine
        .done(
            "countersign --json wallets show \"$W\" | jq -r .address",
            &[("W", &lost)],
        )
        .unwrap();
    let variables = [
        ("BACKUP", taken.to_str().unwrap()),
        ("KEY", key(&lost)),
        ("OWNER", user.as_str()),
        ("WALLET", lost.as_str()),
        ("BOT", "momentum-7"),
    ];
    let pin = block(RESTORE, "export CREDENTIALS_DIRECTORY");
    let back = block(RESTORE, "\"$BACKUP\"");
    let forget = block(RESTORE, "countersign-anchor");
    let adopt = block(RESTORE, "countersignd adopt");
    let early = machine.run(
        &format!("{pin}\n{back}\n! systemctl start countersignd"),
        &variables,
    );
    let early = early.unwrap();
    assert!(early.stdout.contains(key(&lost)), "{early}");
    assert!(early.stderr.contains("the token remembers"), "{early}");
    machine
        .done(&format!("{pin}\n{forget}\n{adopt}"), &variables)
        .unwrap();
    // Once, and only a key without a wallet.
    for used in [
        key(&lost),
        key(&first),
        "00000000000000000000000000000000",
        "x",
    ] {
        let again = [("KEY", used), ("OWNER", user.as_str())];
        let again = machine.run(&format!("{pin}\n{adopt}"), &again).unwrap();
        assert_ne!(again.code, Some(0), "{again}");
    }
    let started = machine
        .done(&block(RESTORE, "--status paused"), &variables)
        .unwrap();
    assert!(started.contains(&lost), "{started}");
    machine
        .done(&block(RESTORE, "wallets resume"), &variables)
        .unwrap();
    let shown = machine
        .done("countersign --json wallets show \"$WALLET\"", &variables)
        .unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["address"], address.trim());
    assert_eq!(shown["status"], "active");
    // Beside the wallet that its user has there it counts under that one's limits.
    assert_eq!(shown["rotated_to"], first.as_str());
    let verified = machine
        .done("countersign wallets verify \"$WALLET\"", &variables)
        .unwrap();
    assert!(!verified.is_empty());
    is_told_that_the_memory_was_taken_away(&machine);
}

/// Neither `adopt` nor the start hides it.
fn is_told_that_the_memory_was_taken_away(machine: &Machine) {
    let log = machine.done("countersign audit tail", &[]).unwrap();
    assert!(log.contains("wallet_created"), "{log}");
    let missing = log.matches("\"anchor\":\"missing\"").count();
    assert_eq!(missing, 2, "{log}");
    let status = machine.done("countersign status", &[]).unwrap();
    assert!(status.contains("remembers nothing of the log"), "{status}");
}

#[test]
fn a_key_that_no_wallet_uses_is_removed() {
    let machine = machine();
    let (_, kept) = wallet(&machine, "u-1");
    let backup = machine.path("before.db");
    let copy = "systemctl stop countersignd; cp /var/lib/countersign/countersign.db \"$B\"; systemctl start countersignd";
    let file = [("B", backup.to_str().unwrap())];
    machine.done(copy, &file).unwrap();
    let (_, unused) = wallet(&machine, "u-2");
    // A row that is gone and a key that is there, as a crash between the two leaves them.
    let set_back = format!(
        "systemctl stop countersignd\nrm /var/lib/countersign/countersign.db*\n\
         cp \"$B\" /var/lib/countersign/countersign.db\n{}",
        block(RESTORE, "countersign-anchor")
    );
    machine.done(&set_back, &file).unwrap();
    let variables = [("KEY", key(&unused))];
    let page = blocks(UNUSED_KEYS).unwrap().join("\n");
    let told = machine.done(&page, &variables).unwrap();
    assert!(!told.contains(key(&unused)), "{told}");
    assert!(told.contains("1 keys on the token are wallets'"), "{told}");
    machine
        .done("countersign wallets verify \"$W\"", &[("W", &kept)])
        .unwrap();
}

#[test]
fn a_token_is_restored_and_its_pin_replaced() {
    let machine = machine();
    let (_, wallet) = wallet(&machine, "u-1");
    let vault = machine.path("vault");
    fs::create_dir(&vault).unwrap();
    let variables = [("VAULT", vault.to_str().unwrap()), ("W", wallet.as_str())];
    let pages = blocks(TOKEN_LOST).unwrap();
    for block in &pages {
        machine.done(block, &variables).unwrap();
        if block.contains("systemctl start") {
            let verify = "countersign wallets verify \"$W\"";
            machine.done(verify, &variables).unwrap();
        }
    }
}
