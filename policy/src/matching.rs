//! Whether one rule or limit is about one effect, and why not.

use std::fmt;

use countersign_intent::{Action, Address, Amount, Asset, Lifetime, Role, Timestamp};

use crate::facts::Facts;
use crate::request::{AssetOf, Request, Subject};
use crate::rule::{AnyOf, Threshold, WalletName, When};
use crate::set::PolicySet;

/// How a key treats what the message does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It does not hold: for permissions.
    Fails,
    /// It holds: for denials, demands and limits.
    Holds,
}

/// The key of a `when` that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeMiss {
    Action,
    Venue,
    Wallet,
    User,
    Bot,
    Tier,
    Program,
    Asset,
    MintIn,
    MintOut,
    Hours,
    NoDestination,
    Destination(Address),
    Cooling(Address, Timestamp),
    DestinationUnwritten,
    LaunchUnnamed,
}

impl ScopeMiss {
    /// When time alone mends it.
    pub(crate) const fn retry_after(self) -> Option<Timestamp> {
        match self {
            Self::Cooling(_, until) => Some(until),
            _ => None,
        }
    }
}

impl fmt::Display for ScopeMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action => f.write_str("it is about other actions"),
            Self::Venue => f.write_str("it is about other venues"),
            Self::Wallet => f.write_str("it is about other wallets"),
            Self::User => f.write_str("it is about other users"),
            Self::Bot => f.write_str("it is about other bots"),
            Self::Tier => f.write_str("it is about other tiers of users"),
            Self::Program => f.write_str("the program is not in `program`"),
            Self::Asset => f.write_str("the asset is not in `asset`"),
            Self::MintIn => f.write_str("the asset given is not in `mint_in`"),
            Self::MintOut => f.write_str("the asset received is not in `mint_out`"),
            Self::Hours => f.write_str("the time is not within `hours`"),
            Self::NoDestination => f.write_str("it goes to no `destination`"),
            Self::Destination(to) => write!(f, "{to} is not in its `destination`"),
            Self::Cooling(to, until) => {
                write!(f, "{to} was added lately and cools down until {until}")
            }
            Self::DestinationUnwritten => {
                f.write_str("who receives the power has to be written in `destination`")
            }
            Self::LaunchUnnamed => f.write_str(
                "a launch has to be named: `action = \"launch\"`, which `\"any\"` does not say",
            ),
        }
    }
}

/// The first key of `when` that does not hold, amounts aside.
pub(crate) fn scope(
    when: &When,
    request: &Request<'_>,
    subject: &Subject<'_>,
    doubt: Doubt,
) -> Result<(), ScopeMiss> {
    if !when.actions.has(subject.action) {
        return Err(ScopeMiss::Action);
    }
    who(when, request)?;
    trade(when, subject)?;
    let asset_holds = match (&when.assets, subject.asset) {
        (AnyOf::Any, _) => true,
        (AnyOf::These(list), AssetOf::Known(asset)) => list.contains(&asset),
        (AnyOf::These(list), AssetOf::Unknown) => doubt == Doubt::Holds && !list.is_empty(),
        (AnyOf::These(_), AssetOf::Nothing) => false,
    };
    if asset_holds {
        Ok(())
    } else {
        Err(ScopeMiss::Asset)
    }
}

fn who(when: &When, request: &Request<'_>) -> Result<(), ScopeMiss> {
    if !when.venues.has(&request.intent.venue()) {
        return Err(ScopeMiss::Venue);
    }
    if let AnyOf::These(wallets) = &when.wallets {
        let is_named = |name: &WalletName| match name {
            WalletName::Id(id) => *id == request.wallet.id,
            WalletName::Address(address) => *address == request.intent.wallet(),
        };
        if !wallets.iter().any(is_named) {
            return Err(ScopeMiss::Wallet);
        }
    }
    if !when.users.has(&request.wallet.user) {
        return Err(ScopeMiss::User);
    }
    if let AnyOf::These(bots) = &when.bots {
        let asks = request.principal;
        if asks.role() != Role::Bot || !bots.iter().any(|bot| **bot == *asks.name()) {
            return Err(ScopeMiss::Bot);
        }
    }
    if let AnyOf::These(tiers) = &when.tiers
        && !tiers.iter().any(|tier| request.wallet.tier == Some(tier))
    {
        return Err(ScopeMiss::Tier);
    }
    Ok(())
}

/// Keys that only trades and launches have: a request of another kind does not match them.
fn trade(when: &When, subject: &Subject<'_>) -> Result<(), ScopeMiss> {
    let traded = traded(subject);
    if let AnyOf::These(programs) = &when.programs
        && !traded.is_some_and(|(program, ..)| programs.iter().any(|one| **one == *program))
    {
        return Err(ScopeMiss::Program);
    }
    if !when.mints_in.is_any() && !traded.is_some_and(|(_, given, _)| when.mints_in.has(&given)) {
        return Err(ScopeMiss::MintIn);
    }
    if !when.mints_out.is_any() && !traded.is_some_and(|(.., got)| when.mints_out.has(&got)) {
        return Err(ScopeMiss::MintOut);
    }
    Ok(())
}

