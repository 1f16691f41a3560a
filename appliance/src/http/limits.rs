//! `/v1/limits`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{LimitUse, LimitsQuery, Page};
use countersign_intent::{
    Address, Amount, AssetNames, Principal, Role, Timestamp, Venue, WalletId,
};
use countersign_policy::usage::Window;
use countersign_policy::{Cap, Limit, Per, PolicySet, Scope};
use countersign_store::ledger::usage_key;

use super::convert;
use super::error::ApiError;
use super::extract::{Peer, Query};
use super::page::cut;
use crate::app::App;
use crate::records::RecordsError;
use crate::wallets::WalletEntry;

/// Decimals of a US dollar in micro-dollars.
const USD_DECIMALS: u8 = 6;

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<LimitsQuery>,
) -> Result<Json<Page<LimitUse>>, ApiError> {
    let asked = Asked::read(&app, &query).await?;
    let policy = app.policies.active();
    let mut items = Vec::new();
    if let Some(policy) = policy {
        let set = &policy.set;
        let own = asked.wallet.as_ref().map(|wallet| &wallet.limits);
        let counted: Vec<(&Limit, Scope)> = set
            .limits()
            .iter()
            .chain(own.into_iter().flatten())
            .filter_map(|limit| Some((limit, asked.scope(limit.per())?)))
            .collect();
        let now = app.clock.now();
        let windows = windows(&app, &counted).await?;
        for ((limit, scope), window) in counted.iter().zip(&windows) {
            items.push(told(set, limit, scope, window, now));
        }
    }
    let name = |one: &LimitUse| format!("{} {}", one.limit, one.scope);
    Ok(Json(cut(
        items,
        name,
        query.cursor.as_deref(),
        query.limit,
    )?))
}

/// For whom the limits are asked.
struct Asked {
    wallet: Option<Arc<WalletEntry>>,
    bot: Option<Principal>,
    destination: Option<Address>,
}

impl Asked {
    async fn read(app: &App, query: &LimitsQuery) -> Result<Self, ApiError> {
        let bot = query.bot.as_deref().map(|name| {
            Principal::new(Role::Bot, name)
                .map_err(|error| ApiError::field("bot", error.to_string()))
        });
        let destination = query
            .destination
            .as_deref()
            .map(|address| convert::id("destination", address));
        let wallet = match &query.wallet_id {
            Some(text) => Some(wallet(app, text).await?),
            None => None,
        };
        Ok(Self {
            wallet,
            bot: bot.transpose()?,
            destination: destination.transpose()?,
        })
    }

    /// The one of those a limit counts for that was asked about.
    fn scope(&self, per: Per) -> Option<Scope> {
        match per {
            Per::Wallet => self.wallet.as_ref().map(|one| Scope::Wallet(one.counts_as)),
            Per::User => self.wallet.as_ref().map(|one| Scope::User(one.user)),
            Per::Bot => self.bot.clone().map(Scope::Bot),
            Per::Venue => Some(Scope::Venue(Venue::Solana)),
            Per::Destination => self.destination.map(|to| Scope::Destination(to.into())),
            Per::Global => Some(Scope::Global),
        }
    }
}

async fn wallet(app: &App, text: &str) -> Result<Arc<WalletEntry>, ApiError> {
    let id: WalletId = convert::id("wallet_id", text)?;
    let entry = app.directory.resolve(id).await?;
    entry.ok_or_else(|| ApiError::not_found("wallet", text))
}

/// The window of each, from what was committed.
async fn windows(app: &App, counted: &[(&Limit, Scope)]) -> Result<Vec<Window>, ApiError> {
    let keys: Vec<Vec<u8>> = counted
        .iter()
        .map(|(limit, scope)| usage_key(&limit.key(scope.clone())))
        .collect();
    let rows = app.db.usage(&keys).await.map_err(RecordsError::from)?;
    let mut stored: HashMap<Vec<u8>, Vec<(i64, u128)>> = HashMap::new();
    for row in rows {
        let buckets = stored.entry(row.limit_key).or_default();
        buckets.push((row.bucket, row.amount));
    }
    let held = held(app).await?;
    let window = |((limit, _), key): (&(&Limit, Scope), &Vec<u8>)| {
        let stored = stored.remove(key).unwrap_or_default();
        let mut window = Window::restore(limit.window(), stored);
        window.set_held(held.get(key).copied().unwrap_or_default());
        window
    };
    Ok(counted.iter().zip(&keys).map(window).collect())
}

/// What is held under durable nonces.
async fn held(app: &App) -> Result<HashMap<Vec<u8>, u128>, ApiError> {
    let mut held: HashMap<Vec<u8>, u128> = HashMap::new();
    let nonces = app.db.nonces().await.map_err(RecordsError::from)?;
    for row in nonces.into_iter().flat_map(|nonce| nonce.held) {
        let sum = held.entry(row.limit_key).or_default();
        *sum = sum.saturating_add(row.amount);
    }
    Ok(held)
}

fn told(
    set: &PolicySet,
    limit: &Limit,
    scope: &Scope,
    window: &Window,
    now: Timestamp,
) -> LimitUse {
    let (unit, decimals) = unit(set, limit.cap());
    let max = limit.cap().max();
    let used = window.used(now);
    let shown = |base: u128| Amount::from_base(base).display(decimals).to_string();
    LimitUse {
        limit: limit.name().to_owned(),
        scope: scope.to_string(),
        unit,
        max: shown(max),
        used: shown(used),
        held: (window.held() > 0).then(|| shown(window.held())),
        left: shown(max.saturating_sub(used)),
        window: limit.window().to_string(),
        frees_at: window.frees_at(now).map(|at| at.to_string()),
    }
}

fn unit(set: &PolicySet, cap: Cap) -> (String, u8) {
    match cap {
        Cap::Amount {
            asset, decimals, ..
        } => (set.symbol(asset), decimals),
        Cap::MicroUsd(_) => ("USD".to_owned(), USD_DECIMALS),
        Cap::Count(_) => ("requests".to_owned(), 0),
    }
}
