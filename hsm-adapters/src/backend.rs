//! What the appliance asks of a device: one small required contract and the abilities a device
//! may lack, each as a trait of its own.
//!
//! A [`Device`] is the context of one token, one per process. It is shared. What it hands out
//! ([`Backend`] and the optional abilities) is owned by one thread at a time, and blocks.
//!
//! Promises every implementation keeps, and `conformance` checks:
//! * what [`Capabilities`] names was tried on this token when the device was opened;
//! * a signature comes from the private key whose public key is [`KeyRef::public`], or not at all;
//! * no call returns, logs or formats private key bytes or the PIN;
//! * an [`Error::NotSent`] or [`Error::Refused`] means that no signature exists;
//! * after an error the same object may be used again; it recovers its session by itself.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::attributes::{Attributes, SecretUse};
use crate::capabilities::Capabilities;
use crate::error::Error;
use crate::import::ImportKey;
use crate::key::{KeyId, KeyType, PublicKey, Signature};

/// Where the private half of a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// A token object, found by its [`KeyId`].
    Resident,
    /// A blob wrapped in the token by the resident wrapping key ([`KeyWrap`]).
    Wrapped(Arc<[u8]>),
    /// A blob sealed by the resident envelope key ([`Envelope`]).
    Envelope(Arc<[u8]>),
}

/// All a device needs to sign with a key. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRef {
    /// Identity of a resident key; the identity an envelope is bound to.
    pub id: KeyId,
    /// The public key the caller knows; a device never signs for another one.
    pub public: PublicKey,
    /// Where the private half is.
    pub material: Material,
}

/// A key made for storage outside the token: the blob and the public key inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The wrapped or sealed private key; useless without the token's key.
    pub blob: Arc<[u8]>,
    /// The public key that belongs to it.
    pub public: PublicKey,
}

/// The shared context of one token, one per process.
///
/// The abilities are `None` where the token, or the operator, does not offer them; an ability
/// that is offered but whose role key is not on the token answers [`Error::Refused`].
pub trait Device: Send + Sync {
    /// What was found when the device was opened. Never assumed from the model's name.
    fn capabilities(&self) -> &Capabilities;

    /// How often the device's driver was started again because it lost its view of the device.
    fn restarts(&self) -> u64 {
        0
    }

    /// Opens a session for one worker thread. Cheap: it searches nothing and logs in only if the
    /// token forgot the login.
    ///
    /// # Errors
    /// [`Error::NotSent`] while the device is away, [`Error::Broken`] when it will not come back
    /// by itself (wrong PIN, token gone).
    fn connect(&self) -> Result<Box<dyn Backend>, Error>;

    /// Creating, inspecting and destroying resident keys.
    fn key_admin(&self) -> Option<Box<dyn KeyAdmin>>;

    /// Native wrapping, for the key types of [`Capabilities::wrap`].
    fn key_wrap(&self) -> Option<Box<dyn KeyWrap>>;

    /// Envelope custody; `None` unless the operator turned it on.
    fn envelope(&self) -> Option<Box<dyn Envelope>>;

    /// Opening what was sealed to the token; `None` unless the operator turned importing on.
    fn key_import(&self) -> Option<Box<dyn KeyImport>>;

    /// The MAC made by the resident row-MAC key.
    fn mac(&self) -> Option<Box<dyn Mac>>;

    /// A small value that the device keeps.
    fn anchor(&self) -> Option<Box<dyn MonotonicAnchor>>;
}

/// One session. Exactly what signing needs.
pub trait Backend: Send {
    /// Signs once.
    ///
    /// `input` is the whole message for Ed25519 (pure EdDSA, RFC 8032) and the 32-byte digest for
    /// ECDSA; any other digest length is refused before the device is called, because some
    /// modules silently truncate. ECDSA answers `r || s` as the device gave it: `s` may be high.
    ///
    /// The first use of a key proves that its private half belongs to `key.public`; later uses
    /// cost one device signature and search nothing.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when the device may have signed without our seeing the answer;
    /// every other error means that it did not.
    fn sign(&mut self, key: &KeyRef, input: &[u8]) -> Result<Signature, Error>;

    /// The public key of a resident key.
    ///
    /// # Errors
    /// [`Error::Refused`] when the token holds no such key, or more than one.
    fn public_key(&mut self, id: &KeyId) -> Result<PublicKey, Error>;

    /// Fills `out` from the device's random generator.
    ///
    /// # Errors
    /// The device's; `out` must not be used then.
    fn random(&mut self, out: &mut [u8]) -> Result<(), Error>;

    /// Asks the device whether the session is alive and logged in, and recovers it if it is not.
    ///
    /// # Errors
    /// The reason recovery failed.
    fn ping(&mut self) -> Result<(), Error>;
}

/// What the token says about one resident key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResidentKey {
    /// Identity on the device.
    pub id: KeyId,
    /// Its name on the device.
    pub label: String,
    /// The attributes that decide what can be done with the key.
    pub attributes: Attributes,
    /// The public half, for key pairs.
    pub public: Option<PublicKey>,
    /// In words, what the token lets be done with the key that it need not: `modifiable`. Attributes that
    /// cannot be changed once a key is made; those of an earlier build have them.
    pub loose: Vec<String>,
}

/// Resident keys: few, made on purpose, never on the signing path.
pub trait KeyAdmin: Send {
    /// Generates a key pair in the token: sensitive, not extractable, sign only.
    ///
    /// # Errors
    /// [`Error::Refused`] when `id` is taken or the token cannot make this type;
    /// [`Error::OutcomeUnknown`] when the key may exist: look with [`KeyAdmin::attributes`].
    fn generate(&mut self, id: &KeyId, label: &str, key_type: KeyType) -> Result<PublicKey, Error>;

