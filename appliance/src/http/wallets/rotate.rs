//! `POST /v1/wallets/{id}/rotate`: a new key under the same identifier.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use countersign_api::{PreviousKey, RotatedWallet};
use countersign_intent::WalletId;
use sha2::{Digest, Sha256};

use super::find;
use crate::app::App;
use crate::governance::Digest32;
use crate::http::convert;
use crate::http::error::ApiError;
use crate::http::extract::{IDEMPOTENCY_KEY, Path, Peer, idempotency_key};
use crate::rehearsal;
use crate::wallets;

pub(in crate::http) async fn rotate(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    headers: HeaderMap,
) -> Result<Json<RotatedWallet>, ApiError> {
    let id = find(&app, &peer, &text).await?.id;
    let key = match idempotency_key(&headers)? {
        Some(key) => key,
        // What is only tried is not tried twice.
        None if rehearsal::is_on() => String::new(),
        None => return Err(no_key()),
    };
    let asked = asked(&peer.principal().to_string(), &key);
    let rotated = wallets::rotate(
        &app.records,
        &app.desk,
        &app.journal,
        id,
        asked,
        peer.actor(),
    )
    .await;
    // Whatever is said of the commit: it may have been done, and then the old key is not its any more.
    app.directory.forget(WalletId::from_bytes(id));
    let rotated = rotated?;
    Ok(Json(RotatedWallet {
        wallet: convert::wallet(&rotated.wallet),
        previous: PreviousKey {
            id: rotated.previous.wallet_id().to_string(),
            address: rotated.previous.record.address,
        },
    }))
}

fn no_key() -> ApiError {
    ApiError::field(
        IDEMPOTENCY_KEY,
        "this needs an `Idempotency-Key` header: without one a repeated call would replace the key \
         twice",
    )
}

/// What a retry has in common with the first call.
fn asked(principal: &str, key: &str) -> Digest32 {
    let mut hasher = Sha256::new_with_prefix(b"countersign/rotate/v1\0");
    hasher.update((principal.len() as u64).to_be_bytes());
    hasher.update(principal);
    hasher.update(key);
    Digest32(hasher.finalize().into())
}
