//! Effects in words a person understands.

use countersign_intent::{
    Address, Amount, AssertedFact, Assertion, Asset, AuthorityKind, Effect, Intent, KnownAsset,
    Launch, Lifetime, Reading, StakeOperation, Swap,
};

/// One line per effect, then how long the signature lives and who else must sign. Printable
/// ASCII only, whatever the message says.
#[must_use]
pub fn explain(intent: &Intent) -> Vec<String> {
    let mut lines: Vec<String> = intent
        .readings()
        .iter()
        .map(|reading| explain_effect(reading, &intent.wallet))
        .collect();
    if let Lifetime::DurableNonce { account, .. } = &intent.lifetime {
        lines.push(format!(
            "the signature stays usable until nonce account {account} is advanced"
        ));
    }
    lines.extend(intent.asserted.iter().map(explain_assertion));
    for cosigner in &intent.cosigners {
        lines.push(format!("{cosigner} must sign too"));
    }
    lines
}

fn explain_assertion(assertion: &Assertion) -> String {
    let account = &assertion.account;
    match assertion.fact {
        AssertedFact::OwnedBySystem => format!("fails unless {account} ends up with System"),
        AssertedFact::NoData => format!("fails unless {account} ends up without data"),
        AssertedFact::LamportsAtLeast(least) => {
            format!(
                "fails unless {account} ends up with at least {}",
                sol(least)
            )
        }
    }
}

/// One effect in one line, as it was read within its intent.
#[must_use]
pub fn explain_effect(reading: &Reading<'_>, wallet: &Address) -> String {
    match (reading.effect, reading.receivers.owner()) {
        (Effect::RentDeposit { account, amount }, Some(owner)) => format!(
            "pays at most {} to {} as rent of their account {account}",
            sol(*amount),
            name(&owner, wallet)
        ),
        (effect, _) => explain_alone(effect, wallet),
    }
}

fn explain_alone(effect: &Effect, wallet: &Address) -> String {
    let who = |address: &Address| name(address, wallet);
    match effect {
        Effect::Transfer {
            asset,
            amount,
            to,
            token_account,
        } => explain_transfer(
            *asset,
            *amount,
            &who(to),
            token_account.filter(|one| one != to),
        ),
        Effect::Swap(swap) => explain_swap(swap),
        Effect::Launch(launch) => explain_launch(launch, wallet),
        Effect::Fee {
            signatures,
            priority,
        } => format!(
            "pays a network fee of at most {} ({} for priority)",
            sol(signatures.saturating_add(*priority)),
            sol(*priority)
        ),
        Effect::Tip { to, amount } => {
            format!("tips block-inclusion account {to} with {}", sol(*amount))
        }
        Effect::RentDeposit { account, amount } => {
            format!(
                "deposits at most {} of rent for account {account}",
                sol(*amount)
            )
        }
        Effect::Wrap { account, amount } => {
            format!(
                "wraps {} in the wallet's own account {account}",
                sol(*amount)
            )
        }
        Effect::Unwrap { account, amount } => match amount {
            Some(amount) => format!("unwraps {} from {account} to the wallet", sol(*amount)),
            None => format!("unwraps all SOL in {account} to the wallet and closes it"),
        },
        Effect::Reclaim { account, amount } => match amount {
            Some(amount) => format!("takes {} back from {account}", sol(*amount)),
            None => format!("takes what {account} can pay out back to the wallet"),
        },
        Effect::OpenAccount {
            account,
            owner,
            asset,
        } => format!(
            "opens token account {account} of {} for {asset}",
            who(owner)
        ),
        Effect::Memo { text } => format!("writes the memo \"{}\"", text.escape_default()),
        Effect::CloseAccount { .. }
        | Effect::Delegate { .. }
        | Effect::Revoke { .. }
        | Effect::AuthorityChange { .. }
        | Effect::Burn { .. }
        | Effect::Stake { .. }
        | Effect::NonceAdvance { .. } => explain_power(effect, wallet),
    }
}

