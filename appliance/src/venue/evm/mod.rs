//! Transactions and typed data of Ethereum and the chains that run its virtual machine.

mod body;
mod nonce;
mod wire;

#[cfg(test)]
pub(crate) use body::tests::any_body;
pub use body::{Body, Form};

use std::sync::Arc;

use countersign_api::{EcdsaSignature, RecordedRequest, SignatureAnswer, SignedAnswer};
use countersign_decode::evm::{self, Answer, Context, decode_transaction, decode_typed_data};
use countersign_hsm::{KeyType, PublicKey};
use countersign_intent::evm::Address;
use countersign_intent::{Account, Intent, Signature, SigningInput};
use countersign_policy::PolicySet;
use countersign_store::ledger::{Hold, HoldState};
use sha2::Sha256;

use super::{Parts, Refusal, Signing, Sources, Understood};
use crate::policies::ActivePolicy;

/// The policy, which says what chains there are.
pub type Told = Option<Arc<ActivePolicy>>;

impl Signing for Body {
    type Told = Told;
    /// The bytes whose digest is signed.
    type Parts = Arc<[u8]>;
    type Address = Address;
    const KEY: KeyType = KeyType::Secp256k1;

    fn address(public: &PublicKey) -> Option<Account> {
        let (_uncompressed, coordinates) = public.bytes().split_first()?;
        let coordinates = coordinates.try_into().ok()?;
        (public.key_type() == Self::KEY).then(|| Address::of_public_key(coordinates).into())
    }

    fn told(sources: &Sources) -> Told {
        sources.policies.active()
    }

    /// The judge looks at the policy by itself.
    fn still_holds(_: &Told, _: &Sources) -> bool {
        true
    }

    fn bytes(&self) -> &[u8] {
        self.json.as_bytes()
    }

    fn read(&self, told: &Told, wallet: Address) -> Result<Understood, Refusal> {
        let policy = told.as_ref().map(|policy| &policy.set);
        let tokens = policy.map(PolicySet::evm_tokens).unwrap_or_default();
        let context = Context {
            chains: policy.map_or(&[], PolicySet::evm_chains),
            tokens: &tokens,
            ..Context::new(wallet)
        };
        let decoded = match self.form {
            Form::Transaction => decode_transaction(&self.json, &context),
            Form::TypedData => decode_typed_data(&self.json, &context),
        }?;
        Ok(Understood {
            parts: Parts::Evm(decoded.input.shared()),
            intent: decoded.intent,
            input: decoded.input,
            cosigned: Vec::new(),
            unfit: None,
        })
    }

    fn parts(&self, wallet: Address) -> Option<(SigningInput, Arc<[u8]>)> {
        // Nothing is signed with this: it tells what a signature is over.
        let input = match self.form {
            Form::Transaction => evm::envelope_of_transaction(&self.json),
            Form::TypedData => evm::envelope_of_typed_data(&self.json, wallet),
        };
        let input = input.ok()?;
        let bytes = input.shared();
        Some((input, bytes))
    }

    fn hold(intent: &Intent) -> Option<Hold> {
        nonce::of(intent).map(Hold::Sequence)
    }

    fn hold_refused(intent: &Intent, state: HoldState) -> Option<Refusal> {
        nonce::refused(intent, state)
    }

    fn finish(bytes: Arc<[u8]>, signature: &Signature, answer: &mut SignedAnswer) -> Option<()> {
        let Signature::Recoverable { scalars, recovery } = signature else {
            return None;
        };
        let (r, s) = scalars.split_at(32);
        let signature = evm::Signature {
            r: r.try_into().ok()?,
            s: s.try_into().ok()?,
            odd_y: recovery & 1 == 1,
        };
        let Answer {
            r,
            s,
            v,
            transaction,
            hash,
        } = evm::finish(&bytes, &signature).ok()?;
        answer.signature = Some(SignatureAnswer::Ecdsa(EcdsaSignature {
            r: hexadecimal(&r),
            s: hexadecimal(&s),
            v: v.try_into().ok()?,
        }));
        answer.transaction = transaction.as_deref().map(hexadecimal);
        answer.hash = Some(hexadecimal(&hash));
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

/// A signature as the 65 bytes that most programs take: `r || s || v`, with 27 or 28 for `v`.
pub(super) fn text(scalars: &[u8; 64], recovery: u8) -> String {
    let v = recovery.saturating_add(27);
    format!("0x{}{v:02x}", hex::encode(scalars))
}

fn hexadecimal(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
