//! Typed data (EIP-712) of a closed list: its types have to be exactly the standard's.

mod authorization;
mod permit;
mod permit2;
mod schema;

use countersign_intent::evm::{Address, Chain, Draft};
use countersign_intent::{Amount, Timestamp};
use ethnum::U256;

use super::call::Token;
use super::context::Context;
use super::effects::refused;
use super::json::{Members, Node, malformed};
use super::keccak;
use super::object::{TOO_LARGE, base_units};
use crate::{DecodeError, DecodeErrorKind};

use schema::Schema;

/// What the hash of typed data is made over starts with.
pub(super) const DIGEST_PREFIX: [u8; 2] = [0x19, 0x01];

/// A message that is understood: its types, and how it is read.
struct Standard {
    schema: Schema,
    read: fn(&mut Message<'_>) -> Result<Draft, DecodeError>,
}

const STANDARDS: [&Standard; 4] = [
    &permit::PERMIT,
    &authorization::TRANSFER,
    &permit2::SINGLE,
    &permit2::TRANSFER_FROM,
];

/// What typed data does, and the bytes whose hash is signed.
pub(super) fn read(node: Node, context: &Context<'_>) -> Result<(Draft, Vec<u8>), DecodeError> {
    let mut members = Members::of(node, "typed_data")?;
    let primary = members.text("primaryType")?;
    let standard = STANDARDS
        .into_iter()
        .find(|one| one.schema.primary == primary)
        .ok_or_else(|| unknown(&primary))?;
    let domain = members.need("domain")?;
    let types = members.need("types")?;
    let message = members.need("message")?;
    members.finish()?;
    let fields = standard.schema.check(types)?;
    let domain = Domain::read(domain, fields.as_deref(), context)?;
    let mut message = Message {
        context,
        chain: domain.chain,
        contract: domain.contract,
        members: Members::of(message, "typed_data.message")?,
        words: Vec::new(),
    };
    let draft = (standard.read)(&mut message)?;
    message.members.finish()?;
    let mut bytes = DIGEST_PREFIX.to_vec();
    bytes.extend(domain.separator);
    bytes.extend(standard.schema.hash(&message.words));
    Ok((draft, bytes))
}

fn unknown(primary: &str) -> DecodeError {
    let known: Vec<&str> = STANDARDS.iter().map(|one| one.schema.primary).collect();
    let shown: String = primary.chars().take(64).collect();
    refused(
        DecodeErrorKind::UnknownInstruction,
        format!(
            "typed data of `{shown}` is never signed; known: {}",
            known.join(", ")
        ),
    )
}

/// Where a signature over typed data is good.
struct Domain<'c> {
    chain: &'c Chain,
    contract: Address,
    separator: [u8; 32],
}

impl<'c> Domain<'c> {
    /// Chain and contract have to be there, a name and a version may be.
    fn read(
        node: Node,
        fields: Option<&[String]>,
        context: &Context<'c>,
    ) -> Result<Self, DecodeError> {
        let mut members = Members::of(node, "typed_data.domain")?;
        let mut kinds = Vec::new();
        let mut words = Vec::new();
        for name in ["name", "version"] {
            if members.has(name) {
                let text = members.text(name)?;
                if text.len() > 64 {
                    return Err(members.wrong(name, "expected at most 64 bytes"));
                }
                kinds.push(format!("string {name}"));
                words.push(keccak(text.as_bytes()));
            }
        }
        let id = members.bits("chainId", 64)?;
        let contract = members.address("verifyingContract")?;
        members.finish()?;
        kinds.push("uint256 chainId".to_owned());
        words.push(id.to_be_bytes());
        kinds.push("address verifyingContract".to_owned());
        words.push(of_address(&contract));
        if fields.is_some_and(|fields| fields != kinds) {
            return Err(malformed(
                "`typed_data.types.EIP712Domain`: does not list what `domain` has, in the order of \
                 the standard"
                    .to_owned(),
            ));
        }
        let chain = context.chain(u64::try_from(id).unwrap_or_default())?;
        let kind = format!("EIP712Domain({})", kinds.join(","));
        Ok(Self {
            chain,
            contract,
            separator: schema::hash_words(&keccak(kind.as_bytes()), &words),
        })
    }
}

/// A message on its way from JSON to the words that are hashed.
struct Message<'c> {
    context: &'c Context<'c>,
    chain: &'c Chain,
    contract: Address,
    members: Members,
    words: Vec<[u8; 32]>,
}

