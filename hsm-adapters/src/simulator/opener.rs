//! The pair that opens what is sealed to a simulated token.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey,
    PublicKeyComponents,
};
use aws_lc_rs::signature::KeyPair as _;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::import::ImportKey;

/// The RSA pair.
pub(super) struct Opener {
    private: OaepPrivateDecryptingKey,
    pub(super) public: ImportKey,
}

impl Opener {
    pub(super) fn generate() -> Result<Self, Error> {
        let failed = || Error::broken("generating a key", "it failed", "report this");
        let pair = KeyPair::generate(KeySize::Rsa3072).map_err(|_| failed())?;
        let parts: PublicKeyComponents<Vec<u8>> = pair.public_key().into();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| failed())?;
        let private = PrivateDecryptingKey::from_pkcs8(der.as_ref()).map_err(|_| failed())?;
        Ok(Self {
            private: OaepPrivateDecryptingKey::new(private).map_err(|_| failed())?,
            public: ImportKey::new(parts.n, parts.e)?,
        })
    }

    pub(super) fn open(&self, sealed: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let mut opened = Zeroizing::new(vec![0; self.private.min_output_size()]);
        let opened = self
            .private
            .decrypt(&OAEP_SHA1_MGF1SHA1, sealed, &mut opened, None);
        <[u8; 32]>::try_from(&*opened.ok()?)
            .ok()
            .map(Zeroizing::new)
    }
}
