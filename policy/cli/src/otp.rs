//! The one-time code of an operator: from a variable or a file, or asked for on the terminal once
//! the appliance wants it. Never in an argument, where everybody on the machine can read it.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use countersign_api::OTP_HEADER;
use serde_json::Value;

use crate::client::Answer;
use crate::failure::Failure;
use crate::input;

const MAX_CODE: u64 = 64;

/// Where the code comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Otp {
    /// `COUNTERSIGN_OTP`.
    pub variable: Option<String>,
    /// `--otp-file`.
    pub file: Option<PathBuf>,
}

impl Otp {
    /// The code that was given, for calls that change something.
    ///
    /// # Errors
    /// A file that cannot be read; text that is no code.
    pub(crate) fn given(&self) -> Result<Option<String>, Failure> {
        match (&self.file, &self.variable) {
            (Some(path), _) => checked(&input::read_text(path, MAX_CODE)?).map(Some),
            (None, Some(code)) => checked(code).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// Whether an answer says that a code is missing.
pub(crate) fn wanted(answer: &Answer) -> bool {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let field = body.get("field").and_then(Value::as_str);
    answer.status == 403 && field == Some(OTP_HEADER)
}

/// Asks for the code where there is a person to ask.
///
/// # Errors
/// Text that is no code.
pub(crate) fn ask() -> Result<Option<String>, Failure> {
    let (input, mut output) = (std::io::stdin(), std::io::stderr());
    if !input.is_terminal() || !output.is_terminal() {
        return Ok(None);
    }
    let mut line = String::new();
    let read = write!(output, "one-time code: ")
        .and_then(|()| output.flush())
        .and_then(|()| input.lock().read_line(&mut line));
    match read {
        Ok(1..) => checked(&line).map(Some),
        Ok(0) | Err(_) => Ok(None),
    }
}

fn checked(text: &str) -> Result<String, Failure> {
    let code: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(code);
    }
    // Not repeated: it may be a secret in the wrong place.
    Err(Failure::usage(
        "expected a one-time code of 6 digits, got something else",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits_and_is_not_repeated_when_it_is_none() {
        assert_eq!(checked("123 456\n").unwrap(), "123456");
        for wrong in ["", "12345", "1234567", "otpauth://totp/a", "12345a"] {
            let failure = checked(wrong).unwrap_err();
            assert!(wrong.is_empty() || !format!("{failure:?}").contains(wrong));
        }
    }

    #[test]
    fn the_file_wins_and_a_missing_one_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "654321\n").unwrap();
        let both = Otp {
            variable: Some("123456".to_owned()),
            file: Some(file.path().to_owned()),
        };
        assert_eq!(both.given().unwrap().as_deref(), Some("654321"));
        let none = Otp {
            file: Some("/nowhere/otp".into()),
            ..Otp::default()
        };
        assert!(none.given().is_err());
        assert_eq!(Otp::default().given().unwrap(), None);
    }
}
