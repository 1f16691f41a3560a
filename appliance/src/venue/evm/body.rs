//! What is asked to be signed, as it came.

use countersign_api::RecordedRequest;
use sha2::{Digest, Sha256};

const TRANSACTION: u8 = 0;
const TYPED_DATA: u8 = 1;

/// What the JSON is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A transaction: an object of its fields, or a string of its unsigned raw bytes.
    Transaction,
    /// Typed data (EIP-712).
    TypedData,
}

/// JSON to sign, to the letter as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// What it is.
    pub form: Form,
    /// The JSON text.
    pub json: String,
}

impl Body {
    const fn byte(&self) -> u8 {
        match self.form {
            Form::Transaction => TRANSACTION,
            Form::TypedData => TYPED_DATA,
        }
    }

    pub(super) fn hash(&self, hasher: &mut Sha256) {
        hasher.update([self.byte()]);
        hasher.update((self.json.len() as u64).to_be_bytes());
        hasher.update(&self.json);
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.byte());
        out.extend(self.json.as_bytes());
    }

    pub(super) fn decode(kept: &[u8]) -> Option<Self> {
        let (form, json) = kept.split_first()?;
        let form = match *form {
            TRANSACTION => Form::Transaction,
            TYPED_DATA => Form::TypedData,
            _ => return None,
        };
        let json = std::str::from_utf8(json).ok()?.to_owned();
        Some(Self { form, json })
    }

    pub(super) fn told_again(&self, request: &mut RecordedRequest) {
        let json = Some(self.json.clone());
        match self.form {
            Form::Transaction => request.transaction = json,
            Form::TypedData => request.typed_data = json,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn any_body() -> impl Strategy<Value = Body> {
        (any::<bool>(), any::<String>()).prop_map(|(transaction, json)| Body {
            form: if transaction {
                Form::Transaction
            } else {
                Form::TypedData
            },
            json,
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
