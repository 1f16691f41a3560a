//! How a venue declares what its details hold: each field once, for every reader. Canonical bytes,
//! JSON and words for people are readers; none of them knows a venue.

use crate::{Account, Amount, Asset, Timestamp};

/// Reads a declaration, field by field, in its order.
pub trait Fields {
    /// What is declared, in one word; always the first call.
    fn kind(&mut self, kind: &'static str);

    /// One of its fields.
    fn field(&mut self, field: Field<'_>);
}

/// Whatever declares its fields. Every kind has the same fields in the same order each time: one
/// that is not there is declared as [`Value::Absent`].
pub trait Declared {
    /// Hands the kind and every field to a reader.
    fn fields(&self, reader: &mut dyn Fields);
}

/// One field: its name in JSON, its value, and how it is said.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The name, in `snake_case`.
    pub name: &'static str,
    /// The value.
    pub value: Value<'a>,
    /// How people are told.
    pub phrase: Phrase,
}

/// A typed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// The message does not have it.
    Absent,
    /// An account.
    Account(Account),
    /// An asset.
    Asset(Asset),
    /// So much of an asset, which the message may leave unnamed.
    Money(Option<Asset>, Amount),
    /// Base units of an asset that other fields tell.
    Units(Amount),
    /// Hundredths of a percent.
    BasisPoints(u16),
    /// So many.
    Count(u64),
    /// A point in time.
    Time(Timestamp),
    /// Text that whoever built the message chose.
    Text(&'a str),
    /// One of a closed list of ours, by its slug, and how it is said.
    Name(&'static str, &'static str),
    /// Whether it is so.
    Flag(bool),
    /// Bytes that come anew with every message of the same meaning.
    Fresh([u8; 32]),
    /// A number that comes anew with every message of the same meaning.
    FreshCount(u64),
    /// Bytes that say nothing to people: a digest, a selector.
    Bytes(&'a [u8]),
}

impl Value<'_> {
    /// Nothing to speak of: absent, none, or not so.
    const fn is_nothing(&self) -> bool {
        matches!(
            self,
            Self::Absent | Self::BasisPoints(0) | Self::Count(0) | Self::Flag(false)
        )
    }
}

/// How a field is said: `{}` stands for its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    said: Said,
    present: &'static str,
    absent: &'static str,
    brief: Option<&'static str>,
    over_zero: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Goes on with the sentence.
    On,
    /// Adds a clause.
    Aside,
    /// Not at all, for this reason.
    Never(&'static str),
}

impl Phrase {
    const fn new(said: Said, present: &'static str) -> Self {
        Self {
            said,
            present,
            absent: "",
            brief: None,
            over_zero: false,
        }
    }

    /// What is said in its place where it is absent.
    #[must_use]
    pub(crate) const fn or(mut self, absent: &'static str) -> Self {
        self.absent = absent;
        self
    }

    /// How it is said behind the action in a reason.
    #[must_use]
    pub(crate) const fn brief(mut self, brief: &'static str) -> Self {
        self.brief = Some(brief);
        self
    }

    /// Says nothing of none.
    #[must_use]
    pub(crate) const fn over_zero(mut self) -> Self {
        self.over_zero = true;
        self
    }

    /// The template for this value; `None` where nothing is said.
    #[must_use]
    pub(crate) const fn template(&self, value: &Value<'_>) -> Option<&'static str> {
        let template = match value {
            Value::Absent => self.absent,
            Value::Flag(false) => return None,
            value if self.over_zero && value.is_nothing() => return None,
            _ => self.present,
        };
        match self.said {
            Said::Never(_) => None,
            Said::On | Said::Aside if template.is_empty() => None,
            Said::On | Said::Aside => Some(template),
        }
    }

    /// The template behind the action in a reason.
    #[must_use]
    pub(crate) const fn in_brief(&self) -> Option<&'static str> {
        self.brief
    }

    /// Whether it adds a clause to the sentence, rather than going on with it.
    #[must_use]
    pub(crate) const fn is_aside(&self) -> bool {
        matches!(self.said, Said::Aside)
    }

    /// Why people are not told, where they are not.
    #[must_use]
    pub const fn unsaid(&self) -> Option<&'static str> {
        match self.said {
            Said::Never(why) => Some(why),
            Said::On | Said::Aside => None,
        }
    }
}

/// A phrase that goes on with the sentence.
pub(crate) const fn says(present: &'static str) -> Phrase {
    Phrase::new(Said::On, present)
}

/// A phrase that adds a clause.
pub(crate) const fn adds(present: &'static str) -> Phrase {
    Phrase::new(Said::Aside, present)
}

/// No phrase, and why not.
pub(crate) const fn unsaid(why: &'static str) -> Phrase {
    Phrase::new(Said::Never(why), "")
}

/// Declares the fields of every variant of a closed list, as a table: what is not in it does not
/// compile.
macro_rules! declare {
    ($($pattern:pat => $kind:literal {
        $($name:ident: $value:expr => $phrase:expr),* $(,)?
    })*) => {
        fn fields(&self, reader: &mut dyn $crate::field::Fields) {
            match self {
                $($pattern => {
                    reader.kind($kind);
                    $(reader.field($crate::field::Field {
                        name: stringify!($name),
                        value: $value,
                        phrase: $phrase,
                    });)*
                })*
            }
        }
    };
}

pub(crate) use declare;
