//! People's answers coming in. Who hands them in is an operator with a certificate; what counts
//! is the approver's own signature.

use std::collections::BTreeMap;

use countersign_audit::{Actor, Detail, Entry, EntryError, Kind as EntryKind};
use countersign_intent::{Principal, RequestId, WalletId};
use serde::Serialize;
use serde_json::json;

use super::Governance;
use super::ask::{Ask, Standing};
use super::consent::{ConsentRecord, No, Yes};
use super::tally::{State, tally};
use super::{Digest32, GovernError, load};
use crate::approvers::{Approver, Scheme, SignatureError};
use crate::identity::Caller;
use crate::journal::stamp;
use crate::records::{Draft, RecordsError, Stored};
use crate::rehearsal;

/// Who hands something in.
#[derive(Debug, Clone, Copy)]
pub struct Poster<'a> {
    /// Role and name.
    pub principal: &'a Principal,
    /// As the log names them.
    pub actor: Actor<'a>,
    /// The certificate they came with.
    pub caller: &'a Caller,
}

impl<'a> Poster<'a> {
    /// Whoever comes with this certificate.
    #[must_use]
    pub const fn of(caller: &'a Caller) -> Self {
        Self {
            principal: caller.principal(),
            actor: caller.actor(),
            caller,
        }
    }
}

/// Takes an approval: the text is made anew here, for this approver, and the signature checked
/// over it. The same approver counts once.
///
/// # Errors
/// A request that waits for nobody; an approver who is not asked, or who asks; a signature that
/// is not theirs over the text as it is now.
pub async fn approve(
    governance: &Governance,
    poster: &Poster<'_>,
    id: RequestId,
    approver: &str,
    scheme: &str,
    signature: &str,
) -> Result<(), GovernError> {
    match take(governance, poster, id, approver, scheme, signature).await {
        Ok(wallet) => {
            governance.auto_freeze.good_approval(wallet);
            Ok(())
        }
        Err(error) => {
            if let GovernError::WrongSignature { wallet, .. } = &error {
                // What is tried is not an attempt.
                if !rehearsal::is_on() {
                    governance.auto_freeze.wrong_approval(*wallet).await;
                }
            }
            Err(error)
        }
    }
}

/// What an approver is given to sign.
#[derive(Debug)]
pub struct ToSign {
    /// Who.
    pub approver: Approver,
    /// What they read.
    pub text: String,
    /// The exact bytes for their key.
    pub message: Vec<u8>,
}

/// The text for one approver. Nobody reads what their signature would not count for.
///
/// # Errors
/// As [`approve`], but for the signature; and an approver who said the same already.
pub async fn to_sign(
    governance: &Governance,
    id: RequestId,
    approver: &str,
) -> Result<ToSign, GovernError> {
    let (ask, consent) = open(governance, id).await?;
    let approver = find(governance, approver)?;
    let standing = standing(&ask)?;
    let rosters = rosters(standing, &approver, &ask)?;
    if said(&consent.record, &ask, standing, &approver, &rosters) {
        return Err(GovernError::AlreadyDecided(format!(
            "`{}` approved {id} already, and the approval counts; others have to",
            approver.record.name
        )));
    }
    let message = approver
        .key
        .message(&governance.trust_domain, &standing.text)
        .map_err(|error| GovernError::Denied(error.to_string()))?;
    Ok(ToSign {
        text: standing.text.clone(),
        approver,
        message,
    })
}

fn standing(ask: &Ask) -> Result<&Standing, GovernError> {
    let standing = ask.standing.as_ref();
    standing.map_err(|why| GovernError::Denied(why.clone()))
}

