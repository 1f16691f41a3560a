//! Messages longer than one command.

use super::apdu::{Answer, Command, MAX_DATA};
use super::error::Error;
use super::status::{App, Status};
use super::transport::Transport;
use super::{QUICK, REVIEW};

/// Says the two parameters of a part, by its index and whether it is the last.
pub(super) type Parameters = fn(index: usize, last: bool) -> (u8, u8);

/// Sends `data` in parts of at most [`MAX_DATA`] bytes, each after the one before was answered.
/// The answer to the last part comes when the person has decided.
///
/// # Errors
/// As the device answers; [`Error::Malformed`] when it answers a part before the last with data.
pub(super) fn send(
    transport: &mut dyn Transport,
    app: App,
    ins: u8,
    data: &[u8],
    parameters: Parameters,
) -> Result<Answer, Error> {
    let parts: Vec<&[u8]> = data.chunks(MAX_DATA).collect();
    let Some((last, first)) = parts.split_last() else {
        return Err(Error::Invalid("expected something to sign".to_owned()));
    };
    for (index, part) in first.iter().enumerate() {
        let (p1, p2) = parameters(index, false);
        let command = Command::new(CLA, ins, p1, p2, part)?;
        let answer = ok(transport.exchange(&command, QUICK)?, app)?;
        if !answer.data().is_empty() {
            return Err(Error::malformed(
                "answer to a part of the message",
                "no data",
                format!("{} bytes", answer.data().len()),
            ));
        }
    }
    let (p1, p2) = parameters(first.len(), true);
    let command = Command::new(CLA, ins, p1, p2, last)?;
    ok(transport.exchange(&command, REVIEW)?, app)
}

/// Class of the apps' own commands.
pub(super) const CLA: u8 = 0xe0;

/// The answer, if its status says that it is one.
///
/// # Errors
/// What the status means.
pub(super) fn ok(answer: Answer, app: App) -> Result<Answer, Error> {
    if answer.status() == Status::OK {
        Ok(answer)
    } else {
        Err(answer.status().error(app))
    }
}

/// The answer's data, of exactly `N` bytes.
///
/// # Errors
/// [`Error::Malformed`] when they are more or fewer.
pub(super) fn exactly<const N: usize>(
    answer: &Answer,
    what: &'static str,
) -> Result<[u8; N], Error> {
    answer.data().try_into().map_err(|_| {
        Error::malformed(
            what,
            format!("{N} bytes"),
            format!("{} bytes", answer.data().len()),
        )
    })
}
