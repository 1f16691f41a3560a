//! Memo program (`spl-memo-interface`): text in the ledger, signed by the accounts it lists.

use countersign_intent::solana::{Address, Detail as Effect};

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

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, effects, pool, reads, refusal, signs, step};
    use super::*;

    #[test]
    fn text_is_shown_as_it_stands() {
        for program in [V1, V2, V4] {
            let memo = step(
                program,
                vec![signs(WALLET)],
                "caf\u{e9}".as_bytes().to_vec(),
            );
            let text = "caf\u{e9}".to_owned();
            assert_eq!(effects(&[memo]), Ok(vec![Effect::Memo { text }]));
        }
    }

    #[test]
    fn other_bytes_and_silent_accounts_are_refused() {
        let memo = |accounts, data| refusal(&[step(V2, accounts, data)]);
        assert_eq!(memo(vec![], vec![0xff, 0xfe]), DecodeErrorKind::WrongData);
        assert_eq!(
            memo(vec![], vec![b'x'; MAX_BYTES + 1]),
            DecodeErrorKind::WrongData
        );
        assert_eq!(
            memo(vec![reads(pool(1))], vec![b'x']),
            DecodeErrorKind::WrongAccounts
        );
    }
}
