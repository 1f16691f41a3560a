//! How single values are written.

use countersign_intent::{
    Address, Amount, AmountError, Asset, KnownAsset, Span, evm, nobodys, solana,
};

use super::reader::nearest;
use crate::rule::Requirement;
use crate::set::PolicyAsset;

/// Names of rules, limits, groups, destinations, approvers and tiers.
pub(crate) fn name(text: &str) -> Result<Box<str>, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
        let shown: String = text.chars().take(64).collect();
        return Err(format!(
            "expected a name of 1 to 64 characters out of A-Z a-z 0-9 . _ -, got `{shown}`"
        ));
    }
    if looks_like_an_address(text) {
        return Err(format!(
            "`{text}` is an address, which nobody can tell from another one at a glance; choose a \
             name in words"
        ));
    }
    Ok(text.into())
}

/// An address of Solana, or of an EVM chain.
fn looks_like_an_address(text: &str) -> bool {
    let evm = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .is_some_and(|hex| hex.len() == 40 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    evm || text.parse::<Address>().is_ok()
}

/// An address that something may be sent to.
pub(crate) fn receiver(text: &str) -> Result<Address, String> {
    let address: Address = text.parse().map_err(|error| format!("{error}"))?;
    match nobodys(&address) {
        Some(what) => Err(format!(
            "`{address}` is {what}: what is sent there is lost; name an account that somebody holds"
        )),
        None => Ok(address),
    }
}

/// An address of an EVM chain that something may be sent to.
pub(crate) fn evm_receiver(text: &str) -> Result<evm::Address, String> {
    let address: evm::Address = text.parse().map_err(|error| format!("{error}"))?;
    match evm::nobodys(&address) {
        Some(what) => Err(format!(
            "`{address}` is {what}: what is sent there is lost; name an account that somebody holds"
        )),
        None => Ok(address),
    }
}

/// What a name looks like at a glance: two names of one look are taken for each other.
pub(crate) fn look(name: &str) -> String {
    let shape = |character: char| match character.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        's' => '5',
        '.' | '_' => '-',
        other => other,
    };
    name.chars().map(shape).collect()
}

/// The well-known asset that a name could be taken for without being its symbol.
pub(crate) fn taken_for(name: &str) -> Option<&'static KnownAsset> {
    let bare = |text: &str| look(text).replace('-', "");
    let mut all = KnownAsset::all();
    let alike = all.find(|known| bare(known.symbol) == bare(name));
    alike.filter(|known| known.symbol != name)
}

/// Lamports, written like `0.01 SOL`.
pub(crate) fn lamports(text: &str) -> Result<Amount, String> {
    let number = text.strip_suffix(" SOL").ok_or_else(|| {
        let shown: String = text.chars().take(64).collect();
        format!("expected an amount like `0.01 SOL`, got `{shown}`")
    })?;
    Amount::from_display(number, 9).map_err(|error| error.to_string())
}

/// Micro-dollars, written in dollars.
pub(crate) fn micro_usd(text: &str) -> Result<u128, AmountError> {
    Amount::from_display(text, 6).map(Amount::base)
}

/// A ratio of at most 1, written like `0.97`, in basis points.
pub(crate) fn ratio_bps(text: &str) -> Result<u16, String> {
    let bps = Amount::from_display(text, 4).map_err(|error| error.to_string())?;
    match u16::try_from(bps.base()) {
        Ok(bps) if bps <= 10_000 => Ok(bps),
        _ => Err(format!("expected a ratio from 0 to 1, got `{text}`")),
    }
}

/// A length of a limit's window.
pub(crate) fn window(text: &str) -> Result<Span, String> {
    const LEAST: Span = Span::from_secs(1);
    span("a window", text, LEAST, MOST_WINDOW)
}

/// Longest window of a limit, and longest that an order may wait.
const MOST_WINDOW: Span = Span::from_secs(400 * 86_400);
/// Longest that a change waits after people agreed. Making it longer takes one word and making it
/// shorter waits for it, so without a bound one word could be for ever.
const MOST_DELAY: Span = Span::from_secs(30 * 86_400);
/// Longest that an added address cools down: lengthening it takes one word.
const MOST_COOLDOWN: Span = Span::from_secs(90 * 86_400);
/// Oldest price that counts.
const MOST_AGE: Span = Span::from_secs(30 * 86_400);

/// The time lock of governed changes.
pub(crate) fn delay(text: &str) -> Result<Span, String> {
    span("a delay", text, Span::ZERO, MOST_DELAY)
}

/// How long an added address cannot be used.
pub(crate) fn cooldown(text: &str) -> Result<Span, String> {
    span("a cool-down", text, Span::ZERO, MOST_COOLDOWN)
}

/// How old a price may be.
pub(crate) fn max_age(text: &str) -> Result<Span, String> {
    span("an age", text, Span::ZERO, MOST_AGE)
}

/// How long people are asked, or have to wait.
pub(crate) fn expiry(text: &str) -> Result<Span, String> {
    span("a time", text, Span::ZERO, Requirement::MOST_EXPIRY)
}

fn span(what: &str, text: &str, least: Span, most: Span) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|error| format!("{error}"))?;
    if span < least || span > most {
        return Err(format!(
            "expected {what} from {least} to {most}, got `{text}`"
        ));
    }
    Ok(span)
}

