//! A problem body as sentences, and the exit code that goes with it.

use countersign_api::{ErrorCode, Problem, Reason};

use crate::exit::Exit;

/// The exit code of an error code.
pub(crate) const fn exit(code: ErrorCode) -> Exit {
    match code {
        ErrorCode::Undecodable
        | ErrorCode::PolicyDenied
        | ErrorCode::LimitExceeded
        | ErrorCode::WalletPaused
        | ErrorCode::Frozen
        | ErrorCode::Forbidden
        | ErrorCode::Expired
        | ErrorCode::AlreadyDecided
        | ErrorCode::NotBindable
        | ErrorCode::VenueError => Exit::Refused,
        ErrorCode::NotFound
        | ErrorCode::IdempotencyConflict
        | ErrorCode::InvalidRequest
        | ErrorCode::TooLarge => Exit::Usage,
        ErrorCode::HsmUnavailable | ErrorCode::NotReady | ErrorCode::VenueUnreachable => {
            Exit::Unreachable
        }
    }
}

/// Every line worth reading: what it is, what happened, each reason, where it is recorded, what
/// to do next.
pub(crate) fn sentences(problem: &Problem) -> Vec<String> {
    let mut lines = vec![format!("{} (`{}`)", problem.title, problem.code)];
    if says_more(problem) {
        lines.push(format!("  {}", problem.detail));
    }
    if let Some(field) = &problem.field {
        lines.push(format!("  field: `{field}`"));
    }
    lines.extend(problem.reasons.iter().map(reason));
    let reasons = problem.reasons.iter();
    let told = reasons.filter_map(|reason| reason.retry_after.as_ref());
    if let Some(at) = &problem.retry_after
        && !told.into_iter().any(|one| one == at)
    {
        lines.push(format!("  can succeed from {at} on"));
    }
    match (&problem.request_id, problem.log_index) {
        (Some(id), Some(index)) => lines.push(format!("  recorded as {id}, log entry {index}")),
        (Some(id), None) => lines.push(format!("  recorded as {id}")),
        (None, Some(index)) => lines.push(format!("  recorded as log entry {index}")),
        (None, None) => {}
    }
    let named = |reason: &Reason| reason.message.contains("`countersign ");
    let step = match problem.reasons.iter().any(named) {
        true => next_of_case(problem),
        false => next_of_case(problem).or_else(|| next_step(problem.code)),
    };
    lines.extend(step.map(|step| format!("  next: {step}")));
    lines
}

/// Whether the detail is more than the title and the reasons, which are told anyway.
fn says_more(problem: &Problem) -> bool {
    let reasons: Vec<&str> = problem
        .reasons
        .iter()
        .map(|reason| reason.message.as_str())
        .collect();
    let told = reasons.join("; ");
    let reasons_told = !told.is_empty() && problem.detail.starts_with(&told);
    !reasons_told && !["", problem.title.as_str()].contains(&problem.detail.as_str())
}

/// One reason as one line, the rule's name in it once.
pub(crate) fn reason(reason: &Reason) -> String {
    let rule = reason
        .rule
        .as_ref()
        .map(|rule| format!("`{rule}`"))
        .filter(|name| !reason.message.contains(name))
        .map_or_else(String::new, |name| format!("{name}: "));
    let effect = reason
        .effect
        .map_or_else(String::new, |effect| format!(" (effect {effect})"));
    let heals = reason
        .retry_after
        .as_ref()
        .map_or_else(String::new, |at| format!("; can succeed from {at} on"));
    format!("  - {rule}{}{effect}{heals}", reason.message)
}

/// What helps in this very case, where the answer says which it is: by the codes and rules of its
/// reasons.
fn next_of_case(problem: &Problem) -> Option<&'static str> {
    problem.reasons.iter().find_map(|reason| {
        let rule = reason.rule.as_deref();
        of_identity(&reason.code)
            .or_else(|| of_otp(&reason.code))
            .or_else(|| of_state(&reason.code))
            .or_else(|| rule.and_then(of_state))
    })
}

