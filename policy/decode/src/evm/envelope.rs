//! What a signature that was given before is over, whatever a policy says by now.

use countersign_intent::SigningInput;
use countersign_intent::evm::{Address, Asset, Chain};

use super::json::{self, Node};
use super::{Context, Decoded, typed, unsigned};
use crate::DecodeError;

/// The bytes of a transaction that a signature is over. It says nothing about what they do, so nothing
/// may be signed with it.
///
/// # Errors
/// What is no well-formed transaction.
pub fn envelope_of_transaction(json: &str) -> Result<SigningInput, DecodeError> {
    let transaction = super::read_transaction(json)?;
    Ok(unsigned(transaction.unsigned()))
}

/// The bytes of typed data that a signature is over, read as if its chain and its tokens were those
/// of the policy. Nothing may be signed with it.
///
/// # Errors
/// What is no well-formed typed data of the closed list.
pub fn envelope_of_typed_data(json: &str, wallet: Address) -> Result<SigningInput, DecodeError> {
    let node = json::parse(json)?;
    let id = member(&node, "domain").and_then(|domain| member(domain, "chainId"));
    let id = id.and_then(|node| json::number(node).ok());
    let id = id.and_then(|id| u64::try_from(id).ok()).unwrap_or_default();
    let chains = [Chain {
        wrapped: None,
        ..Chain::new(id, "", "")
    }];
    let mut tokens = Vec::new();
    name_tokens(&node, id, &mut tokens);
    let context = Context {
        chains: &chains,
        tokens: &tokens,
        ..Context::new(wallet)
    };
    let (draft, bytes) = typed::read(node, &context)?;
    Ok(Decoded::new(draft, bytes).input)
}

fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match node {
        Node::Object(members) => members
            .iter()
            .find_map(|(one, node)| (one == name).then_some(node)),
        _ => None,
    }
}

/// Whatever stands where the standards have a token.
fn name_tokens(node: &Node, chain: u64, tokens: &mut Vec<Asset>) {
    let Node::Object(members) = node else {
        return;
    };
    for (name, node) in members {
        let named = matches!(name.as_str(), "token" | "verifyingContract");
        if let Some(contract) = json::address(node).ok().filter(|_| named) {
            tokens.push(Asset::Token { chain, contract });
        }
        name_tokens(node, chain, tokens);
    }
}
