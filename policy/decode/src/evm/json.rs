//! JSON of which every member is read, and none twice.

use std::fmt;

use countersign_intent::evm::Address;
use ethnum::U256;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::{DecodeError, DecodeErrorKind};

/// Longest JSON text that is read, in bytes.
const MAX_TEXT: usize = 128 * 1024;

/// A value, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Null,
    Flag(bool),
    Number(u64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Node, DecodeError> {
    if text.len() > MAX_TEXT {
        return Err(malformed(format!(
            "expected at most {MAX_TEXT} bytes of JSON, got {}",
            text.len()
        )));
    }
    serde_json::from_str(text).map_err(|error| malformed(format!("not readable as JSON: {error}")))
}

pub(super) fn malformed(message: String) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Malformed, None, message)
}

/// The members of an object, each to be taken once.
#[derive(Debug)]
pub(super) struct Members {
    path: &'static str,
    rest: Vec<(String, Node)>,
}

impl Members {
    /// Of what has to be an object; `path` is what it is called in errors.
    pub(super) fn of(node: Node, path: &'static str) -> Result<Self, DecodeError> {
        match node {
            Node::Object(rest) => Ok(Self { path, rest }),
            _ => Err(malformed(format!("`{path}`: expected an object"))),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.rest.iter().any(|(one, _)| one == name)
    }

    /// A member that may be missing; `null` is missing.
    pub(super) fn get(&mut self, name: &str) -> Option<Node> {
        let at = self.rest.iter().position(|(one, _)| one == name)?;
        let (_, node) = self.rest.swap_remove(at);
        (node != Node::Null).then_some(node)
    }

    pub(super) fn need(&mut self, name: &str) -> Result<Node, DecodeError> {
        let missing = self.wrong(name, "is needed and missing");
        self.get(name).ok_or(missing)
    }

    pub(super) fn number(&mut self, name: &str) -> Result<U256, DecodeError> {
        let node = self.need(name)?;
        number(&node).map_err(|why| self.wrong(name, &why))
    }

    /// A number of at most so many bits.
    pub(super) fn bits(&mut self, name: &str, bits: u32) -> Result<U256, DecodeError> {
        let number = self.number(name)?;
        if bits < 256 && number >> bits != U256::ZERO {
            return Err(self.wrong(name, &format!("expected a number of at most {bits} bits")));
        }
        Ok(number)
    }

    pub(super) fn address(&mut self, name: &str) -> Result<Address, DecodeError> {
        let node = self.need(name)?;
        address(&node).map_err(|why| self.wrong(name, &why))
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, DecodeError> {
        match self.need(name)? {
            Node::Text(text) => Ok(text),
            _ => Err(self.wrong(name, "expected text")),
        }
    }

    pub(super) fn word(&mut self, name: &str) -> Result<[u8; 32], DecodeError> {
        let node = self.need(name)?;
        word(&node).map_err(|why| self.wrong(name, &why))
    }

    pub(super) fn wrong(&self, name: &str, why: &str) -> DecodeError {
        malformed(format!("`{}.{name}`: {why}", self.path))
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), DecodeError> {
        match self.rest.first() {
            None => Ok(()),
            Some((name, _)) => {
                let shown: String = name.chars().take(64).collect();
                Err(self.wrong(&shown, "is not a member that is known here; leave it out"))
            }
        }
    }
}

/// `0x` and hexadecimal digits, decimal digits, or a JSON number: without leading zeros.
pub(super) fn number(node: &Node) -> Result<U256, String> {
    const EXPECTED: &str =
        "expected a number below 2^256 as `0x…` or in decimal digits, without leading zeros";
    let text = match node {
        Node::Number(number) => return Ok(U256::from(*number)),
        Node::Text(text) => text,
        _ => return Err(EXPECTED.to_owned()),
    };
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text.as_str(), 10),
    };
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let leading = digits.len() > 1 && digits.starts_with('0');
    match U256::from_str_radix(digits, radix) {
        Ok(number) if plain && !leading => Ok(number),
        _ => Err(EXPECTED.to_owned()),
    }
}

pub(super) fn address(node: &Node) -> Result<Address, String> {
    match node {
        Node::Text(text) => text.parse().map_err(|error| format!("{error}")),
        _ => Err("expected an address as text".to_owned()),
    }
}

pub(super) fn word(node: &Node) -> Result<[u8; 32], String> {
    let mut word = [0; 32];
    let digits = match node {
        Node::Text(text) => text.strip_prefix("0x"),
        _ => None,
    };
    match hex::decode_to_slice(digits.unwrap_or_default(), &mut word) {
        Ok(()) => Ok(word),
        Err(_) => Err("expected 32 bytes as `0x` and 64 hexadecimal digits".to_owned()),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, an integer that is not negative, a list or an object")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members: Vec<(String, Node)> = Vec::new();
        while let Some((name, node)) = map.next_entry::<String, Node>()? {
            if members.iter().any(|(one, _)| *one == name) {
                let shown: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format!("`{shown}` stands there twice")));
            }
            if members.len() >= MAX_MEMBERS {
                return Err(A::Error::custom(format!(
                    "expected at most {MAX_MEMBERS} members"
                )));
            }
            members.push((name, node));
        }
        Ok(Node::Object(members))
    }
}

/// Most members of one object: looking for one that stands there twice costs their square.
const MAX_MEMBERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_refused_at_any_depth() {
        for text in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": {"b": 1, "b": 2}}"#,
            r#"[{"a": 1, "\u0061": 2}]"#,
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message().contains("twice"), "{error}");
        }
    }

    #[test]
    fn numbers_have_one_form_in_each_notation() {
        let read = |text: &str| number(&Node::Text(text.to_owned()));
        assert_eq!(read("0x0"), Ok(U256::ZERO));
        assert_eq!(read("0"), Ok(U256::ZERO));
        assert_eq!(read("0xfF"), Ok(U256::from(255_u8)));
        assert_eq!(read("255"), Ok(U256::from(255_u8)));
        assert_eq!(read(&U256::MAX.to_string()), Ok(U256::MAX));
        let over = format!("0x1{}", "0".repeat(64));
        for text in [
            "", "0x", "00", "0x00", "0x01", "01", "-1", "+1", "0x+1", "1e3", " 1", "1_0", "0X1",
            "f", &over,
        ] {
            assert!(read(text).is_err(), "`{text}` was accepted");
        }
        for text in ["-1", "1.0", "1e3"] {
            assert!(parse(text).is_err(), "`{text}` was accepted");
        }
    }
}
