//! Commands to a device and its answers (ISO 7816-4, short form).

use super::error::Error;
use super::status::Status;

/// Most bytes of data in one command: their number is one byte.
pub const MAX_DATA: usize = 255;

/// Most bytes of data that are taken from one answer. The apps answer at most 255.
pub const MAX_ANSWER: usize = 512;

/// One command: class, instruction, two parameters, data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    cla: u8,
    ins: u8,
    p1: u8,
    p2: u8,
    data: Vec<u8>,
}

impl Command {
    /// A command with at most [`MAX_DATA`] bytes of data.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is more.
    pub fn new(cla: u8, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Result<Self, Error> {
        if data.len() > MAX_DATA {
            return Err(Error::Invalid(format!(
                "expected at most {MAX_DATA} bytes in one command, got {}",
                data.len()
            )));
        }
        let data = data.to_vec();
        Ok(Self {
            cla,
            ins,
            p1,
            p2,
            data,
        })
    }

    /// Class, instruction, first and second parameter.
    #[must_use]
    pub const fn header(&self) -> [u8; 4] {
        [self.cla, self.ins, self.p1, self.p2]
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// As it goes over the wire: header, length of the data, data.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = u8::try_from(self.data.len()).unwrap_or(u8::MAX);
        let mut bytes = self.header().to_vec();
        bytes.push(length);
        bytes.extend_from_slice(&self.data);
        bytes
    }
}

/// What a device answered: data, then a status word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    data: Vec<u8>,
    status: Status,
}

impl Answer {
    /// An answer of these data and status.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there are more than [`MAX_ANSWER`] bytes of data.
    pub fn new(data: Vec<u8>, status: Status) -> Result<Self, Error> {
        if data.len() > MAX_ANSWER {
            return Err(Error::malformed(
                "an answer",
                format!("at most {MAX_ANSWER} bytes"),
                format!("{} bytes", data.len()),
            ));
        }
        Ok(Self { data, status })
    }

    /// Takes an answer apart: the last two bytes are the status word.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is shorter, or longer than [`MAX_ANSWER`] allows.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let Some((data, status)) = bytes.split_last_chunk::<2>() else {
            return Err(Error::malformed(
                "an answer",
                "at least the two bytes of a status word",
                format!("{} bytes", bytes.len()),
            ));
        };
        Self::new(data.to_vec(), Status(u16::from_be_bytes(*status)))
    }

    /// The data without the status word.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The status word.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_says_its_length() {
        let command = Command::new(0xe0, 0x05, 1, 0, &[7; 255]).unwrap();
        let bytes = command.to_bytes();
        assert_eq!(&bytes[..5], [0xe0, 0x05, 1, 0, 255]);
        assert_eq!(bytes.len(), 260);
        let empty = Command::new(0xb0, 0x01, 0, 0, &[]).unwrap();
        assert_eq!(empty.to_bytes(), [0xb0, 0x01, 0, 0, 0]);
        assert!(Command::new(0xe0, 0x05, 1, 0, &[7; 256]).is_err());
    }

    #[test]
    fn an_answer_is_data_and_a_status_word() {
        let answer = Answer::parse(&[1, 2, 0x90, 0x00]).unwrap();
        assert_eq!(answer.data(), [1, 2]);
        assert_eq!(answer.status(), Status::OK);
        assert_eq!(
            Answer::parse(&[0x69, 0x85]).unwrap().status(),
            Status::REFUSED
        );
        assert!(Answer::parse(&[]).is_err());
        assert!(Answer::parse(&[0x90]).is_err());
        assert!(Answer::parse(&vec![0; MAX_ANSWER + 2]).is_ok());
        assert!(Answer::parse(&vec![0; MAX_ANSWER + 3]).is_err());
    }
}
