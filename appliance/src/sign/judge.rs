//! Stages 5 to 7: the case put before the ledger.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::ErrorCode;
use countersign_audit::{Detail, Entry, Kind as EntryKind};
use countersign_decode::explain;
use countersign_intent::{Effect, Intent, SigningInput, Span, Timestamp};
use countersign_policy::approval::Approvals;
use countersign_policy::approval::text::{Frame, of_intent};
use countersign_policy::{Ask, Decision, Facts, WalletFacts, decide, limit_keys};
use countersign_store::IdempotencyKey;
use countersign_store::ledger::{AdminChange, Bench, Case, Verdict};

use super::cosign;
use super::entry::{Recorded, too_long};
use super::kept::Kept;
use super::remember::{allowed, denied, deny_early, too_many_wait};
use super::stages::{Read, Refusal, Release, Remembered};
use super::stop::stopped;
use super::voucher::Allowed;
use crate::app::App;
use crate::certificates::issuers_of;
use crate::governance::held::Held;
use crate::governance::{Digest32, opens_at};
use crate::holds::TooMany;
use crate::journal::stamp;
use crate::policies::ActivePolicy;
use crate::venue::Understood;

/// Makes the case of a request.
pub(super) fn case(app: &Arc<App>, read: &Arc<Read>) -> Case {
    case_of(app, read, None, None)
}

/// Makes the case of a request that uses up an approval: `on_allow` marks it as used.
pub(super) fn case_of(
    app: &Arc<App>,
    read: &Arc<Read>,
    release: Option<Release>,
    on_allow: Option<AdminChange>,
) -> Case {
    let asked = &read.resolved.asked;
    let policy = app.policies.active();
    let input = match &read.understood {
        Ok(understood) => understood.input.clone(),
        // Never signed: the case can only be denied.
        Err(_) => SigningInput::from_decoder(asked.body.bytes().into(), 0),
    };
    let limit_keys = match (&read.understood, &policy) {
        (Ok(understood), Some(policy)) => limit_keys(
            &policy.set,
            &understood.intent,
            asked.caller.principal(),
            &wallet_facts(read),
        ),
        _ => Vec::new(),
    };
    let principal = asked.caller.principal().to_string();
    Case {
        key: IdempotencyKey::new(principal, asked.key.as_str()),
        fingerprint: asked.fingerprint,
        wallet: asked.wallet,
        digest: read.digest,
        input,
        limit_keys,
        dry_run: asked.dry_run,
        on_allow,
        hold: read.understood.as_ref().ok().and_then(Understood::hold),
        judge: Box::new({
            let (app, read) = (Arc::clone(app), Arc::clone(read));
            let hearing = Hearing {
                app,
                read,
                policy,
                release,
            };
            move |bench| hearing.verdict(bench)
        }),
    }
}

fn wallet_facts(read: &Read) -> WalletFacts<'_> {
    let wallet = &read.resolved.wallet;
    WalletFacts {
        id: wallet.counts_as,
        user: wallet.user,
        tier: wallet.tier.as_deref(),
        limits: &wallet.limits,
    }
}

struct Hearing {
    app: Arc<App>,
    read: Arc<Read>,
    policy: Option<Arc<ActivePolicy>>,
    release: Option<Release>,
}

impl Hearing {
    /// Runs on the ledger's writer, in the order of the log. `None` if what the case was made
    /// from has changed since: it is made anew.
    fn verdict(self, bench: &Bench<'_>) -> Option<Verdict> {
        let wallet = &self.read.resolved.wallet;
        let same_policy = match (&self.policy, self.app.policies.active()) {
            (Some(mine), Some(active)) => Arc::ptr_eq(mine, &active),
            (None, None) => true,
            _ => false,
        };
        if wallet.outdated() || !same_policy || !self.read.told.still_holds(&self.app.sources) {
            return None;
        }
        let refused = self.refused_before_policy(bench.now);
        let halted = refused.is_some() && self.read.understood.is_ok();
        let (decision, remembered) = match refused {
            Some(refusal) => deny_early(&refusal, self.effects()),
            None => self.ask_policy(bench),
        };
        let entry = self.entry(bench, &decision, &remembered);
        let (decision, remembered, entry) = match entry {
            Ok(entry) => (decision, remembered, entry),
            Err(error) => self.not_loggable(bench, &error),
        };
        Some(Verdict {
            decision,
            entry,
            message: self.message(&remembered, halted),
            answer: remembered.encode(),
        })
    }

    /// What is kept to judge it under another policy. What is held keeps its own, under a voucher.
    fn message(&self, remembered: &Remembered, halted: bool) -> Vec<u8> {
        let held = matches!(remembered, Remembered::Pending { .. });
        if held || self.app.config.store.keep_messages == Span::ZERO {
            return Vec::new();
        }
        Kept::of(&self.read.resolved.asked, halted)
    }

