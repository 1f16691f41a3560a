//! A sign request that policy holds: what the ledger keeps of it, and how it reads now.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_intent::{Intent, Principal, Timestamp, intent_digest};
use countersign_policy::approval::text::{Frame, of_intent};
use countersign_policy::usage::Window;
use countersign_policy::{Decision, Facts, LimitKey, Requirement, WalletFacts, decide, limit_keys};
use countersign_store::{PAGE_LIMIT, RequestFilter, StoredRequest, request_seq};
use serde::{Deserialize, Serialize};

use super::Governance;
use super::ask::{Ask, Standing, issuers};
use super::{ConsentRecord, Digest32, GovernError};
use crate::sign::{Kept, Remembered};
use crate::venue::{Body, Told};
use crate::wallets::WalletEntry;

/// Everything that is needed to judge the request again under another policy. Kept as text with
/// a voucher over it: the row is not trusted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// `req_…`
    pub request: String,
    /// Who asked.
    pub principal: String,
    /// Whose word the certificate rests on that they came with; what earlier versions held does
    /// not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuers: Option<Vec<String>>,
    /// `wal_…`
    pub wallet: String,
    /// What it asks for as its venue keeps it, base64.
    pub body: String,
    /// What approvals bind to.
    pub digest: Digest32,
    /// Microseconds since the Unix epoch.
    pub asked_at: i64,
    /// Microseconds since the Unix epoch.
    pub expires_at: i64,
}

impl Held {
    /// What it asked for, as other requests keep it; `None` if it is not readable.
    #[must_use]
    pub fn kept(text: &str) -> Option<Kept> {
        let held: Self = serde_json::from_str(text).ok()?;
        Some(Kept {
            body: held.body()?,
            halted: false,
            approved: None,
        })
    }

    fn body(&self) -> Option<Body> {
        Body::read_back(&BASE64_STANDARD.decode(&self.body).ok()?)
    }
}

/// Counts the requests that wait for people already, so that a restart frees nobody's places. A row that
/// this appliance did not write counts for nobody: it is refused wherever it is used.
///
/// # Errors
/// A store or HSM that does not answer.
pub async fn count_waiting(governance: &Governance) -> Result<(), GovernError> {
    let now = governance.clock.now();
    let wanted = RequestFilter {
        waiting: true,
        since: Some(now.saturating_sub(Requirement::MOST_EXPIRY)),
        ..RequestFilter::default()
    };
    let mut before = governance
        .db
        .progress()
        .await?
        .last_request
        .saturating_add(1);
    loop {
        let rows = governance.db.requests(&wanted, before, PAGE_LIMIT).await?;
        for stored in &rows {
            if !governance.ledger.rows().are_genuine(stored) {
                tracing::error!(request = %stored.request.id, "a held request was changed in the database");
            } else if let Some((asker, expires_at)) = waits(governance, stored, now).await? {
                governance.holds.add(&asker, stored.request.id, expires_at);
            }
        }
        let is_full = rows.len() >= usize::try_from(PAGE_LIMIT).unwrap_or(usize::MAX);
        let Some(last) = rows.last().filter(|_| is_full) else {
            return Ok(());
        };
        before = request_seq(last.request.id);
    }
}

/// Who asked, and until when it waits, unless it is over.
async fn waits(
    governance: &Governance,
    stored: &StoredRequest,
    now: Timestamp,
) -> Result<Option<(Principal, Timestamp)>, GovernError> {
    let id = stored.request.id;
    let Some(Remembered::Pending { expires_at, .. }) = Remembered::decode(&stored.request.answer)
    else {
        return Ok(None);
    };
    let expires_at = Timestamp::from_micros(expires_at);
    if expires_at <= now {
        return Ok(None);
    }
    let consent = governance
        .records
        .get::<ConsentRecord>(*id.as_bytes())
        .await?;
    if consent.is_some_and(|one| one.record.used.is_some() || one.record.rejection.is_some()) {
        return Ok(None);
    }
    let asker = stored.request.key.principal().parse();
    let asker = asker.map_err(|_| GovernError::Unreadable(id.to_string()))?;
    Ok(Some((asker, expires_at)))
}

