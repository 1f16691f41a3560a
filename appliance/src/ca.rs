//! The CA key on the token, as the certificate builder wants it.

use countersign_hsm::KeyRef;

use crate::device::DeviceDesk;
use crate::identity::{CaSigner, SerialSource, SignerError};

/// Signs certificates with the CA key on the token. Blocks; use it on threads that may.
#[derive(Debug)]
pub struct DeskSigner {
    desk: DeviceDesk,
    key: KeyRef,
    public: [u8; 65],
}

impl DeskSigner {
    /// A signer over this key.
    ///
    /// # Errors
    /// A key that is not P-256.
    pub fn new(desk: DeviceDesk, key: KeyRef) -> Result<Self, std::array::TryFromSliceError> {
        let public = key.public.bytes().try_into()?;
        Ok(Self { desk, key, public })
    }

    /// Serial numbers out of the token's random numbers.
    #[must_use]
    pub fn serials(desk: DeviceDesk) -> SerialSource {
        Box::new(move || {
            let drawn = desk.run_blocking(|desk| {
                let mut bytes = [0_u8; 16];
                desk.backend.random(&mut bytes)?;
                Ok(bytes)
            });
            Ok(drawn?)
        })
    }
}

impl CaSigner for DeskSigner {
    fn public_key_sec1(&self) -> [u8; 65] {
        self.public
    }

    fn sign_digest(&self, sha256: &[u8; 32]) -> Result<[u8; 64], SignerError> {
        let (key, digest) = (self.key.clone(), *sha256);
        self.desk
            .run_blocking(move |desk| Ok(desk.backend.sign(&key, &digest)?))
            .map(|signature| *signature.as_bytes())
            .map_err(|error| SignerError::Device(Box::new(error)))
    }
}
