//! Wallets and the limits they carry.

use countersign_api as api;

use super::time;
use crate::config::CustodyKind;
use crate::http::error::ApiError;
use crate::records::Stored;
use crate::wallets::limits::LimitsError;
use crate::wallets::{LimitRecord, Status, WalletRecord};

/// A wallet on the wire.
#[must_use]
pub fn wallet(stored: &Stored<WalletRecord>) -> api::Wallet {
    let record = &stored.record;
    api::Wallet {
        id: stored.wallet_id().to_string(),
        user_id: record.user.clone(),
        venue: record.venue.clone(),
        environment: record.environment.clone(),
        name: record.name.clone(),
        address: record.address.clone(),
        key_type: record.key_type.clone(),
        public_key: record.public_key.clone(),
        custody: record.custody.as_str().to_owned(),
        imported: record.imported,
        status: match record.status {
            Status::Active => api::WalletStatus::Active,
            Status::Paused => api::WalletStatus::Paused,
            Status::Archived => api::WalletStatus::Archived,
        },
        limits: record.limits.iter().map(wallet_limit).collect(),
        managed: record.managed.iter().map(wallet_limit).collect(),
        created_at: time(record.created_at),
        rotated_at: record.rotation.rotated_at.map(time),
        rotated_from: record.rotation.rotated_from.clone(),
        rotated_to: record.rotation.rotated_to.clone(),
    }
}

pub(super) fn wallet_limit(limit: &LimitRecord) -> api::WalletLimit {
    let limit = limit.clone();
    api::WalletLimit {
        name: limit.name,
        action: limit.action,
        asset: limit.asset,
        window: limit.window,
        max_amount: limit.max_amount,
        max_usd: limit.max_usd,
        max_count: limit.max_count,
    }
}

/// Limits from the wire.
#[must_use]
pub fn limit_records(limits: Vec<api::WalletLimit>) -> Vec<LimitRecord> {
    let record = |limit: api::WalletLimit| LimitRecord {
        name: limit.name,
        action: limit.action,
        asset: limit.asset,
        window: limit.window,
        max_amount: limit.max_amount,
        max_usd: limit.max_usd,
        max_count: limit.max_count,
    };
    limits.into_iter().map(record).collect()
}

/// Why limits were not taken, on the wire.
#[must_use]
pub fn limits_refused(error: LimitsError) -> ApiError {
    match error {
        LimitsError::Field(field, why) => ApiError::field(&field, why),
        LimitsError::Loosens(why) => {
            let detail = format!(
                "{why}; a risk manager's limits can only be tightened, by the risk manager"
            );
            let mut error = ApiError::new(api::ErrorCode::Forbidden, detail);
            error.0.field = Some("limits".to_owned());
            error.because("loosens")
        }
    }
}

/// Custody asked for by name.
///
/// # Errors
/// Another word.
pub fn custody(text: &str) -> Result<CustodyKind, ApiError> {
    match text {
        "resident" => Ok(CustodyKind::Resident),
        "wrapped" => Ok(CustodyKind::Wrapped),
        "envelope" => Ok(CustodyKind::Envelope),
        other => Err(ApiError::field(
            "custody",
            format!("expected `resident`, `wrapped` or `envelope`, got `{other}`"),
        )),
    }
}
