//! Keys just made, wherever they came from: as firmly fixed as the token knows, and proved before they count.

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;

use super::codes::{Failure, Recovery, harmless, lasting};
use super::handles::Handles;
use super::objects::read_public;
use super::shared::{Shared, not_kept};
use super::sign::raw_sign;
use super::templates::Fixed;
use crate::error::Consequence;
use crate::key::{KeyId, PublicKey};
use crate::software::{challenge, verifies};

/// Proves in a session of its own that the token has both halves, and remembers the private one as
/// ready to sign; takes back what is left of it where it has not. A module's success says that it took
/// them: on a full file system SoftHSM2 2.6.1 answers `CKR_OK` and leaves empty files. The caller
/// holds the lock.
pub(super) fn kept(
    shared: &Shared,
    session: &Session,
    id: &KeyId,
    (public, private): (ObjectHandle, ObjectHandle),
    expected: Option<&PublicKey>,
) -> Result<PublicKey, Failure> {
    let generation = shared.generation();
    let told = shared.afresh(|fresh| {
        let told = read_public(fresh, public)?;
        let input = challenge(told.key_type());
        let step = harmless("proving a key just made");
        let signature = raw_sign(fresh, private, told.key_type(), &input, step)?;
        let sound = verifies(&told, &input, &signature) && expected.is_none_or(|key| *key == told);
        Ok(sound.then_some(told))
    });
    if let Ok(Some(told)) = told {
        shared.index.add(*id, private, generation);
        let ready = Handles::resident(private, generation, &told);
        shared.handles.keep(*id, ready);
        return Ok(told);
    }
    // What is not there cannot be destroyed.
    let left = destroy(session, private).is_err_and(|failure| failure.recovery != Recovery::Handle);
    let _ = session.destroy_object(public);
    let lost = Failure::from(not_kept("making a key"));
    Err(if left { lost.after_acting() } else { lost })
}

pub(super) fn destroy(session: &Session, object: ObjectHandle) -> Result<(), Failure> {
    session
        .destroy_object(object)
        .map_err(|e| lasting("destroying a key").failed(e))
}

/// Makes a key as firmly fixed as tokens know, or loosely where this one refuses that.
pub(super) fn firmly<T>(make: impl Fn(Fixed) -> Result<T, Failure>) -> Result<T, Failure> {
    match make(Fixed::Firmly) {
        Err(failure) if failure.error.consequence() == Consequence::Refused => make(Fixed::Loosely),
        made => made,
    }
}