fn explain_power(effect: &Effect, wallet: &Address) -> String {
    let who = |address: &Address| name(address, wallet);
    match effect {
        Effect::CloseAccount {
            account,
            destination,
        } => format!(
            "closes token account {account} and pays its lamports to {}",
            who(destination)
        ),
        Effect::Delegate {
            account,
            delegate,
            asset,
            amount,
        } => {
            let amount = match asset {
                Some(asset) => money(*asset, *amount),
                None => format!("{} base units", amount.base()),
            };
            format!(
                "lets {} spend {amount} from account {account}",
                who(delegate)
            )
        }
        Effect::Revoke { account } => {
            format!("withdraws any delegation over account {account}")
        }
        Effect::AuthorityChange {
            account,
            kind,
            new_authority,
        } => {
            let receiver = new_authority
                .as_ref()
                .map_or_else(|| "nobody, for ever".to_owned(), who);
            format!("gives the {} of {account} to {receiver}", power(*kind))
        }
        Effect::Burn {
            asset,
            amount,
            account,
        } => format!("destroys {} in account {account}", money(*asset, *amount)),
        Effect::Stake { account, operation } => explain_stake(account, operation),
        Effect::NonceAdvance { account, .. } => {
            format!("advances nonce account {account}: the signature does not expire by itself")
        }
        Effect::Transfer { .. }
        | Effect::Swap(_)
        | Effect::Launch(_)
        | Effect::Fee { .. }
        | Effect::Tip { .. }
        | Effect::RentDeposit { .. }
        | Effect::Wrap { .. }
        | Effect::Unwrap { .. }
        | Effect::Reclaim { .. }
        | Effect::OpenAccount { .. }
        | Effect::Memo { .. } => explain_alone(effect, wallet),
    }
}

fn explain_transfer(asset: Asset, amount: Amount, to: &str, account: Option<Address>) -> String {
    let line = format!("sends {} to {to}", money(asset, amount));
    match account {
        Some(account) => format!("{line} in token account {account}"),
        None => line,
    }
}

fn explain_launch(launch: &Launch, wallet: &Address) -> String {
    let creator = launch.creator.as_ref().map_or_else(String::new, |creator| {
        format!(", creator fees to {}", name(creator, wallet))
    });
    format!(
        "launches coin {} \"{}\" (\"{}\") on {} against {} for at most {}{creator}",
        launch.mint,
        launch.name.escape_default(),
        launch.symbol.escape_default(),
        launch.program,
        launch.quote,
        sol(launch.cost),
    )
}

fn explain_swap(swap: &Swap) -> String {
    let mut line = format!(
        "trades at most {} for at least {} on {}",
        money(swap.spend, swap.spend_max),
        money(swap.receive, swap.receive_min),
        swap.program
    );
    if swap.launches {
        line.push_str(", of the coin launched here");
    }
    if let Some(quote) = &swap.quote {
        line.push_str(&format!(" (slippage {} basis points)", quote.slippage_bps));
    }
    if swap.platform_fee_bps > 0 {
        let fee = format!(
            ", of which {} basis points to an integrator",
            swap.platform_fee_bps
        );
        line.push_str(&fee);
    }
    if let Some(account) = &swap.fee_account {
        line.push_str(&format!(", fees to {account}"));
    }
    if let Some(until) = swap.expires_at {
        line.push_str(&format!(", as an order that waits until {until}"));
    }
    if swap.exposed_accounts > 0 {
        line.push_str(&format!(
            ", with {} further accounts that are or may be the wallet's within reach of its \
             exchanges",
            swap.exposed_accounts
        ));
    }
    line
}

fn explain_stake(account: &Address, operation: &StakeOperation) -> String {
    match operation {
        StakeOperation::Delegate { vote_account } => {
            format!("delegates stake account {account} to validator {vote_account}")
        }
        StakeOperation::Deactivate => format!("deactivates stake account {account}"),
        StakeOperation::WithdrawToSelf { amount } => {
            format!(
                "withdraws {} from stake account {account} to the wallet",
                sol(*amount)
            )
        }
        StakeOperation::Create { amount } => {
            format!("creates stake account {account} with {}", sol(*amount))
        }
    }
}

fn power(kind: AuthorityKind) -> String {
    match kind {
        AuthorityKind::AccountOwner => "ownership".to_owned(),
        AuthorityKind::CloseAccount => "right to close".to_owned(),
        AuthorityKind::Mint(number) => format!("mint authority number {number}"),
        AuthorityKind::Nonce => "nonce authority".to_owned(),
        AuthorityKind::Staker => "right to stake".to_owned(),
        AuthorityKind::Withdrawer => "right to withdraw".to_owned(),
    }
}

fn name(address: &Address, wallet: &Address) -> String {
    if address == wallet {
        "the wallet itself".to_owned()
    } else {
        address.to_string()
    }
}

fn sol(amount: Amount) -> String {
    money(Asset::Sol, amount)
}

