//! The attributes of a resident key, and what they must be.

use std::collections::BTreeMap;
use std::fmt;

use crate::key::KeyType;

/// The one thing a resident secret key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretUse {
    /// 32-byte generic secret for HMAC-SHA-256.
    Mac,
    /// AES-256 that wraps and unwraps keys, with an unwrap template; encrypts nothing else.
    Wrap,
    /// AES-256-GCM that seals envelopes.
    Envelope,
}

/// What kind of key an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// The private half of a signing key pair.
    Pair(KeyType),
    /// The private half of the RSA pair that opens what is sealed to the appliance.
    Import,
    /// A secret key.
    Secret(SecretUse),
}

/// Which mechanisms the device lets a key be used with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mechanisms {
    /// The one that its use needs, and no other.
    OfItsUse,
    /// Others, in the device's words.
    Others(String),
}

impl fmt::Display for Mechanisms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfItsUse => f.write_str("the one of its use"),
            Self::Others(which) => f.write_str(which),
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(key_type) => write!(f, "{key_type} key pair"),
            Self::Import => f.write_str("rsa import key pair"),
            Self::Secret(SecretUse::Mac) => f.write_str("hmac-sha256 secret"),
            Self::Secret(SecretUse::Wrap) => f.write_str("aes-256 wrapping key"),
            Self::Secret(SecretUse::Envelope) => f.write_str("aes-256 envelope key"),
        }
    }
}

/// What a key is or may be used for, named as in PKCS#11 v3.1, 4.8 to 4.10; devices of another kind
/// say the same in their own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those of PKCS#11")]
pub enum Flag {
    Token,
    Private,
    Sensitive,
    AlwaysSensitive,
    Extractable,
    NeverExtractable,
    Local,
    Sign,
    Verify,
    Encrypt,
    Decrypt,
    Wrap,
    Unwrap,
    Derive,
}

impl Flag {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Token,
        Self::Private,
        Self::Sensitive,
        Self::AlwaysSensitive,
        Self::Extractable,
        Self::NeverExtractable,
        Self::Local,
        Self::Sign,
        Self::Verify,
        Self::Encrypt,
        Self::Decrypt,
        Self::Wrap,
        Self::Unwrap,
        Self::Derive,
    ];
}

/// What the token says about one key. A flag the token does not tell is absent, and counts as
/// wrong wherever it is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// What the key is.
    pub kind: KeyKind,
    /// The flags the token told.
    pub flags: BTreeMap<Flag, bool>,
    /// The only mechanisms the key may be used with.
    pub mechanisms: Mechanisms,
}

impl Attributes {
    /// What a key of this kind must be: made in the token, sensitive and not extractable from
    /// its first moment, and good for one use only.
    #[must_use]
    pub fn required(kind: KeyKind) -> Self {
        use Flag::{
            AlwaysSensitive, Decrypt, Encrypt, Local, NeverExtractable, Private, Sensitive, Sign,
            Token, Unwrap, Verify, Wrap,
        };
        let told_of_private_keys = |flag: &Flag| !matches!(flag, Encrypt | Verify | Wrap);
        let (flags, uses): (Vec<Flag>, &[Flag]) = match kind {
            KeyKind::Pair(_) => (
                Flag::ALL.into_iter().filter(told_of_private_keys).collect(),
                &[Sign],
            ),
            KeyKind::Import => (
                Flag::ALL.into_iter().filter(told_of_private_keys).collect(),
                &[Decrypt],
            ),
            KeyKind::Secret(SecretUse::Mac) => (Flag::ALL.into(), &[Sign]),
            KeyKind::Secret(SecretUse::Wrap) => (Flag::ALL.into(), &[Wrap, Unwrap]),
            KeyKind::Secret(SecretUse::Envelope) => (Flag::ALL.into(), &[Encrypt, Decrypt]),
        };
        let guards = [
            Token,
            Private,
            Sensitive,
            AlwaysSensitive,
            NeverExtractable,
            Local,
        ];
        let on = |flag: Flag| guards.contains(&flag) || uses.contains(&flag);
        let flags = flags.into_iter().map(|flag| (flag, on(flag))).collect();
        Self {
            kind,
            flags,
            mechanisms: Mechanisms::OfItsUse,
        }
    }

    /// Every way in which these attributes are not those of [`Attributes::required`], in words.
    #[must_use]
    pub fn faults(&self, kind: KeyKind) -> Vec<String> {
        let required = Self::required(kind);
        let mut faults = Vec::new();
        if self.kind != kind {
            faults.push(format!("expected a {kind}, found a {}", self.kind));
        }
        if self.mechanisms != required.mechanisms {
            faults.push(format!(
                "allowed mechanisms must be {}, are {}",
                required.mechanisms, self.mechanisms
            ));
        }
        for (flag, want) in required.flags {
            match self.flags.get(&flag) {
                Some(got) if *got == want => {}
                Some(got) => faults.push(format!("{flag:?} must be {want}, is {got}")),
                None => faults.push(format!("{flag:?} must be {want}, the token does not say")),
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [KeyKind; 5] = [
        KeyKind::Pair(KeyType::P256),
        KeyKind::Secret(SecretUse::Mac),
        KeyKind::Secret(SecretUse::Wrap),
        KeyKind::Secret(SecretUse::Envelope),
        KeyKind::Import,
    ];

    #[test]
    fn every_single_deviation_is_named() {
        for kind in KINDS {
            let required = Attributes::required(kind);
            assert!(required.faults(kind).is_empty());
            for (flag, value) in &required.flags {
                let mut other = required.clone();
                other.flags.insert(*flag, !value);
                assert_eq!(other.faults(kind).len(), 1, "{flag:?}");
                other.flags.remove(flag);
                assert_eq!(other.faults(kind).len(), 1, "{flag:?} untold");
            }
        }
    }

    #[test]
    fn other_mechanisms_are_a_fault() {
        let mut open = Attributes::required(KINDS[0]);
        open.mechanisms = Mechanisms::Others("any".to_owned());
        assert!(open.faults(KINDS[0])[0].contains("allowed mechanisms must be"));
    }

    #[test]
    fn a_key_of_another_kind_is_a_fault() {
        let mac = Attributes::required(KINDS[1]);
        assert!(mac.faults(KINDS[2])[0].contains("expected a aes-256 wrapping key"));
    }

    #[test]
    fn nothing_required_is_readable_or_good_for_two_things() {
        for kind in KINDS {
            let flags = Attributes::required(kind).flags;
            assert!(!flags[&Flag::Extractable] && flags[&Flag::Sensitive]);
            let set = |flag| flags.get(&flag) == Some(&true);
            let signs = set(Flag::Sign);
            let wraps = set(Flag::Wrap) || set(Flag::Unwrap);
            let decrypts = set(Flag::Encrypt) || set(Flag::Decrypt);
            assert_eq!([signs, wraps, decrypts].iter().filter(|on| **on).count(), 1);
        }
    }
}
