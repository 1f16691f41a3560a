//! Proof that this appliance allowed a request.
//!
//! A retry of an allowed request is signed without being judged again, on the word of a row that
//! anybody with write access to the database can forge. So the row carries a MAC over what was
//! allowed, made with a key that the HSM's row-MAC key yields at the start and that never leaves
//! this process.

use aws_lc_rs::hmac;
use countersign_intent::{RequestId, WalletId};

use crate::device::{DeskError, DeviceDesk};

/// Makes and checks vouchers.
#[derive(Debug, Clone)]
pub struct Vouchers(hmac::Key);

/// What was allowed.
#[derive(Debug, Clone, Copy)]
pub struct Allowed<'a> {
    /// The request.
    pub request: RequestId,
    /// Who asked.
    pub principal: &'a str,
    /// The wallet that signs.
    pub wallet: WalletId,
    /// SHA-256 over everything that was asked for.
    pub fingerprint: &'a [u8; 32],
    /// SHA-256 of the bytes to sign.
    pub digest: &'a [u8; 32],
}

impl Vouchers {
    /// Draws the key out of the token.
    ///
    /// # Errors
    /// A token that does not answer.
    pub async fn open(desk: &DeviceDesk) -> Result<Self, DeskError> {
        let key = desk
            .run(|desk| Ok(desk.mac.mac(b"countersign/voucher-key/v1\0")?))
            .await?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The voucher for what was allowed, in hexadecimal.
    #[must_use]
    pub fn make(&self, allowed: &Allowed<'_>) -> String {
        let tag = hmac::sign(&self.0, &allowed.bytes());
        hex::encode(tag)
    }

    /// The voucher for a held request, in hexadecimal.
    #[must_use]
    pub fn make_held(&self, held: &str) -> String {
        let tag = hmac::sign(&self.0, &held_bytes(held));
        hex::encode(tag)
    }

    /// Whether a held request is as this appliance wrote it.
    #[must_use]
    pub fn check_held(&self, held: &str, voucher: &str) -> bool {
        tag_of(voucher).is_some_and(|tag| hmac::verify(&self.0, &held_bytes(held), &tag).is_ok())
    }

    /// Whether a voucher is for this, and ours.
    #[must_use]
    pub fn check(&self, allowed: &Allowed<'_>, voucher: &str) -> bool {
        tag_of(voucher).is_some_and(|tag| hmac::verify(&self.0, &allowed.bytes(), &tag).is_ok())
    }
}

fn held_bytes(held: &str) -> Vec<u8> {
    [b"countersign/held/v1\0", held.as_bytes()].concat()
}

fn tag_of(voucher: &str) -> Option<[u8; 32]> {
    let mut tag = [0_u8; 32];
    hex::decode_to_slice(voucher, &mut tag).ok()?;
    Some(tag)
}

impl Allowed<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut out = b"countersign/allowed/v1\0".to_vec();
        out.extend_from_slice(self.request.as_bytes());
        out.extend_from_slice(self.wallet.as_bytes());
        out.extend_from_slice(self.fingerprint);
        out.extend_from_slice(self.digest);
        out.extend_from_slice(self.principal.as_bytes());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inv08_a_voucher_is_for_one_request_alone() {
        let vouchers = Vouchers(hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]));
        let allowed = Allowed {
            request: RequestId::from_bytes([1; 16]),
            principal: "bot/a",
            wallet: WalletId::from_bytes([2; 16]),
            fingerprint: &[3; 32],
            digest: &[4; 32],
        };
        let voucher = vouchers.make(&allowed);
        assert!(vouchers.check(&allowed, &voucher));
        let others = [
            Allowed {
                request: RequestId::from_bytes([9; 16]),
                ..allowed
            },
            Allowed {
                principal: "bot/b",
                ..allowed
            },
            Allowed {
                wallet: WalletId::from_bytes([9; 16]),
                ..allowed
            },
            Allowed {
                fingerprint: &[9; 32],
                ..allowed
            },
            Allowed {
                digest: &[9; 32],
                ..allowed
            },
        ];
        for other in others {
            assert!(!vouchers.check(&other, &voucher));
        }
        let held = vouchers.make_held("{}");
        assert!(vouchers.check_held("{}", &held));
        assert!(!vouchers.check_held("{ }", &held));
        assert!(!vouchers.check_held("{}", &voucher));
        assert!(!vouchers.check(&allowed, &held));
        let foreign = Vouchers(hmac::Key::new(hmac::HMAC_SHA256, &[2; 32]));
        assert!(!foreign.check(&allowed, &voucher));
        let shorter: String = voucher.chars().skip(1).collect();
        for forged in ["", "00", &shorter, &"zz".repeat(32), &"00".repeat(32)] {
            assert!(!vouchers.check(&allowed, forged), "`{forged}` was accepted");
        }
    }
}
