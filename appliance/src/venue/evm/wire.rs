//! What is asked to be signed, from the wire.

use countersign_api::SignEvm;

use super::{Body, Form};
use crate::venue::WrongField;

impl TryFrom<&SignEvm> for Body {
    type Error = WrongField;

    fn try_from(asked: &SignEvm) -> Result<Self, WrongField> {
        let (form, json) = match (&asked.transaction, &asked.typed_data) {
            (Some(json), None) => (Form::Transaction, json),
            (None, Some(json)) => (Form::TypedData, json),
            (None, None) | (Some(_), Some(_)) => {
                let detail = "expected exactly one of `transaction` and `typed_data`";
                return Err(WrongField::new("transaction", detail));
            }
        };
        let json = json.get().to_owned();
        Ok(Self { form, json })
    }
}
