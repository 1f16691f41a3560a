//! Memo program (`spl-memo-interface`): text in the ledger, signed by the accounts it lists.

use countersign_intent::{Address, Effect};

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::walk::Walk;

pub(super) const V1: Address = Address::from_literal("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo");
pub(super) const V2: Address = Address::from_literal("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
pub(super) const V4: Address = Address::from_literal("Memo4c2pN8afCj432Lb7RMVKi9PbQnnW7ewFFaV3oAH");

/// The longest memo the program can log within its compute budget.
const MAX_BYTES: usize = 566;

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("Memo");
    call.expect_wallet_from(0);
    for slot in 0..call.slot_count() {
        if !call.account(slot)?.signer {
            return Err(call.refuse(
                DecodeErrorKind::WrongAccounts,
                format!("the account in slot {slot} does not sign; a memo lists signers only"),
            ));
        }
    }
    let wrong = |message: String| call.refuse(DecodeErrorKind::WrongData, message);
    let data = call.data();
    if data.len() > MAX_BYTES {
        return Err(wrong(format!(
            "{} bytes of text, at most {MAX_BYTES} are accepted",
            data.len()
        )));
    }
    let text = std::str::from_utf8(data).map_err(|_| wrong("the text is not UTF-8".to_owned()))?;
    walk.push(Effect::Memo {
        text: text.to_owned(),
    });
    Ok(())
}
