//! A decision as it is remembered, so that the same request is answered the same again.

use countersign_api::ErrorCode;
use countersign_policy::{Decision, Denial, Permit, Reason, ReasonCode};

use super::stages::{Refusal, Remembered, wire_reason};
use crate::holds::TooMany;

pub(super) fn deny_early(refusal: &Refusal, effects: Vec<String>) -> (Decision, Remembered) {
    let reason = Reason {
        code: ReasonCode::PolicyDenied,
        rule: Some(refusal.rule.into()),
        effect: None,
        message: refusal.message.clone(),
        retry_after: None,
    };
    let remembered = Remembered::Deny {
        code: refusal.code,
        reasons: vec![countersign_api::Reason {
            code: refusal.code.as_str().to_owned(),
            ..wire_reason(&reason)
        }],
        effects,
    };
    let denial = Denial {
        reasons: vec![reason],
    };
    (Decision::Deny(denial), remembered)
}

/// As many of the principal's requests wait for people as may.
pub(super) fn too_many_wait(full: &TooMany, effects: Vec<String>) -> (Decision, Remembered) {
    let denial = Denial {
        reasons: vec![Reason {
            code: ReasonCode::LimitExceeded,
            rule: Some("share.pending".into()),
            effect: None,
            message: format!(
                "{most} requests of yours wait for people, and `share.pending` is {most}; have \
                 some of them released or rejected, or wait until {} when the first lapses",
                full.until,
                most = full.most,
            ),
            retry_after: Some(full.until),
        }],
    };
    let remembered = denied(&denial, effects);
    (Decision::Deny(denial), remembered)
}

pub(super) fn allowed(permit: &Permit, effects: Vec<String>, voucher: String) -> Remembered {
    let rules: Vec<&str> = permit.rules().collect();
    Remembered::Allow {
        rule: rules.join(", "),
        effects,
        voucher,
    }
}

pub(super) fn denied(denial: &Denial, effects: Vec<String>) -> Remembered {
    Remembered::Deny {
        code: match denial.code() {
            ReasonCode::PolicyDenied => ErrorCode::PolicyDenied,
            ReasonCode::LimitExceeded => ErrorCode::LimitExceeded,
        },
        reasons: denial.reasons.iter().map(wire_reason).collect(),
        effects,
    }
}
