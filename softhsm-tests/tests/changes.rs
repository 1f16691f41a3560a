//! Changes that people agree to: policies that loosen, approvers, operators, unfreezing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::time::Duration;

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{
    ApprovalText, Approver as Enrolled, EnrolmentText, ErrorCode, Page, PendingChange,
    PolicySummary, Request,
};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;
use softhsm_tests::client::{Client, Reply, key_and_csr};
use softhsm_tests::message;
use softhsm_tests::{Appliance, Approver, Options};
use solana_pubkey::Pubkey;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

/// `allowed`: SOL per withdrawal without people; `delay`: of changes; `more`: further tables.
fn policy(allowed: &str, delay: &str, more: &str) -> String {
    format!(
        r#"
schema = 1
name = "changes"

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2
delay = "{delay}"

[destinations.cold]
solana = ["{COLD}"]
cooldown = "1h"

[[rules]]
name = "small"
when = {{ action = "withdrawal", asset = "SOL", max_amount = "{allowed}", destination = "cold" }}
then = "allow"

[[rules]]
name = "large"
when = {{ action = "withdrawal", asset = "SOL", destination = "cold", over_amount = "{allowed}" }}
then = {{ approve = {{ group = "treasury", quorum = 2, expires = "24h" }} }}
{more}"#
    )
}

async fn appliance(policy: &str) -> Result<(Appliance, Client)> {
    let appliance = Appliance::running(&Options::policy(policy)).await?;
    let operator = appliance.client("operator-a")?;
    Ok((appliance, operator))
}

async fn propose(operator: &Client, text: &str) -> Result<Reply> {
    operator
        .post("/v1/policies", &json!({ "text": text }))
        .await
}

fn pending(reply: Reply, kind: &str) -> PendingChange {
    assert_eq!(reply.status, 202, "{}", reply.body);
    let change: PendingChange = serde_json::from_value(reply.body).unwrap();
    assert_eq!(
        (change.kind.as_str(), change.group.as_str()),
        (kind, "change")
    );
    change
}

async fn agree(operator: &Client, request: &str) -> Request {
    Approver::Alice.agrees(operator, request).await.unwrap();
    Approver::Bob.agrees(operator, request).await.unwrap()
}

async fn version(operator: &Client) -> u64 {
    let active = operator.get("/v1/policies/active").await.unwrap();
    active.ok::<PolicySummary>().unwrap().version
}

fn refused(reply: Reply, code: ErrorCode, says: &str) {
    let problem = reply.problem().unwrap();
    assert_eq!(problem.code, code, "{problem:?}");
    assert!(problem.detail.contains(says), "{problem:?}");
}

/// A granted wallet, and what its bot gets for a withdrawal of so many SOL.
async fn wallet(appliance: &Appliance, user: &str) -> Result<(String, Pubkey)> {
    let gateway = appliance.client("gateway")?;
    let user = gateway.user(user).await?;
    let wallet = gateway.wallet(&user.id, None).await?;
    gateway.grant("bot", &wallet.id).await?;
    Ok((wallet.id, wallet.address.parse()?))
}

