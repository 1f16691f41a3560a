use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use signed_note::{VerificationError, Verifier, Verifiers};

const ED25519: u8 = 1;

/// The public key that a log signs its checkpoints with, and the log's name.
///
/// Its text form is the C2SP `signed-note` verifier key `name+keyid+base64(1‖key)`,
/// key id = first four bytes of SHA-256(name ‖ 0x0A ‖ 1 ‖ key).
#[derive(Clone, PartialEq, Eq)]
pub struct LogKey {
    name: String,
    id: u32,
    key: VerifyingKey,
}

/// Why something cannot be a log's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A name that cannot stand in a note.
    #[error("expected a log name of printable ASCII without spaces and `+`, got `{0}`")]
    Name(String),
    /// 32 bytes that are no Ed25519 public key, or one of the weak ones.
    #[error("expected an Ed25519 public key of full order, got {0}")]
    Key(String),
    /// Not the text form of a verifier key.
    #[error("expected a verifier key like `name+01234567+AbC…=`, got `{0}`")]
    Text(String),
    /// The key id does not belong to this name and key.
    // The id that would fit is not told: whoever altered the key would have it completed.
    #[error(
        "the verifier key `{0}` was altered: name, id and key do not belong together; compare it with \
         the one that was written down at the first start"
    )]
    Id(String),
}

impl LogKey {
    /// From the log's name (its checkpoints' origin) and 32-byte public key.
    ///
    /// # Errors
    /// The name cannot stand in a note, or this is no safe Ed25519 public key.
    pub fn new(name: &str, public_key: &[u8; 32]) -> Result<Self, KeyError> {
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'+')
        {
            return Err(KeyError::Name(name.chars().take(80).collect()));
        }
        let key = VerifyingKey::from_bytes(public_key)
            .ok()
            .filter(|key| !key.is_weak());
        let key = key.ok_or_else(|| KeyError::Key(hex::encode(public_key)))?;
        let typed = [&[ED25519], key.as_bytes().as_slice()].concat();
        Ok(Self {
            name: name.to_owned(),
            id: signed_note::key_id(name, &typed),
            key,
        })
    }

    /// From the text form of a verifier key.
    ///
    /// # Errors
    /// Another form or key type, or a key id that does not match.
    pub fn parse(vkey: &str) -> Result<Self, KeyError> {
        let refuse = || KeyError::Text(vkey.chars().take(200).collect());
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refuse());
        };
        let typed = STANDARD.decode(key).map_err(|_| refuse())?;
        let (&kind, key) = typed.split_first().ok_or_else(refuse)?;
        if kind != ED25519 {
            return Err(refuse());
        }
        let parsed = Self::new(name, key.try_into().map_err(|_| refuse())?)?;
        if parsed.vkey() != vkey {
            return Err(KeyError::Id(vkey.to_owned()));
        }
        Ok(parsed)
    }

    /// The text form, for auditors to keep.
    #[must_use]
    pub fn vkey(&self) -> String {
        signed_note::new_ed25519_verifier_key(&self.name, &self.key)
    }

    /// The log's name: the origin line of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The four bytes that name this key in a signature line, big-endian.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Whether `signature` is by this key over `message` (strict verification).
    #[must_use]
    pub fn signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key
            .verify_strict(message, &Signature::from_bytes(signature))
            .is_ok()
    }
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.vkey())
    }
}

impl Verifier for LogKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        signature
            .try_into()
            .is_ok_and(|signature| self.signed(message, signature))
    }
}

impl Verifiers for LogKey {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        if name == self.name && id == self.id {
            return Ok(self);
        }
        Err(VerificationError::UnknownKey {
            name: name.to_owned(),
            id,
        })
    }
}