/// What to say of a word that is not one of the known ones.
pub(crate) fn unknown(what: &str, got: &str, known: &[&str]) -> String {
    let shown: String = got.chars().take(64).collect();
    match nearest(got, known) {
        Some(near) => format!("unknown {what} `{shown}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("unknown {what} `{shown}`; none is declared"),
        None => format!("unknown {what} `{shown}`; known: {}", known.join(", ")),
    }
}

/// What a name in the policy means, at every place that it lives; or a well-known symbol, a mint, or
/// the asset of another venue.
pub(crate) fn assets(text: &str, named: &[PolicyAsset]) -> Result<Vec<Asset>, String> {
    let places = named.iter().filter(|known| *known.symbol == *text);
    let places: Vec<Asset> = places.map(|known| known.asset).collect();
    if places.is_empty() {
        return asset(text).map(|asset| vec![asset]);
    }
    Ok(places)
}

/// An asset by a well-known symbol, or its mint.
pub(crate) fn asset(text: &str) -> Result<Asset, String> {
    if let Some(known) = KnownAsset::by_symbol(text) {
        return Ok(known.asset);
    }
    let mint = text.parse().map(solana::Asset::of_mint);
    let other = || text.parse().map(evm::Asset::into).ok();
    mint.map(Asset::from)
        .or_else(|_| other().ok_or(()))
        .map_err(|()| {
            let shown: String = text.chars().take(64).collect();
            match taken_for(text) {
                Some(known) => format!("unknown asset `{shown}`; did you mean `{}`?", known.symbol),
                None => format!(
                    "expected an asset, got `{shown}`; declare it as [assets.NAME] or give its mint"
                ),
            }
        })
}

/// Every asset whose decimals are known: the policy's, and the well-known ones.
pub(crate) fn assets_with_decimals(named: &[PolicyAsset]) -> Vec<(Asset, u8)> {
    let mut all: Vec<_> = named.iter().map(|one| (one.asset, one.decimals)).collect();
    for known in KnownAsset::all() {
        if !all.iter().any(|(asset, _)| *asset == known.asset) {
            all.push((known.asset, known.decimals));
        }
    }
    all
}

/// A decimal amount in display units, for each of `assets`.
pub(crate) fn per_asset(
    text: &str,
    assets: &[(Asset, u8)],
) -> Result<Vec<(Asset, Amount)>, AmountError> {
    let most_precise = assets.iter().map(|(_, decimals)| *decimals).max();
    Amount::from_display(text, most_precise.unwrap_or(0))?;
    let each = assets.iter().map(|(asset, decimals)| {
        Amount::from_display(truncated(text, *decimals), *decimals).map(|amount| (*asset, amount))
    });
    each.collect()
}

/// Without the digits an asset of so many decimals cannot have.
fn truncated(text: &str, decimals: u8) -> &str {
    let Some((whole, fraction)) = text.split_once('.') else {
        return text;
    };
    let kept = fraction.len().min(usize::from(decimals));
    let end = match kept {
        0 => whole.len(),
        _ => whole.len() + 1 + kept,
    };
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read_with_each_assets_decimals() {
        let assets = [(Asset::SOL, 9), (solana::Asset::USDC.into(), 6)];
        let amounts = [123_456_700, 123_456].map(Amount::from_base);
        let read = [(assets[0].0, amounts[0]), (assets[1].0, amounts[1])];
        assert_eq!(per_asset("0.1234567", &assets), Ok(read.to_vec()));
        assert!(per_asset("0.1234567890", &assets).is_err());
        assert!(per_asset("1.", &assets).is_err());
    }

    #[test]
    fn ratios_end_at_one() {
        assert_eq!(ratio_bps("0.97"), Ok(9_700));
        assert_eq!(ratio_bps("1"), Ok(10_000));
        assert!(ratio_bps("1.01").is_err());
        assert!(ratio_bps("-1").is_err());
    }

    #[test]
    fn names_are_plain() {
        assert!(name("dex-trades").is_ok());
        for text in ["", "a b", "a/b", "ä", &"x".repeat(65)] {
            assert!(name(text).is_err(), "`{text}` was accepted");
        }
    }

    #[test]
    fn addresses_are_no_names() {
        for text in [
            "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin",
            "11111111111111111111111111111111",
            "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
            "0Xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
        ] {
            let error = name(text).unwrap_err();
            assert!(error.contains("is an address"), "{error}");
        }
        assert!(name("0xA0b8").is_ok());
    }

    #[test]
    fn symbols_that_are_nearly_known_ones_are_told_apart() {
        for text in [
            "Sol", "sol", "S0L", "SO1", "usdc", "USDC.", "U5DC", "US-DC", "usdT",
        ] {
            assert!(taken_for(text).is_some(), "`{text}`");
        }
        for text in ["SOL", "USDC", "USDT", "wSOL", "mSOL", "USDe", "BONK"] {
            assert!(taken_for(text).is_none(), "`{text}`");
        }
        let error = asset("usdc").unwrap_err();
        assert!(error.contains("did you mean `USDC`"), "{error}");
    }
}
