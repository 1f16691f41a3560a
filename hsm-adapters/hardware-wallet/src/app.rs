//! Which app is open.

use super::QUICK;
use super::apdu::{Answer, Command};
use super::chunks::ok;
use super::error::Error;
use super::status::App;
use super::transport::Transport;
use super::version::Version;

/// Class of commands that every app and the dashboard answer (`ledger-secure-sdk`
/// `io/include/os_io_default_apdu.h`).
const CLA: u8 = 0xb0;
const GET_APP_AND_VERSION: u8 = 0x01;

/// Longest name or version that is believed.
const MAX_NAME: usize = 64;

/// What runs on the device. The dashboard calls itself `BOLOS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// e.g. `Solana`
    pub name: String,
    /// e.g. `1.9.0`
    pub version: String,
}

/// Asks which app is open.
///
/// # Errors
/// As the device answers, e.g. [`Error::Locked`]; [`Error::Malformed`] for a name that is none.
pub fn running(transport: &mut dyn Transport) -> Result<Running, Error> {
    let command = Command::new(CLA, GET_APP_AND_VERSION, 0, 0, &[])?;
    let answer = transport.exchange(&command, QUICK)?;
    parse(&ok(answer, App::Solana)?)
}

/// Reads `01`, then name, version and flags, each after its length in one byte.
fn parse(answer: &Answer) -> Result<Running, Error> {
    let malformed = || {
        Error::malformed(
            "app name",
            "a format byte 1, a name and a version",
            format!("{} bytes of another shape", answer.data().len()),
        )
    };
    let fields = answer.data().strip_prefix(&[1]).ok_or_else(malformed)?;
    let (name, rest) = text(fields).ok_or_else(malformed)?;
    let (version, _flags) = text(rest).ok_or_else(malformed)?;
    Ok(Running { name, version })
}

fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    let shown = text.len() <= MAX_NAME && text.iter().all(|byte| (0x20..0x7f).contains(byte));
    let text = shown
        .then(|| String::from_utf8(text.to_vec()).ok())
        .flatten()?;
    Some((text, rest))
}

/// Opens the way to an app: it runs, and is of a version that will do.
///
/// # Errors
/// [`Error::WrongApp`], [`Error::TooOld`], or as the device answers.
pub(super) fn require(
    transport: &mut dyn Transport,
    app: App,
    need: Version,
) -> Result<Version, Error> {
    let running = running(transport)?;
    if running.name != app.name() {
        return Err(Error::WrongApp {
            open: Some(running.name),
            wanted: app.name(),
        });
    }
    let have: Version = running.version.parse()?;
    if have < need {
        return Err(Error::TooOld {
            app: app.name(),
            have,
            need,
        });
    }
    Ok(have)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_the_real_app_is_read() {
        let mut bytes = vec![0x01, 0x06];
        bytes.extend(b"Solana");
        bytes.push(5);
        bytes.extend(b"1.9.0");
        bytes.extend([1, 0, 0x90, 0x00]);
        let running = parse(&Answer::parse(&bytes).unwrap()).unwrap();
        assert_eq!((&*running.name, &*running.version), ("Solana", "1.9.0"));
        for end in 0..14 {
            let mut short = bytes[..end].to_vec();
            short.extend([0x90, 0x00]);
            assert!(
                parse(&Answer::parse(&short).unwrap()).is_err(),
                "{end} bytes"
            );
        }
        let escape = [1, 1, 0x1b, 1, b'1', 0x90, 0x00];
        assert!(parse(&Answer::parse(&escape).unwrap()).is_err());
    }
}
