//! An appliance on the simulator with a clock that the test moves, and short ways to use it.

use std::sync::Arc;

use countersign_audit::Actor;
use countersign_hsm::Device;
use countersign_hsm::simulator::{FaultPlan, Simulator};
use countersign_intent::{Address, Principal, RequestId, Span, Timestamp, UserId, Venue, WalletId};
use ed25519_dalek::{Signer, SigningKey};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use sha2::{Digest, Sha256};

use super::super::{
    ConsentRecord, Poster, apply, approve, approver::Enrolment, change::What, load, propose, reject,
};
use crate::app::App;
use crate::approvers::Scheme;
use crate::certificates::{certified, put, sign};
use crate::clock::{self, Clock, ManualClock, SystemClock};
use crate::config::{Config, CustodyKind};
use crate::freezes::{FreezeRecord, Scope};
use crate::grants::GrantRecord;
use crate::identity::Caller;
use crate::init::{self, FirstApprover, Init};
use crate::records::Draft;
use crate::reload::Reload;
use crate::sign::{Answer, Asked, WalkError, walk};
use crate::start::{self, Background, Threads};
use crate::users::UserRecord;
use crate::venue::{Body, solana};
use crate::wallets::NewWallet;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
pub(super) const APPROVERS: [&str; 3] = ["alice", "bob", "carol"];
/// The limit per hour.
pub(super) const MAX_SOL: u64 = 12;
/// The time lock of withdrawals in seconds.
pub(super) const POLICY_LOCK: i64 = 60;