/// Answers the wallet that the request is about.
async fn take(
    governance: &Governance,
    poster: &Poster<'_>,
    id: RequestId,
    approver: &str,
    scheme: &str,
    signature: &str,
) -> Result<Option<WalletId>, GovernError> {
    let mut turn = governance.records.turn().await;
    let (ask, mut consent) = open(governance, id).await?;
    let standing = standing(&ask)?;
    let approver = find(governance, approver)?;
    let rosters = rosters(standing, &approver, &ask)?;
    check_scheme(&approver, scheme)?;
    approver
        .key
        .verify(&governance.trust_domain, &standing.text, signature)
        .map_err(|error| wrong(&ask, &error))?;
    if said(&consent.record, &ask, standing, &approver, &rosters) {
        return Ok(ask.wallet);
    }
    let yes = Yes {
        approver: approver.id.to_string(),
        name: approver.record.name.clone(),
        scheme: approver.record.scheme,
        signature: signature.to_owned(),
        given_at: governance.clock.now().micros(),
        digest: Digest32(ask.digest),
        policy_hash: Digest32(standing.policy.set.hash()),
        rosters,
        posted_by: poster.actor.name().to_owned(),
    };
    let detail = json!({
        "approver": yes.name,
        "approver_id": yes.approver,
        "scheme": yes.scheme,
        "signature": yes.signature,
        "text": standing.text,
        "certificate": poster.caller.certificate(),
        "policy_version": standing.policy.version,
    });
    consent.record.approvals.retain(|one| one.name != yes.name);
    consent.record.approvals.push(yes);
    let entry = entry(governance, EntryKind::Approval, poster, &ask, &detail)?;
    turn.commit(vec![draft(&consent)?], vec![entry]).await?;
    Ok(ask.wallet)
}

/// Ends a request for good. Refusing needs no signature: an operator says so for a member of a
/// group that is asked, or, being no approver, without naming one.
///
/// # Errors
/// A request that waits for nobody; somebody who is not asked.
pub async fn reject(
    governance: &Governance,
    poster: &Poster<'_>,
    id: RequestId,
    approver: Option<&str>,
    reason: Option<String>,
) -> Result<(), GovernError> {
    let mut turn = governance.records.turn().await;
    let (ask, mut consent) = open(governance, id).await?;
    let approver = match approver {
        Some(approver) => Some(find(governance, approver)?),
        None => of_operator(governance, poster),
    };
    if let Ok(standing) = &ask.standing
        && let Some(approver) = &approver
        && !is_asked(standing, approver)
    {
        return Err(not_asked(standing, approver));
    }
    let no = No {
        name: approver.map_or_else(|| poster.principal.to_string(), |one| one.record.name),
        posted_by: poster.actor.name().to_owned(),
        reason,
        at: governance.clock.now().micros(),
    };
    let detail = json!({
        "approver": no.name,
        "reason": no.reason,
        "certificate": poster.caller.certificate(),
    });
    consent.record.rejection = Some(no);
    let entry = entry(governance, EntryKind::Rejection, poster, &ask, &detail)?;
    turn.commit(vec![draft(&consent)?], vec![entry]).await?;
    governance.open_changes.remove(id);
    governance.holds.remove(&ask.asker, id);
    Ok(())
}

/// The ask and what was said about it, if it waits still.
async fn open(
    governance: &Governance,
    id: RequestId,
) -> Result<(Ask, Stored<ConsentRecord>), GovernError> {
    let ask = load(governance, id).await?.ok_or_else(|| not_waiting(id))?;
    let consent = governance
        .records
        .get::<ConsentRecord>(*id.as_bytes())
        .await?;
    let consent = consent.unwrap_or_else(|| Stored {
        id: *id.as_bytes(),
        seq: 0,
        record: ConsentRecord::default(),
    });
    let tally = tally(
        &ask,
        &consent.record,
        &governance.approvers.all(),
        &[],
        governance.clock.now(),
    );
    let missing = tally.missing.join("; ");
    match tally.state {
        State::Pending | State::Approved => Ok((ask, consent)),
        State::Expired => Err(GovernError::Expired(format!("{id}: {missing}"))),
        State::Rejected | State::Used => {
            Err(GovernError::AlreadyDecided(format!("{id}: {missing}")))
        }
    }
}

fn not_waiting(id: RequestId) -> GovernError {
    GovernError::NotFound {
        what: "request that waits for people",
        id: id.to_string(),
    }
}

fn find(governance: &Governance, approver: &str) -> Result<Approver, GovernError> {
    governance
        .approvers
        .find(approver)
        .ok_or_else(|| GovernError::NotFound {
            what: "enrolled approver",
            id: approver.chars().take(64).collect(),
        })
}

