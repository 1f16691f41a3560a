//! What an effect does, line by line, as a person reads it on a device: in words and numbers,
//! with every address that decides something in full.

use countersign_intent::{
    Address, Amount, AssertedFact, Assertion, Asset, AuthorityKind, Effect, KnownAsset, Launch,
    Lifetime, StakeOperation, Swap,
};

use crate::request::{AssetOf, Request, Subject, symbol};

/// The lines of one effect; what matters first.
pub(super) fn effect(request: &Request<'_>, subject: &Subject<'_>) -> Vec<String> {
    let wallet = &request.intent.wallet;
    match subject.effect {
        Effect::Transfer {
            asset,
            amount,
            to,
            token_account,
        } => {
            let mut lines = vec![
                format!("Withdraw {}", money(request, *asset, *amount)),
                format!("to {to}"),
            ];
            lines.extend(token_account.iter().map(|one| format!("account {one}")));
            lines.extend(mint(request, *asset).map(|mint| format!("mint {mint}")));
            lines
        }
        Effect::Swap(trade) => swap(request, trade),
        Effect::Launch(coin) => launch(request, coin),
        Effect::Burn {
            asset,
            amount,
            account,
        } => {
            let mut lines = vec![
                format!("Destroy {}", money(request, *asset, *amount)),
                format!("in account {account}"),
            ];
            lines.extend(mint(request, *asset).map(|mint| format!("mint {mint}")));
            lines
        }
        Effect::Memo { text } => vec![format!("memo \"{}\"", text.escape_default())],
        Effect::Fee {
            signatures,
            priority,
        } => vec![format!(
            "network fee {}, priority fee up to {}",
            money(request, Asset::Sol, *signatures),
            money(request, Asset::Sol, *priority)
        )],
        Effect::Tip { to, amount } => vec![
            format!("tip {}", money(request, Asset::Sol, *amount)),
            format!("to {to}"),
        ],
        Effect::Stake { account, operation } => stake(request, account, operation),
        Effect::Delegate { .. } | Effect::AuthorityChange { .. } | Effect::NonceAdvance { .. } => {
            power(request, subject.effect)
        }
        Effect::RentDeposit { .. }
        | Effect::Wrap { .. }
        | Effect::Unwrap { .. }
        | Effect::Reclaim { .. }
        | Effect::OpenAccount { .. }
        | Effect::CloseAccount { .. }
        | Effect::Revoke { .. } => upkeep(request, subject.effect, wallet),
    }
}

fn swap(request: &Request<'_>, trade: &Swap) -> Vec<String> {
    let mut lines = vec![
        format!(
            "Trade at most {}",
            money(request, trade.spend, trade.spend_max)
        ),
        format!(
            "for at least {}",
            money(request, trade.receive, trade.receive_min)
        ),
        format!("through {}", trade.program),
    ];
    let (given, got) = (mint(request, trade.spend), mint(request, trade.receive));
    lines.extend(given.map(|mint| format!("mint given {mint}")));
    lines.extend(got.map(|mint| format!("mint received {mint}")));
    if let Some(quote) = trade.quote {
        lines.push(format!("slippage {} bps", quote.slippage_bps));
    }
    if trade.platform_fee_bps > 0 {
        lines.push(format!("integrator takes {} bps", trade.platform_fee_bps));
    }
    if trade.positive_slippage_bps > 0 {
        lines.push(format!(
            "integrator keeps {} bps of a better price",
            trade.positive_slippage_bps
        ));
    }
    let to = trade.fee_account.iter();
    lines.extend(to.map(|account| format!("fees to {account}")));
    if trade.exposed_accounts > 0 {
        lines.push(format!(
            "{} more accounts that may be the wallet's are within reach",
            trade.exposed_accounts
        ));
    }
    lines
}

/// Names are whatever the bot sent: quoted, and escaped.
fn launch(request: &Request<'_>, coin: &Launch) -> Vec<String> {
    let mut lines = vec![
        format!("Launch a coin on {}", coin.program),
        format!("mint {}", coin.mint),
        format!(
            "called \"{}\" (\"{}\")",
            coin.name.escape_default(),
            coin.symbol.escape_default()
        ),
        format!("described at \"{}\"", coin.uri.escape_default()),
        format!("against {}", symbol(request.set, coin.quote)),
        format!("cost up to {}", money(request, Asset::Sol, coin.cost)),
    ];
    let creator = coin.creator.iter();
    lines.extend(creator.map(|to| format!("creator fees to {to}")));
    lines
}

fn stake(request: &Request<'_>, account: &Address, operation: &StakeOperation) -> Vec<String> {
    let sol = |amount: &Amount| money(request, Asset::Sol, *amount);
    match operation {
        StakeOperation::Delegate { vote_account } => vec![
            format!("Delegate stake {account}"),
            format!("to validator {vote_account}"),
        ],
        StakeOperation::Deactivate => vec![format!("Deactivate stake {account}")],
        StakeOperation::WithdrawToSelf { amount } => vec![
            format!("Take {} of stake back", sol(amount)),
            format!("from {account}"),
        ],
        StakeOperation::Create { amount } => {
            vec![format!("Stake {}", sol(amount)), format!("in {account}")]
        }
    }
}

