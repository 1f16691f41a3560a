//! Reads `when`: the scope of rules and limits, and the bounds of permissions.

use std::fmt;

use countersign_intent::{Action, Venue};

use super::reader::{Field, Section, nearest};
use super::value;
use crate::rule::{Actions, AnyOf, Asserts, Bounds, Threshold, WalletName, When};
use crate::set::{Destination, PolicyAsset};

/// What a `when` may refer to.
pub(super) struct Names<'a> {
    pub(super) destinations: &'a [Destination],
    pub(super) assets: &'a [PolicyAsset],
}

/// Keys that bound a permission. They are errors where nothing is permitted.
const BOUND_KEYS: [&str; 17] = [
    "max_amount",
    "max_priority_fee",
    "max_tip",
    "max_rent",
    "max_accounts_opened",
    "max_slippage_bps",
    "max_platform_fee_bps",
    "max_positive_slippage_bps",
    "fee_accounts",
    "min_value_ratio",
    "max_exposed_accounts",
    "max_order_lifetime",
    "asserts",
    "asserts_lamports",
    "memo",
    "durable_nonce",
    "allow_cosigners",
];

/// Reads the keys that say which effects are meant.
pub(super) fn scope(section: &Section<'_>, names: &Names<'_>) -> When {
    let assets = any_of(section, "asset", |text| value::asset(text, names.assets));
    When {
        actions: actions(section),
        venues: any_of(section, "venue", venue),
        wallets: any_of(section, "wallet", wallet),
        users: any_of(section, "user", str::parse),
        bots: any_of(section, "bot", value::name),
        tiers: any_of(section, "tier", value::name),
        programs: any_of(section, "program", value::name),
        mints_in: any_of(section, "mint_in", |text| value::asset(text, names.assets)),
        mints_out: any_of(section, "mint_out", |text| value::asset(text, names.assets)),
        destinations: any_of(section, "destination", |text| destination(text, names)),
        destination_written: section.get("destination").is_some(),
        hours: section
            .get("hours")
            .and_then(|field| field.parse(value::hours)),
        over_amount: threshold(section, "over_amount", &assets, names),
        max_amount: None,
        assets,
    }
}

/// Reads the keys that say how far a permission reaches.
pub(super) fn bounds(section: &Section<'_>, when: &mut When, names: &Names<'_>) -> Bounds {
    let lamports = |key| {
        section
            .get(key)
            .and_then(|field| field.parse(value::lamports))
    };
    let bps = |key| number(section, key, 10_000);
    let flag = |key| section.get(key).and_then(|field| field.boolean());
    let unless_said = Bounds::default();
    when.max_amount = threshold(section, "max_amount", &when.assets, names);
    Bounds {
        max_priority_fee: lamports("max_priority_fee"),
        max_tip: lamports("max_tip"),
        max_rent: lamports("max_rent").unwrap_or(unless_said.max_rent),
        max_accounts_opened: number(section, "max_accounts_opened", u16::MAX)
            .unwrap_or(unless_said.max_accounts_opened),
        max_slippage_bps: bps("max_slippage_bps"),
        max_platform_fee_bps: bps("max_platform_fee_bps").unwrap_or(0),
        max_positive_slippage_bps: bps("max_positive_slippage_bps").unwrap_or(0),
        fee_accounts: match section.get("fee_accounts") {
            None => unless_said.fee_accounts,
            Some(field) => list(field, value::receiver),
        },
        min_value_bps: section
            .get("min_value_ratio")
            .and_then(|field| field.parse(value::ratio_bps)),
        max_exposed_accounts: number(section, "max_exposed_accounts", u16::MAX).unwrap_or(0),
        max_order_lifetime: section
            .get("max_order_lifetime")
            .and_then(|field| field.parse(value::window))
            .unwrap_or(unless_said.max_order_lifetime),
        asserts: Asserts {
            lamports: lamports("asserts_lamports"),
            ..asserts(section)
        },
        memos: memos(section),
        durable_nonce: flag("durable_nonce").unwrap_or(false),
        cosigners: flag("allow_cosigners").unwrap_or(false),
    }
}

/// `"none"`, `"any"`, or a list of the memos that a message may have, as it writes them.
fn memos(section: &Section<'_>) -> AnyOf<Box<str>> {
    let none = || AnyOf::These(Vec::new());
    match section.get("memo") {
        None => AnyOf::Any,
        Some(field) if field.is_text() => {
            let said = field.parse(|text| match text {
                "any" => Ok(AnyOf::Any),
                "none" => Ok(none()),
                other => Err(format!(
                    "expected `\"none\"`, `\"any\"` or a list of memos, got a memo alone; write \
                     `[{other:?}]`"
                )),
            });
            said.unwrap_or_else(none)
        }
        Some(field) => {
            let items = field.array().unwrap_or_default();
            AnyOf::These(items.iter().filter_map(|item| item.parse(memo)).collect())
        }
    }
}

