//! A device in memory, for tests and benches: every ability, and a [`FaultPlan`] that makes it
//! fail in every way a device can. Its keys are not protected; it exists only under the cargo
//! feature `simulator`, which no release build turns on.

mod abilities;
mod backend;
mod faults;
mod import;
mod opener;
mod sealed;
mod signer;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use crate::backend::{
    Backend, Device, Envelope, KeyAdmin, KeyImport, KeyWrap, Mac, MonotonicAnchor,
};
use crate::capabilities::{Capabilities, KeyTypes};
use crate::error::Error;
use crate::key::KeyId;
use crate::{Attributes, attributes};

pub use faults::{Call, Fault, FaultPlan, Operation};
use token::Token;

/// What a simulated token can do, and where it misbehaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The key types it signs with.
    pub sign: KeyTypes,
    /// The key types it wraps.
    pub wrap: KeyTypes,
    /// Whether the operator turned envelope custody on.
    pub envelope: bool,
    /// Whether the operator turned importing on.
    pub import: bool,
    /// Ignores the unwrap template of wrapping keys, as a token does that does not know it.
    pub lax_unwrap_template: bool,
    /// Generates keys that are extractable whatever was asked.
    pub extractable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sign: KeyTypes::all(),
            wrap: KeyTypes::all(),
            envelope: true,
            import: true,
            lax_unwrap_template: false,
            extractable: false,
        }
    }
}

/// A simulated token. Clones are the same token, as after a restart of the appliance.
#[derive(Clone)]
pub struct Simulator {
    token: Arc<Token>,
}

impl Default for Simulator {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

impl Simulator {
    /// An empty token.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            token: Arc::new(Token::new(options)),
        }
    }

    /// Its faults.
    #[must_use]
    pub fn faults(&self) -> &FaultPlan {
        &self.token.faults
    }

    /// Changes what the token says about a resident key, as someone with the PIN and other tools
    /// could. Does nothing if there is no such key.
    pub fn tamper(&self, id: &KeyId, change: impl FnOnce(&mut Attributes)) {
        if let Some(resident) = self.token.state().resident.get_mut(id) {
            change(&mut resident.attributes);
        }
    }
}

impl Device for Simulator {
    fn capabilities(&self) -> &Capabilities {
        &self.token.capabilities
    }

    fn connect(&self) -> Result<Box<dyn Backend>, Error> {
        self.token.run(Operation::Connect, || Ok(()))?;
        Ok(Box::new(self.clone()))
    }

    fn key_admin(&self) -> Option<Box<dyn KeyAdmin>> {
        Some(Box::new(self.clone()))
    }

    fn key_wrap(&self) -> Option<Box<dyn KeyWrap>> {
        (!self.token.options.wrap.is_empty()).then(|| Box::new(self.clone()) as Box<dyn KeyWrap>)
    }

    fn envelope(&self) -> Option<Box<dyn Envelope>> {
        self.token
            .options
            .envelope
            .then(|| Box::new(self.clone()) as Box<dyn Envelope>)
    }

    fn key_import(&self) -> Option<Box<dyn KeyImport>> {
        self.token
            .options
            .import
            .then(|| Box::new(self.clone()) as Box<dyn KeyImport>)
    }

    fn mac(&self) -> Option<Box<dyn Mac>> {
        Some(Box::new(self.clone()))
    }

    fn anchor(&self) -> Option<Box<dyn MonotonicAnchor>> {
        Some(Box::new(self.clone()))
    }
}

fn made(options: &Options, kind: attributes::KeyKind) -> Attributes {
    let mut attributes = Attributes::required(kind);
    if options.extractable {
        attributes.flags.insert(attributes::Flag::Extractable, true);
        attributes
            .flags
            .insert(attributes::Flag::NeverExtractable, false);
    }
    attributes
}
