//! Why bytes were refused.

use std::borrow::Cow;
use std::fmt;

/// The kind of refusal: what a client can do about it differs by kind, the message says how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecodeErrorKind {
    /// The bytes are not one well-formed message of a known version.
    Malformed,
    /// The wallet is not exactly one of the message's signers.
    NotASigner,
    /// A program that no decoder here understands.
    UnknownProgram,
    /// An instruction that its program's decoder does not understand.
    UnknownInstruction,
    /// The instruction's data has not the exact layout its discriminator calls for.
    WrongData,
    /// The instruction's accounts are not the ones, in number or role, that it calls for.
    WrongAccounts,
    /// The wallet is listed where the instruction has no business with its signature.
    MisplacedWallet,
    /// An account that matters comes from a lookup table whose contents are not attested.
    UnresolvedAccount,
    /// An account that must be the wallet's is not provably so.
    UnprovenAccount,
    /// Value would end in somebody else's hands where only the wallet's will do.
    ForeignDestination,
    /// A trade without a usable bound on what is spent or received.
    UnboundedTrade,
    /// A durable nonce that is not registered for this wallet.
    UnregisteredNonce,
    /// Understood, and never signed.
    Forbidden,
    /// The message asks for more proofs than one request may cost.
    TooMuchWork,
}

impl DecodeErrorKind {
    /// A stable word for logs and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotASigner => "not_a_signer",
            Self::UnknownProgram => "unknown_program",
            Self::UnknownInstruction => "unknown_instruction",
            Self::WrongData => "wrong_data",
            Self::WrongAccounts => "wrong_accounts",
            Self::MisplacedWallet => "misplaced_wallet",
            Self::UnresolvedAccount => "unresolved_account",
            Self::UnprovenAccount => "unproven_account",
            Self::ForeignDestination => "foreign_destination",
            Self::UnboundedTrade => "unbounded_trade",
            Self::UnregisteredNonce => "unregistered_nonce",
            Self::Forbidden => "forbidden",
            Self::TooMuchWork => "too_much_work",
        }
    }
}

/// Where in the input the refusal arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Offset into the message or transaction bytes.
    Byte(usize),
    /// An instruction, counted from 0, with the names known for it.
    Instruction {
        /// Position in the message.
        index: usize,
        /// Name of its program, where known.
        program: Option<&'static str>,
        /// Name of the instruction, where known.
        name: Option<&'static str>,
    },
}

/// A refusal: which kind, where, and what a person needs to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    place: Option<Place>,
    message: Cow<'static, str>,
}

impl DecodeError {
    pub(crate) fn new(
        kind: DecodeErrorKind,
        place: Option<Place>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            place,
            message: message.into(),
        }
    }

    pub(crate) fn malformed(at: usize, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DecodeErrorKind::Malformed, Some(Place::Byte(at)), message)
    }

    /// The kind of refusal.
    #[must_use]
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// Where it arose, where that can be said.
    #[must_use]
    pub const fn place(&self) -> Option<Place> {
        self.place
    }

    /// What was expected, what came, what to do; without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            None => {}
            Some(Place::Byte(at)) => write!(f, "byte {at}: ")?,
            Some(Place::Instruction {
                index,
                program,
                name,
            }) => {
                write!(f, "instruction {index}")?;
                match (program, name) {
                    (Some(program), Some(name)) => write!(f, ", `{name}` of {program}")?,
                    (Some(program), None) => write!(f, " of {program}")?,
                    (None, _) => {}
                }
                f.write_str(": ")?;
            }
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}
