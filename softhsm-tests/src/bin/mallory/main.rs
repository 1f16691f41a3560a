//! Somebody who has the token's PIN and its CA key sign outside the appliance. For tests: what
//! comes out has to be let in nowhere.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use countersign_appliance::identity::{Authority, CaSigner, Lifetimes, SignerError};
use countersign_hsm::pkcs11::{Config, Pkcs11Device};
use countersign_hsm::{Device, KeyRef, KeyRole, ceremony};
use countersign_intent::{Principal, Timestamp};
use softhsm_tests::appliance::PIN;
use softhsm_tests::{TRUST_DOMAIN, program};

/// Sign a certificate that no appliance issues
#[derive(Debug, Parser)]
struct Arguments {
    /// Certificate of the CA
    ca: PathBuf,
    /// PEM of a PKCS#10 request
    csr: PathBuf,
    /// `role/name`
    principal: Principal,
    /// RFC 3339
    now: String,
}

struct Stolen {
    device: Pkcs11Device,
    key: KeyRef,
}

impl CaSigner for Stolen {
    fn public_key_sec1(&self) -> [u8; 65] {
        self.key.public.bytes().try_into().unwrap_or([0; 65])
    }

    fn sign_digest(&self, sha256: &[u8; 32]) -> Result<[u8; 64], SignerError> {
        let mut session =
            (self.device.connect()).map_err(|error| SignerError::Device(Box::new(error)))?;
        let signature = session
            .sign(&self.key, sha256)
            .map_err(|error| SignerError::Device(Box::new(error)))?;
        Ok(*signature.as_bytes())
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let device = Pkcs11Device::open(Config {
        module: program::softhsm_module()?.to_owned(),
        token_label: "countersign".to_owned(),
        token_serial: None,
        pin: PIN.to_owned().into(),
        spend_low_pin: false,
        envelope: false,
        import: false,
        cache_size: std::num::NonZeroUsize::MIN,
    })?;
    let keys = ceremony::load(&device, &[KeyRole::Ca])?;
    let key = keys.signing(KeyRole::Ca).context("no CA key")?;
    let serials = Box::new(|| {
        let mut serial = [0; 16];
        getrandom::fill(&mut serial)?;
        Ok(serial)
    });
    let authority = Authority::load(
        &std::fs::read_to_string(arguments.ca)?,
        std::sync::Arc::new(Stolen { device, key }),
        serials,
        TRUST_DOMAIN.parse()?,
        Lifetimes::default(),
    )?;
    let csr = std::fs::read_to_string(arguments.csr)?;
    let now = Timestamp::parse(&arguments.now)?;
    let issued = authority.issue_client(&csr, &arguments.principal, None, now)?;
    std::io::stdout().write_all(issued.pem.as_bytes())?;
    Ok(())
}
