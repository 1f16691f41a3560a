//! What is asked to be signed, as it came.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_intent::solana::Address;
use sha2::{Digest, Sha256};

const MESSAGE: u8 = 0;
const TRANSACTION: u8 = 1;

/// How the bytes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A serialized message.
    Message,
    /// A serialized transaction with other signatures.
    Transaction,
}

impl Form {
    const fn byte(self) -> u8 {
        match self {
            Self::Message => MESSAGE,
            Self::Transaction => TRANSACTION,
        }
    }
}

/// Bytes to sign, and hints to read them by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// How the bytes came.
    pub form: Form,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Mints of accounts that the message does not name the mint of.
    pub mints: Vec<Address>,
}

impl Body {
    pub(super) fn hash(&self, hasher: &mut Sha256) {
        hasher.update([self.form.byte()]);
        hasher.update((self.bytes.len() as u64).to_be_bytes());
        hasher.update(&self.bytes);
        for mint in &self.mints {
            hasher.update(mint.as_bytes());
        }
    }

    /// Raw bytes, because every signature pays for it: the form, the number of mint hints, the hints,
    /// the bytes as they came.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mints = self.mints.len();
        out.reserve(2 + 32 * mints + self.bytes.len());
        // The wire takes at most 16 hints.
        out.extend([self.form.byte(), u8::try_from(mints).unwrap_or(u8::MAX)]);
        for mint in &self.mints {
            out.extend(mint.as_bytes());
        }
        out.extend(&self.bytes);
    }

    pub(super) fn decode(kept: &[u8]) -> Option<Self> {
        let ([form, mints], mut rest) = kept.split_first_chunk()?;
        let form = match *form {
            MESSAGE => Form::Message,
            TRANSACTION => Form::Transaction,
            _ => return None,
        };
        let mut hints = Vec::with_capacity(usize::from(*mints));
        for _ in 0..*mints {
            let (mint, after) = rest.split_first_chunk()?;
            hints.push(Address::new(*mint));
            rest = after;
        }
        Some(Self {
            form,
            bytes: rest.to_vec(),
            mints: hints,
        })
    }

    /// What was kept, as it was asked for.
    pub(super) fn told_again(&self, request: &mut countersign_api::RecordedRequest) {
        let bytes = Some(BASE64_STANDARD.encode(&self.bytes));
        match self.form {
            Form::Message => request.message = bytes,
            Form::Transaction => request.transaction = bytes,
        }
        request.mints = self.mints.iter().map(ToString::to_string).collect();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn any_body() -> impl Strategy<Value = Body> {
        let mints = proptest::collection::vec(any::<[u8; 32]>(), 0..=16);
        let bytes = proptest::collection::vec(any::<u8>(), 0..1_300);
        (any::<bool>(), mints, bytes).prop_map(|(message, mints, bytes)| Body {
            form: if message {
                Form::Message
            } else {
                Form::Transaction
            },
            bytes,
            mints: mints.into_iter().map(Address::new).collect(),
        })
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_was_asked(body in any_body()) {
            let mut kept = Vec::new();
            body.encode(&mut kept);
            prop_assert_eq!(Body::decode(&kept), Some(body));
        }
    }
}