#[tokio::test]
async fn tightening_takes_one_word_and_loosening_takes_people() {
    let (appliance, operator) = appliance(&policy("2", "0s", "")).await.unwrap();
    let text = policy("2", "0s", "").replace("max_amount = \"2\"", "max_amount = \"1\"");
    let tighter = propose(&operator, &text).await.unwrap();
    assert_eq!(tighter.status, 200, "{}", tighter.body);
    assert_eq!(version(&operator).await, 2);

    let (wallet, address) = wallet(&appliance, "u").await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let two = message::transfer(&address, &COLD.parse().unwrap(), 2 * SOL);
    let denied = bot.sign("a", &wallet, &two).await.unwrap();
    refused(denied, ErrorCode::PolicyDenied, "no rule permits");

    let looser = policy("3", "0s", "");
    let change = pending(propose(&operator, &looser).await.unwrap(), "policy");
    assert!(
        change
            .why
            .iter()
            .any(|why| why.contains("may permit what no rule permitted")),
        "{change:?}"
    );
    // The same change asked for again is the same request.
    let again = pending(propose(&operator, &looser).await.unwrap(), "policy");
    assert_eq!(again.request_id, change.request_id);
    let list: Page<Request> = operator
        .get("/v1/requests?status=pending")
        .await
        .unwrap()
        .ok()
        .unwrap();
    assert!(
        list.items
            .iter()
            .any(|one| one.id == change.request_id && one.kind == "policy")
    );
    let shown = Approver::Alice
        .agrees(&operator, &change.request_id)
        .await
        .unwrap();
    assert_eq!(
        (shown.state.as_str(), version(&operator).await),
        ("pending", 2)
    );
    let text = shown.text.unwrap();
    assert!(
        text.starts_with("Change policy to changes\nsha256 "),
        "{text}"
    );
    let shown = Approver::Bob
        .agrees(&operator, &change.request_id)
        .await
        .unwrap();
    assert_eq!(
        (shown.state.as_str(), version(&operator).await),
        ("done", 3)
    );
    assert_eq!(bot.sign("b", &wallet, &two).await.unwrap().status, 200);
    let after = Approver::Carol
        .approve(&operator, &change.request_id)
        .await
        .unwrap();
    refused(after, ErrorCode::AlreadyDecided, "used already");
}

