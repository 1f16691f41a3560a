//! One-time codes by time: RFC 6238 over HMAC-SHA-1 with steps of 30 seconds and 6 digits, which
//! is what every authenticator application takes. HMAC's strength does not rest on SHA-1's
//! collisions (RFC 6238 §1.2, RFC 4226 §B.2).
//!
//! The few lines of RFC 4226 §5.3 stand here, over the library that the HMACs of this crate use
//! anyway, because a package for them would bring its own HMAC, and QR codes.

use aws_lc_rs::{constant_time, hmac};

/// Bytes of a secret: as many as RFC 4226 §4 recommends.
const SECRET: usize = 20;

/// Seconds of a step.
const STEP: i64 = 30;

/// Steps that a code may be early or late (RFC 6238 §5.2).
const DRIFT: i64 = 1;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What a person's device and the appliance share.
pub(super) struct Secret([u8; SECRET]);

impl Secret {
    /// The first bytes of key material.
    pub(super) fn of(material: &[u8; 32]) -> Self {
        let mut secret = [0; SECRET];
        secret
            .iter_mut()
            .zip(material)
            .for_each(|(to, from)| *to = *from);
        Self(secret)
    }

    /// The code of a step, RFC 4226 §5.3.
    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
        let part = tag.iter().skip(offset).take(4);
        let number = part.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }

    /// The step after `last` and near `now` (seconds since the Unix epoch) whose code this is.
    pub(super) fn step_of(&self, code: &str, now: i64, last: i64) -> Option<i64> {
        let current = now.div_euclid(STEP);
        let mut steps = current.saturating_sub(DRIFT)..=current.saturating_add(DRIFT);
        steps.find(|step| {
            let expected = self.code(*step);
            let same = constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes());
            same.is_ok() && *step > last
        })
    }

    /// What an authenticator application reads.
    pub(super) fn uri(&self, issuer: &str, account: &str) -> String {
        format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&\
             period={STEP}",
            base32(&self.0)
        )
    }
}

/// RFC 4648 §6, without padding; 20 bytes need none.
fn base32(bytes: &[u8]) -> String {
    let digit = |value: u64| ALPHABET.get(usize::try_from(value & 31).unwrap_or_default());
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let value = chunk
            .iter()
            .fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
        let digits = (0..8_u32)
            .rev()
            .filter_map(|place| digit(value >> (5 * place)));
        text.extend(digits.map(|digit| char::from(*digit)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1, the last six of its eight digits.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let secret = Secret(*b"12345678901234567890");
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(time / STEP), code, "{time}");
            assert_eq!(secret.step_of(code, time, 0), Some(time / STEP));
        }
    }

    #[test]
    fn a_code_is_good_once_and_one_step_early_or_late() {
        let secret = Secret(*b"12345678901234567890");
        let (now, step) = (1_000_000_000, 33_333_333);
        for (drift, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let found = secret.step_of(&secret.code(step + drift), now, 0);
            assert_eq!(found, good.then_some(step + drift), "{drift}");
        }
        let code = secret.code(step);
        assert_eq!(secret.step_of(&code, now, step), None);
        assert_eq!(secret.step_of(&code, now, step - 1), Some(step));
        for wrong in [
            "",
            "000000",
            "12345",
            "1234567",
            &code.replace(char::is_numeric, "x"),
        ] {
            assert_eq!(secret.step_of(wrong, now, 0), None, "`{wrong}`");
        }
        let other = Secret(*b"12345678901234567891");
        assert_eq!(other.step_of(&code, now, 0), None);
    }

    /// RFC 4648, section 10.
    #[test]
    fn the_secret_is_written_as_others_read_it() {
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
        let uri = Secret(*b"12345678901234567890").uri("desk.example", "alice");
        assert_eq!(
            uri,
            "otpauth://totp/desk.example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&\
             issuer=desk.example&algorithm=SHA1&digits=6&period=30"
        );
    }
}