/// Through which program what is given for what; for a launch its cost for the coin.
const fn traded(subject: &Subject<'_>) -> Option<(&'static str, Asset, Asset)> {
    let head = subject.effect.head();
    match (head.through, head.asset, head.receives) {
        (Some(program), AssetOf::Known(given), Some((got, _))) => Some((program, given, got)),
        _ => None,
    }
}

/// Whether the effect goes where `when` says: to an owner or an account that is listed. A
/// permission also waits for cooldowns.
pub(crate) fn destination(
    when: &When,
    set: &PolicySet,
    subject: &Subject<'_>,
    cooling: Option<&Facts<'_>>,
) -> Result<(), ScopeMiss> {
    let AnyOf::These(indices) = &when.destinations else {
        return Ok(());
    };
    let mut miss = None;
    for to in subject.receivers.iter() {
        match listed(indices, set, to, cooling) {
            Ok(()) => return Ok(()),
            // That one has to wait says more than that the other is not listed.
            Err(cools @ ScopeMiss::Cooling(..)) => miss = Some(cools),
            Err(other) => miss = miss.or(Some(other)),
        }
    }
    Err(miss.unwrap_or(ScopeMiss::NoDestination))
}

/// Whether one of these destinations lists an address that does not cool down there.
fn listed(
    indices: &[usize],
    set: &PolicySet,
    to: Address,
    cooling: Option<&Facts<'_>>,
) -> Result<(), ScopeMiss> {
    let mut miss = ScopeMiss::Destination(to);
    for destination in indices
        .iter()
        .filter_map(|index| set.destinations.get(*index))
    {
        if destination.solana.binary_search(&to).is_err() {
            continue;
        }
        let added = cooling.and_then(|facts| {
            let is_this = |added: &&crate::facts::AddedDestination| {
                added.address == to && added.destination == destination.name
            };
            let latest = facts.added_destinations.iter().filter(is_this);
            latest.map(|added| added.added_at).max()
        });
        let until = added.map(|at| at.saturating_add(destination.cooldown));
        match (until, cooling) {
            (Some(until), Some(facts)) if facts.now < until => {
                miss = ScopeMiss::Cooling(to, until);
            }
            _ => return Ok(()),
        }
    }
    Err(miss)
}

/// Whether `now` lies within `hours`.
pub(crate) fn hours(when: &When, now: Timestamp) -> Result<(), ScopeMiss> {
    let Some(hours) = when.hours else {
        return Ok(());
    };
    let minute = now.micros().div_euclid(60_000_000).rem_euclid(1440);
    if u16::try_from(minute).is_ok_and(|minute| hours.has(minute)) {
        Ok(())
    } else {
        Err(ScopeMiss::Hours)
    }
}

/// Whether `amount` is over the threshold, where there is one.
pub(crate) fn over(
    threshold: Option<&Threshold>,
    subject: &Subject<'_>,
    amount: u128,
    doubt: Doubt,
) -> bool {
    let Some(threshold) = threshold else {
        return true;
    };
    match (subject.asset, base_units(threshold, subject)) {
        (AssetOf::Nothing, _) => false,
        (_, Some(line)) => amount > line.base(),
        (_, None) => doubt == Doubt::Holds,
    }
}

/// Whether `amount` stays within the threshold, where there is one.
pub(crate) fn within(threshold: Option<&Threshold>, subject: &Subject<'_>, amount: u128) -> bool {
    let Some(threshold) = threshold else {
        return true;
    };
    match (subject.asset, base_units(threshold, subject)) {
        (AssetOf::Nothing, _) => true,
        (_, Some(most)) => amount <= most.base(),
        (_, None) => false,
    }
}

pub(crate) fn base_units(threshold: &Threshold, subject: &Subject<'_>) -> Option<Amount> {
    match subject.asset {
        AssetOf::Known(asset) => threshold.of(asset),
        AssetOf::Unknown | AssetOf::Nothing => None,
    }
}

/// A launch is permitted only by a rule that names it.
pub(crate) fn names_launch(when: &When, subject: &Subject<'_>) -> bool {
    subject.action != Action::Launch || when.actions.names(Action::Launch)
}

/// Power is handed only to somebody a rule names.
pub(crate) fn names_receiver_of_power(when: &When, subject: &Subject<'_>) -> bool {
    subject.action != Action::Authority || subject.receivers.is_nobody() || when.destination_written
}

/// Whether the signature lives until somebody ends it.
pub(crate) const fn is_durable(lifetime: &Lifetime) -> bool {
    lifetime.is_held()
}
