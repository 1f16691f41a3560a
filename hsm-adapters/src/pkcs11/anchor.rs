//! The anchor: a private data object, `sequence (8, big-endian) || value`.

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::codes::{Failure, harmless, lasting};
use super::objects::all;
use super::shared::{Shared, not_kept};
use super::worker::Worker;
use crate::backend::MonotonicAnchor;
use crate::error::Error;

const LABEL: &str = "countersign-anchor";

impl MonotonicAnchor for Worker {
    fn read(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.run(|shared, _| {
            let found = shared.afresh(|session| stored(shared, session))?;
            if found.is_empty() {
                // A token that shows nothing at all has not lost its memory.
                shared.sight().map_err(Failure::suspicious)?;
            }
            // Two programs that wrote at once left the same number: each has to read the same one.
            let newest = found
                .into_iter()
                .max_by(|a, b| (a.sequence, &a.value).cmp(&(b.sequence, &b.value)));
            Ok(newest.map(|anchor| anchor.value))
        })
    }

    fn write(&mut self, value: &[u8]) -> Result<(), Error> {
        self.run(|shared, session| {
            let old = stored(shared, session)?;
            let last = old.iter().map(|anchor| anchor.sequence).max().unwrap_or(0);
            let sequence = last.checked_add(1).ok_or_else(exhausted)?;
            let _changing = shared.changing();
            let made = session
                .create_object(&template(true, sequence, value))
                .map_err(|e| lasting("writing the anchor").failed(e))?;
            if let Err(lost) = kept(shared, made, sequence, value) {
                // What is left of it is never read as an anchor, and the old one stays.
                let _ = session.destroy_object(made);
                return Err(lost);
            }
            for anchor in old {
                // The new value is there: an old one that stays is never read again.
                let _ = session.destroy_object(anchor.handle);
            }
            Ok(())
        })
    }
}

/// A module's success says that it took the value, not that it has it: on a full file system SoftHSM2
/// 2.6.1 answers `CKR_OK` and leaves an empty file. Asked in a session of its own.
fn kept(shared: &Shared, made: ObjectHandle, sequence: u64, value: &[u8]) -> Result<(), Failure> {
    let written = [&sequence.to_be_bytes(), value].concat();
    let told = shared.afresh(|session| {
        session
            .get_attributes(made, &[AttributeType::Value])
            .map_err(|e| harmless("reading the anchor back").failed(e))
    });
    match told.as_deref() {
        Ok([Attribute::Value(bytes)]) if *bytes == written => Ok(()),
        _ => Err(not_kept("writing the anchor").into()),
    }
}

struct Stored {
    handle: ObjectHandle,
    sequence: u64,
    value: Vec<u8>,
}

pub(super) fn template(token: bool, sequence: u64, value: &[u8]) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::DATA),
        Attribute::Token(token),
        Attribute::Private(true),
        Attribute::Label(LABEL.into()),
        Attribute::Value([&sequence.to_be_bytes(), value].concat()),
    ]
}

fn stored(shared: &Shared, session: &Session) -> Result<Vec<Stored>, Failure> {
    let search = [
        Attribute::Class(ObjectClass::DATA),
        Attribute::Token(true),
        Attribute::Label(LABEL.into()),
    ];
    let mut found = Vec::new();
    for handle in all(shared, session, &search)? {
        let told = session
            .get_attributes(handle, &[AttributeType::Value])
            .map_err(|e| harmless("reading the anchor").failed(e))?;
        let [Attribute::Value(bytes)] = told.as_slice() else {
            return Err(foreign().into());
        };
        let (sequence, value) = bytes.split_first_chunk::<8>().ok_or_else(foreign)?;
        let sequence = u64::from_be_bytes(*sequence);
        found.push(Stored {
            handle,
            sequence,
            value: value.to_vec(),
        });
    }
    Ok(found)
}

fn foreign() -> Error {
    Error::refused(
        "reading the anchor",
        format!("the object `{LABEL}` on the token does not hold an anchor"),
        "find out who wrote it before removing it",
    )
}

fn exhausted() -> Error {
    Error::refused(
        "writing the anchor",
        "its sequence number is at the end",
        "someone else wrote it; find out who before removing it",
    )
}
