//! The rooms of the venues: what each has to say so that its requests can be signed.
//!
//! The sign walk knows [`Signing`] and no venue. A venue is a folder here and one line in the list
//! below: its body, what it was told, and what a signature belongs in become arms of [`Body`],
//! [`Told`] and [`Parts`].

pub mod evm;
mod refusal;
pub mod solana;
mod sources;
mod wrong_field;

use countersign_api::{RecordedRequest, SignedAnswer};
use countersign_hsm::{KeyType, PublicKey};
use countersign_intent::{Account, Intent, Signature, SigningInput, Venue};
use countersign_store::ledger::{Hold, HoldState};
use sha2::Sha256;

pub use refusal::Refusal;
pub use sources::Sources;
pub use wrong_field::WrongField;

/// What was asked for, understood to the last byte.
#[derive(Debug, Clone)]
pub struct Understood {
    /// Everything the signature would do.
    pub intent: Intent,
    /// Exactly the bytes that were read.
    pub input: SigningInput,
    /// What the signature belongs in.
    pub parts: Parts,
    /// Who else has signed it, and whether that signature verifies.
    pub cosigned: Vec<(Account, bool)>,
    /// Why it is of no use though it is understood, e.g. for another's signature that is wrong.
    pub unfit: Option<Refusal>,
}

/// How one venue is signed for: a body is understood, its bytes are signed, and the signature is
/// put into the answer. Implemented by what the venue's route asks for.
pub trait Signing: Sized {
    /// What the appliance was told that a reading rests on, at one moment.
    type Told;
    /// What a signature belongs in.
    type Parts;
    /// What the venue knows an account by.
    type Address;
    /// The kind of key that its wallets hold.
    const KEY: KeyType;

    /// The address that the venue knows a key by; `None` if it is of another kind.
    fn address(public: &PublicKey) -> Option<Account>;

    /// What the appliance is told now.
    fn told(sources: &Sources) -> Self::Told;

    /// Whether all that was told still holds, so that what was read by it would be read alike.
    fn still_holds(told: &Self::Told, sources: &Sources) -> bool;

    /// The bytes as they came, for the log's digest of what is not understood.
    fn bytes(&self) -> &[u8];

    /// Understands it, in one pass.
    ///
    /// # Errors
    /// What is not understood, or is never signed.
    fn read(&self, told: &Self::Told, wallet: Self::Address) -> Result<Understood, Refusal>;

    /// What a signature that was given before belongs in, also where the body is not understood any
    /// more: a policy names less, a registration is gone.
    fn parts(&self, wallet: Self::Address) -> Option<(SigningInput, Self::Parts)>;

    /// The resource that the intent lives by, as the ledger holds it.
    fn hold(intent: &Intent) -> Option<Hold>;

    /// Why nothing is signed over that resource in this state.
    fn hold_refused(intent: &Intent, state: HoldState) -> Option<Refusal>;

    /// A signature of its wallets as text, for lists and logs.
    /// Puts the signature into the answer; `None` if it is of another kind than its keys make.
    fn finish(parts: Self::Parts, signature: &Signature, answer: &mut SignedAnswer) -> Option<()>;

    /// Puts what was asked for where it stands in a recorded request.
    fn tell(&self, request: &mut RecordedRequest);

    /// Takes everything that was asked for into a fingerprint.
    fn fingerprint(&self, hasher: &mut Sha256);

    /// It as bytes, to be kept.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads what [`Signing::write`] wrote; `None` if this program did not write it.
    fn read_back(bytes: &[u8]) -> Option<Self>;
}

