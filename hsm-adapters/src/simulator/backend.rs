//! The simulator's session.

use super::Simulator;
use super::faults::Operation;
use crate::backend::{Backend, KeyRef};
use crate::error::{Consequence, Error};
use crate::key::{KeyId, PublicKey, Signature, check_input};

impl Backend for Simulator {
    fn sign(&mut self, key: &KeyRef, input: &[u8]) -> Result<Signature, Error> {
        check_input(key.public.key_type(), input)?;
        let act = || self.token.signer(key)?.sign(input);
        let spoil = |signature: Signature| {
            let mut bytes = *signature.as_bytes();
            bytes[0] ^= 1;
            Signature::from_bytes(bytes)
        };
        self.token.faults.run(Operation::Sign, act, spoil)
    }

    fn public_key(&mut self, id: &KeyId) -> Result<PublicKey, Error> {
        self.token.run(Operation::PublicKey, || {
            Ok(self.token.pair(id)?.public.clone())
        })
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.token.run(Operation::Random, || fill(out))
    }

    fn ping(&mut self) -> Result<(), Error> {
        self.token.run(Operation::Ping, || Ok(()))
    }
}

pub(super) fn fill(out: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(out).map_err(|error| {
        Error::new(
            Consequence::NotSent,
            "reading random bytes",
            error.to_string(),
            "check the operating system's random generator",
        )
    })
}
