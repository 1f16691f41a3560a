//! Keys under which a retry is the same request.

use crate::failure::Failure;

/// The flag of every command that changes something.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Idempotency {
    /// Key under which a retry is the same request; a random one unless told
    #[arg(long, value_name = "KEY", value_parser = key)]
    idempotency_key: Option<String>,
}

impl Idempotency {
    /// The given key, or a new one of 128 random bits.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn key(&self) -> Result<String, Failure> {
        if let Some(key) = &self.idempotency_key {
            return Ok(key.clone());
        }
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).map_err(|error| {
            Failure::usage(format!("the operating system gives no randomness: {error}"))
        })?;
        Ok(format!("cli-{}", hex::encode(bytes)))
    }
}

/// What can stand in the header.
fn key(text: &str) -> Result<String, String> {
    let fits = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        Ok(text.to_owned())
    } else {
        Err("expected 1 to 255 printable ASCII characters without spaces".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_differ_and_given_ones_stay() {
        let generated = Idempotency::default();
        let (one, two) = (generated.key().unwrap(), generated.key().unwrap());
        assert_ne!(one, two);
        assert_eq!(key(&one), Ok(one));
        let given = Idempotency {
            idempotency_key: Some("mine".to_owned()),
        };
        assert_eq!(given.key().unwrap(), "mine");
    }

    #[test]
    fn keys_that_cannot_stand_in_a_header_are_refused() {
        for text in ["", "a b", "a\nb", "ö", &"x".repeat(256)] {
            assert!(key(text).is_err(), "`{text}` was accepted");
        }
    }
}
