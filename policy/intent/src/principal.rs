//! Who asks.

use std::fmt;
use std::str::FromStr;

/// What a principal may be; the second path segment of its SPIFFE id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Asks for signatures; assumed compromised.
    Bot,
    /// A platform's onboarding service: creates users and wallets.
    Gateway,
    /// May only tighten.
    Risk,
    /// A person who operates the appliance.
    Operator,
    /// Reads and verifies the log.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Bot,
        Self::Gateway,
        Self::Risk,
        Self::Operator,
        Self::Auditor,
    ];

    /// The word used in SPIFFE ids.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Gateway => "gateway",
            Self::Risk => "risk",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role or a name that is not of the expected shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not one of the five roles.
    #[error("expected one of bot, gateway, risk, operator, auditor, got `{0}`")]
    Role(String),
    /// Not a name.
    #[error("expected a name of 1 to 64 characters out of A-Z a-z 0-9 . _ -, got `{0}`")]
    Name(String),
    /// A name without its role.
    #[error("expected `role/name`, like `bot/momentum-7`, got `{0}`")]
    Principal(String),
}

impl FromStr for Role {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| NameError::Role(text.chars().take(64).collect()))
    }
}

/// A role and a name within one trust domain, e.g. `bot/momentum-7`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Principal {
    role: Role,
    name: Box<str>,
}

impl Principal {
    /// Checks the name and makes a principal.
    ///
    /// # Errors
    /// A name that is empty, longer than 64 characters, or has other characters than
    /// `A-Z a-z 0-9 . _ -`.
    pub fn new(role: Role, name: &str) -> Result<Self, NameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) {
            return Err(NameError::Name(name.chars().take(64).collect()));
        }
        Ok(Self {
            role,
            name: name.into(),
        })
    }

    /// The role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.role, self.name)
    }
}

impl FromStr for Principal {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (role, name) = text
            .split_once('/')
            .ok_or_else(|| NameError::Principal(text.chars().take(64).collect()))?;
        Self::new(role.parse()?, name)
    }
}
