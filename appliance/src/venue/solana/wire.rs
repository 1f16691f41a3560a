//! What is asked to be signed, from the wire.

use countersign_api::{BatchItem, SignSolana};
use countersign_decode::solana::from_base64;
use countersign_intent::solana::Address;

use super::{Body, Form};
use crate::venue::WrongField;

/// Mint hints of one request at most.
const MOST_MINTS: usize = 16;

impl TryFrom<&BatchItem> for Body {
    type Error = WrongField;

    fn try_from(item: &BatchItem) -> Result<Self, WrongField> {
        let mints = mints(&item.mints)?;
        let (form, bytes) = bytes(item.message.as_deref(), item.transaction.as_deref())?;
        Ok(Self { form, bytes, mints })
    }
}

impl TryFrom<&SignSolana> for Body {
    type Error = WrongField;

    fn try_from(asked: &SignSolana) -> Result<Self, WrongField> {
        let (form, bytes) = bytes(asked.message.as_deref(), asked.transaction.as_deref())?;
        let mints = mints(&asked.mints)?;
        Ok(Self { form, bytes, mints })
    }
}

fn bytes(message: Option<&str>, transaction: Option<&str>) -> Result<(Form, Vec<u8>), WrongField> {
    let (form, field, text) = match (message, transaction) {
        (Some(text), None) => (Form::Message, "message", text),
        (None, Some(text)) => (Form::Transaction, "transaction", text),
        (None, None) | (Some(_), Some(_)) => {
            let detail = "expected exactly one of `message` and `transaction`";
            return Err(WrongField::new("message", detail));
        }
    };
    match from_base64(text) {
        Ok(bytes) => Ok((form, bytes)),
        Err(detail) => Err(WrongField::new(field, detail)),
    }
}

fn mints(mints: &[String]) -> Result<Vec<Address>, WrongField> {
    if mints.len() > MOST_MINTS {
        let detail = format!("expected at most {MOST_MINTS} hints, got {}", mints.len());
        return Err(WrongField::new("mints", detail));
    }
    let read = |mint: &String| {
        let address = mint.parse::<Address>();
        address.map_err(|error| WrongField::new("mints", error.to_string()))
    };
    mints.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_message_and_transaction() {
        assert!(bytes(Some("AA=="), None).is_ok());
        assert!(bytes(None, Some("AA==")).is_ok());
        for (message, transaction) in [
            (None, None),
            (Some("AA=="), Some("AA==")),
            (Some("A"), None),
            (Some("-_=="), None),
        ] {
            assert!(bytes(message, transaction).is_err());
        }
    }
}