    /// What is refused whatever the policy says.
    fn refused_before_policy(&self, now: Timestamp) -> Option<Refusal> {
        if let Some(refusal) = stopped(&self.app, &self.read, now) {
            return Some(refusal);
        }
        let understood = match &self.read.understood {
            Ok(understood) => understood,
            Err(refusal) => return Some(refusal.clone()),
        };
        if let Some(refusal) = &understood.unfit {
            return Some(refusal.clone());
        }
        if let Some(release) = self.release.as_ref().filter(|one| now >= one.expires_at) {
            return Some(Refusal {
                code: ErrorCode::Expired,
                rule: "approval",
                message: format!("{} expired at {}", release.request, release.expires_at),
            });
        }
        self.not_granted(&understood.intent)
    }

    /// The grant covers every action that needs a rule; upkeep and fees come with any of them, and
    /// a grant of nothing brings nothing.
    fn not_granted(&self, intent: &Intent) -> Option<Refusal> {
        let asked = &self.read.resolved.asked;
        let grant = self.read.resolved.wallet.grant(asked.caller.principal())?;
        let mut heads = intent.effects().iter().map(Effect::head);
        let mut primary = heads.clone().filter(|one| one.primary).peekable();
        let missing = if primary.peek().is_none() && grant.covers_nothing() {
            heads.next()
        } else {
            primary.find(|one| !grant.covers(one.action))
        };
        let missing = missing?.action.as_str();
        Some(Refusal {
            code: ErrorCode::PolicyDenied,
            rule: "grant",
            message: format!(
                "the bot's grant on this wallet covers {:?}, not `{missing}`; a gateway or operator \
                 can grant it",
                grant.actions.as_deref().unwrap_or_default(),
            ),
        })
    }

    fn ask_policy(&self, bench: &Bench<'_>) -> (Decision, Remembered) {
        let (Some(policy), Ok(understood)) = (&self.policy, &self.read.understood) else {
            let refusal = Refusal {
                code: ErrorCode::PolicyDenied,
                rule: "policy",
                message: "no policy is active, so nothing is allowed; propose one with \
                          `countersign policy propose`"
                    .to_owned(),
            };
            return deny_early(&refusal, self.effects());
        };
        let prices = self.app.prices.facts(&policy.set);
        let facts = Facts {
            now: bench.now,
            principal: self.read.resolved.asked.caller.principal(),
            wallet: wallet_facts(&self.read),
            usage: bench.usage,
            prices: &prices,
            added_destinations: &policy.added,
            approvals: self.release.as_ref().map(approvals),
        };
        let decision = decide(&policy.set, &understood.intent, &facts);
        if let (Decision::Allow(_), Some(state)) = (&decision, bench.hold)
            && let Some(refusal) = understood.hold_refused(state)
        {
            return deny_early(&refusal, self.effects());
        }
        let remembered = match &decision {
            Decision::Allow(permit) => allowed(permit, self.effects(), self.voucher(bench)),
            Decision::Deny(denial) => denied(denial, self.effects()),
            Decision::NeedApproval(ask) => {
                if self.release.is_none()
                    && let Err(full) = self.room(bench.now)
                {
                    return too_many_wait(&full, self.effects());
                }
                match self.hold(bench, policy, understood, ask) {
                    Ok(pending) => pending,
                    Err(refusal) => return deny_early(&refusal, self.effects()),
                }
            }
        };
        (decision, remembered)
    }

    /// Whether one more request of this principal may wait for people.
    fn room(&self, now: Timestamp) -> Result<(), TooMany> {
        let asker = self.read.resolved.asked.caller.principal();
        self.app.holds.room(asker, now)
    }

