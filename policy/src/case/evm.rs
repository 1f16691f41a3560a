//! What a case asks an EVM wallet to sign, as it is written.

use countersign_intent::evm::Address;

use super::Section;

/// The JSON of a request, which whoever runs the case decodes first.
#[derive(Debug, Clone)]
pub struct GivenEvm {
    /// The wallet whose signature is asked for.
    pub wallet: Address,
    /// The JSON text.
    pub json: String,
    /// Whether it is typed data, and not a transaction.
    pub typed_data: bool,
}

pub(super) fn read(section: Section<'_>) -> Option<GivenEvm> {
    let wallet = section
        .need("wallet")
        .and_then(|field| field.parse(str::parse));
    let transaction = section.get("transaction").and_then(|field| field.text());
    let typed_data = section.get("typed_data").and_then(|field| field.text());
    let json = match (transaction, typed_data) {
        (Some(json), None) | (None, Some(json)) => Some(json.to_owned()),
        _ => {
            section.fail("expected either a `transaction` or `typed_data`");
            None
        }
    };
    section.finish();
    Some(GivenEvm {
        wallet: wallet?,
        json: json?,
        typed_data: typed_data.is_some(),
    })
}