/// Most bytes of a memo in a policy: more than a message has room for beside a transfer.
const MOST_MEMO: usize = 900;

fn memo(text: &str) -> Result<Box<str>, String> {
    match text {
        "any" | "none" => Err(format!(
            "`{text}` in a list of memos is a memo like any other; write `memo = \"{text}\"` for \
             what it means, or leave it out"
        )),
        text if text.len() > MOST_MEMO => Err(format!(
            "expected at most {MOST_MEMO} bytes of a memo, got {}",
            text.len()
        )),
        text => Ok(text.into()),
    }
}

/// Facts about the wallet that a message has to assert.
fn asserts(section: &Section<'_>) -> Asserts {
    let items = section.get("asserts").map(Field::array_or_one);
    let mut asserts = Asserts::default();
    for item in items.unwrap_or_default() {
        item.parse(|text| {
            match text {
                "wallet-owner" => asserts.owner = true,
                "wallet-data" => asserts.data = true,
                other => {
                    let known = ["wallet-owner", "wallet-data"];
                    return Err(unknown("assertion", other, &known));
                }
            }
            Ok(())
        });
    }
    asserts
}

/// Refuses bounds where nothing is permitted: `what` is `a deny rule` or `a limit`.
pub(super) fn no_bounds(section: &Section<'_>, what: &str) {
    for key in BOUND_KEYS {
        if let Some(field) = section.get(key) {
            field.fail(format!(
                "{what} cannot have `{key}`: it would be escaped by asking for more; \
                 `over_amount` and limits hold from below"
            ));
        }
    }
}

fn actions(section: &Section<'_>) -> Actions {
    match any_of(section, "action", action) {
        AnyOf::Any => Actions::ANY,
        AnyOf::These(list) => list.into_iter().fold(Actions::NONE, Actions::with),
    }
}

fn action(text: &str) -> Result<Action, String> {
    let known = Action::ALL.map(Action::as_str);
    Action::ALL
        .into_iter()
        .find(|action| action.as_str() == text)
        .ok_or_else(|| unknown("action", text, &known))
}

fn venue(text: &str) -> Result<Venue, String> {
    Venue::by_slug(text).ok_or_else(|| unknown("venue", text, &[Venue::Solana.as_str()]))
}

fn wallet(text: &str) -> Result<WalletName, String> {
    if let Ok(id) = text.parse() {
        return Ok(WalletName::Id(id));
    }
    let address = text.parse().map(WalletName::Address);
    address.map_err(|_| {
        let shown: String = text.chars().take(64).collect();
        format!("expected a wallet's id like `wal_…` or its address, got `{shown}`")
    })
}

fn destination(text: &str, names: &Names<'_>) -> Result<usize, String> {
    let known: Vec<&str> = names.destinations.iter().map(|one| &*one.name).collect();
    known
        .iter()
        .position(|name| *name == text)
        .ok_or_else(|| unknown("destination", text, &known))
}

pub(super) fn unknown(what: &str, got: &str, known: &[&str]) -> String {
    let shown: String = got.chars().take(64).collect();
    match nearest(got, known) {
        Some(near) => format!("unknown {what} `{shown}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("unknown {what} `{shown}`; none is declared"),
        None => format!("unknown {what} `{shown}`; known: {}", known.join(", ")),
    }
}

fn any_of<T, E: fmt::Display>(
    section: &Section<'_>,
    key: &'static str,
    read: impl Fn(&str) -> Result<T, E>,
) -> AnyOf<T> {
    section
        .get(key)
        .map_or(AnyOf::Any, |field| list(field, read))
}

/// A string, a list of strings, or `"any"`.
fn list<T, E: fmt::Display>(field: Field<'_>, read: impl Fn(&str) -> Result<T, E>) -> AnyOf<T> {
    let items = field.array_or_one();
    if let [only] = items.as_slice()
        && only.is_text()
        && only.text() == Some("any")
    {
        return AnyOf::Any;
    }
    AnyOf::These(items.iter().filter_map(|item| item.parse(&read)).collect())
}

fn number(section: &Section<'_>, key: &'static str, max: u16) -> Option<u16> {
    let value = section.get(key)?.number(u64::from(max))?;
    u16::try_from(value).ok()
}

fn threshold(
    section: &Section<'_>,
    key: &'static str,
    assets: &AnyOf<countersign_intent::Asset>,
    names: &Names<'_>,
) -> Option<Threshold> {
    let field = section.get(key)?;
    let with_decimals = value::assets_with_decimals(names.assets);
    let meant = match assets {
        AnyOf::Any => with_decimals,
        AnyOf::These(list) => {
            let known = |asset| with_decimals.iter().find(|(of, _)| of == asset).copied();
            let found: Vec<_> = list.iter().filter_map(known).collect();
            if found.len() < list.len() {
                field.fail("the asset's decimals are not known; declare it as [assets.NAME]");
            }
            found
        }
    };
    field.take(field.text_or_number()?, |text| {
        value::threshold(text, &meant)
    })
}