fn of_identity(case: &str) -> Option<&'static str> {
    Some(match case {
        "certificate_revoked" => {
            "a revoked certificate stays revoked: have an operator issue another one with \
             `countersign pki issue`"
        }
        "certificate_expired" => {
            "have an operator issue another one with `countersign pki issue`; `countersign pki renew \
             --auto` renews before it expires"
        }
        "certificate_not_yet_valid" => {
            "compare this machine's clock with the appliance's: `countersign clock show`"
        }
        "certificate_unknown" => "use a certificate that this appliance issued: check `--cert`",
        "role" => "use a profile of a role that may do this; `countersign status` shows yours",
        "principal_blocked" => {
            "take another name, or have people lift the block: `countersign pki unblock ROLE/NAME`"
        }
        _ => return None,
    })
}

fn of_otp(case: &str) -> Option<&'static str> {
    Some(match case {
        "otp_missing" => {
            "give the code of now in `COUNTERSIGN_OTP` or with `--otp-file`, or run this on a terminal"
        }
        "otp_wrong" => {
            "wait for the next code, each is good once; if those are wrong too, the clock of the \
             device that shows them is, or it has another secret: `countersign second-factor reset`"
        }
        "otp_locked" => "wait until then; freezing, pausing and rejecting take no code",
        "otp_not_enrolled" => "`countersign second-factor enroll` shows your secret, once",
        "otp_shown" => {
            "if the secret is lost, another operator asks for a new one: `countersign second-factor \
             reset`"
        }
        "otp_off" => "nothing is to be enrolled: no code is asked for here",
        _ => return None,
    })
}

fn of_state(case: &str) -> Option<&'static str> {
    Some(match case {
        "archived" => "archiving is for ever: `countersign wallets create` makes another wallet",
        "custody" => "the operator of the machine turns `custody.envelope` on again",
        "clock" => {
            "`countersign clock show` says why; an operator confirms it with `clock confirm`"
        }
        "venue" => "`countersign venues show` has its state; turning it on takes people",
        "certificate" => "have an operator issue another certificate with `countersign pki issue`",
        "approver" => {
            "nothing for this approver: others of the group have to approve it, `countersign requests \
             show` lists them; to stop it, `countersign requests reject`"
        }
        "grant_widens" => "compare with `countersign grants list`, then add `--replace`",
        "no_policy" => "`countersign policy propose FILE` brings the first one",
        _ => return None,
    })
}