fn money(asset: Asset, amount: Amount) -> String {
    match KnownAsset::of(asset) {
        Some(known) => format!("{} {}", amount.display(known.decimals), known.symbol),
        None => format!("{} base units of {asset}", amount.base()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_intent::Quote;

    const WALLET: Address = Address::new([1; 32]);
    const OTHER: Address = Address::new([2; 32]);

    /// One of every kind.
    fn every_effect() -> Vec<Effect> {
        let mut effects = every_movement();
        effects.extend(every_power());
        effects
    }

    fn every_movement() -> Vec<Effect> {
        let (account, amount, asset) = (OTHER, Amount::from_base(1_500_000_000), Asset::Sol);
        vec![
            Effect::Transfer {
                asset,
                amount,
                to: OTHER,
                token_account: None,
            },
            Effect::Swap(Swap {
                program: "jupiter-v6",
                spend: asset,
                spend_max: amount,
                receive: Asset::Token(OTHER),
                receive_min: amount,
                quote: Some(Quote {
                    amount,
                    slippage_bps: 50,
                }),
                platform_fee_bps: 7,
                positive_slippage_bps: 0,
                fee_account: Some(OTHER),
                exposed_accounts: 3,
                expires_at: Some(countersign_intent::Timestamp::from_micros(0)),
                launches: false,
            }),
            Effect::Launch(Launch {
                program: "pump-fun",
                mint: OTHER,
                creator: Some(WALLET),
                quote: asset,
                name: "caf\u{e9} \u{1b}[31m\n".to_owned(),
                symbol: "\"X\"".to_owned(),
                uri: String::new(),
                cost: amount,
            }),
            Effect::Fee {
                signatures: amount,
                priority: amount,
            },
            Effect::Tip { to: OTHER, amount },
            Effect::RentDeposit { account, amount },
            Effect::Wrap { account, amount },
            Effect::Unwrap {
                account,
                amount: Some(amount),
            },
            Effect::Unwrap {
                account,
                amount: None,
            },
            Effect::Reclaim {
                account,
                amount: Some(amount),
            },
            Effect::Reclaim {
                account,
                amount: None,
            },
            Effect::OpenAccount {
                account,
                owner: WALLET,
                asset,
            },
        ]
    }

    fn every_power() -> Vec<Effect> {
        let (account, amount, asset) = (OTHER, Amount::from_base(1_500_000_000), Asset::Sol);
        let stake = |operation| Effect::Stake { account, operation };
        vec![
            Effect::CloseAccount {
                account,
                destination: WALLET,
            },
            Effect::Delegate {
                account,
                delegate: OTHER,
                asset: Some(asset),
                amount,
            },
            Effect::Delegate {
                account,
                delegate: OTHER,
                asset: None,
                amount,
            },
            Effect::Revoke { account },
            Effect::AuthorityChange {
                account,
                kind: AuthorityKind::AccountOwner,
                new_authority: Some(OTHER),
            },
            Effect::AuthorityChange {
                account,
                kind: AuthorityKind::Mint(4),
                new_authority: None,
            },
            Effect::Burn {
                asset,
                amount,
                account,
            },
            stake(StakeOperation::Delegate {
                vote_account: OTHER,
            }),
            stake(StakeOperation::Deactivate),
            stake(StakeOperation::WithdrawToSelf { amount }),
            stake(StakeOperation::Create { amount }),
            Effect::NonceAdvance {
                account,
                authority: WALLET,
            },
            Effect::Memo {
                text: "caf\u{e9} \u{1b}[31m\n\"quoted\"".to_owned(),
            },
        ]
    }

    #[test]
    fn every_effect_has_a_line_of_its_own_in_printable_ascii() {
        let lines: std::collections::BTreeSet<String> = every_effect()
            .iter()
            .map(|effect| explain_alone(effect, &WALLET))
            .collect();
        assert_eq!(lines.len(), every_effect().len());
        for line in lines {
            assert!(
                line.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
                "{line}"
            );
        }
    }

    #[test]
    fn amounts_are_in_display_units_where_decimals_are_known() {
        let line = explain_alone(&every_effect()[0], &WALLET);
        assert_eq!(line, format!("sends 1.5 SOL to {OTHER}"));
        let own = Effect::Transfer {
            asset: Asset::Token(OTHER),
            amount: Amount::from_base(5),
            to: WALLET,
            token_account: None,
        };
        let line = explain_alone(&own, &WALLET);
        assert_eq!(
            line,
            format!("sends 5 base units of {OTHER} to the wallet itself")
        );
    }

    #[test]
    fn who_receives_is_the_owner_and_the_account() {
        let account = Address::new([3; 32]);
        let intent = Intent {
            venue: countersign_intent::Venue::Solana,
            wallet: WALLET,
            effects: vec![
                Effect::OpenAccount {
                    account,
                    owner: OTHER,
                    asset: Asset::Sol,
                },
                Effect::RentDeposit {
                    account,
                    amount: Amount::from_base(2_039_280),
                },
                Effect::Transfer {
                    asset: Asset::Sol,
                    amount: Amount::from_base(1),
                    to: OTHER,
                    token_account: Some(account),
                },
            ],
            lifetime: Lifetime::Blockhash([0; 32]),
            cosigners: vec![],
            asserted: vec![],
        };
        let expected = [
            format!("opens token account {account} of {OTHER} for SOL"),
            format!("pays at most 0.00203928 SOL to {OTHER} as rent of their account {account}"),
            format!("sends 0.000000001 SOL to {OTHER} in token account {account}"),
        ];
        assert_eq!(explain(&intent), expected);
    }
}
