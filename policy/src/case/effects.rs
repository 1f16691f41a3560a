//! The effects of a case.

use countersign_intent::solana::{
    Asset, AuthorityKind, Detail as Effect, Launch, Quote, StakeOperation, Swap,
};
use countersign_intent::{Address, Amount, KnownAsset, Timestamp};

use super::{Names, Section};
use crate::document::value;

/// Reads one effect: the first key says which.
pub(super) fn read(
    section: Section<'_>,
    names: &Names,
    programs: &[&'static str],
) -> Option<Effect> {
    let form = Form { section, names };
    let effect = form
        .transfer()
        .or_else(|| form.swap(programs))
        .or_else(|| form.launch())
        .or_else(|| form.costs())
        .or_else(|| form.upkeep())
        .or_else(|| form.powers())
        .or_else(|| form.stake());
    if effect.is_none() {
        form.section
            .fail("this is no effect, or one of its keys is missing");
    }
    form.section.finish();
    effect
}

struct Form<'d, 'n> {
    section: Section<'d>,
    names: &'n Names,
}

impl Form<'_, '_> {
    fn address(&self, key: &'static str) -> Option<Address> {
        self.section
            .get(key)
            .and_then(|field| self.names.address(&field))
    }

    /// An amount with its asset, e.g. `1.5 SOL`; of a mint that is not well known, base units.
    fn money(&self, key: &'static str) -> Option<(Asset, Amount)> {
        self.section.get(key)?.parse(money)
    }

    fn lamports(&self, key: &'static str) -> Option<Amount> {
        self.section.get(key)?.parse(value::lamports)
    }

    fn asset(&self, key: &'static str) -> Option<Asset> {
        self.section.get(key)?.parse(asset)
    }

    fn count(&self, key: &'static str) -> Option<u16> {
        let value = self.section.get(key)?.number(u64::from(u16::MAX))?;
        u16::try_from(value).ok()
    }

    fn transfer(&self) -> Option<Effect> {
        let (asset, amount) = self.money("transfer")?;
        Some(Effect::Transfer {
            asset,
            amount,
            to: self.address("to")?,
            token_account: self.address("token_account"),
        })
    }

    fn swap(&self, programs: &[&'static str]) -> Option<Effect> {
        let (spend, spend_max) = self.money("swap")?;
        let (receive, receive_min) = self.money("for")?;
        let program = self.section.get("program")?.parse(|text| {
            let known = programs.iter().find(|slug| **slug == text);
            known.ok_or_else(|| format!("unknown program; known: {}", programs.join(", ")))
        })?;
        let quoted = self.money("quoted").map(|(_, amount)| amount);
        let slippage = self.count("slippage_bps");
        Some(Effect::Swap(Swap {
            program,
            spend,
            spend_max,
            receive,
            receive_min,
            quote: slippage.map(|slippage_bps| Quote {
                amount: quoted.unwrap_or(receive_min),
                slippage_bps,
            }),
            platform_fee_bps: self.count("platform_fee_bps").unwrap_or(0),
            positive_slippage_bps: self.count("positive_slippage_bps").unwrap_or(0),
            fee_account: self.address("fee_account"),
            exposed_accounts: self.count("exposed_accounts").unwrap_or(0),
            expires_at: self
                .section
                .get("expires_at")
                .and_then(|field| field.parse(Timestamp::parse)),
            launches: self
                .section
                .get("launches")
                .and_then(|field| field.boolean())
                .unwrap_or(false),
        }))
    }

    /// On pump.fun, which is where launches are understood.
    fn launch(&self) -> Option<Effect> {
        let mint = self.address("launch")?;
        let cost = self.lamports("cost")?;
        let name = self.section.get("name").and_then(|field| field.text());
        let name = name.unwrap_or_default().to_owned();
        Some(Effect::Launch(Launch {
            program: "pump-fun",
            mint,
            creator: self.address("creator"),
            quote: Asset::Sol,
            symbol: name.clone(),
            name,
            uri: String::new(),
            cost,
        }))
    }

    fn costs(&self) -> Option<Effect> {
        if let Some(priority) = self.lamports("fee") {
            let signatures = Amount::from_base(5_000);
            return Some(Effect::Fee {
                signatures,
                priority,
            });
        }
        if let Some(amount) = self.lamports("tip") {
            let to = self.address("to")?;
            return Some(Effect::Tip { to, amount });
        }
        let amount = self.lamports("rent")?;
        let account = self.address("account")?;
        Some(Effect::RentDeposit { account, amount })
    }

    fn upkeep(&self) -> Option<Effect> {
        if let Some(account) = self.address("open") {
            return Some(Effect::OpenAccount {
                account,
                owner: self.address("owner")?,
                asset: self.asset("asset")?,
            });
        }
        if let Some(account) = self.address("close") {
            let destination = self.address("destination")?;
            return Some(Effect::CloseAccount {
                account,
                destination,
            });
        }
        if let Some(amount) = self.lamports("wrap") {
            let account = self.address("account")?;
            return Some(Effect::Wrap { account, amount });
        }
        if let Some(account) = self.address("unwrap") {
            let amount = self.lamports("amount");
            return Some(Effect::Unwrap { account, amount });
        }
        if let Some(account) = self.address("revoke") {
            return Some(Effect::Revoke { account });
        }
        let text = self.section.get("memo")?.text()?.to_owned();
        Some(Effect::Memo { text })
    }

    fn powers(&self) -> Option<Effect> {
        if let Some((asset, amount)) = self.money("delegate") {
            return Some(Effect::Delegate {
                account: self.address("account")?,
                delegate: self.address("to")?,
                asset: Some(asset),
                amount,
            });
        }
        if let Some((asset, amount)) = self.money("burn") {
            let account = self.address("account")?;
            return Some(Effect::Burn {
                asset,
                amount,
                account,
            });
        }
        if let Some(account) = self.address("nonce") {
            let authority = self.address("authority")?;
            return Some(Effect::NonceAdvance { account, authority });
        }
        let account = self.address("hand_over")?;
        let kind = self.section.get("kind")?.parse(authority_kind)?;
        let new_authority = self.address("to");
        Some(Effect::AuthorityChange {
            account,
            kind,
            new_authority,
        })
    }

    fn stake(&self) -> Option<Effect> {
        let account = self.address("stake")?;
        let operation = if let Some(amount) = self.lamports("create") {
            StakeOperation::Create { amount }
        } else if let Some(amount) = self.lamports("withdraw") {
            StakeOperation::WithdrawToSelf { amount }
        } else if let Some(vote_account) = self.address("vote") {
            StakeOperation::Delegate { vote_account }
        } else {
            StakeOperation::Deactivate
        };
        Some(Effect::Stake { account, operation })
    }
}

fn asset(text: &str) -> Result<Asset, String> {
    match value::asset(text)? {
        countersign_intent::Asset::Solana(asset) => Ok(asset),
        other @ countersign_intent::Asset::Evm(_) => {
            Err(format!("expected an asset of Solana, got `{other}`"))
        }
    }
}

fn money(text: &str) -> Result<(Asset, Amount), String> {
    let (number, name) = text
        .split_once(' ')
        .ok_or_else(|| format!("expected an amount and its asset like `1.5 SOL`, got `{text}`"))?;
    let asset = asset(name)?;
    let decimals = KnownAsset::of(asset.into()).map_or(0, |known| known.decimals);
    let amount = Amount::from_display(number, decimals).map_err(|error| error.to_string())?;
    Ok((asset, amount))
}

fn authority_kind(text: &str) -> Result<AuthorityKind, String> {
    match text {
        "owner" => Ok(AuthorityKind::AccountOwner),
        "close" => Ok(AuthorityKind::CloseAccount),
        "mint" => Ok(AuthorityKind::Mint(0)),
        "nonce" => Ok(AuthorityKind::Nonce),
        "staker" => Ok(AuthorityKind::Staker),
        "withdrawer" => Ok(AuthorityKind::Withdrawer),
        other => Err(format!(
            "expected one of owner, close, mint, nonce, staker, withdrawer, got `{other}`"
        )),
    }
}