/// The same policy under another hash each time.
pub(super) fn policy(marker: &str) -> String {
    format!(
        r#"
schema = 1
name = "model"
[groups.treasury]
approvers = ["alice", "bob", "carol"]
[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2
delay = "0s"
[destinations.cold]
solana = ["{COLD}"]
[[limits]]
name = "sol-out"
when = {{ action = "withdrawal", asset = "SOL" }}
per = "wallet"
window = "1h"
max_amount = "{MAX_SOL}"
[[rules]]
name = "deny-{marker}"
when = {{ action = "stake" }}
then = "deny"
[[rules]]
name = "held"
when = {{ action = "withdrawal", asset = "SOL", destination = "cold" }}
then = {{ approve = {{ group = "treasury", quorum = 2, time_lock = "{POLICY_LOCK}s", expires = "1h" }} }}
"#
    )
}

pub(super) struct Desk {
    directory: tempfile::TempDir,
    simulator: Arc<Simulator>,
    device: Arc<dyn Device>,
    clock: Arc<ManualClock>,
    running: Option<(Arc<App>, Threads, Background)>,
    wallet: WalletId,
    address: Address,
    bot: Option<Arc<Caller>>,
    operator: Option<Arc<Caller>>,
}

fn approver_key(who: usize, generation: u64) -> SigningKey {
    let seed = Sha256::digest(format!("{} {generation}", APPROVERS[who]));
    SigningKey::from_bytes(&seed.into())
}

fn public(who: usize, generation: u64) -> String {
    let key = approver_key(who, generation);
    bs58::encode(key.verifying_key().as_bytes()).into_string()
}

impl Desk {
    pub(super) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let simulator = Arc::new(Simulator::default());
        let device: Arc<dyn Device> = Arc::clone(&simulator) as _;
        let policy_file = directory.path().join("policy.toml");
        std::fs::write(&policy_file, policy("first")).unwrap();
        let approver = |who| format!("{}={}", APPROVERS[who], public(who, 0));
        let first = Init {
            operators: vec!["a".to_owned()],
            approvers: (0..3)
                .map(|who| FirstApprover::parse(&approver(who)).unwrap())
                .collect(),
            operator_out: directory.path().to_owned(),
            policy: Some(policy_file),
            unchangeable: false,
        };
        let config = config(directory.path());
        let same = Arc::clone(&device);
        init::run_on(&config, &first, move || Ok(same))
            .await
            .unwrap();
        let second = SystemClock::new().now().micros() / 1_000_000 + 2;
        let clock = ManualClock::at(Timestamp::from_micros(second * 1_000_000));
        let mut desk = Self {
            directory,
            simulator,
            device,
            clock,
            running: None,
            wallet: WalletId::from_bytes([0; 16]),
            address: Address::new([0; 32]),
            bot: None,
            operator: None,
        };
        desk.start().await;
        desk.furnish().await;
        desk
    }

    async fn start(&mut self) {
        let config = config(self.directory.path());
        let db = config.database().open().await.unwrap();
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let device = Arc::clone(&self.device);
        let opened = start::open(&config, device, db, &clock).await.unwrap();
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new()
            .build_recorder()
            .handle();
        self.running = Some(start::assemble(config, opened, metrics).await.unwrap());
        clock::note(&self.app().clock_watch).await;
        clock::remember(&self.app().clock_watch).await;
        self.bot = Some(self.certify("bot/model").await);
        self.operator = Some(self.certify("operator/a").await);
    }

    async fn furnish(&mut self) {
        let app = Arc::clone(self.app());
        let user = UserId::from_bytes([1; 16]);
        let record = UserRecord {
            gateway: "g".to_owned(),
            external_id: "u".to_owned(),
            display_name: None,
            tier: None,
            created_at: 0,
        };
        crate::users::ensure(&app.records, &app.journal, user, &record, Actor::System)
            .await
            .unwrap();
        let new = NewWallet {
            user: user.to_string(),
            gateway: "g".to_owned(),
            venue: Venue::Solana,
            environment: "mainnet".to_owned(),
            name: None,
            custody: CustodyKind::Resident,
            limits: Default::default(),
        };
        let wallet =
            crate::wallets::ensure(&app.records, &app.desk, &app.journal, new, Actor::System)
                .await
                .unwrap();
        self.wallet = WalletId::from_bytes(wallet.id);
        self.address = wallet.record.address.parse().unwrap();
        let grant = GrantRecord {
            bot: "model".to_owned(),
            wallet: self.wallet.to_string(),
            actions: None,
            created_at: 0,
            revoked_at: None,
        };
        let draft = Draft::new([2; 16], &grant).unwrap();
        app.records.commit(vec![draft], Vec::new()).await.unwrap();
    }

    async fn certify(&self, principal: &str) -> Arc<Caller> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let csr = CertificateParams::default()
            .serialize_request(&key)
            .unwrap();
        let principal: Principal = principal.parse().unwrap();
        let longest = self.app().config.certificates.client_longest;
        let app = self.app();
        let issued = sign(
            &app.certificates,
            csr.pem().unwrap(),
            &principal,
            Some(longest),
        )
        .await;
        let issued = issued.unwrap();
        let stored = certified(&app.certificates, &issued, &principal, Vec::new());
        let draft = Draft::new(stored.id, &stored.record).unwrap();
        app.records.commit(vec![draft], Vec::new()).await.unwrap();
        put(&app.certificates, &stored).unwrap();
        let domain = app.authority.trust_domain();
        Arc::new(Caller::from_certificate(&issued.certificate, domain).unwrap())
    }

    pub(super) fn reload(&self) -> Arc<Reload> {
        Arc::clone(&self.running.as_ref().unwrap().2.reload)
    }

    pub(super) fn app(&self) -> &Arc<App> {
        &self.running.as_ref().unwrap().0
    }

    pub(super) async fn end(&mut self) {
        let (app, threads, background) = self.running.take().unwrap();
        self.bot = None;
        self.operator = None;
        // As every stop does; they say what time it was.
        let kind = countersign_audit::Kind::Stop;
        let detail = serde_json::json!({});
        let entry = app
            .journal
            .entry(kind, Actor::System, None, &detail)
            .unwrap();
        app.ledger.append(entry).await.unwrap();
        crate::sequencer::sign_head(&app.sequencer).await.unwrap();
        app.ledger.shutdown().await.unwrap();
        app.db.close().await.unwrap();
        drop((Arc::into_inner(app).unwrap(), background));
        tokio::task::spawn_blocking(|| threads.join())
            .await
            .unwrap();
    }

    pub(super) async fn restart(&mut self) {
        self.restart_set_by(0).await;
    }

    /// Sets the machine's clock while the appliance is stopped.
    pub(super) async fn restart_set_by(&mut self, seconds: i64) {
        self.end().await;
        self.clock.jump(seconds);
        self.start().await;
    }

    /// Whole seconds of the time that counts.
    pub(super) fn now(&self) -> i64 {
        self.app().clock.now().micros() / 1_000_000
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.clock.advance(Span::from_secs(seconds));
    }

    /// Sets the machine's clock, and lets the appliance notice.
    pub(super) async fn jump(&self, seconds: i64) {
        self.clock.jump(seconds);
        clock::note(&self.app().clock_watch).await;
    }

    pub(super) async fn confirm_clock(&self) {
        let operator = self.operator.as_ref().unwrap();
        let reading = clock::confirm(&self.app().clock_watch, operator.actor(), "operator/a").await;
        assert!(reading.unwrap().suspect.is_none());
    }

    pub(super) fn suspect(&self) -> bool {
        self.app().timekeeper.read().suspect.is_some()
    }

    pub(super) fn version(&self) -> u64 {
        self.app().policies.active().unwrap().version
    }

    pub(super) fn faults(&self) -> &FaultPlan {
        self.simulator.faults()
    }

    pub(super) fn wallet(&self) -> String {
        self.wallet.to_string()
    }

    /// Why a scope is frozen.
    pub(super) fn frozen_for(&self, scope: &Scope) -> Option<String> {
        let in_force = self.app().freezes.in_force();
        in_force.get(scope)?.record.reason.clone()
    }

    pub(super) fn frozen(&self) -> bool {
        self.app().freezes.everything()
    }

    pub(super) async fn sign(
        &self,
        key: &str,
        sol: u64,
        blockhash: u8,
        approved: Option<RequestId>,
    ) -> Answer {
        self.try_sign(key, sol, blockhash, approved).await.unwrap()
    }

    pub(super) async fn try_sign(
        &self,
        key: &str,
        sol: u64,
        blockhash: u8,
        approved: Option<RequestId>,
    ) -> Result<Answer, WalkError> {
        let bytes = self.transfer(sol * 1_000_000_000, blockhash);
        let mut hasher = Sha256::new();
        hasher.update(&bytes);
        hasher.update(approved.map_or([0; 16], |id| *id.as_bytes()));
        let asked = Asked {
            caller: Arc::clone(self.bot.as_ref().unwrap()),
            key: key.to_owned(),
            wallet: self.wallet,
            body: Body::Solana(solana::Body {
                form: solana::Form::Message,
                bytes,
                mints: Vec::new(),
            }),
            approved,
            dry_run: false,
            fingerprint: hasher.finalize().into(),
        };
        walk(self.app(), asked).await
    }

    /// A legacy message with one system transfer to the cold address.
    fn transfer(&self, lamports: u64, blockhash: u8) -> Vec<u8> {
        let cold: Address = COLD.parse().unwrap();
        let mut out = vec![1, 0, 1, 3];
        for key in [self.address, cold, Address::new([0; 32])] {
            out.extend_from_slice(key.as_bytes());
        }
        out.extend_from_slice(&[blockhash; 32]);
        out.extend_from_slice(&[1, 2, 2, 0, 1, 12, 2, 0, 0, 0]);
        out.extend_from_slice(&lamports.to_le_bytes());
        out
    }

    /// Whether the approval was taken.
    pub(super) async fn approve(&self, id: RequestId, who: usize, key: u64) -> bool {
        let app = self.app();
        let ask = load(&app.governance, id).await.unwrap().unwrap();
        let Ok(standing) = &ask.standing else {
            return false;
        };
        let enrolled = app.approvers.find(APPROVERS[who]).unwrap();
        let message = enrolled
            .key
            .message(&app.config.trust_domain, &standing.text)
            .unwrap();
        let signature = approver_key(who, key).sign(&message).to_bytes();
        let signature = bs58::encode(signature).into_string();
        let scheme = Scheme::SolanaOffchainV0.as_str();
        let operator = Arc::clone(self.operator.as_ref().unwrap());
        let taken = approve(
            &app.governance,
            &Poster::of(&operator),
            id,
            APPROVERS[who],
            scheme,
            &signature,
        )
        .await;
        taken.is_ok()
    }

    pub(super) async fn reject(&self, id: RequestId, who: usize) -> bool {
        let operator = Arc::clone(self.operator.as_ref().unwrap());
        let name = Some(APPROVERS[who]);
        reject(
            &self.app().governance,
            &Poster::of(&operator),
            id,
            name,
            None,
        )
        .await
        .is_ok()
    }

    /// Proposes, lets alice and bob agree, and expects it to be in effect.
    pub(super) async fn change(&self, what: What, keys: &[u64; 3]) {
        let operator = Arc::clone(self.operator.as_ref().unwrap());
        let app = self.app();
        let proposal = propose(&app.governance, &Poster::of(&operator), what)
            .await
            .unwrap();
        let id = proposal.ask.id;
        apply::apply(&app.governance, id).await.unwrap();
        for who in [0, 1] {
            assert!(app.open_changes.all().contains(&id), "done without people");
            assert!(self.approve(id, who, keys[who]).await);
            apply::apply(&app.governance, id).await.unwrap();
        }
        assert!(
            !app.open_changes.all().contains(&id),
            "not done though people agreed"
        );
    }

    /// Proposes, lets alice and bob agree, and expects it to wait for the clock all the same.
    pub(super) async fn change_waits(&self, what: What, keys: &[u64; 3]) {
        let operator = Arc::clone(self.operator.as_ref().unwrap());
        let app = self.app();
        let id = propose(&app.governance, &Poster::of(&operator), what)
            .await
            .unwrap()
            .ask
            .id;
        for who in [0, 1] {
            assert!(self.approve(id, who, keys[who]).await);
        }
        apply::apply(&app.governance, id).await.unwrap();
        assert!(
            app.open_changes.all().contains(&id),
            "done by a suspect clock"
        );
        assert!(self.reject(id, 2).await);
    }

    /// Proposes and lets alice and bob agree; it is not in effect yet.
    pub(super) async fn agreed(&self, what: What) -> RequestId {
        let operator = Arc::clone(self.operator.as_ref().unwrap());
        let proposal = propose(&self.app().governance, &Poster::of(&operator), what).await;
        let id = proposal.unwrap().ask.id;
        for who in [0, 1] {
            assert!(self.approve(id, who, 0).await);
        }
        id
    }

    pub(super) async fn is_rejected(&self, id: RequestId) -> bool {
        let consent = self.app().records.get::<ConsentRecord>(*id.as_bytes());
        let consent = consent.await.unwrap().unwrap().record;
        consent.rejection.is_some_and(|no| no.name == "system")
    }

    pub(super) fn enrolment(&self, who: usize, generation: u64) -> What {
        let before = self.app().approvers.enrolled(APPROVERS[who]);
        What::ApproverAdd {
            to: Enrolment {
                name: APPROVERS[who].to_owned(),
                scheme: Scheme::SolanaOffchainV0,
                public_key: public(who, generation),
                operator: None,
            },
            replaces: before.as_ref().map(Enrolment::of),
        }
    }

    pub(super) async fn freeze(&self) {
        let record = FreezeRecord {
            scope: Scope::Everything,
            by: "risk/r".to_owned(),
            certificate: None,
            reason: None,
            since: self.app().clock.now().micros(),
            lifted_at: None,
            first: None,
        };
        let app = self.app();
        let record = app.freezes.stop(&record);
        let id = Scope::Everything.row_id();
        let draft = match app.records.get::<FreezeRecord>(id).await.unwrap() {
            Some(mut stored) => {
                stored.record = record.clone();
                Draft::update(&stored).unwrap()
            }
            None => Draft::new(id, &record).unwrap(),
        };
        app.records.commit(vec![draft], Vec::new()).await.unwrap();
    }

    pub(super) fn unfreezing(&self) -> Option<What> {
        let in_force = self.app().freezes.in_force();
        let freeze = in_force.get(&Scope::Everything)?;
        Some(What::Unfreeze {
            scope: Scope::Everything,
            since: freeze.record.since,
            reason: None,
        })
    }
}

fn config(directory: &std::path::Path) -> Config {
    let text = format!(
        "trust_domain = 'model.example'\nstate_dir = '{}'\n\
         [listen]\napi = '127.0.0.1:0'\noperations = '127.0.0.1:0'\n\
         server_names = ['localhost']\n[hsm]\nkind = 'pkcs11'\nmodule = '/none'\ntoken = 'simulated'\n",
        directory.display()
    );
    let path = directory.join("countersignd.toml");
    std::fs::write(&path, text).unwrap();
    Config::read(&path).unwrap()
}