/// Makes the walk's side of the venues out of one line for each, as `countersign_intent::venue` does.
macro_rules! venues {
    ($($(#[$doc:meta])* $name:ident, $module:ident;)*) => {
        /// What is asked to be signed, as its venue puts it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Body {
            $($(#[$doc])* $name($module::Body),)*
        }

        /// What the appliance was told that a reading rests on, at one moment.
        #[derive(Debug, Clone)]
        pub enum Told {
            $($(#[$doc])* $name(<$module::Body as Signing>::Told),)*
        }

        /// What a signature belongs in.
        #[derive(Debug, Clone)]
        pub enum Parts {
            $($(#[$doc])* $name(<$module::Body as Signing>::Parts),)*
        }

        /// The kind of key that wallets of a venue hold.
        #[must_use]
        pub const fn key_type(venue: Venue) -> KeyType {
            match venue {
                $(Venue::$name => <$module::Body as Signing>::KEY,)*
            }
        }

        /// The address that a venue knows a key by; `None` if the key is of another kind.
        #[must_use]
        pub fn address(venue: Venue, public: &PublicKey) -> Option<Account> {
            match venue {
                $(Venue::$name => <$module::Body as Signing>::address(public),)*
            }
        }

        impl Told {
            /// What the appliance is told now about a venue.
            #[must_use]
            pub fn now(venue: Venue, sources: &Sources) -> Self {
                match venue {
                    $(Venue::$name => Self::$name(<$module::Body as Signing>::told(sources)),)*
                }
            }

            /// Whether all of it still holds.
            #[must_use]
            pub fn still_holds(&self, sources: &Sources) -> bool {
                match self {
                    $(Self::$name(told) => <$module::Body as Signing>::still_holds(told, sources),)*
                }
            }
        }

        impl Body {
            /// Where it is to be signed for.
            #[must_use]
            pub const fn venue(&self) -> Venue {
                match self {
                    $(Self::$name(_) => Venue::$name,)*
                }
            }

            /// The bytes as they came.
            #[must_use]
            pub fn bytes(&self) -> &[u8] {
                match self {
                    $(Self::$name(body) => body.bytes(),)*
                }
            }

            /// Understands it for the wallet of this address.
            ///
            /// # Errors
            /// What is not understood, is never signed, or is for another venue's wallets.
            pub fn read(&self, told: &Told, wallet: &Account) -> Result<Understood, Refusal> {
                match (self, told, wallet) {
                    $((Self::$name(body), Told::$name(told), Account::$name(wallet)) => {
                        body.read(told, *wallet)
                    })*
                    _ => Err(Refusal::elsewhere(self.venue(), wallet.venue())),
                }
            }

            /// The bytes that a signature given before is over, and what it belongs in.
            #[must_use]
            pub fn parts(&self, wallet: &Account) -> Option<(SigningInput, Parts)> {
                match (self, wallet) {
                    $((Self::$name(body), Account::$name(wallet)) => {
                        let (input, parts) = body.parts(*wallet)?;
                        Some((input, Parts::$name(parts)))
                    })*
                    _ => None,
                }
            }

            /// Puts what was asked for where it stands in a recorded request.
            pub fn tell(&self, request: &mut RecordedRequest) {
                match self {
                    $(Self::$name(body) => body.tell(request),)*
                }
            }

            /// Takes everything that was asked for into a fingerprint.
            pub fn fingerprint(&self, hasher: &mut Sha256) {
                match self {
                    $(Self::$name(body) => body.fingerprint(hasher),)*
                }
            }

            /// It as bytes, its venue first.
            pub fn write(&self, out: &mut Vec<u8>) {
                out.push(self.venue() as u8);
                match self {
                    $(Self::$name(body) => body.write(out),)*
                }
            }

            /// Reads what [`Body::write`] wrote; `None` if this program did not write it.
            #[must_use]
            pub fn read_back(bytes: &[u8]) -> Option<Self> {
                let (venue, rest) = bytes.split_first()?;
                $(if *venue == Venue::$name as u8 {
                    return $module::Body::read_back(rest).map(Self::$name);
                })*
                None
            }
        }

        impl Parts {
            /// Puts the signature into the answer.
            ///
            /// `None` if it is of another kind than the venue's keys make.
            pub fn finish(self, signature: &Signature, answer: &mut SignedAnswer) -> Option<()> {
                match self {
                    $(Self::$name(parts) => <$module::Body as Signing>::finish(parts, signature, answer),)*
                }
            }
        }

        impl Understood {
            /// The resource that it lives by, as the ledger holds it.
            #[must_use]
            pub fn hold(&self) -> Option<Hold> {
                match &self.parts {
                    $(Parts::$name(_) => <$module::Body as Signing>::hold(&self.intent),)*
                }
            }

            /// Why nothing is signed over that resource in this state.
            #[must_use]
            pub fn hold_refused(&self, state: HoldState) -> Option<Refusal> {
                match &self.parts {
                    $(Parts::$name(_) => {
                        <$module::Body as Signing>::hold_refused(&self.intent, state)
                    })*
                }
            }
        }
    };
}

venues! {
    /// The Solana ledger.
    Solana, solana;
    /// Ethereum and the chains that run its virtual machine.
    Evm, evm;
}

/// A signature as text, for lists and logs: each kind as where it is used mostly has it.
#[must_use]
pub fn signature_text(signature: &Signature) -> String {
    match signature {
        Signature::Ed25519(bytes) => solana::base58(bytes),
        Signature::Recoverable { scalars, recovery } => evm::text(scalars, *recovery),
    }
}

#[cfg(test)]
pub(crate) fn any_body() -> impl proptest::prelude::Strategy<Value = Body> {
    use proptest::prelude::*;
    prop_oneof![
        solana::any_body().prop_map(Body::Solana),
        evm::any_body().prop_map(Body::Evm),
    ]
}
