//! The facts of a case.

use countersign_intent::{Amount, Role, Span};

use super::{
    AddedDestination, Cap, Field, Names, Price, Principal, Section, Timestamp, UserId, WalletId,
};
use crate::document::value;

/// Facts as written, with defaults for what is not.
#[derive(Debug, Clone)]
pub(super) struct GivenFacts {
    pub(super) now: Timestamp,
    pub(super) principal: Principal,
    pub(super) wallet_id: WalletId,
    pub(super) user: UserId,
    pub(super) tier: Option<String>,
    pub(super) used: Vec<Used>,
    pub(super) prices: Vec<Price>,
    pub(super) added: Vec<AddedDestination>,
    pub(super) approvals: Option<GivenApprovals>,
}

/// What was spent under a limit, some time ago.
#[derive(Debug, Clone)]
pub(super) struct Used {
    pub(super) limit: String,
    pub(super) amount: String,
    pub(super) ago: Span,
}

impl Used {
    /// The amount in the limit's unit.
    pub(super) fn amount(&self, cap: Cap) -> Result<u128, String> {
        let decimals = match cap {
            Cap::Amount { decimals, .. } => decimals,
            Cap::MicroUsd(_) => 6,
            Cap::Count(_) => 0,
        };
        let amount = Amount::from_display(&self.amount, decimals);
        amount.map(Amount::base).map_err(|error| error.to_string())
    }
}

#[derive(Debug, Clone)]
pub(super) struct GivenApprovals {
    pub(super) group: String,
    pub(super) asked_at: Timestamp,
    pub(super) asker: Principal,
    pub(super) consumed: bool,
    pub(super) given: Vec<GivenApproval>,
}

#[derive(Debug, Clone)]
pub(super) struct GivenApproval {
    pub(super) approver: String,
    pub(super) at: Timestamp,
    pub(super) cosigned: bool,
    pub(super) older_policy: bool,
}

/// 2026-11-21T12:00:00Z, a Saturday noon.
const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

impl GivenFacts {
    pub(super) fn unless_said() -> Option<Self> {
        Some(Self {
            now: NOON,
            principal: Principal::new(Role::Bot, "momentum").ok()?,
            wallet_id: WalletId::from_bytes([1; 16]),
            user: UserId::from_bytes([1; 16]),
            tier: None,
            used: Vec::new(),
            prices: Vec::new(),
            added: Vec::new(),
            approvals: None,
        })
    }
}

pub(super) fn read(section: Section<'_>, names: &Names) -> Option<GivenFacts> {
    let unless_said = GivenFacts::unless_said()?;
    let now = time(&section, "now").unwrap_or(unless_said.now);
    let principal: Principal = parsed(&section, "principal").unwrap_or(unless_said.principal);
    let asks = section.get("approvals").and_then(|field| field.section());
    let facts = GivenFacts {
        now,

        wallet_id: parsed(&section, "wallet_id").unwrap_or(unless_said.wallet_id),
        user: parsed(&section, "user").unwrap_or(unless_said.user),
        tier: section
            .get("tier")
            .and_then(|field| field.text())
            .map(str::to_owned),
        used: list(&section, "used", used),
        prices: list(&section, "prices", |inner| price(inner, now)),
        added: list(&section, "added", |inner| added(inner, names)),
        approvals: asks.and_then(|inner| approvals(inner, &principal)),
        principal,
    };
    section.finish();
    Some(facts)
}

fn parsed<T>(section: &Section<'_>, key: &'static str) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    section.get(key).and_then(|field| field.parse(str::parse))
}

fn time(section: &Section<'_>, key: &'static str) -> Option<Timestamp> {
    section
        .get(key)
        .and_then(|field| field.parse(Timestamp::parse))
}

fn list<T>(
    section: &Section<'_>,
    key: &'static str,
    read: impl Fn(Section<'_>) -> Option<T>,
) -> Vec<T> {
    let items = section.get(key).and_then(|field| field.array());
    let item = |field: &Field<'_>| read(field.section()?);
    items.unwrap_or_default().iter().filter_map(item).collect()
}

fn used(section: Section<'_>) -> Option<Used> {
    let limit = section.need("limit").and_then(|field| field.text());
    let amount = section
        .need("amount")
        .and_then(|field| field.text_or_number());
    let ago = parsed(&section, "ago").unwrap_or(Span::ZERO);
    section.finish();
    Some(Used {
        limit: limit?.to_owned(),
        amount: amount?.to_owned(),
        ago,
    })
}

fn price(section: Section<'_>, now: Timestamp) -> Option<Price> {
    let asset = section
        .need("asset")
        .and_then(|field| field.parse(value::asset));
    let micro_usd = section.need("usd").and_then(|field| {
        let micros = field.take(field.text_or_number()?, value::micro_usd)?;
        u64::try_from(micros).ok()
    });
    let ago = parsed(&section, "ago").unwrap_or(Span::ZERO);
    section.finish();
    Some(Price {
        asset: asset?,
        micro_usd: micro_usd?,
        taken_at: now.saturating_sub(ago),
    })
}

fn added(section: Section<'_>, names: &Names) -> Option<AddedDestination> {
    let destination = section.need("destination").and_then(|field| field.text());
    let address = section
        .need("address")
        .and_then(|field| names.address(&field));
    let added_at = section
        .need("at")
        .and_then(|field| field.parse(Timestamp::parse));
    section.finish();
    Some(AddedDestination {
        destination: destination?.into(),
        address: address?.into(),
        added_at: added_at?,
    })
}

fn approvals(section: Section<'_>, asker: &Principal) -> Option<GivenApprovals> {
    let group = section.need("group").and_then(|field| field.text());
    let asked_at = section
        .need("asked_at")
        .and_then(|field| field.parse(Timestamp::parse));
    let asker = parsed(&section, "asker").unwrap_or_else(|| asker.clone());
    let consumed = section.get("consumed").and_then(|field| field.boolean());
    let given = list(&section, "given", approval);
    section.finish();
    Some(GivenApprovals {
        group: group?.to_owned(),
        asked_at: asked_at?,
        asker,
        consumed: consumed.unwrap_or(false),
        given,
    })
}

fn approval(section: Section<'_>) -> Option<GivenApproval> {
    let approver = section.need("approver").and_then(|field| field.text());
    let at = section
        .need("at")
        .and_then(|field| field.parse(Timestamp::parse));
    let flag = |key| section.get(key).and_then(|field| field.boolean());
    let (cosigned, older_policy) = (flag("cosigned"), flag("older_policy"));
    section.finish();
    Some(GivenApproval {
        approver: approver?.to_owned(),
        at: at?,
        cosigned: cosigned.unwrap_or(false),
        older_policy: older_policy.unwrap_or(false),
    })
}
