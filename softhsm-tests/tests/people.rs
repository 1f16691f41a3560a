//! No accepted act of a few leaves an appliance that nobody can change, and no one word counts for the
//! group's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{
    BlockedPrincipal, Certificate, EnrolmentText, ErrorCode, Page, PendingChange, Request,
};
use serde_json::json;
use softhsm_tests::client::{Client, Reply, key_and_csr};
use softhsm_tests::{Appliance, Approver, Options, program};

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

/// Group `change` with these members, all of whom have to agree.
fn policy(members: &[&str], more: &str) -> String {
    format!(
        "schema = 1\nname = \"people\"\n[groups.change]\napprovers = {members:?}\nquorum = {}\n\
         delay = \"0s\"\n[destinations.cold]\nsolana = [\"{COLD}\"]\n{more}",
        members.len(),
    )
}

fn refused(reply: Reply, code: ErrorCode, says: &[&str]) {
    let problem = reply.problem().unwrap();
    assert_eq!(problem.code, code, "{problem:?}");
    for says in says {
        assert!(problem.detail.contains(says), "{says}: {problem:?}");
    }
}

fn pending(reply: Reply) -> PendingChange {
    assert_eq!(reply.status, 202, "{}", reply.body);
    serde_json::from_value(reply.body).unwrap()
}

async fn agree(operator: &Client, request: &str, who: &[Approver]) -> Request {
    let mut shown = None;
    for approver in who {
        shown = Some(approver.agrees(operator, request).await.unwrap());
    }
    shown.unwrap()
}

/// Asks for a key of carol's to be enrolled again, now as this operator.
async fn tie(by: &Client, operator: &str) -> Result<Reply> {
    let public = Approver::Carol.public_key();
    let scheme = "solana-offchain-v0";
    let query =
        format!("/v1/approvers/enrolment-text?name=carol&scheme={scheme}&public_key={public}");
    let text: EnrolmentText = by.get(&query).await?.ok()?;
    let proof = Approver::Carol.sign(&BASE64_STANDARD.decode(&text.message)?);
    let body = json!({
        "name": "carol", "scheme": scheme, "public_key": public, "proof": proof, "operator": operator,
    });
    by.post("/v1/approvers", &body).await
}

async fn certificate(operator: &Client, principal: &str) -> String {
    let path = format!("/v1/pki/certificates?principal={principal}&status=good");
    let page: Page<Certificate> = operator.get(&path).await.unwrap().ok().unwrap();
    page.items[0].id.clone()
}

/// All that the doctor says.
fn doctor(appliance: &Appliance) -> String {
    let ended = program::run(appliance.countersignd().args(["doctor", "--json"])).unwrap();
    ended.stdout
}

/// Alice and carol have to agree, and carol is operator `a`: only what `b` asks for can be decided.
async fn only_b_can_ask() -> (Appliance, Client, Client) {
    let text = policy(&["alice", "carol"], "");
    let appliance = Appliance::running(&Options::policy(text)).await.unwrap();
    let a = appliance.client("operator-a").unwrap();
    let b = appliance.client("operator-b").unwrap();
    let change = pending(tie(&b, "a").await.unwrap());
    let who = [Approver::Alice, Approver::Carol];
    assert_eq!(agree(&b, &change.request_id, &who).await.state, "done");
    (appliance, a, b)
}

