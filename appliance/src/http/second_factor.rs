//! `/v1/second-factor`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use countersign_api::{ErrorCode, OTP_HEADER, ResetSecondFactor, Route, SecondFactorSecret};
use countersign_intent::{Principal, Role};

use super::changes::propose;
use super::error::ApiError;
use super::extract::{Body, Peer};
use crate::app::App;
use crate::governance::change::What;
use crate::second_factor::SecondFactorError;

/// Lets an operator through, where a second factor is asked for and the route takes one.
///
/// # Errors
/// As [`second_factor::check`].
pub(super) async fn require(
    app: &App,
    peer: &Peer,
    route: &Route,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    let asked = peer.role() == Role::Operator && route.takes_second_factor();
    if !asked || !app.second_factors.on() {
        return Ok(());
    }
    let code = headers.get(OTP_HEADER).and_then(|code| code.to_str().ok());
    app.second_factors
        .check(peer.principal().name(), peer.actor(), code)
        .await?;
    Ok(())
}

pub(super) async fn enrol(
    State(app): State<Arc<App>>,
    peer: Peer,
) -> Result<Json<SecondFactorSecret>, ApiError> {
    require_on(&app)?;
    let otpauth = app
        .second_factors
        .enrol(peer.principal().name(), peer.actor())
        .await?;
    Ok(Json(SecondFactorSecret { otpauth }))
}

/// Governed: people agree that an operator gets another secret, which is then shown once.
pub(super) async fn reset(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<ResetSecondFactor>,
) -> Result<Response, ApiError> {
    require_on(&app)?;
    Principal::new(Role::Operator, &body.operator)
        .map_err(|error| ApiError::field("operator", error.to_string()))?;
    let what = What::SecondFactor {
        operator: body.operator,
    };
    propose(&app, &peer, what).await
}

fn require_on(app: &App) -> Result<(), ApiError> {
    if app.second_factors.on() {
        return Ok(());
    }
    let detail = "operators have no second factor here; `operators.second_factor = \"totp\"` in \
                  the configuration turns it on";
    Err(ApiError::new(ErrorCode::NotFound, detail).because("otp_off"))
}

impl From<SecondFactorError> for ApiError {
    fn from(error: SecondFactorError) -> Self {
        let detail = error.to_string();
        let why = match error {
            SecondFactorError::Records(error) => return error.into(),
            SecondFactorError::Missing => "otp_missing",
            SecondFactorError::NotEnrolled(_) => "otp_not_enrolled",
            SecondFactorError::Shown(_) => "otp_shown",
            SecondFactorError::Wrong { .. } => "otp_wrong",
            SecondFactorError::Locked(_) => "otp_locked",
        };
        let mut error = Self::new(ErrorCode::Forbidden, detail);
        error.0.field = Some(OTP_HEADER.to_owned());
        error
            .titled("the one-time code does not let this pass")
            .because(why)
    }
}