impl Message<'_> {
    fn address(&mut self, name: &str) -> Result<Address, DecodeError> {
        let address = self.members.address(name)?;
        self.words.push(of_address(&address));
        Ok(address)
    }

    fn number(&mut self, name: &str, bits: u32) -> Result<U256, DecodeError> {
        let number = self.members.bits(name, bits)?;
        self.words.push(number.to_be_bytes());
        Ok(number)
    }

    fn word(&mut self, name: &str) -> Result<[u8; 32], DecodeError> {
        let word = self.members.word(name)?;
        self.words.push(word);
        Ok(word)
    }

    /// An amount, of which all that its type can hold is unbounded.
    fn allowance(&mut self, name: &str, bits: u32) -> Result<Amount, DecodeError> {
        let number = self.number(name, bits)?;
        if number == U256::MAX >> (256 - bits) {
            return Ok(Amount::UNBOUNDED);
        }
        let units = base_units(number);
        let units = units.ok_or_else(|| self.members.wrong(name, TOO_LARGE))?;
        Ok(Amount::from_base(units))
    }

    fn amount(&mut self, name: &str, bits: u32) -> Result<Amount, DecodeError> {
        let amount = self.allowance(name, bits)?;
        if amount == Amount::UNBOUNDED {
            return Err(self.members.wrong(name, TOO_LARGE));
        }
        Ok(amount)
    }

    /// A point in time, in seconds. One after the year 2106 is none: it stands for never.
    fn time(&mut self, name: &str, bits: u32) -> Result<Timestamp, DecodeError> {
        let seconds = self.number(name, bits)?;
        let seconds = u32::try_from(seconds).map_err(|_| {
            let why = "expected seconds since 1970 below 2^32: a signature has to end some time";
            refused(
                DecodeErrorKind::Forbidden,
                format!("`typed_data.message.{name}`: {why}"),
            )
        })?;
        Ok(Timestamp::from_micros(i64::from(seconds) * 1_000_000))
    }

    /// Why a wrapped native coin is refused where no such contract takes the message.
    fn unlike(&self, token: &Token) -> DecodeError {
        refused(
            DecodeErrorKind::UnknownProgram,
            format!(
                "`{}` wraps the native coin of chain {}, and takes no such message",
                token.contract, self.chain.id
            ),
        )
    }

    /// Whose the tokens are: the wallet's, or nothing is signed.
    fn own(&mut self, name: &str) -> Result<(), DecodeError> {
        let owner = self.address(name)?;
        if owner == self.context.wallet {
            return Ok(());
        }
        Err(refused(
            DecodeErrorKind::NotASigner,
            format!(
                "`typed_data.message.{name}`: `{owner}` is not the wallet, `{}`",
                self.context.wallet
            ),
        ))
    }

    /// Who receives tokens, or the power over them.
    fn receiver(&mut self, name: &str) -> Result<Address, DecodeError> {
        let address = self.address(name)?;
        let is_token = self.context.token(self.chain, &address).is_some();
        match countersign_intent::evm::nobodys(&address) {
            None if !is_token => Ok(address),
            what => Err(refused(
                DecodeErrorKind::Forbidden,
                format!(
                    "`typed_data.message.{name}`: `{address}` is {}: name who is meant",
                    what.unwrap_or("the contract of a token")
                ),
            )),
        }
    }

    /// A message inside this one.
    fn nested<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let inner = Members::of(self.members.need(name)?, name)?;
        let outer = std::mem::replace(&mut self.members, inner);
        let value = read(self)?;
        std::mem::replace(&mut self.members, outer).finish()?;
        Ok(value)
    }

    /// The token that a contract is.
    fn token(&self, contract: &Address) -> Result<Token, DecodeError> {
        let token = self.context.token(self.chain, contract);
        token.ok_or_else(|| {
            refused(
                DecodeErrorKind::UnknownProgram,
                format!(
                    "`{contract}` is no token at chain {} that the policy names: declare it as \
                     [assets.NAME], or it may be one that looks alike",
                    self.chain.id
                ),
            )
        })
    }
}

fn of_address(address: &Address) -> [u8; 32] {
    let mut word = [0; 32];
    if let Some(end) = word.last_chunk_mut() {
        *end = *address.as_bytes();
    }
    word
}
