//! What the person sees.

use std::fmt;

/// One review, all its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// A public key or an address.
    Key(String),
    /// The text of a message.
    Message(String),
    /// A message whose text cannot be shown: its hash.
    MessageHash(String),
    /// A transfer of native SOL.
    Transfer {
        /// 10⁻⁹ SOL.
        lamports: u64,
        /// To whom.
        recipient: String,
        /// From whom, if that is not the device's key.
        sender: Option<String>,
        /// Who pays the fee, if that is not the device's key.
        fee_payer: Option<String>,
    },
    /// A new account for a token.
    CreateTokenAccount {
        /// Whose it will be.
        owner: String,
        /// Of which token.
        mint: String,
    },
    /// Not understood: only a hash is shown.
    Unrecognized {
        /// Base58 of the SHA-256 of the transaction's message.
        hash: String,
    },
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "Pubkey\n{key}"),
            Self::Message(text) => write!(f, "Review message\n{text}"),
            Self::MessageHash(hash) => write!(f, "Review message\nHash {hash}"),
            Self::Transfer {
                lamports,
                recipient,
                sender,
                fee_payer,
            } => {
                let (whole, rest) = (lamports / 1_000_000_000, lamports % 1_000_000_000);
                write!(f, "Transfer {whole}.{rest:09} SOL")?;
                if let Some(sender) = sender {
                    write!(f, "\nSender {sender}")?;
                }
                write!(f, "\nRecipient {recipient}")?;
                match fee_payer {
                    Some(payer) => write!(f, "\nFee payer {payer}"),
                    None => Ok(()),
                }
            }
            Self::CreateTokenAccount { owner, mint } => {
                write!(f, "Create token account\nFor {owner}\nMint {mint}")
            }
            Self::Unrecognized { hash } => {
                write!(f, "Unrecognized format\nMessage Hash {hash}")
            }
        }
    }
}
