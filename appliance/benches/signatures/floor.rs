//! The floors: a raw `C_Sign`, and one verification.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use countersign_appliance::clock::{Clock, SystemClock};
use countersign_appliance::sign::verifies;
use countersign_appliance::start::default_workers;
use countersign_hsm::simulator::Simulator;
use countersign_hsm::{Device, KeyId, KeyRef, KeyType, Material, PublicKey};
use countersign_intent::Signature;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use ed25519_dalek::{Signer, SigningKey};

use crate::cpu;
use crate::report::say;

/// Signatures per second and CPU per signature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw {
    pub(crate) per_second: f64,
    pub(crate) cpu_micros: f64,
}

/// CPU microseconds of the verification that every signature gets before it leaves.
pub(crate) fn verification() -> f64 {
    let key = SigningKey::from_bytes(&[7; 32]);
    let message = [9_u8; 215];
    let signature = Signature::Ed25519(key.sign(&message).to_bytes());
    let bytes = key.verifying_key().to_bytes().to_vec();
    let Ok(public) = PublicKey::new(KeyType::Ed25519, bytes) else {
        return 0.0;
    };
    let rounds = 8_000_u32;
    let pid = std::process::id();
    let before = cpu::micros(pid).unwrap_or_default();
    let good = (0..rounds)
        .filter(|_| verifies(&public, &message, &signature))
        .count();
    let after = cpu::micros(pid).unwrap_or_default();
    assert_eq!(good, rounds as usize, "a good signature did not verify");
    (after - before) / f64::from(rounds)
}

/// CPU microseconds of one signature of the simulator, with nothing around it.
pub(crate) fn simulated_signature() -> Result<f64> {
    let simulator = Simulator::default();
    let mut admin = simulator.key_admin().context("no key administration")?;
    let id = KeyId::from_bytes([7; 16]);
    let public = admin.generate(&id, "bench", KeyType::Ed25519)?;
    let key = KeyRef {
        id,
        public,
        material: Material::Resident,
    };
    let mut backend = simulator.connect()?;
    let rounds = 8_000_u32;
    let pid = std::process::id();
    let before = cpu::micros(pid)?;
    for _ in 0..rounds {
        backend.sign(&key, &[9; 215])?;
    }
    Ok((cpu::micros(pid)? - before) / f64::from(rounds))
}

/// Signs on the appliance's own token, in a child because SoftHSM2 reads its configuration from
/// the environment.
pub(crate) fn raw_sign(state: &Path) -> Result<Raw> {
    let output = Command::new(std::env::current_exe()?)
        .arg("raw-sign")
        .arg(state)
        .env("SOFTHSM2_CONF", state.join("softhsm2.conf"))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let (per_second, cpu_micros) = text
        .trim()
        .split_once(' ')
        .with_context(|| format!("no figures: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(Raw {
        per_second: per_second.parse()?,
        cpu_micros: cpu_micros.parse()?,
    })
}

/// The child's side.
pub(crate) fn raw_sign_here(state: &Path) -> Result<()> {
    let raw = sign_alone(state)?;
    say(&format!("{} {}", raw.per_second, raw.cpu_micros));
    Ok(())
}

/// As many sessions as the appliance signs with, and nothing around them.
fn sign_alone(state: &Path) -> Result<Raw> {
    let module = module_of(state)?;
    let pin = std::fs::read_to_string(state.join("pin"))?;
    let context = Pkcs11::new(module)?;
    context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slot = context
        .get_slots_with_initialized_token()?
        .into_iter()
        .next()
        .context("no token")?;
    let holder = context.open_rw_session(slot)?;
    holder.login(UserType::User, Some(&AuthPin::from(pin.trim())))?;
    let threads = default_workers();
    let key = any_wallet_key(&holder)?;
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let mut handles = Vec::new();
    for _ in 0..threads {
        let session = context.open_ro_session(slot)?;
        let (stop, count) = (Arc::clone(&stop), Arc::clone(&count));
        handles.push(std::thread::spawn(move || {
            sign_until(&session, key, &stop, &count)
        }));
    }
    let clock = SystemClock::new();
    let (began, before) = (clock.monotonic(), cpu::micros(std::process::id())?);
    std::thread::sleep(Duration::from_secs(1));
    stop.store(true, Ordering::Relaxed);
    for handle in handles {
        handle
            .join()
            .map_err(|_| anyhow::anyhow!("a signing thread panicked"))??;
    }
    let took = (clock.monotonic() - began).as_secs_f64();
    let spent = cpu::micros(std::process::id())? - before;
    let signed = count.load(Ordering::Relaxed) as f64;
    Ok(Raw {
        per_second: signed / took,
        cpu_micros: spent / signed,
    })
}

fn sign_until(
    session: &Session,
    key: ObjectHandle,
    stop: &AtomicBool,
    count: &AtomicU64,
) -> Result<()> {
    let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519));
    let message = [9_u8; 215];
    while !stop.load(Ordering::Relaxed) {
        session.sign(&mechanism, key, &message)?;
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// The PKCS#11 module of an appliance.
pub(crate) fn module_of(state: &Path) -> Result<String> {
    let config = std::fs::read_to_string(state.join("countersignd.toml"))?;
    let module = config
        .lines()
        .find_map(|line| line.strip_prefix("module = \"")?.strip_suffix('"'))
        .context("no module in the configuration")?;
    Ok(module.to_owned())
}

/// The log key is Ed25519 and resident like a wallet's.
fn any_wallet_key(session: &Session) -> Result<ObjectHandle> {
    let wanted = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Label(b"countersign-audit-log".to_vec()),
    ];
    let found = session.find_objects(&wanted)?;
    found
        .first()
        .copied()
        .context("no Ed25519 key on the token")
}
