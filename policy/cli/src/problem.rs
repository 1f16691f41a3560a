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
    if let Some(at) = &problem.retry_after {
        lines.push(format!("  can succeed from {at} on"));
    }
    match (&problem.request_id, problem.log_index) {
        (Some(id), Some(index)) => lines.push(format!("  recorded as {id}, log entry {index}")),
        (Some(id), None) => lines.push(format!("  recorded as {id}")),
        (None, Some(index)) => lines.push(format!("  recorded as log entry {index}")),
        (None, None) => {}
    }
    lines.extend(next_step(problem.code).map(|step| format!("  next: {step}")));
    lines
}

/// Whether the detail is more than the title and the reasons, which are told anyway.
fn says_more(problem: &Problem) -> bool {
    let reasons: Vec<&str> = problem
        .reasons
        .iter()
        .map(|reason| reason.message.as_str())
        .collect();
    !["", problem.title.as_str(), &reasons.join("; ")].contains(&problem.detail.as_str())
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

const fn next_step(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::Undecodable => {
            Some("`countersign decode` shows how far the bytes are understood")
        }
        ErrorCode::PolicyDenied | ErrorCode::LimitExceeded => {
            Some("`countersign policy show` has the rules and limits that decide")
        }
        ErrorCode::WalletPaused => {
            Some("`countersign wallets show` has its state; `wallets resume` ends a pause")
        }
        ErrorCode::Frozen => Some("`countersign status` lists the freezes in force"),
        ErrorCode::Forbidden => {
            Some("use a profile of a role that may do this; `countersign status` shows yours")
        }
        ErrorCode::NotFound => Some("check the id with the matching `list` command"),
        ErrorCode::IdempotencyConflict => Some("leave `--idempotency-key` out, or use a new one"),
        ErrorCode::HsmUnavailable | ErrorCode::NotReady => {
            Some("`countersign status` says which check fails")
        }
        ErrorCode::Expired => Some("ask again"),
        ErrorCode::InvalidRequest
        | ErrorCode::TooLarge
        | ErrorCode::AlreadyDecided
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