#[tokio::test]
async fn a_shorter_delay_waits_for_the_old_one_and_survives_a_restart() {
    let (mut appliance, operator) = appliance(&policy("1", "3s", "")).await.unwrap();
    let change = propose(&operator, &policy("1", "0s", "")).await.unwrap();
    let change = pending(change, "policy");
    assert!(
        change
            .why
            .iter()
            .any(|why| why.contains("has to wait less")),
        "{change:?}"
    );
    let shown = agree(&operator, &change.request_id).await;
    assert_eq!(
        (shown.state.as_str(), version(&operator).await),
        ("approved", 1)
    );
    assert!(shown.missing[0].contains("time lock"), "{shown:?}");
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let path = format!("/v1/requests/{}", change.request_id);
    for _ in 0..200 {
        let shown: Request = operator.get(&path).await.unwrap().ok().unwrap();
        if shown.state == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(version(&operator).await, 2);
    let quick = propose(&operator, &policy("9", "0s", "")).await.unwrap();
    let shown = agree(&operator, &pending(quick, "policy").request_id).await;
    assert_eq!(
        (shown.state.as_str(), version(&operator).await),
        ("done", 3)
    );
}

#[tokio::test]
async fn inv10_approvals_are_bound_to_the_policy_and_the_roster() {
    let (appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let (wallet, address) = wallet(&appliance, "u").await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let five = message::transfer(&address, &COLD.parse().unwrap(), 5 * SOL);
    let held = bot.sign("ask", &wallet, &five).await.unwrap();
    let id = held.body["request_id"].as_str().unwrap().to_owned();
    let looser = pending(
        propose(&operator, &policy("2", "0s", "")).await.unwrap(),
        "policy",
    );
    let shown = agree(&operator, &id).await;
    assert_eq!(shown.state, "approved");
    Approver::Alice
        .agrees(&operator, &looser.request_id)
        .await
        .unwrap();

    // A deny rule that touches neither: the policy is another one all the same.
    let deny = "[[rules]]\nname = \"no-stake\"\nwhen = { action = \"stake\" }\nthen = \"deny\"\n";
    let tighter = policy("1", "0s", deny);
    assert_eq!(propose(&operator, &tighter).await.unwrap().status, 200);
    let body = json!({
        "wallet_id": wallet, "message": BASE64_STANDARD.encode(&five), "approved_request_id": id,
    });
    let release = bot
        .post_keyed("/v1/sign/solana", "early", &body)
        .await
        .unwrap();
    assert_eq!(release.status, 202, "{}", release.body);
    let path = format!("/v1/requests/{id}");
    let shown: Request = operator.get(&path).await.unwrap().ok().unwrap();
    assert_eq!(
        (shown.state.as_str(), shown.asks[0].counted),
        ("pending", 0)
    );
    assert!(shown.approvals.iter().all(|one| !one.counts), "{shown:?}");
    // The loosening that alice agreed to was about the policy before: bob's word alone is one.
    let shown = Approver::Bob
        .agrees(&operator, &looser.request_id)
        .await
        .unwrap();
    assert_eq!(
        (shown.state.as_str(), version(&operator).await),
        ("pending", 2)
    );

    // Asked again about the new policy, the same people can agree again.
    assert_eq!(agree(&operator, &id).await.state, "approved");
    let release = bot
        .post_keyed("/v1/sign/solana", "go", &body)
        .await
        .unwrap();
    assert_eq!(release.status, 200, "{}", release.body);
}

#[tokio::test]
async fn an_approver_is_enrolled_with_proof_and_a_new_key_takes_the_old_ones_approvals_away() {
    let (appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let (wallet, address) = wallet(&appliance, "u").await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let five = message::transfer(&address, &COLD.parse().unwrap(), 5 * SOL);
    let held = bot.sign("ask", &wallet, &five).await.unwrap();
    let id = held.body["request_id"].as_str().unwrap().to_owned();
    Approver::Carol.agrees(&operator, &id).await.unwrap();
    let shown = Approver::Bob.agrees(&operator, &id).await.unwrap();
    assert_eq!(shown.state, "approved");

    let key = SigningKey::from_bytes(&[0x77; 32]);
    let public = bs58::encode(key.verifying_key().as_bytes()).into_string();
    let query = format!(
        "/v1/approvers/enrolment-text?name=carol&scheme=solana-offchain-v0&public_key={public}"
    );
    let text: EnrolmentText = operator.get(&query).await.unwrap().ok().unwrap();
    let message = BASE64_STANDARD.decode(&text.message).unwrap();
    let proof = bs58::encode(key.sign(&message).to_bytes()).into_string();
    let body = |proof: &str| {
        json!({
            "name": "carol", "scheme": "solana-offchain-v0", "public_key": public, "proof": proof,
        })
    };
    let stolen = operator
        .post("/v1/approvers", &body(&Approver::Carol.sign(&message)))
        .await
        .unwrap();
    refused(stolen, ErrorCode::InvalidRequest, "not this approver's");
    let enrol = operator.post("/v1/approvers", &body(&proof)).await.unwrap();
    let change = pending(enrol, "approver_add");
    assert_eq!(agree(&operator, &change.request_id).await.state, "done");
    let list: Page<Enrolled> = operator.get("/v1/approvers").await.unwrap().ok().unwrap();
    let carols: Vec<&Enrolled> = list
        .items
        .iter()
        .filter(|one| one.name == "carol")
        .collect();
    assert_eq!(carols.len(), 2);
    // Newest first.
    assert_eq!(carols[0].public_key, public);
    assert!(carols[1].removed_at.is_some() && carols[0].removed_at.is_none());

    // The key that approved is no approver's any more.
    let shown: Request = operator
        .get(&format!("/v1/requests/{id}"))
        .await
        .unwrap()
        .ok()
        .unwrap();
    assert_eq!(
        (shown.state.as_str(), shown.asks[0].counted),
        ("pending", 1)
    );
    let old = Approver::Carol.approve(&operator, &id).await.unwrap_err();
    assert!(old.to_string().contains("not those of the text"), "{old}");

    let gone = operator.delete("/v1/approvers/bob").await.unwrap();
    let gone = pending(gone, "approver_remove");
    assert_eq!(agree(&operator, &gone.request_id).await.state, "done");
    let shown: Request = operator
        .get(&format!("/v1/requests/{id}"))
        .await
        .unwrap()
        .ok()
        .unwrap();
    assert_eq!(shown.asks[0].counted, 0);
    let bob = Approver::Bob.approve(&operator, &id).await.unwrap();
    refused(bob, ErrorCode::NotFound, "bob");
}

/// A key in the scheme it is asked for, and the proof that somebody has it.
async fn enrol(operator: &Client, name: &str, scheme: &str, key: &SigningKey) -> Reply {
    let public = bs58::encode(key.verifying_key().as_bytes()).into_string();
    let query =
        format!("/v1/approvers/enrolment-text?name={name}&scheme={scheme}&public_key={public}");
    let text: EnrolmentText = operator.get(&query).await.unwrap().ok().unwrap();
    let message = BASE64_STANDARD.decode(&text.message).unwrap();
    let proof = bs58::encode(key.sign(&message).to_bytes()).into_string();
    let body = json!({ "name": name, "scheme": scheme, "public_key": public, "proof": proof });
    operator.post("/v1/approvers", &body).await.unwrap()
}

#[tokio::test]
async fn a_key_is_one_approver_whatever_the_name_and_scheme() {
    let (_appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let carol = SigningKey::from_bytes(&Approver::Carol.secret());
    for (name, scheme) in [
        ("eve", "solana-offchain-v0"),
        ("eve-new", "solana-offchain-v1"),
    ] {
        let reply = enrol(&operator, name, scheme, &carol).await;
        refused(
            reply,
            ErrorCode::InvalidRequest,
            "the key of approver `carol`",
        );
    }
    // Two asks for one key: whichever takes effect first, the other does not.
    let key = SigningKey::from_bytes(&[0x79; 32]);
    let dana = enrol(&operator, "dana", "solana-offchain-v0", &key).await;
    let dana = pending(dana, "approver_add");
    let eve = enrol(&operator, "eve", "solana-offchain-v1", &key).await;
    let eve = pending(eve, "approver_add");
    assert_eq!(agree(&operator, &dana.request_id).await.state, "done");
    let shown = agree(&operator, &eve.request_id).await;
    assert_eq!(shown.state, "done");
    let result = shown.result.unwrap();
    assert_eq!(result["enrolled"], false, "{result}");
    assert!(
        result["why"].as_str().unwrap().contains("`dana`"),
        "{result}"
    );
    let list: Page<Enrolled> = operator.get("/v1/approvers").await.unwrap().ok().unwrap();
    assert!(list.items.iter().all(|one| one.name != "eve"), "{list:?}");
}

#[tokio::test]
async fn a_new_key_stands_in_the_text_beside_the_old_one() {
    let (_appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let key = SigningKey::from_bytes(&[0x7a; 32]);
    let change = enrol(&operator, "carol", "solana-offchain-v0", &key).await;
    let change = pending(change, "approver_add");
    let (text, _) = Approver::Alice
        .read_and_sign(&operator, &change.request_id)
        .await
        .unwrap();
    let new = bs58::encode(key.verifying_key().as_bytes()).into_string();
    for line in [
        "Replace the key of approver carol".to_owned(),
        format!("new {new}"),
        format!("old {}", Approver::Carol.public_key()),
    ] {
        assert!(
            text.text.lines().any(|one| one == line),
            "{line}: {}",
            text.text
        );
    }
}

#[tokio::test]
async fn every_difference_stands_in_the_text_or_it_is_not_asked() {
    let (_appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let added = Pubkey::new_unique().to_string();
    let one = format!("solana = [\"{COLD}\"]");
    let two = format!("solana = [\"{COLD}\", \"{added}\"]");
    let wider = policy("2", "0s", "").replace(&one, &two);
    let change = pending(propose(&operator, &wider).await.unwrap(), "policy");
    let (text, _) = Approver::Alice
        .read_and_sign(&operator, &change.request_id)
        .await
        .unwrap();
    for line in [
        format!("adds {added} to `cold`"),
        "rule `small` max_amount 1 -> 2".to_owned(),
        "rule `large` over_amount 1 -> 2".to_owned(),
    ] {
        assert!(
            text.text.lines().any(|one| one == line),
            "{line}: {}",
            text.text
        );
        assert!(change.why.contains(&line), "{line}: {change:?}");
    }
    let many: Vec<String> = (0..30)
        .map(|_| format!("\"{}\"", Pubkey::new_unique()))
        .collect();
    let many = policy("1", "0s", "").replace(&one, &format!("solana = [{}]", many.join(", ")));
    let refused_ask = propose(&operator, &many).await.unwrap();
    refused(refused_ask, ErrorCode::PolicyDenied, "split it");
    let list: Page<Request> = operator
        .get("/v1/requests?status=pending")
        .await
        .unwrap()
        .ok()
        .unwrap();
    assert_eq!(list.items.len(), 1);
}

#[tokio::test]
async fn nobody_makes_by_one_word_what_nobody_can_ever_change() {
    let (_appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let strict = policy("1", "0s", "").replace("quorum = 2\ndelay", "quorum = 3\ndelay");
    // All three have to agree: nobody is left who could be lost, and it is a tightening.
    assert_eq!(propose(&operator, &strict).await.unwrap().status, 200);
    let gone = operator.delete("/v1/approvers/carol").await.unwrap();
    refused(gone, ErrorCode::PolicyDenied, "a freeze is for ever");
    let status = operator.get("/v1/status").await.unwrap();
    assert!(status.body.get("warnings").is_none(), "{}", status.body);
}

#[tokio::test]
async fn unfreezing_takes_people_and_lifts_that_freeze_alone() {
    let (appliance, operator) = appliance(&policy("1", "1h", "")).await.unwrap();
    let (wallet, address) = wallet(&appliance, "u").await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let one = message::transfer(&address, &COLD.parse().unwrap(), SOL);
    let scope = json!({ "scope": "everything" });
    let none = operator.post("/v1/unfreeze", &scope).await.unwrap();
    refused(none, ErrorCode::NotFound, "freeze in force of");
    let by_kind = json!({ "scope": "wallet", "wallet_id": wallet });
    let none = operator.post("/v1/unfreeze", &by_kind).await.unwrap();
    refused(none, ErrorCode::NotFound, &wallet);
    let freeze = || async {
        let risk = appliance.client("risk").unwrap();
        assert_eq!(risk.post("/v1/freeze", &scope).await.unwrap().status, 200);
    };
    freeze().await;
    refused(
        bot.sign("a", &wallet, &one).await.unwrap(),
        ErrorCode::Frozen,
        "frozen by risk/risk",
    );
    let change = pending(
        operator.post("/v1/unfreeze", &scope).await.unwrap(),
        "unfreeze",
    );
    Approver::Alice
        .agrees(&operator, &change.request_id)
        .await
        .unwrap();
    // Frozen anew meanwhile: what alice agreed to is not this.
    freeze().await;
    let shown = Approver::Bob
        .agrees(&operator, &change.request_id)
        .await
        .unwrap();
    assert_eq!(shown.result.unwrap(), json!({ "lifted": false }));
    refused(
        bot.sign("b", &wallet, &one).await.unwrap(),
        ErrorCode::Frozen,
        "frozen",
    );
    let change = pending(
        operator.post("/v1/unfreeze", &scope).await.unwrap(),
        "unfreeze",
    );
    let shown = agree(&operator, &change.request_id).await;
    assert_eq!(
        shown.state, "done",
        "unfreezing waits for people, not for the delay: {shown:?}"
    );
    assert_eq!(bot.sign("c", &wallet, &one).await.unwrap().status, 200);
    let mut appliance = appliance;
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    let bot = appliance.client("bot").unwrap();
    assert_eq!(bot.sign("d", &wallet, &one).await.unwrap().status, 200);
}

#[tokio::test]
async fn another_operator_takes_people() {
    let (appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let (key, csr) = key_and_csr().unwrap();
    let issue = |role: &str, name: &str| {
        let body = json!({ "csr": csr, "role": role, "name": name });
        let operator = operator.clone();
        async move { operator.post("/v1/pki/certificates", &body).await.unwrap() }
    };
    assert_eq!(issue("bot", "third").await.status, 200);
    let change = pending(issue("operator", "mallory").await, "certificate");
    let path = format!("/v1/requests/{}", change.request_id);
    let shown: Request = operator.get(&path).await.unwrap().ok().unwrap();
    assert_eq!((shown.state.as_str(), &shown.result), ("pending", &None));
    assert!(
        shown
            .text
            .unwrap()
            .starts_with("Certify operator mallory\n")
    );
    let shown = agree(&operator, &change.request_id).await;
    let result = shown.result.unwrap();
    std::fs::write(
        appliance.path("mallory.pem"),
        result["pem"].as_str().unwrap(),
    )
    .unwrap();
    std::fs::write(appliance.path("mallory.key"), key).unwrap();
    use std::os::unix::fs::PermissionsExt;
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(appliance.path("mallory.key"), private).unwrap();
    let mallory = appliance.client("mallory").unwrap();
    assert_eq!(
        mallory.get("/v1/policies/active").await.unwrap().status,
        200
    );
    let broken = json!({ "csr": "x", "role": "operator", "name": "n" });
    let broken = operator
        .post("/v1/pki/certificates", &broken)
        .await
        .unwrap();
    refused(broken, ErrorCode::InvalidRequest, "");
}

#[tokio::test]
async fn without_a_group_to_ask_nothing_loosens() {
    let lonely = "schema = 1\nname = \"lonely\"\n[[rules]]\nname = \"s\"\nwhen = { action = \"stake\" }\nthen = \"deny\"\n";
    let (_appliance, operator) = appliance(lonely).await.unwrap();
    let looser = propose(&operator, &policy("1", "0s", "")).await.unwrap();
    refused(looser, ErrorCode::PolicyDenied, "no group `change`");
}

#[tokio::test]
async fn an_added_address_cools_down() {
    let (appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let (wallet, address) = wallet(&appliance, "u").await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let added = Pubkey::new_unique();
    let text = policy("1", "0s", "").replace(COLD, &format!("{COLD}\", \"{added}"));
    let change = pending(propose(&operator, &text).await.unwrap(), "policy");
    assert_eq!(agree(&operator, &change.request_id).await.state, "done");
    let to_new = message::transfer(&address, &added, SOL / 2);
    let reply = bot.sign("new", &wallet, &to_new).await.unwrap();
    refused(reply, ErrorCode::PolicyDenied, "cools down until");
    let to_old = message::transfer(&address, &COLD.parse().unwrap(), SOL / 2);
    assert_eq!(bot.sign("old", &wallet, &to_old).await.unwrap().status, 200);
}

#[tokio::test]
async fn one_rejection_ends_a_change() {
    let (_appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let change = pending(
        propose(&operator, &policy("2", "0s", "")).await.unwrap(),
        "policy",
    );
    Approver::Alice
        .agrees(&operator, &change.request_id)
        .await
        .unwrap();
    let path = format!("/v1/requests/{}/reject", change.request_id);
    let body = json!({ "approver_id": "bob" });
    let shown: Request = operator.post(&path, &body).await.unwrap().ok().unwrap();
    assert_eq!(shown.state, "rejected");
    let late = Approver::Carol
        .approve(&operator, &change.request_id)
        .await
        .unwrap();
    refused(late, ErrorCode::AlreadyDecided, "`bob` rejected it");
    assert_eq!(version(&operator).await, 1);
}

#[tokio::test]
async fn a_list_is_narrowed_to_a_state() {
    let (_appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let reply = operator.get("/v1/requests?status=maybe").await.unwrap();
    refused(reply, ErrorCode::InvalidRequest, "expected one of");
    let change = propose(&operator, &policy("2", "0s", "")).await.unwrap();
    let change = pending(change, "policy");
    let listed = |path: String| {
        let operator = operator.clone();
        async move {
            operator
                .get(&path)
                .await
                .unwrap()
                .ok::<Page<Request>>()
                .unwrap()
        }
    };
    let waiting = listed("/v1/requests?status=pending".to_owned()).await;
    assert_eq!(waiting.items.len(), 1);
    assert!(waiting.items[0].text.is_none(), "a list is short");
    agree(&operator, &change.request_id).await;
    let waiting = listed("/v1/requests?status=pending".to_owned()).await;
    assert_eq!(waiting.items.len(), 0);
    assert_eq!(waiting.next_cursor, None);
    let done = listed("/v1/requests?status=done".to_owned()).await;
    assert_eq!(done.items[0].id, change.request_id);
    assert_eq!(done.next, None);
}

/// A newer Ledger, or a Trezor: the same person with the same key, over other bytes.
#[tokio::test]
async fn an_approver_may_sign_off_chain_messages_of_version_1() {
    let (appliance, operator) = appliance(&policy("1", "0s", "")).await.unwrap();
    let key = SigningKey::from_bytes(&[0x78; 32]);
    let verifying = key.verifying_key();
    let public = bs58::encode(verifying.as_bytes()).into_string();
    let sign = |message: &[u8]| bs58::encode(key.sign(message).to_bytes()).into_string();
    let query = format!(
        "/v1/approvers/enrolment-text?name=carol&scheme=solana-offchain-v1&public_key={public}"
    );
    let text: EnrolmentText = operator.get(&query).await.unwrap().ok().unwrap();
    let message = BASE64_STANDARD.decode(&text.message).unwrap();
    let header = [
        b"\xffsolana offchain\x01\x01".as_slice(),
        verifying.as_bytes(),
    ];
    assert_eq!(message, [&header.concat(), text.text.as_bytes()].concat());
    let body = json!({
        "name": "carol", "scheme": "solana-offchain-v1", "public_key": public,
        "proof": sign(&message),
    });
    let enrol = operator.post("/v1/approvers", &body).await.unwrap();
    let change = pending(enrol, "approver_add");
    assert_eq!(agree(&operator, &change.request_id).await.state, "done");

    let (wallet, address) = wallet(&appliance, "u").await.unwrap();
    let five = message::transfer(&address, &COLD.parse().unwrap(), 5 * SOL);
    let bot = appliance.client("bot").unwrap();
    let held = bot.sign("ask", &wallet, &five).await.unwrap();
    let id = held.body["request_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/requests/{id}/approval-text?approver_id=carol");
    let text: ApprovalText = operator.get(&path).await.unwrap().ok().unwrap();
    assert_eq!(text.scheme, "solana-offchain-v1");
    let message = [&header.concat(), text.text.as_bytes()].concat();
    assert_eq!(BASE64_STANDARD.decode(&text.message).unwrap(), message);
    let version_0 = countersign_policy::approval::offchain::message(
        softhsm_tests::TRUST_DOMAIN,
        verifying.as_bytes(),
        &text.text,
    );
    for (scheme, signature, taken) in [
        ("solana-offchain-v0", sign(&message), false),
        ("solana-offchain-v1", sign(&version_0.unwrap()), false),
        ("solana-offchain-v1", sign(&message), true),
    ] {
        let carol = Approver::Carol;
        let reply = carol
            .hand_in(&operator, &id, scheme, &signature)
            .await
            .unwrap();
        assert_eq!(reply.status == 200, taken, "{scheme}: {}", reply.body);
    }
}
