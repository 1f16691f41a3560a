//! Messages and transactions of Solana.

mod associated;
mod body;
mod cosign;
mod nonce;
mod read;
mod wire;

pub use associated::AssociatedAccounts;
#[cfg(test)]
pub(crate) use body::tests::any_body;
pub use body::{Body, Form};
pub use read::Told;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{RecordedRequest, SignatureAnswer, SignedAnswer};
use countersign_decode::solana::{PartialTransaction, envelope};
use countersign_hsm::{KeyType, PublicKey};
use countersign_intent::solana::Address;
use countersign_intent::{Account, Intent, Signature, SigningInput};
use countersign_store::ledger::{Hold, HoldState};
use sha2::Sha256;

use super::{Refusal, Signing, Sources, Understood};

impl Signing for Body {
    type Told = Told;
    type Parts = PartialTransaction;
    type Address = Address;
    const KEY: KeyType = KeyType::Ed25519;

    fn address(public: &PublicKey) -> Option<Account> {
        let bytes = public.bytes().try_into().ok()?;
        (public.key_type() == Self::KEY).then(|| Address::new(bytes).into())
    }

    fn told(sources: &Sources) -> Told {
        Told::now(sources)
    }

    fn still_holds(told: &Told, sources: &Sources) -> bool {
        told.still_holds(sources)
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn read(&self, told: &Told, wallet: Address) -> Result<Understood, Refusal> {
        read::read(self, told, wallet)
    }

    fn parts(&self, wallet: Address) -> Option<(SigningInput, PartialTransaction)> {
        let transaction = envelope(&self.bytes, self.form == Form::Transaction, &wallet).ok()?;
        // Nothing is signed with this: it tells what a signature is over.
        let input = SigningInput::from_decoder(transaction.message().into(), 0);
        Some((input, transaction))
    }

    fn hold(intent: &Intent) -> Option<Hold> {
        nonce::of(intent)
    }

    fn hold_refused(intent: &Intent, state: HoldState) -> Option<Refusal> {
        nonce::refused(intent.lifetime(), state)
    }

    fn finish(
        transaction: PartialTransaction,
        signature: &Signature,
        answer: &mut SignedAnswer,
    ) -> Option<()> {
        let Signature::Ed25519(bytes) = signature else {
            return None;
        };
        answer.signature = Some(SignatureAnswer::Text(base58(bytes)));
        let transaction = transaction.with_signature(*bytes);
        answer.transaction = Some(BASE64_STANDARD.encode(transaction));
        Some(())
    }

    fn tell(&self, request: &mut RecordedRequest) {
        self.told_again(request);
    }

    fn fingerprint(&self, hasher: &mut Sha256) {
        self.hash(hasher);
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }

    fn read_back(bytes: &[u8]) -> Option<Self> {
        Self::decode(bytes)
    }
}

/// The text form of a signature.
#[must_use]
pub fn base58(signature: &[u8; 64]) -> String {
    let mut text = [0_u8; 88];
    let length = five8::encode_64(signature, &mut text);
    let digits = text.iter().take(usize::from(length));
    digits.map(|digit| char::from(*digit)).collect()
}