/// The held request as an ask; `None` if it is not held.
///
/// # Errors
/// A row that this appliance did not write; a store or HSM that does not answer.
pub(super) async fn read(
    governance: &Governance,
    stored: &StoredRequest,
) -> Result<Option<Ask>, GovernError> {
    let id = stored.request.id;
    let Some(Remembered::Pending { held, voucher, .. }) =
        Remembered::decode(&stored.request.answer)
    else {
        return Ok(None);
    };
    let unreadable = || GovernError::Unreadable(id.to_string());
    if !governance.vouchers.check_held(&held, &voucher) {
        metrics::counter!("countersign_tampered_rows_total").increment(1);
        tracing::error!(request = %id, "a held request was changed in the database");
        return Err(unreadable());
    }
    let held: Held = serde_json::from_str(&held).map_err(|_| unreadable())?;
    if held.request != id.to_string() {
        return Err(unreadable());
    }
    let asker: Principal = held.principal.parse().map_err(|_| unreadable())?;
    let wallet = held.wallet.parse().map_err(|_| unreadable())?;
    let entry = governance
        .directory
        .resolve(wallet)
        .await?
        .ok_or_else(unreadable)?;
    let mut ask = Ask {
        id,
        kind: "sign",
        wallet: Some(wallet),
        issuers: issuers(&governance.register, &asker, held.issuers.as_deref()),
        asker,
        asked_at: Timestamp::from_micros(held.asked_at),
        expires_at: Timestamp::from_micros(held.expires_at),
        log_index: stored.request.log_index,
        digest: held.digest.0,
        standing: Err(String::new()),
    };
    ask.standing = stand(governance, &ask, &held, &entry);
    Ok(Some(ask))
}

/// What the policy of now asks for it. Usage is left out: it is looked at when the request is
/// released.
fn stand(
    governance: &Governance,
    ask: &Ask,
    held: &Held,
    wallet: &WalletEntry,
) -> Result<Standing, String> {
    let policy = governance.policies.active().ok_or("no policy is active")?;
    let intent = intent(governance, held, wallet).ok_or(
        "under the policy of now this request reads differently than when it was asked for; ask \
         again",
    )?;
    let facts = WalletFacts {
        id: wallet.counts_as,
        user: wallet.user,
        tier: wallet.tier.as_deref(),
        limits: &wallet.limits,
    };
    let keys = limit_keys(&policy.set, &intent, &ask.asker, &facts);
    let unused: Vec<(LimitKey, Window)> = keys
        .into_iter()
        .map(|key| (key.clone(), Window::new(key.window())))
        .collect();
    let prices = governance.prices.facts(&policy.set);
    let decision = decide(
        &policy.set,
        &intent,
        &Facts {
            now: governance.clock.now(),
            principal: &ask.asker,
            wallet: facts,
            usage: &unused,
            prices: &prices,
            added_destinations: &policy.added,
            approvals: None,
        },
    );
    let requirements = match decision {
        Decision::NeedApproval(asked) => asked.requirements,
        Decision::Allow(_) => {
            return Err("the policy of now asks nobody about this; ask again".to_owned());
        }
        Decision::Deny(denial) => {
            let reasons: Vec<&str> = denial
                .reasons
                .iter()
                .map(|one| one.message.as_str())
                .collect();
            return Err(format!(
                "the policy of now denies this: {}",
                reasons.join("; ")
            ));
        }
    };
    let approvers = governance.approvers.all();
    if let Some(why) = super::cosigner::lacking(
        &requirements,
        &policy.set,
        &approvers,
        |one| ask.is_by(one),
        intent.cosigners(),
    ) {
        return Err(why);
    }
    let frame = frame(governance, ask, &policy, &requirements);
    let text = of_intent(&intent, facts, &frame).map_err(|error| error.to_string())?;
    Ok(Standing {
        policy,
        requirements,
        text,
    })
}

fn frame<'a>(
    governance: &'a Governance,
    ask: &'a Ask,
    policy: &'a crate::policies::ActivePolicy,
    requirements: &[Requirement],
) -> Frame<'a> {
    Frame {
        appliance: &governance.trust_domain,
        request: ask.id,
        asker: &ask.asker,
        policy_version: policy.version,
        policy: &policy.set,
        opens_at: ask.opens_at(requirements),
        expires_at: ask.expires_at,
    }
}

/// The intent, if the bytes still mean what was asked for.
fn intent(governance: &Governance, held: &Held, wallet: &WalletEntry) -> Option<Intent> {
    let body = held.body()?;
    let told = Told::now(body.venue(), &governance.sources);
    let understood = body.read(&told, &wallet.address).ok()?;
    (intent_digest(&understood.intent) == held.digest.0).then_some(understood.intent)
}
