//! The text a person approves: what matters first, printable ASCII, the same on the device, in
//! the command line and in the log. A changed character is another approval.

use std::fmt::Write;

use countersign_intent::{
    Asset, Effect, Intent, KnownAsset, Principal, RequestId, Timestamp, intent_digest,
};
use sha2::{Digest, Sha256};

use super::offchain::{HEADER, MAX_MESSAGE};
use crate::facts::WalletFacts;
use crate::request::{AssetOf, Request, Subject};
use crate::set::PolicySet;

/// Characters of a text at most: what fits into an off-chain message after its header.
pub const MAX_TEXT: usize = MAX_MESSAGE - HEADER;

/// Lines about what is asked, at most; a person reads no more, and cannot be asked about less.
const MAX_SUBJECT: usize = MAX_TEXT - 460;

/// A text that no device shows in full.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No character at all.
    #[error("expected a text to approve, got an empty one")]
    Empty,
    /// More than a device takes.
    #[error(
        "expected at most {MAX_TEXT} characters, got {0}: this does not fit on an approver's \
         device; ask for less in one request"
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
    let (first, upkeep): (Vec<_>, Vec<_>) =
        request.subjects.iter().partition(|subject| subject.primary);
    let mut text = String::new();
    for subject in first {
        effect(&mut text, &request, subject);
    }
    line(&mut text, "from", &intent.wallet);
    let _infallible = writeln!(text, "{}\n{}", wallet.id, wallet.user);
    for subject in upkeep {
        effect(&mut text, &request, subject);
    }
    close(&mut text, frame, &intent_digest(intent));
    check_text(&text).map(|()| text)
}

/// The text for a governed change: `summary` in words, one line each, shortened to what fits.
/// `digest` covers the whole change, so that a shortened summary binds all of it.
///
/// # Errors
/// No summary.
pub fn of_change(
    summary: &[String],
    digest: &[u8; 32],
    frame: &Frame<'_>,
) -> Result<String, TextError> {
    let mut text = String::new();
    let mut left = summary.len();
    for said in summary {
        let said = printable(said);
        if text.len() + said.len() > MAX_SUBJECT {
            let _infallible = writeln!(text, "and {left} more, see the request");
            break;
        }
        let _infallible = writeln!(text, "{said}");
        left -= 1;
    }
    if text.is_empty() {
        return Err(TextError::Empty);
    }
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

fn effect(text: &mut String, request: &Request<'_>, subject: &Subject<'_>) {
    let Effect::Transfer {
        asset,
        amount,
        to,
        token_account,
    } = subject.effect
    else {
        let _infallible = writeln!(text, "{}", printable(&request.describe(subject)));
        return;
    };
    let money = request.money(AssetOf::Known(*asset), amount.base());
    let _infallible = writeln!(text, "Withdraw {}", printable(&money));
    line(text, "to", to);
    if let Some(account) = token_account {
        line(text, "account", account);
    }
    // The symbol of such a token is the policy's word for it.
    if let (Asset::Token(mint), None) = (asset, KnownAsset::of(*asset)) {
        line(text, "mint", mint);
    }
}

fn close(text: &mut String, frame: &Frame<'_>, digest: &[u8; 32]) {
    line(text, "asked by", frame.asker);
    let _infallible = writeln!(text, "{}", frame.request);
    let policy: [u8; 32] = Sha256::digest(frame.policy.text()).into();
    let short: String = hex(&policy).chars().take(16).collect();
    let _infallible = writeln!(text, "policy {} {short}", frame.policy_version);
    line(text, "expires", &frame.expires_at);
    line(text, "at", &printable(frame.appliance));
    let _infallible = write!(text, "digest {}", hex(digest));
}

fn line(text: &mut String, word: &str, what: &impl std::fmt::Display) {
    let _infallible = writeln!(text, "{word} {what}");
}

/// What a device cannot show becomes `?`; the digest still covers it.
fn printable(words: &str) -> String {
    let shown = |character: char| match character {
        ' '..='~' => character,
        _ => '?',
    };
    words.chars().map(shown).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
