//! What a message does, as a person reads it on a terminal of 80 columns.

use std::collections::BTreeMap;

use countersign_decode::{DecodeError, DecodeErrorKind, explain};
use countersign_intent::{Amount, Asset, Intent, KnownAsset};

const COLUMNS: usize = 80;

/// The heading, each effect, and what leaves and arrives in all.
pub(super) fn told(intent: &Intent) -> Vec<String> {
    let mut lines = vec![format!("signed by {}, this message means", intent.wallet())];
    for line in explain(intent) {
        lines.extend(wrapped(&line, "  ", "    "));
    }
    let totals = Totals::of(intent);
    let out =
        list(&totals.out).map_or_else(|| "nothing".to_owned(), |out| format!("at most {out}"));
    lines.extend(wrapped(&format!("leaves in all: {out}"), "", "  "));
    if let Some(back) = list(&totals.back) {
        lines.extend(wrapped(&format!("comes back: at least {back}"), "", "  "));
    }
    lines
}

/// Why it is never signed, and what to do about it.
pub(super) fn told_why(error: &DecodeError) -> Vec<String> {
    let kind = error.kind();
    let mut lines = vec![format!("{} (`{}`)", verdict(kind), kind.as_str())];
    lines.extend(wrapped(&error.to_string(), "  ", "    "));
    lines.extend(wrapped(&format!("next: {}", advice(kind)), "  ", "    "));
    lines
}

const fn verdict(kind: DecodeErrorKind) -> &'static str {
    match kind {
        DecodeErrorKind::Malformed
        | DecodeErrorKind::UnknownProgram
        | DecodeErrorKind::UnknownInstruction
        | DecodeErrorKind::WrongData
        | DecodeErrorKind::WrongAccounts
        | DecodeErrorKind::UnresolvedAccount
        | DecodeErrorKind::TooMuchWork => "not understood, so never signed",
        DecodeErrorKind::NotASigner => "not for this wallet to sign",
        DecodeErrorKind::UnprovenAccount
        | DecodeErrorKind::MisplacedWallet
        | DecodeErrorKind::ForeignDestination
        | DecodeErrorKind::UnboundedTrade
        | DecodeErrorKind::UnregisteredNonce => "understood, and not signed as it stands",
        DecodeErrorKind::Forbidden => "understood, and never signed",
    }
}

/// What whoever built the message can do.
pub(super) const fn advice(kind: DecodeErrorKind) -> &'static str {
    match kind {
        DecodeErrorKind::Malformed => {
            "check that the file holds the whole message, and build it anew with a current library"
        }
        DecodeErrorKind::NotASigner => "name the wallet that has to sign with `--wallet`",
        DecodeErrorKind::UnknownProgram | DecodeErrorKind::UnknownInstruction => {
            "leave the instruction out, or trade through a program that policies can name: see `program` in policy/README.md"
        }
        DecodeErrorKind::WrongData | DecodeErrorKind::WrongAccounts => {
            "mend what is named above: the instruction has to be as its program's published \
             interface states it, and nothing more"
        }
        DecodeErrorKind::MisplacedWallet => "put another account into that slot",
        DecodeErrorKind::UnresolvedAccount => {
            "name the account in the message, or have an operator attest the lookup table: the \
             appliance reads attested tables, this command has none"
        }
        DecodeErrorKind::UnprovenAccount => {
            "bring the mint of the account with `--mint` (`mints` of a sign request), or have an \
             operator register the account, which only the appliance knows"
        }
        DecodeErrorKind::ForeignDestination => {
            "let it pay to the wallet's own account, and send to others with a transfer"
        }
        DecodeErrorKind::UnboundedTrade => {
            "state the most to spend and the least to receive; on an order book, have an operator \
             register the market"
        }
        DecodeErrorKind::UnregisteredNonce => {
            "use a recent blockhash, or have an operator register the nonce account; `--nonce` \
             reads it here as if it were"
        }
        DecodeErrorKind::Forbidden => "leave the instruction out; no policy permits it",
        DecodeErrorKind::TooMuchWork => "name the mints in the message, or split it",
    }
}

/// The most that leaves and the least that arrives, by asset.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) out: BTreeMap<String, Amount>,
    pub(super) back: BTreeMap<String, Amount>,
}

impl Totals {
    /// Sums up an intent. What is wrapped, unwrapped or reclaimed stays the wallet's.
    pub(super) fn of(intent: &Intent) -> Self {
        let mut totals = Self::default();
        for effect in intent.effects() {
            if let Some((asset, amount)) = effect.outflow() {
                add(&mut totals.out, asset, amount);
            }
            if let Some((asset, amount)) = effect.head().receives {
                add(&mut totals.back, asset, amount);
            }
        }
        totals
    }
}

fn add(sums: &mut BTreeMap<String, Amount>, asset: Asset, amount: Amount) {
    let sum = sums.entry(asset.to_string()).or_insert(Amount::ZERO);
    *sum = sum.saturating_add(amount);
}

fn list(sums: &BTreeMap<String, Amount>) -> Option<String> {
    let mut told: Vec<String> = sums
        .iter()
        .filter(|(_, amount)| **amount > Amount::ZERO)
        .map(|(asset, amount)| money(asset, *amount))
        .collect();
    let last = told.pop()?;
    Some(if told.is_empty() {
        last
    } else {
        format!("{} and {last}", told.join(", "))
    })
}

/// An amount in display units where they are known.
pub(super) fn money(asset: &str, amount: Amount) -> String {
    match KnownAsset::by_symbol(asset) {
        Some(known) => format!("{} {asset}", amount.display(known.decimals)),
        None => format!("{} base units of {asset}", amount.base()),
    }
}

/// A line broken between words so that it fits, as far as its words do: addresses stay whole.
pub(super) fn wrapped(line: &str, first: &str, later: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = first.to_owned();
    let mut empty = true;
    for word in line.split(' ') {
        if !empty && current.len() + 1 + word.len() > COLUMNS {
            lines.push(std::mem::replace(&mut current, later.to_owned()));
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        current.push_str(word);
        empty = false;
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_lose_none() {
        let line = "x".repeat(70) + " " + &"y".repeat(90) + " is long, and so is this one";
        let lines = wrapped(&line, "  ", "    ");
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert!(lines.iter().filter(|line| line.len() > COLUMNS).count() == 1);
        let words: Vec<&str> = lines
            .iter()
            .flat_map(|line| line.split_whitespace())
            .collect();
        assert_eq!(words.join(" "), line);
    }
}