    /// What is kept of a request that waits for people. One that brought their consent along and
    /// needs more is refused instead: it would ask them about something they were asked before.
    fn hold(
        &self,
        bench: &Bench<'_>,
        policy: &ActivePolicy,
        understood: &Understood,
        ask: &Ask,
    ) -> Result<Remembered, Refusal> {
        let refuse = |message: String| Refusal {
            code: ErrorCode::PolicyDenied,
            rule: "approval",
            message,
        };
        if self.release.is_some() {
            return Err(refuse(ask.unmet.join("; ")));
        }
        let asked = &self.read.resolved.asked;
        if let Some(why) = cosign::never(&self.app, &self.read, policy, &understood.intent, ask) {
            return Err(refuse(why));
        }
        let expires = ask.requirements.iter().map(|need| need.expires).min();
        let expires_at = bench.now.saturating_add(expires.unwrap_or_default());
        let frame = Frame {
            appliance: &self.app.config.trust_domain,
            request: bench.request_id,
            asker: asked.caller.principal(),
            policy_version: policy.version,
            policy: &policy.set,
            opens_at: opens_at(bench.now, &ask.requirements),
            expires_at,
        };
        let text = of_intent(&understood.intent, wallet_facts(&self.read), &frame)
            .map_err(|error| refuse(error.to_string()))?;
        let mut body = Vec::new();
        asked.body.write(&mut body);
        let held = Held {
            request: bench.request_id.to_string(),
            principal: asked.caller.principal().to_string(),
            issuers: Some(issuers_of(&self.app.register, &asked.caller)),
            wallet: asked.wallet.to_string(),
            body: BASE64_STANDARD.encode(&body),
            digest: Digest32(ask.intent_digest),
            asked_at: bench.now.micros(),
            expires_at: expires_at.micros(),
        };
        let held = serde_json::to_string(&held).map_err(|error| refuse(error.to_string()))?;
        if !asked.dry_run {
            let asker = asked.caller.principal();
            self.app.holds.add(asker, bench.request_id, expires_at);
        }
        let rules: Vec<&str> = ask.requirements.iter().map(|need| &*need.rule).collect();
        let first = ask.requirements.first();
        Ok(Remembered::Pending {
            rule: rules.join(", "),
            group: first.map(|need| need.group.to_string()).unwrap_or_default(),
            quorum: first.map_or(0, |need| u32::from(need.quorum)),
            expires_at: expires_at.micros(),
            effects: self.effects(),
            text,
            voucher: self.app.vouchers.make_held(&held),
            held,
        })
    }

    fn voucher(&self, bench: &Bench<'_>) -> String {
        let principal = self.read.resolved.asked.caller.principal().to_string();
        self.app.vouchers.make(&Allowed {
            request: bench.request_id,
            principal: &principal,
            wallet: self.read.resolved.wallet.id,
            fingerprint: &self.read.resolved.asked.fingerprint,
            digest: &self.read.digest,
        })
    }

    fn effects(&self) -> Vec<String> {
        match &self.read.understood {
            Ok(understood) => explain(&understood.intent),
            Err(_) => Vec::new(),
        }
    }

    /// What the log cannot tell is not done.
    fn not_loggable(&self, bench: &Bench<'_>, why: &str) -> (Decision, Remembered, Vec<u8>) {
        let refusal = Refusal {
            code: ErrorCode::PolicyDenied,
            rule: "log",
            message: format!(
                "what this does does not fit into an entry of the log: {why}; ask for less at once"
            ),
        };
        let kind = if self.read.resolved.asked.dry_run {
            EntryKind::SignDryRun
        } else {
            EntryKind::SignErrored
        };
        let (decision, remembered) = deny_early(&refusal, Vec::new());
        (
            decision,
            remembered,
            too_long(bench.now, kind, bench.request_id),
        )
    }

    fn entry(
        &self,
        bench: &Bench<'_>,
        decision: &Decision,
        remembered: &Remembered,
    ) -> Result<Vec<u8>, String> {
        let asked = &self.read.resolved.asked;
        let kind = match decision {
            _ if asked.dry_run => EntryKind::SignDryRun,
            Decision::Allow(_) => EntryKind::SignReserved,
            Decision::NeedApproval(_) => EntryKind::SignPending,
            Decision::Deny(_) if self.read.understood.is_err() => EntryKind::SignErrored,
            Decision::Deny(_) => EntryKind::SignDenied,
        };
        let own = &self.read.resolved.wallet.limits;
        let mut detail = Recorded::of(decision, remembered, self.policy.as_deref(), own);
        detail.approved_request = self
            .release
            .as_ref()
            .map(|release| release.request.to_string());
        let mut entry = Entry::new(
            stamp(bench.now),
            kind,
            asked.caller.actor(),
            Detail::of(&detail).map_err(|error| error.to_string())?,
        )
        .request(bench.request_id.to_string())
        .subject(asked.wallet.to_string())
        .digest(self.read.digest);
        match remembered {
            Remembered::Allow { rule, .. } | Remembered::Pending { rule, .. } => {
                entry = entry.rule(rule.as_str());
            }
            Remembered::Deny { code, .. } => entry = entry.code(code.as_str()),
        }
        entry.encode().map_err(|error| error.to_string())
    }
}

/// Used up already is not for policy to tell: the row says so before the case is made.
fn approvals(release: &Release) -> Approvals<'_> {
    Approvals {
        asked_at: release.asked_at,
        asker: &release.asker,
        consumed: false,
        given: &release.given,
    }
}