/// The approver who is this operator.
fn of_operator(governance: &Governance, poster: &Poster<'_>) -> Option<Approver> {
    let name = poster.principal.name();
    let all = governance.approvers.all();
    let own = all.iter().find(|approver| {
        approver.record.operator.as_deref() == Some(name) || approver.record.name == name
    });
    own.cloned()
}

fn is_asked(standing: &Standing, approver: &Approver) -> bool {
    !groups_of(standing, approver).is_empty()
}

/// The groups that are asked and list the approver, with their rosters.
fn groups_of(standing: &Standing, approver: &Approver) -> BTreeMap<String, Digest32> {
    let asked = standing.requirements.iter();
    asked
        .filter_map(|requirement| standing.policy.set.group(&requirement.group))
        .filter(|group| {
            let mut members = group.approvers().iter();
            members.any(|member| **member == *approver.record.name)
        })
        .map(|group| (group.name().to_owned(), Digest32(*group.roster_hash())))
        .collect()
}

fn rosters(
    standing: &Standing,
    approver: &Approver,
    ask: &Ask,
) -> Result<BTreeMap<String, Digest32>, GovernError> {
    let name = &approver.record.name;
    if approver.is(&ask.asker) {
        let detail = format!("`{name}` asks for this as {} and does not count", ask.asker);
        return Err(GovernError::Forbidden(detail));
    }
    if ask.is_by(approver) {
        let detail = format!(
            "`{name}` does not count: the certificate that {} asked with rests on their word as an \
             operator",
            ask.asker
        );
        return Err(GovernError::Forbidden(detail));
    }
    let rosters = groups_of(standing, approver);
    if rosters.is_empty() {
        return Err(not_asked(standing, approver));
    }
    Ok(rosters)
}

fn not_asked(standing: &Standing, approver: &Approver) -> GovernError {
    let groups: Vec<&str> = standing
        .requirements
        .iter()
        .map(|need| &*need.group)
        .collect();
    let name = &approver.record.name;
    GovernError::Forbidden(format!(
        "`{name}` is in no group that is asked: {}",
        groups.join(", ")
    ))
}

fn check_scheme(approver: &Approver, scheme: &str) -> Result<(), GovernError> {
    if Scheme::by_name(scheme) == Some(approver.record.scheme) {
        return Ok(());
    }
    Err(GovernError::Field {
        field: "scheme",
        detail: format!(
            "`{}` is enrolled with `{}`, got `{scheme}`",
            approver.record.name,
            approver.record.scheme.as_str()
        ),
    })
}

fn wrong(ask: &Ask, error: &SignatureError) -> GovernError {
    metrics::counter!("countersign_approval_signatures_refused_total").increment(1);
    let detail = error.to_string();
    match error {
        SignatureError::Wrong => GovernError::WrongSignature {
            wallet: ask.wallet,
            detail,
        },
        SignatureError::Encoding(_) | SignatureError::Text(_) => GovernError::Field {
            field: "signature",
            detail,
        },
    }
}

/// Whether the same person said the same under the same policy and rosters.
fn said(
    consent: &ConsentRecord,
    ask: &Ask,
    standing: &Standing,
    approver: &Approver,
    rosters: &BTreeMap<String, Digest32>,
) -> bool {
    let approver = approver.id.to_string();
    consent.approvals.iter().any(|one| {
        one.approver == approver
            && one.digest.0 == ask.digest
            && one.policy_hash.0 == standing.policy.set.hash()
            && one.rosters == *rosters
    })
}

fn draft(consent: &Stored<ConsentRecord>) -> Result<Draft, RecordsError> {
    if consent.seq == 0 {
        Draft::new(consent.id, &consent.record)
    } else {
        Draft::update(consent)
    }
}

fn entry(
    governance: &Governance,
    kind: EntryKind,
    poster: &Poster<'_>,
    ask: &Ask,
    detail: &impl Serialize,
) -> Result<Vec<u8>, RecordsError> {
    let detail = Detail::of(detail).map_err(EntryError::from)?;
    let entry = Entry::new(stamp(governance.clock.now()), kind, poster.actor, detail);
    let entry = entry.request(ask.id.to_string()).digest(ask.digest);
    Ok(entry.encode()?)
}
