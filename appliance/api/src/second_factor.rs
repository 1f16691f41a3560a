//! The second factor of operators.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The header that carries a one-time code.
pub const OTP_HEADER: &str = "Countersign-Otp";

/// Answer of `POST /v1/second-factor`, given once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SecondFactorSecret {
    /// What an authenticator application reads: `otpauth://totp/…`. Whoever has it can make codes.
    pub otpauth: String,
}

/// Body of `POST /v1/second-factor/reset`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetSecondFactor {
    /// Name of the operator who is to have another secret.
    pub operator: String,
}
