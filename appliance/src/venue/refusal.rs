//! Denials made before policy is asked.

use countersign_api::ErrorCode;
use countersign_decode::{DecodeError, DecodeErrorKind};
use countersign_intent::Venue;

/// A denial made before policy is asked.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// What refuses.
    pub rule: &'static str,
    /// Why, and what to do.
    pub message: String,
}

impl Refusal {
    /// A body of one venue for a wallet of another.
    pub(super) fn elsewhere(asked: Venue, wallet: Venue) -> Self {
        let (asked, wallet) = (asked.as_str(), wallet.as_str());
        Self {
            code: ErrorCode::InvalidRequest,
            rule: "venue",
            message: format!(
                "this wallet is one of `{wallet}`, and what was asked for is signed for `{asked}`; \
                 ask with a wallet of `{asked}`, or at the route of `{wallet}`"
            ),
        }
    }
}

/// Bytes that are not understood are `undecodable`; bytes that are understood and are never
/// signed, whatever the policy says, are denied.
impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        let code = match error.kind() {
            DecodeErrorKind::Forbidden
            | DecodeErrorKind::ForeignDestination
            | DecodeErrorKind::UnboundedTrade
            | DecodeErrorKind::UnregisteredNonce => ErrorCode::PolicyDenied,
            DecodeErrorKind::Malformed
            | DecodeErrorKind::NotASigner
            | DecodeErrorKind::UnknownProgram
            | DecodeErrorKind::UnknownInstruction
            | DecodeErrorKind::WrongData
            | DecodeErrorKind::WrongAccounts
            | DecodeErrorKind::MisplacedWallet
            | DecodeErrorKind::UnresolvedAccount
            | DecodeErrorKind::UnprovenAccount
            | DecodeErrorKind::TooMuchWork => ErrorCode::Undecodable,
        };
        Self {
            code,
            rule: error.kind().as_str(),
            message: error.to_string(),
        }
    }
}