#[tokio::test]
async fn nobody_is_shut_out_without_whom_nothing_could_be_decided_and_a_freeze_stops_them() {
    let (mut appliance, a, b) = only_b_can_ask().await;
    let says = [
        "whichever operator asks",
        "countersign freeze principal operator/b",
    ];
    let blocked = "/v1/pki/principals/operator/b";
    let revoked = format!(
        "/v1/pki/certificates/{}",
        certificate(&a, "operator/b").await
    );
    let risk = appliance.client("risk").unwrap();
    let reply = a.delete(blocked).await.unwrap();
    refused(reply, ErrorCode::AlreadyDecided, &says);
    let reply = a.delete(&revoked).await.unwrap();
    refused(reply, ErrorCode::AlreadyDecided, &says);
    assert_eq!(b.get("/v1/status").await.unwrap().status, 200);

    // Stopped all the same, and not for ever.
    let scope = json!({ "scope": { "principal": "operator/b" } });
    let frozen = risk.post("/v1/freeze", &scope).await.unwrap();
    assert_eq!(frozen.status, 200, "{}", frozen.body);
    let price = json!({ "asset": "SOL", "price_usd": "1" });
    let reply = b.post("/v1/prices", &price).await.unwrap();
    refused(reply, ErrorCode::Frozen, &[]);
    let change = pending(b.post("/v1/unfreeze", &scope).await.unwrap());
    let who = [Approver::Alice, Approver::Carol];
    assert_eq!(agree(&a, &change.request_id, &who).await.state, "done");

    // With another who can ask it is no longer refused.
    let (_, csr) = key_and_csr().unwrap();
    let ask = json!({ "csr": csr, "role": "operator", "name": "c" });
    let change = pending(b.post("/v1/pki/certificates", &ask).await.unwrap());
    assert_eq!(agree(&a, &change.request_id, &who).await.state, "done");
    let reply: BlockedPrincipal = a.delete(blocked).await.unwrap().ok().unwrap();
    let warning = reply.warning.unwrap_or_default();
    assert!(!warning.contains("operator/b"), "{warning}");
    assert_eq!(b.get("/v1/status").await.unwrap().status, 403);
    appliance.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_is_left_alone_to_ask_is_told_and_doctor_counts_nobody_who_is_blocked() {
    let text = policy(&["alice", "bob"], "");
    let mut appliance = Appliance::running(&Options::policy(text)).await.unwrap();
    let a = appliance.client("operator-a").unwrap();
    let blocked = a.delete("/v1/pki/principals/operator/b").await.unwrap();
    let blocked: BlockedPrincipal = blocked.ok().unwrap();
    let warning = blocked.warning.unwrap();
    assert!(warning.contains("`operator/a` alone"), "{warning}");
    let last = certificate(&a, "operator/a").await;
    for path in [
        format!("/v1/pki/certificates/{last}"),
        "/v1/pki/principals/operator/a".to_owned(),
    ] {
        let reply = a.delete(&path).await.unwrap();
        let says = [
            "no other operator",
            "countersign freeze principal operator/a",
        ];
        refused(reply, ErrorCode::AlreadyDecided, &says);
    }
    assert_eq!(a.get("/v1/status").await.unwrap().status, 200);
    appliance.stop().await.unwrap();
    let told = doctor(&appliance);
    assert!(told.contains("and 1 operators are there"), "{told}");
}

#[tokio::test]
async fn revoking_the_last_certificates_one_by_one_ends_at_the_last() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let a = appliance.client("operator-a").unwrap();
    let (of_a, of_b) = (
        certificate(&a, "operator/a").await,
        certificate(&a, "operator/b").await,
    );
    let revoked = a.delete(&format!("/v1/pki/certificates/{of_b}")).await;
    let revoked: Certificate = revoked.unwrap().ok().unwrap();
    assert!(
        revoked
            .warning
            .is_some_and(|warning| warning.contains("`operator/a` alone"))
    );
    let last = a
        .delete(&format!("/v1/pki/certificates/{of_a}"))
        .await
        .unwrap();
    refused(last, ErrorCode::AlreadyDecided, &["no other operator"]);
    assert_eq!(a.get("/v1/status").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_policy_under_which_whoever_asks_has_too_few_to_agree_is_refused() {
    let (_appliance, a, b) = only_b_can_ask().await;
    // Carol is `a`, and alice and carol have to agree: a third whom nobody has would be one too few.
    let strict = policy(&["alice", "carol", "dana"], "");
    let reply = b.post("/v1/policies", &json!({ "text": strict })).await;
    let reply = reply.unwrap();
    assert!(reply.status >= 400, "{}", reply.body);
    assert!(
        reply.body["detail"].as_str().unwrap().contains("for ever"),
        "{}",
        reply.body
    );
    assert_eq!(
        a.get("/v1/status").await.unwrap().body.get("warnings"),
        None
    );
}

#[tokio::test]
async fn of_two_removals_that_people_agreed_to_the_one_too_many_is_not_done() {
    let text = "schema = 1\nname = \"people\"\n[groups.change]\n\
                approvers = [\"alice\", \"bob\", \"carol\"]\nquorum = 2\ndelay = \"0s\"\n";
    let appliance = Appliance::running(&Options::policy(text)).await.unwrap();
    let a = appliance.client("operator-a").unwrap();
    let bob = pending(a.delete("/v1/approvers/bob").await.unwrap());
    let carol = pending(a.delete("/v1/approvers/carol").await.unwrap());
    let who = [Approver::Alice, Approver::Bob];
    Approver::Alice.agrees(&a, &carol.request_id).await.unwrap();
    assert_eq!(agree(&a, &bob.request_id, &who).await.state, "done");
    let shown = Approver::Carol.agrees(&a, &carol.request_id).await.unwrap();
    assert_eq!(shown.state, "done");
    let result = shown.result.unwrap();
    assert_eq!(result["done"], false, "{result}");
    assert!(
        result["why"].as_str().unwrap().contains("for ever"),
        "{result}"
    );
    assert_eq!(
        a.get("/v1/status").await.unwrap().body.get("warnings"),
        None
    );
}

#[tokio::test]
async fn nobody_is_tied_to_an_operator_who_does_not_exist() {
    let text = policy(&["alice", "carol"], "");
    let appliance = Appliance::running(&Options::policy(text)).await.unwrap();
    let a = appliance.client("operator-a").unwrap();
    let nobody = tie(&a, "nobody").await.unwrap();
    refused(
        nobody,
        ErrorCode::InvalidRequest,
        &["no certificate of `operator/nobody`"],
    );
    assert_eq!(tie(&a, "b").await.unwrap().status, 202);
    let blocked = a.delete("/v1/pki/principals/operator/b").await.unwrap();
    assert_eq!(blocked.status, 200, "{}", blocked.body);
    let gone = tie(&a, "b").await.unwrap();
    refused(
        gone,
        ErrorCode::InvalidRequest,
        &["no certificate of `operator/b`"],
    );
}

#[tokio::test]
async fn what_a_receiver_also_is_is_refused_or_stands_in_the_text() {
    let text = policy(&["alice", "bob"], "");
    let appliance = Appliance::running(&Options::policy(text)).await.unwrap();
    let a = appliance.client("operator-a").unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    let tip = |account: &str| json!({ "kind": "tip_account", "account": account });
    for (account, what) in [
        (wallet.address.as_str(), "is wallet wal_"),
        (COLD, "an address of destination `cold`"),
        (
            "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
            "the Token program",
        ),
        ("SysvarRent111111111111111111111111111111111", "a sysvar"),
        (
            "So11111111111111111111111111111111111111112",
            "the mint of wrapped SOL",
        ),
        (
            "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5",
            "a tip account",
        ),
    ] {
        let reply = a.post("/v1/registrations", &tip(account)).await.unwrap();
        refused(reply, ErrorCode::InvalidRequest, &[what, "tip account"]);
    }
    let wider =
        policy(&["alice", "bob"], "").replace(COLD, &format!("{COLD}\", \"{}", wallet.address));
    let change = a
        .post("/v1/policies", &json!({ "text": wider }))
        .await
        .unwrap();
    let change = pending(change);
    let (text, _) = Approver::Alice
        .read_and_sign(&a, &change.request_id)
        .await
        .unwrap();
    let line = format!("{} is wallet {} of here", wallet.address, wallet.id);
    assert!(
        text.text.lines().any(|one| one == line),
        "{line}: {}",
        text.text
    );
    assert!(change.why.contains(&line), "{change:?}");
}
