//! Everybody asks at a pace of their own: who asks faster is slowed down first, and told when to come
//! again only where that does not help. Neither is logged.

use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use countersign_api::{ErrorCode, Reason};
use countersign_intent::{Principal, Span};

use super::error::ApiError;
use crate::app::App;
use crate::rates::{PATIENCE, Rates, Turn};

/// What a pace is of, and the key of the configuration that sets it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    rates: fn(&App) -> &Rates,
    rule: &'static str,
    of: &'static str,
}

/// Of dry runs, and of sign requests that are refused or cannot be read.
pub(super) const UNSIGNED: Pace = Pace {
    rates: |app| &app.unsigned,
    rule: "share.unsigned_per_second",
    of: "dry runs and refused sign requests",
};

/// Of changes that do not only refuse.
pub(super) const CHANGES: Pace = Pace {
    rates: |app| &app.changes,
    rule: "share.changes_per_second",
    of: "changes",
};

impl Pace {
    /// Charges a request, once its turn has come.
    ///
    /// # Errors
    /// The answer, if it has to come again.
    pub(super) async fn charge(self, app: &App, who: &Principal) -> Result<(), Response> {
        let turn = (self.rates)(app).charge(who, app.clock.monotonic());
        self.wait(app, turn).await
    }

    /// Waits for the turn of a request that is charged only if it turns out to be of this kind.
    ///
    /// # Errors
    /// As [`Pace::charge`].
    pub(super) async fn look(self, app: &App, who: &Principal) -> Result<(), Response> {
        let turn = (self.rates)(app).look(who, app.clock.monotonic());
        self.wait(app, turn).await
    }

    /// It turned out to be.
    pub(super) fn charge_afterwards(self, app: &App, who: &Principal) {
        (self.rates)(app).charge_afterwards(who, app.clock.monotonic());
    }

    async fn wait(self, app: &App, turn: Turn) -> Result<(), Response> {
        match turn {
            Turn::After(wait) if wait.is_zero() => Ok(()),
            Turn::After(wait) => {
                count(self.rule, "slowed");
                tokio::time::sleep(wait).await;
                Ok(())
            }
            Turn::Again(wait) => {
                count(self.rule, "refused");
                // An answer at once would be asked for again at once.
                tokio::time::sleep(PATIENCE).await;
                let most = (self.rates)(app).rate().per_second;
                let detail = format!(
                    "`{}` is {most}: you send more {} than that in a second; nothing was done or \
                     logged",
                    self.rule, self.of
                );
                let wait = wait.saturating_sub(PATIENCE);
                let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
                Err(again(app, self.rule, detail, Span::from_micros(micros)))
            }
        }
    }
}

/// Too many at once: the answer that says when to come again.
pub(super) fn again(app: &App, rule: &str, detail: String, wait: Span) -> Response {
    let at = app.clock.now().saturating_add(wait).to_string();
    let mut error = ApiError::new(ErrorCode::LimitExceeded, detail.as_str());
    error.0.retry_after = Some(at.clone());
    error.0.reasons.push(Reason {
        code: ErrorCode::LimitExceeded.as_str().to_owned(),
        rule: Some(rule.to_owned()),
        effect: None,
        message: detail,
        retry_after: Some(at),
    });
    let mut response = error.into_response();
    let seconds = wait.micros().div_ceil(1_000_000).max(1);
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

fn count(rule: &'static str, what: &'static str) {
    metrics::counter!("countersign_paced_total", "rule" => rule, "what" => what).increment(1);
}
