//! `POST /v1/wallets/{id}/verify`: whether the HSM still holds the key of this address.
//!
//! It is no side door: the HSM signs a fixed text with random bytes of its own, which no chain
//! takes as a transaction and no wallet as a message; nobody chooses what is signed, and the
//! signature is dropped where it is checked.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::WalletCheck;
use countersign_audit::Kind as EntryKind;
use countersign_hsm::{Consequence, KeyRef, holds};
use serde_json::json;

use super::find;
use crate::app::App;
use crate::device::{DeskError, DeviceDesk};
use crate::http::error::ApiError;
use crate::http::extract::{Path, Peer};
use crate::records::RecordsError;
use crate::rehearsal;

pub(in crate::http) async fn verify(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<WalletCheck>, ApiError> {
    let stored = find(&app, &peer, &text).await?;
    let unreadable = || RecordsError::Unreadable {
        kind: "wallet".to_owned(),
        cause: format!("{text} has a field of another shape"),
    };
    let key = stored.record.key(stored.id).ok_or_else(unreadable)?;
    let wallet_id = stored.wallet_id().to_string();
    let address = stored.record.address;
    let entry = |detail: &serde_json::Value| {
        let subject = Some(wallet_id.clone());
        let kind = EntryKind::WalletVerified;
        let entry = app.journal.entry(kind, peer.actor(), subject, detail);
        entry.map_err(RecordsError::from)
    };
    if rehearsal::is_on() {
        rehearsal::stop(&[entry(&json!({ "address": address }))?])?;
    }
    let reason = missing(&app.desk, key).await?;
    let checked_at = app.journal.now().to_string();
    let detail = json!({ "address": address, "ok": reason.is_none(), "reason": reason });
    let entry = entry(&detail)?;
    let log_index = app.ledger.append(entry).await?;
    Ok(Json(WalletCheck {
        wallet_id,
        address,
        ok: reason.is_none(),
        reason,
        checked_at,
        log_index,
    }))
}

/// Why the key is not there, if the HSM says so. An HSM that does not answer says nothing.
async fn missing(desk: &DeviceDesk, key: KeyRef) -> Result<Option<String>, DeskError> {
    let held = desk
        .run(move |desk| Ok(holds(desk.backend.as_mut(), &key)?))
        .await;
    match held {
        Ok(true) => Ok(None),
        Ok(false) => Ok(Some(
            "the signature does not verify under the wallet's address; pause the wallet and have \
             the device examined"
                .to_owned(),
        )),
        Err(DeskError::Device(error)) if error.consequence() == Consequence::Refused => {
            Ok(Some(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use countersign_decode::solana::{Context, decode_message, decode_transaction};
    use countersign_hsm::{KeyType, possession_challenge};
    use countersign_intent::Address;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn inv10_what_a_key_signs_to_prove_itself_is_no_message(nonce in any::<[u8; 32]>()) {
            let signed = possession_challenge(KeyType::Ed25519, &nonce);
            prop_assert!(signed.ends_with(&nonce));
            prop_assert!(!signed.starts_with(b"\xffsolana offchain"));
            let context = Context::new(Address::new(nonce));
            prop_assert!(decode_message(&signed, &context).is_err());
            prop_assert!(decode_transaction(&signed, &context).is_err());
            // Versioned messages have the high bit set; the versions there are 0 and 1.
            prop_assert_eq!(signed.first().map(|byte| byte & 0x7f), Some(0x7f));
        }
    }
}