    /// Generates a 32-byte secret key in the token, good for one use only.
    ///
    /// # Errors
    /// As [`KeyAdmin::generate`].
    fn generate_secret(&mut self, id: &KeyId, label: &str, usage: SecretUse) -> Result<(), Error>;

    /// Generates the RSA pair that opens what is sealed to the token ([`KeyImport`]).
    ///
    /// # Errors
    /// As [`KeyAdmin::generate`].
    fn generate_import(&mut self, id: &KeyId, label: &str) -> Result<(), Error>;

    /// Keeps an existing private key as a resident key: the 32-byte Ed25519 seed or EC scalar,
    /// big-endian. Sensitive, not extractable and sign only like a generated one, but the token
    /// rightly tells that it was not made there.
    ///
    /// # Errors
    /// As [`KeyAdmin::generate`], for a key type outside [`Capabilities::import`].
    fn import(
        &mut self,
        id: &KeyId,
        label: &str,
        key_type: KeyType,
        private: Zeroizing<[u8; 32]>,
    ) -> Result<PublicKey, Error>;

    /// Every resident private or secret key with this label. Linear in the objects of the token.
    ///
    /// # Errors
    /// The device's.
    fn find(&mut self, label: &str) -> Result<Vec<ResidentKey>, Error>;

    /// Ids of the resident key pairs whose label begins with this, in any order. Linear in the objects
    /// of the token.
    ///
    /// # Errors
    /// The device's; [`Error::Refused`] for such a key with an id that the appliance does not give.
    fn pairs(&mut self, label_prefix: &str) -> Result<Vec<KeyId>, Error>;

    /// The attributes of one resident key, read from the token now.
    ///
    /// # Errors
    /// [`Error::Refused`] when the token holds no such key, or more than one.
    fn attributes(&mut self, id: &KeyId) -> Result<Attributes, Error>;

    /// Destroys a resident key, both halves. There is no way back.
    ///
    /// # Errors
    /// [`Error::Refused`] when the token holds no such key.
    fn destroy(&mut self, id: &KeyId) -> Result<(), Error>;
}

/// Custody `wrapped`: keys leave the token only encrypted by the resident wrapping key.
pub trait KeyWrap: Send {
    /// Generates a key in the token and wraps it there. The key itself is not kept.
    ///
    /// # Errors
    /// [`Error::Refused`] for a key type outside [`Capabilities::wrap`] or when the token holds
    /// no wrapping key.
    fn generate_wrapped(&mut self, key_type: KeyType) -> Result<StoredKey, Error>;

    /// Proves on a throw-away key that the wrapping key opens what it wrapped, and that a caller
    /// who asks for the opened key to be readable or extractable does not get it so.
    ///
    /// # Errors
    /// [`Error::Broken`] when the token let the attributes be loosened: nothing wrapped by this
    /// key is safe then.
    fn prove(&mut self) -> Result<(), Error>;
}

/// Custody `envelope`: the key bytes pass through this process, sealed at rest by AES-256-GCM
/// under a resident key. The key's id and type are authenticated with it.
pub trait Envelope: Send {
    /// Makes a key from the device's random generator and seals it for `id`.
    ///
    /// # Errors
    /// [`Error::Refused`] for a key type outside [`Capabilities::envelope`] or when the token
    /// holds no envelope key.
    fn generate(&mut self, id: &KeyId, key_type: KeyType) -> Result<StoredKey, Error>;

    /// Seals an existing private key: the 32-byte Ed25519 seed or EC scalar, big-endian.
    ///
    /// # Errors
    /// As [`Envelope::generate`]; [`Error::Refused`] when the bytes are no private key.
    fn seal(
        &mut self,
        id: &KeyId,
        key_type: KeyType,
        private: Zeroizing<[u8; 32]>,
    ) -> Result<StoredKey, Error>;
}

/// What opens keys that were sealed to the token outside of it.
pub trait KeyImport: Send {
    /// The public half of the resident import key.
    ///
    /// # Errors
    /// [`Error::Refused`] when the token holds no import key.
    fn public(&mut self) -> Result<ImportKey, Error>;

    /// Opens a 32-byte content-encryption key (RSAES-OAEP with SHA-1 and MGF1-SHA-1, RFC 8017,
    /// 7.1; `RSA-OAEP` of RFC 7518, 4.3). It is in this process's memory after that.
    ///
    /// # Errors
    /// [`Error::Refused`] when it was not sealed to this key, was altered, or is no 32-byte key;
    /// which of them is not told.
    fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error>;
}

/// HMAC-SHA-256 (RFC 2104, FIPS 180-4) by the resident row-MAC key.
pub trait Mac: Send {
    /// The 32-byte MAC of `data`.
    ///
    /// # Errors
    /// [`Error::Refused`] when the token holds no row-MAC key.
    fn mac(&mut self, data: &[u8]) -> Result<[u8; 32], Error>;
}

/// A small value kept by the device, to recognise a database that was set back.
///
/// What it protects against: someone who can restore an old database but not talk to the token.
/// What it does not: whoever holds the PIN can write any value, and whoever can copy a software
/// token's files can set those back together with the database. A token that counts by itself
/// would be stronger; PKCS#11 data objects do not.
pub trait MonotonicAnchor: Send {
    /// The value last written, or `None` if there never was one.
    ///
    /// # Errors
    /// The device's.
    fn read(&mut self) -> Result<Option<Vec<u8>>, Error>;

    /// Replaces the value. The new one is durable before the old one goes, so a crash leaves one
    /// or both, and [`MonotonicAnchor::read`] then gives the newer.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when the value may have been written.
    fn write(&mut self, value: &[u8]) -> Result<(), Error>;
}
