//! HMAC-SHA-256 by the resident row-MAC key.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;

use super::codes::{Failure, harmless};
use super::worker::Worker;
use crate::backend::Mac;
use crate::error::Error;
use crate::role::KeyRole;

impl Mac for Worker {
    fn mac(&mut self, data: &[u8]) -> Result<[u8; 32], Error> {
        self.run(|shared, session| {
            shared.with_role(session, KeyRole::RowMac, |key| hmac(session, key, data))
        })
    }
}

pub(super) fn hmac(session: &Session, key: ObjectHandle, data: &[u8]) -> Result<[u8; 32], Failure> {
    let tag = session
        .sign(&Mechanism::Sha256Hmac, key, data)
        .map_err(|e| harmless("making a mac").failed(e))?;
    <[u8; 32]>::try_from(tag.as_slice()).map_err(|_| {
        Error::broken(
            "making a mac",
            format!("the token answered {} bytes instead of 32", tag.len()),
            "this module does not follow the standard; use another",
        )
        .into()
    })
}
