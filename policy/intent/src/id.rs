//! Opaque identifiers: a type prefix and 16 bytes in lower-case hexadecimal.

use std::fmt;
use std::str::FromStr;

/// An identifier that is not of the expected shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `{prefix}` followed by 32 lower-case hexadecimal digits, got `{got}`")]
pub struct IdError {
    prefix: &'static str,
    got: String,
}

fn parse_hex(text: &str) -> Option<[u8; 16]> {
    let digits = text.as_bytes();
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0_u8; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The type prefix every such identifier starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an identifier of 16 bytes that the caller drew at random.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes behind the prefix.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0_u8; 32];
                hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
                f.write_str($prefix)?;
                f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix($prefix)
                    .and_then(parse_hex)
                    .map(Self)
                    .ok_or_else(|| IdError {
                        prefix: $prefix,
                        got: text.chars().take(64).collect(),
                    })
            }
        }
    };
}

id!(
    /// A user of a platform.
    UserId, "usr_"
);
id!(
    /// A wallet: one key of one user at one venue.
    WalletId, "wal_"
);
id!(
    /// A request: one idempotency key of one principal.
    RequestId, "req_"
);
id!(
    /// A version of the policy.
    PolicyId, "pol_"
);
id!(
    /// A person who may approve, with the key they approve with.
    ApproverId, "apr_"
);
id!(
    /// An entry of the venue registry.
    VenueId, "ven_"
);
id!(
    /// A bot's permission to use one wallet.
    GrantId, "grt_"
);
id!(
    /// Something an operator had registered with people's consent.
    RegistrationId, "rgn_"
);
id!(
    /// An issued certificate; its 16 bytes are the certificate's serial number.
    CertificateId, "crt_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        let id = WalletId::from_bytes(*b"0123456789abcdef");
        let text = id.to_string();
        assert_eq!(text, "wal_30313233343536373839616263646566");
        assert_eq!(text.parse(), Ok(id));
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "wal_",
            "usr_30313233343536373839616263646566",
            "wal_3031323334353637383961626364656",
            "wal_303132333435363738396162636465660",
            "wal_3031323334353637383961626364656F",
            " wal_30313233343536373839616263646566",
        ] {
            assert!(text.parse::<WalletId>().is_err(), "`{text}` was accepted");
        }
    }
}
