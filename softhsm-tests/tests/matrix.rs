//! Who may call what, tried with real certificates on every route. The table is reviewed in
//! `tests/matrix.txt`; `UPDATE=1` writes it anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use countersign_api::{Method, ROUTES, Role, Route};
use softhsm_tests::client::{Client, Method as Http};
use softhsm_tests::{Appliance, Options};

const ROLES: [(&str, Role); 5] = [
    ("bot", Role::Bot),
    ("gateway", Role::Gateway),
    ("risk", Role::Risk),
    ("operator-b", Role::Operator),
    ("auditor", Role::Auditor),
];

/// Nothing has these identifiers, so that nothing is changed by asking.
fn path(route: &Route) -> String {
    let prefix = match route.path.split('/').nth(2) {
        Some("users") => "usr",
        Some("wallets") => "wal",
        Some("grants") => "grt",
        Some("requests") => "req",
        Some("policies") => "pol",
        Some("pki") => "crt",
        Some("approvers") => "apr",
        Some("registrations") => "rgn",
        _ => "x",
    };
    let id = format!("{prefix}_{:032}", 0);
    route
        .path
        .replace("{id}", &id)
        .replace("{slug}", "solana")
        .replace("{address}", "x")
        .replace("{account}", "x")
}

fn http(method: Method) -> (Http, &'static [u8]) {
    match method {
        Method::Get => (Http::GET, b""),
        Method::Post => (Http::POST, b"{}"),
        Method::Patch => (Http::PATCH, b"{}"),
        Method::Delete => (Http::DELETE, b""),
    }
}

/// Whether the route was reached: refused by role and refused by certificate both count as not.
async fn reaches(client: &Client, route: &Route) -> Result<bool> {
    reaches_at(client, route, &path(route)).await
}

async fn reaches_at(client: &Client, route: &Route, path: &str) -> Result<bool> {
    let (method, body) = http(route.method);
    let reply = client.send(method, path, &[], body.to_vec()).await?;
    let detail = reply.body["detail"].as_str().unwrap_or_default();
    let mounted = reply.status != 405 && !detail.contains("there is no route");
    ensure!(mounted, "{path} is not mounted: {detail}");
    ensure!(reply.status != 500, "{path}: {}", reply.body);
    if reply.code() == "forbidden" {
        ensure!(reply.status == 403, "{path}: {}", reply.body);
        return Ok(false);
    }
    Ok(true)
}

/// Who may only try a route reaches it in a dry run alone.
async fn as_role(client: &Client, route: &Route, role: Role) -> Result<bool> {
    let reached = reaches(client, route).await?;
    if !route.only_rehearses(role) {
        return Ok(reached);
    }
    ensure!(!reached, "{}: {role:?} reaches it in earnest", route.path);
    let tried = format!("{}?dry_run=true", path(route));
    reaches_at(client, route, &tried).await
}

async fn revoked(appliance: &Appliance) -> Result<Client> {
    let id = appliance.issue_as("operator", "gone", "gone", None).await?;
    let client = appliance.client("gone")?;
    ensure!(client.get("/v1/status").await?.status == 200);
    let operator = appliance.client("operator-a")?;
    let path = format!("/v1/pki/certificates/{id}");
    ensure!(operator.delete(&path).await?.status == 200);
    Ok(client)
}

async fn table(appliance: &Appliance) -> Result<String> {
    let revoked = revoked(appliance).await?;
    let clients: Vec<Client> = ROLES
        .iter()
        .map(|(file, _)| appliance.client(file))
        .collect::<Result<_>>()?;
    let mut table = String::from(
        "                                        bot  gateway  risk  operator  auditor  \
         revoked operator\n",
    );
    for route in ROUTES {
        write!(table, "{:6} {:32}", route.method.as_str(), route.path)?;
        for ((_, role), (client, width)) in ROLES.iter().zip(clients.iter().zip([4, 9, 6, 10, 9])) {
            let reached = as_role(client, route, *role)
                .await
                .with_context(|| format!("{role:?}"))?;
            ensure!(
                reached == route.permits(*role),
                "{} {}: {role:?} reaches it: {reached}",
                route.method.as_str(),
                route.path
            );
            let mark = match reached {
                true if route.only_rehearses(*role) => "dry run",
                true => "yes",
                false => "-",
            };
            write!(table, "{mark:>width$}")?;
        }
        let reached = reaches(&revoked, route).await?;
        writeln!(table, "{:>18}", if reached { "yes" } else { "-" })?;
    }
    Ok(table)
}

#[tokio::test]
async fn every_role_reaches_what_the_table_says_and_nothing_else() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let found = table(&appliance).await.unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &found).unwrap();
    }
    let reviewed = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        found, reviewed,
        "rights changed; review them and run this test with UPDATE=1"
    );
    without_a_certificate(&appliance).await.unwrap();
    no_side_door(&appliance).await.unwrap();
}

/// Who has no certificate does not even get a connection.
async fn without_a_certificate(appliance: &Appliance) -> Result<()> {
    let anonymous = Client::anonymous(&appliance.url()?, &appliance.path("ca.pem"))?;
    for route in ROUTES {
        let (method, body) = http(route.method);
        let reply = anonymous
            .send(method, &path(route), &[], body.to_vec())
            .await;
        ensure!(reply.is_err(), "{}: {reply:?}", route.path);
    }
    // A certificate that another authority issued does not either.
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let certificate = rcgen::CertificateParams::new(vec!["bot".to_owned()])?.self_signed(&key)?;
    let ca = std::fs::read(appliance.path("ca.pem"))?;
    let (pem, key) = (certificate.pem(), key.serialize_pem());
    let tls = softhsm_tests::client::tls(&ca, Some((pem.as_bytes(), key.as_bytes())))?;
    let stranger = Client::with_tls(&appliance.url()?, tls)?;
    ensure!(stranger.get("/v1/status").await.is_err());
    Ok(())
}

/// inv10: what signs is in the table, and nothing else is mounted beside it.
async fn no_side_door(appliance: &Appliance) -> Result<()> {
    let signing: Vec<&str> = ROUTES
        .iter()
        .filter(|route| route.is_judged())
        .map(|route| route.path)
        .collect();
    ensure!(
        signing == ["/v1/sign/solana", "/v1/sign/solana/batch", "/v1/sign/evm"],
        "{signing:?}"
    );
    let beside = ROUTES.iter().filter(|route| !route.is_judged());
    for route in beside {
        ensure!(!route.path.contains("sign"), "`{}` may sign", route.path);
    }
    let bot = appliance.client("bot")?;
    for path in [
        "/v1/sign",
        "/v1/sign/digest",
        "/v1/sign/raw",
        "/v1/sign/message",
        "/v1/sign/solana/raw",
        "/v1/keys",
        "/livez",
        "/metrics",
        "/",
    ] {
        for method in [Http::GET, Http::POST] {
            let reply = bot.send(method, path, &[], Vec::new()).await?;
            let problem = reply.problem()?;
            ensure!(problem.status == 404, "{path}: {problem:?}");
        }
    }
    Ok(())
}