/// Who gets power over what.
fn power(request: &Request<'_>, effect: &Effect) -> Vec<String> {
    match effect {
        Effect::Delegate {
            account,
            delegate,
            asset,
            amount,
        } => {
            let mut lines = vec![
                match asset {
                    Some(asset) => format!("Let spend {}", money(request, *asset, *amount)),
                    None => format!("Let spend {} base units", amount.base()),
                },
                format!("who: {delegate}"),
                format!("from account {account}"),
            ];
            let mint = asset.and_then(|asset| mint(request, asset));
            lines.extend(mint.map(|mint| format!("mint {mint}")));
            lines
        }
        Effect::AuthorityChange {
            account,
            kind,
            new_authority,
        } => vec![
            format!("Give the {} of {account}", right(*kind)),
            new_authority
                .as_ref()
                .map_or_else(|| "to nobody, for ever".to_owned(), |to| format!("to {to}")),
        ],
        Effect::NonceAdvance { account, authority } => vec![
            format!("advance nonce {account}"),
            format!("by authority {authority}"),
        ],
        // The caller has sorted them.
        _ => Vec::new(),
    }
}

fn right(kind: AuthorityKind) -> String {
    match kind {
        AuthorityKind::AccountOwner => "ownership".to_owned(),
        AuthorityKind::CloseAccount => "right to close".to_owned(),
        AuthorityKind::Mint(number) => format!("mint authority {number}"),
        AuthorityKind::Nonce => "nonce authority".to_owned(),
        AuthorityKind::Staker => "right to stake".to_owned(),
        AuthorityKind::Withdrawer => "right to withdraw".to_owned(),
    }
}

/// The wallet's own accounts, and those that it pays for.
fn upkeep(request: &Request<'_>, effect: &Effect, wallet: &Address) -> Vec<String> {
    let sol = |amount: &Amount| money(request, Asset::Sol, *amount);
    match effect {
        Effect::RentDeposit { account, amount } => {
            vec![
                format!("rent up to {}", sol(amount)),
                format!("for {account}"),
            ]
        }
        Effect::Wrap { account, amount } => {
            vec![format!("wrap {}", sol(amount)), format!("in {account}")]
        }
        Effect::Unwrap { account, amount } => vec![
            amount.as_ref().map_or_else(
                || "unwrap all SOL".to_owned(),
                |one| format!("unwrap {}", sol(one)),
            ),
            format!("of {account}"),
        ],
        Effect::Reclaim { account, amount } => vec![
            amount.as_ref().map_or_else(
                || "take back what can be paid out".to_owned(),
                |one| format!("take back {}", sol(one)),
            ),
            format!("from {account}"),
        ],
        Effect::OpenAccount {
            account,
            owner,
            asset,
        } => {
            let mut lines = vec![format!("open account {account}")];
            if owner != wallet {
                lines.push(format!("of owner {owner}"));
            }
            lines.push(match mint(request, *asset) {
                Some(mint) => format!("for {}, mint {mint}", symbol(request.set, *asset)),
                None => format!("for {}", symbol(request.set, *asset)),
            });
            lines
        }
        Effect::CloseAccount {
            account,
            destination,
        } if destination == wallet => vec![format!("close own account {account}")],
        Effect::CloseAccount {
            account,
            destination,
        } => vec![
            format!("Close account {account}"),
            format!("its SOL to {destination}"),
        ],
        Effect::Revoke { account } => vec![format!("revoke delegate of {account}")],
        // The caller has sorted them.
        _ => Vec::new(),
    }
}

/// How long the signature lives, who else signs, and what the message makes the chain check.
pub(super) fn around(request: &Request<'_>) -> Vec<String> {
    let intent = request.intent;
    let mut lines = Vec::new();
    if let Lifetime::DurableNonce { account, .. } = &intent.lifetime {
        lines.push("does not expire until nonce advances".to_owned());
        lines.push(format!("nonce {account}"));
    }
    lines.extend(
        intent
            .cosigners
            .iter()
            .map(|key| format!("also signs {key}")),
    );
    lines.extend(intent.asserted.iter().map(|one| asserted(request, one)));
    lines
}

fn asserted(request: &Request<'_>, assertion: &Assertion) -> String {
    let whose = if assertion.account == request.intent.wallet {
        "the wallet".to_owned()
    } else {
        assertion.account.to_string()
    };
    match assertion.fact {
        AssertedFact::OwnedBySystem => format!("fails unless System owns {whose}"),
        AssertedFact::NoData => format!("fails unless {whose} has no data"),
        AssertedFact::LamportsAtLeast(least) => format!(
            "fails unless {whose} keeps {}",
            money(request, Asset::Sol, least)
        ),
    }
}

fn money(request: &Request<'_>, asset: Asset, amount: Amount) -> String {
    request.money(AssetOf::Known(asset), amount.base())
}

/// The mint behind a symbol that is the policy's word for it.
fn mint(request: &Request<'_>, asset: Asset) -> Option<Address> {
    match (asset, KnownAsset::of(asset)) {
        (Asset::Token(mint), None) if request.set.asset(asset).is_some() => Some(mint),
        _ => None,
    }
}
