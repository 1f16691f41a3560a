//! `POST /v1/wallets/import`: a wallet with a key made outside, and the key it is sealed to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{CreateWallet, ErrorCode, ImportKey, ImportWallet, Wallet};
use countersign_hsm::{Consequence, KeyType};

use super::wanted;
use crate::app::App;
use crate::device::DeskError;
use crate::http::convert;
use crate::http::error::ApiError;
use crate::http::extract::{Body, Peer};
use crate::venue::key_type;
use crate::wallets::sealed::{Keypair, Purpose, Recipient, Sealed, SealedError};
use crate::wallets::{self, NewWallet};

pub(in crate::http) async fn key(
    State(app): State<Arc<App>>,
    _: Peer,
) -> Result<Json<ImportKey>, ApiError> {
    let recipient = recipient(&app)?.clone();
    Ok(Json(ImportKey {
        kty: "RSA".to_owned(),
        usage: "enc".to_owned(),
        alg: "RSA-OAEP".to_owned(),
        kid: recipient.kid,
        n: recipient.modulus,
        e: recipient.exponent,
        iat: app.clock.now().micros().div_euclid(1_000_000),
    }))
}

pub(in crate::http) async fn import(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<ImportWallet>,
) -> Result<Json<Wallet>, ApiError> {
    let recipient = recipient(&app)?;
    let sealed = Sealed::parse(&body.sealed).map_err(refused)?;
    let asked = CreateWallet {
        user_id: body.user_id,
        venue: body.venue,
        environment: body.environment,
        name: body.name,
        custody: body.custody,
        limits: body.limits,
    };
    let new = wanted(&app, &peer, asked).await?;
    if key_type(new.venue) != KeyType::Ed25519 {
        let detail = format!(
            "only Ed25519 keypairs are imported, and `{}` takes {} keys; make a wallet, whose key is made \
             in the HSM, and send the funds there",
            new.venue.as_str(),
            key_type(new.venue)
        );
        return Err(ApiError::field("venue", detail));
    }
    let pair = open(&app, &recipient.kid, sealed, &new).await?;
    let stored = wallets::import(
        &app.records,
        &app.desk,
        &app.journal,
        new,
        pair,
        peer.actor(),
    )
    .await?;
    Ok(Json(convert::wallet(&stored)))
}

fn recipient(app: &App) -> Result<&Recipient, ApiError> {
    app.recipient.as_ref().ok_or_else(|| {
        let detail = "there is no import key here: the operator sets `custody.import = true` \
                      and runs `countersignd add-keys`";
        ApiError::new(ErrorCode::NotFound, detail)
    })
}

async fn open(app: &App, kid: &str, sealed: Sealed, new: &NewWallet) -> Result<Keypair, ApiError> {
    let purpose = Purpose {
        kid,
        user: &new.user,
        venue: new.venue.as_str(),
        environment: &new.environment,
    };
    sealed.check(purpose, app.clock.now()).map_err(refused)?;
    let encrypted = sealed.encrypted_key().to_vec();
    let opened = app.desk.run(move |desk| {
        let import = desk.import.as_mut();
        let import = import.ok_or(DeskError::Lacking("importing keys is turned off here"))?;
        Ok(import.open(&encrypted)?)
    });
    let key = opened.await.map_err(|error| match error {
        DeskError::Device(error) if error.consequence() == Consequence::Refused => {
            refused(SealedError::Content)
        }
        other => other.into(),
    })?;
    sealed.open(&key).map_err(refused)
}

fn refused(error: SealedError) -> ApiError {
    ApiError::field("sealed", error.to_string())
}
