//! What anybody's signer has to do: TLS, HTTP, JSON, one durable row in a group commit, `C_Sign`.
//! No decoding, policy, limits, log or verification.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_appliance::start::default_workers;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::Attribute;
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::floor;

/// Variable with the directory of an appliance whose PKCS#11 module the floor takes.
pub(crate) const MODULE_OF: &str = "COUNTERSIGN_BENCH_MODULE_OF";

const PIN: &str = "1234";

/// DER of the OID of Ed25519, RFC 8410 §3.
const ED25519: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];

/// Rows that share a commit at most, as in the appliance.
const BATCH: usize = 256;

struct Row {
    message: Vec<u8>,
    written: oneshot::Sender<()>,
}

struct Job {
    message: Vec<u8>,
    signed: oneshot::Sender<Vec<u8>>,
}

#[derive(Clone)]
struct Parts {
    rows: mpsc::Sender<Row>,
    jobs: crossbeam_channel::Sender<Job>,
}

/// A token of its own below `directory`; to be called before the process has threads.
pub(crate) fn make_token(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory.join("tokens"))?;
    let tokens = directory.join("tokens");
    let conf = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(directory.join("softhsm2.conf"), conf)?;
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "floor"])
        .args(["--pin", PIN, "--so-pin", PIN])
        .env("SOFTHSM2_CONF", directory.join("softhsm2.conf"))
        .output()?;
    ensure!(made.status.success(), "softhsm2-util: {made:?}");
    Ok(())
}

/// `POST /floor` of the body of a sign request.
pub(crate) async fn router(directory: &Path, module_of: &Path) -> Result<Router> {
    let (rows, queued) = mpsc::channel(1024);
    tokio::spawn(write(database(directory).await?, queued));
    let parts = Parts {
        rows,
        jobs: signing_threads(module_of)?,
    };
    Ok(Router::new()
        .route("/floor", post(sign))
        .with_state(Arc::new(parts)))
}

async fn sign(
    State(parts): State<Arc<Parts>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let failed = |_| StatusCode::SERVICE_UNAVAILABLE;
    let message = body.get("message").and_then(Value::as_str);
    let message = BASE64_STANDARD.decode(message.unwrap_or_default());
    let message = message.map_err(|_| StatusCode::BAD_REQUEST)?;
    let (written, durable) = oneshot::channel();
    let row = Row {
        message: message.clone(),
        written,
    };
    parts.rows.send(row).await.map_err(|_| failed(()))?;
    durable.await.map_err(|_| failed(()))?;
    let (signed, signature) = oneshot::channel();
    let job = Job { message, signed };
    parts.jobs.send(job).map_err(|_| failed(()))?;
    let signature = signature.await.map_err(|_| failed(()))?;
    Ok(Json(json!({
        "wallet_id": body.get("wallet_id"),
        "signature": BASE64_STANDARD.encode(signature),
        "padding": "x".repeat(500),
    })))
}

async fn database(directory: &Path) -> Result<SqliteConnection> {
    let mut connection = SqliteConnectOptions::new()
        .filename(directory.join("floor.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "4000")
        .disable_statement_logging()
        .connect()
        .await?;
    let table = "CREATE TABLE rows (id INTEGER PRIMARY KEY, message BLOB NOT NULL)";
    sqlx::query(table).execute(&mut connection).await?;
    Ok(connection)
}

/// One commit for all rows that wait.
async fn write(mut connection: SqliteConnection, mut rows: mpsc::Receiver<Row>) {
    let mut batch = Vec::new();
    while rows.recv_many(&mut batch, BATCH).await > 0 {
        let values = vec!["(?)"; batch.len()].join(",");
        let insert = format!("INSERT INTO rows (message) VALUES {values}");
        let insert = batch
            .iter()
            .fold(sqlx::query(AssertSqlSafe(insert)), |insert, row| {
                insert.bind(row.message.clone())
            });
        if insert.execute(&mut connection).await.is_err() {
            return;
        }
        for row in batch.drain(..) {
            let _asker_gave_up = row.written.send(());
        }
    }
}

fn signing_threads(module_of: &Path) -> Result<crossbeam_channel::Sender<Job>> {
    let context = Pkcs11::new(floor::module_of(module_of)?)?;
    context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slots = context.get_slots_with_initialized_token()?;
    let slot = slots.into_iter().next().context("no token")?;
    let holder = context.open_rw_session(slot)?;
    holder.login(UserType::User, Some(&AuthPin::from(PIN)))?;
    let public = [
        Attribute::Token(true),
        Attribute::EcParams(ED25519.to_vec()),
    ];
    let private = [Attribute::Token(true), Attribute::Sensitive(true)];
    let (_, key) = holder.generate_key_pair(&Mechanism::EccEdwardsKeyPairGen, &public, &private)?;
    let (sender, jobs) = crossbeam_channel::unbounded::<Job>();
    for _ in 0..default_workers() {
        let (session, jobs) = (context.open_ro_session(slot)?, jobs.clone());
        std::thread::spawn(move || serve(&session, key, &jobs));
    }
    // The login lasts as long as a session does.
    std::mem::forget(holder);
    Ok(sender)
}

fn serve(
    session: &Session,
    key: cryptoki::object::ObjectHandle,
    jobs: &crossbeam_channel::Receiver<Job>,
) {
    let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519));
    while let Ok(job) = jobs.recv() {
        if let Ok(signature) = session.sign(&mechanism, key, &job.message) {
            let _asker_gave_up = job.signed.send(signature);
        }
    }
}
