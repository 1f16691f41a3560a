//! The text a person approves: what matters first, printable ASCII, the same on the device, in
//! the command line and in the log. A changed character is another approval.

use std::fmt::Write;

use countersign_intent::evm::Detail as Evm;
use countersign_intent::solana::Detail as Solana;
use countersign_intent::{Detail, Intent, Principal, RequestId, Timestamp, Words, intent_digest};
use sha2::{Digest, Sha256};

use super::offchain::{HEADER, MAX_MESSAGE};
use crate::facts::WalletFacts;
use crate::request::{Request, Subject};
use crate::set::PolicySet;

/// Characters of a text at most: what fits into an off-chain message after its header.
pub const MAX_TEXT: usize = MAX_MESSAGE - HEADER;

/// A text that no device shows in full.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No character at all.
    #[error("expected a text to approve, got an empty one")]
    Empty,
    /// More than a device takes.
    #[error(
        "the text to approve would have {0} characters, and an approver's device takes \
         {MAX_TEXT}: split it, and ask for less in one request"
    )]
    TooLong(usize),
    /// Something else than printable ASCII and line feeds.
    #[error("expected printable ASCII and line feeds, got the byte {0:#04x}")]
    NotAscii(u8),
}

/// Whether every device shows `text` in full.
///
/// # Errors
/// Why not.
pub fn check_text(text: &str) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > MAX_TEXT {
        return Err(TextError::TooLong(text.len()));
    }
    match text
        .bytes()
        .find(|byte| !matches!(byte, 0x20..=0x7e | b'\n'))
    {
        None => Ok(()),
        Some(byte) => Err(TextError::NotAscii(byte)),
    }
}

/// What every text ends with.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Trust domain of the appliance.
    pub appliance: &'a str,
    /// The request.
    pub request: RequestId,
    /// Who asks.
    pub asker: &'a Principal,
    /// Version of the policy that decides.
    pub policy_version: u64,
    /// The policy that decides.
    pub policy: &'a PolicySet,
    /// When the time lock is over, where there is one.
    pub opens_at: Option<Timestamp>,
    /// When the ask lapses.
    pub expires_at: Timestamp,
}

/// The text for what a wallet is asked to sign. Every effect stands in it, those that move value
/// or power first.
///
/// # Errors
/// More effects than fit on a device.
pub fn of_intent(
    intent: &Intent,
    wallet: WalletFacts<'_>,
    frame: &Frame<'_>,
) -> Result<String, TextError> {
    let request = Request::new(frame.policy, intent, frame.asker, wallet);
    let mut subjects: Vec<&Subject<'_>> = request.subjects.iter().collect();
    subjects.sort_by_key(|subject| rank(subject));
    let (first, upkeep): (Vec<_>, Vec<_>) = subjects
        .into_iter()
        .partition(|subject| rank(subject) < Rank::Upkeep);
    let mut text = String::new();
    let tell = |text: &mut String, subjects: Vec<&Subject<'_>>| {
        let wallet = intent.wallet();
        let words = subjects.into_iter();
        let words = words.map(|one| Words::of_effect(one.effect, wallet, frame.policy));
        words
            .flat_map(Words::lines)
            .for_each(|said| say(text, &said));
    };
    tell(&mut text, first);
    line(&mut text, "from", &intent.wallet());
    let _infallible = writeln!(text, "{}\n{}", wallet.id, wallet.user);
    tell(&mut text, upkeep);
    let around = Words::around(intent, frame.policy).into_iter();
    let around = around.flat_map(Words::lines);
    around.for_each(|said| say(&mut text, &said));
    close(&mut text, frame, &intent_digest(intent));
    check_text(&text).map(|()| text)
}

/// What a person reads first: amount and destination stand on the first page of every device, and
/// the memo, which says who is credited, right behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Transfer,
    Primary,
    Memo,
    Upkeep,
}

const fn rank(subject: &Subject<'_>) -> Rank {
    match subject.effect.detail() {
        Detail::Solana(Solana::Transfer { .. }) => Rank::Transfer,
        Detail::Solana(Solana::Memo { .. }) => Rank::Memo,
        Detail::Evm(Evm::Transfer { .. } | Evm::TransferFrom { .. }) => Rank::Transfer,
        Detail::Evm(Evm::TransferAuthorization(_)) => Rank::Transfer,
        Detail::Solana(_) | Detail::Evm(_) if subject.primary => Rank::Primary,
        Detail::Solana(_) | Detail::Evm(_) => Rank::Upkeep,
    }
}

/// The text for a governed change: `summary` in words, one line each and nothing left out.
///
/// # Errors
/// No summary, or more than fits on a device.
pub fn of_change(
    summary: &[String],
    digest: &[u8; 32],
    frame: &Frame<'_>,
) -> Result<String, TextError> {
    if summary.is_empty() {
        return Err(TextError::Empty);
    }
    let mut text = String::new();
    summary.iter().for_each(|said| say(&mut text, said));
    close(&mut text, frame, digest);
    check_text(&text).map(|()| text)
}

/// The text that proves the possession of an approver's key.
///
/// # Errors
/// A name or key that no device shows.
pub fn of_enrolment(
    appliance: &str,
    name: &str,
    scheme: &str,
    public_key: &str,
) -> Result<String, TextError> {
    let text = format!(
        "Enrol as approver {name}\nwith {public_key}\n{scheme}\nat {appliance}\nThis approves \
         nothing."
    );
    check_text(&text).map(|()| text)
}

fn close(text: &mut String, frame: &Frame<'_>, digest: &[u8; 32]) {
    line(text, "asked by", frame.asker);
    let _infallible = writeln!(text, "{}", frame.request);
    let policy: [u8; 32] = Sha256::digest(frame.policy.text()).into();
    let short: String = hex(&policy).chars().take(16).collect();
    let _infallible = writeln!(text, "policy {} {short}", frame.policy_version);
    if let Some(opens_at) = frame.opens_at {
        line(text, "not before", &opens_at);
    }
    line(text, "expires", &frame.expires_at);
    line(text, "at", &printable(frame.appliance));
    let _infallible = write!(text, "digest {}", hex(digest));
}

fn line(text: &mut String, word: &str, what: &impl std::fmt::Display) {
    let _infallible = writeln!(text, "{word} {what}");
}

fn say(text: &mut String, said: &str) {
    let _infallible = writeln!(text, "{}", printable(said));
}

/// What a device cannot show is escaped, so that no two words read alike.
fn printable(words: &str) -> String {
    let mut shown = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            ' '..='~' => shown.push(character),
            other => shown.extend(other.escape_default()),
        }
    }
    shown
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