const fn next_step(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::Undecodable => {
            Some("`countersign decode` shows how far the bytes are understood")
        }
        ErrorCode::PolicyDenied => {
            Some("`countersign policy show` has the rules and limits that decide")
        }
        ErrorCode::LimitExceeded => Some("`countersign limits show` has what is left under each"),
        ErrorCode::WalletPaused => {
            Some("`countersign wallets show` has its state; `wallets resume` ends a pause")
        }
        ErrorCode::Frozen => Some("`countersign status` lists the freezes in force"),
        ErrorCode::NotFound => Some("check the id with the matching `list` command"),
        ErrorCode::IdempotencyConflict => Some("leave `--idempotency-key` out, or use a new one"),
        ErrorCode::HsmUnavailable | ErrorCode::NotReady => {
            Some("`countersign status` says which check fails")
        }
        ErrorCode::Expired => Some("ask again"),
        ErrorCode::InvalidRequest
        | ErrorCode::TooLarge
        | ErrorCode::AlreadyDecided
        | ErrorCode::Forbidden
        | ErrorCode::NotBindable
        | ErrorCode::VenueError
        | ErrorCode::VenueUnreachable => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial() -> Problem {
        let mut problem = Problem::new(ErrorCode::PolicyDenied, "2 reasons");
        problem.request_id = Some("req_1".to_owned());
        problem.log_index = Some(7);
        problem.reasons = vec![
            Reason {
                code: "limit_exceeded".to_owned(),
                rule: Some("sol-out".to_owned()),
                effect: Some(0),
                message: "limit 50 SOL per 24h, used 49.2, asked 1".to_owned(),
                retry_after: Some("2026-11-22T00:00:00Z".to_owned()),
            },
            Reason {
                code: "policy_denied".to_owned(),
                rule: None,
                effect: None,
                message: "no rule matches".to_owned(),
                retry_after: None,
            },
        ];
        problem
    }

    #[test]
    fn every_reason_and_the_next_step_are_told() {
        let lines = sentences(&denial());
        assert_eq!(lines[0], "policy does not allow this (`policy_denied`)");
        assert_eq!(
            lines[2],
            "  - `sol-out`: limit 50 SOL per 24h, used 49.2, asked 1 (effect 0); \
             can succeed from 2026-11-22T00:00:00Z on"
        );
        assert_eq!(lines[3], "  - no rule matches");
        assert_eq!(lines[4], "  recorded as req_1, log entry 7");
        assert!(lines[5].starts_with("  next: "));
    }

    #[test]
    fn nothing_is_told_twice() {
        let mut problem = denial();
        problem.detail = "limit 50 SOL per 24h, used 49.2, asked 1; no rule matches".to_owned();
        assert!(!sentences(&problem)[1].contains("; no rule"));
        let mut reason = problem.reasons.remove(0);
        reason.message = "limit `sol-out`: used 49.2".to_owned();
        let line = super::reason(&reason);
        assert!(line.starts_with("  - limit `sol-out`: used"), "{line}");
    }

    #[test]
    fn the_next_step_is_that_of_the_case() {
        let step = |code, case: &str, rule: Option<&str>| {
            let mut problem = Problem::new(code, "why");
            problem.reasons.push(Reason {
                code: case.to_owned(),
                rule: rule.map(str::to_owned),
                effect: None,
                message: "why".to_owned(),
                retry_after: None,
            });
            sentences(&problem).pop().unwrap_or_default()
        };
        let forbidden = ErrorCode::Forbidden;
        for (code, case, rule, expected) in [
            (forbidden, "certificate_revoked", None, "stays revoked"),
            (forbidden, "otp_wrong", None, "next code"),
            (forbidden, "otp_missing", None, "COUNTERSIGN_OTP"),
            (ErrorCode::NotFound, "otp_off", None, "no code is asked for"),
            (ErrorCode::WalletPaused, "archived", None, "for ever"),
            (
                ErrorCode::WalletPaused,
                "wallet_paused",
                Some("archived"),
                "for ever",
            ),
            (
                ErrorCode::WalletPaused,
                "wallet_paused",
                Some("status"),
                "wallets resume",
            ),
            (
                ErrorCode::PolicyDenied,
                "policy_denied",
                Some("clock"),
                "clock confirm",
            ),
            (forbidden, "role", None, "profile of a role"),
            (forbidden, "principal_blocked", None, "pki unblock"),
            (
                ErrorCode::LimitExceeded,
                "limit_exceeded",
                None,
                "limits show",
            ),
        ] {
            let told = step(code, case, rule);
            assert!(told.contains(expected), "{case} {rule:?}: {told}");
        }
    }

    #[test]
    fn a_reason_that_names_the_command_is_followed_by_no_other() {
        let mut problem = denial();
        problem.reasons[1].message =
            "the price of SOL is missing: `countersign prices set SOL …`".to_owned();
        let lines = sentences(&problem);
        assert!(!lines.concat().contains("  next: "), "{lines:?}");
        let forbidden = Problem::new(ErrorCode::Forbidden, "it rests on their word");
        assert!(!sentences(&forbidden).concat().contains("profile"));
    }

    #[test]
    fn codes_end_as_the_contract_says() {
        for (code, expected) in [
            (ErrorCode::PolicyDenied, Exit::Refused),
            (ErrorCode::LimitExceeded, Exit::Refused),
            (ErrorCode::InvalidRequest, Exit::Usage),
            (ErrorCode::NotFound, Exit::Usage),
            (ErrorCode::NotReady, Exit::Unreachable),
            (ErrorCode::HsmUnavailable, Exit::Unreachable),
        ] {
            assert_eq!(exit(code), expected, "{code}");
        }
    }
}
