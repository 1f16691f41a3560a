//! Making the appliance's own keys on a token once, and finding them again at every start.
//!
//! Nothing here trusts the token's word alone: attributes are read back after creation and again
//! at every start, and each key does its one job once ([`canary`]) before it counts.

use std::collections::BTreeMap;

use crate::attributes::{Attributes, KeyKind};
use crate::backend::{Device, KeyAdmin, ResidentKey};
use crate::canary::canary;
use crate::error::Error;
use crate::key::{KeyId, PublicKey};
use crate::role::KeyRole;
pub use crate::role_keys::RoleKeys;

/// One key of the ceremony, for the record an operator keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What it is for.
    pub role: KeyRole,
    /// Where it is.
    pub id: KeyId,
    /// The public half, for key pairs.
    pub public: Option<PublicKey>,
    /// What the token says about it.
    pub attributes: Attributes,
}

/// What [`create`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Model of the token.
    pub model: String,
    /// Serial number of the token.
    pub serial: String,
    /// The keys, in the order they were made.
    pub made: Vec<Made>,
}

/// Creates the keys of `roles` on the token.
///
/// A failure takes back what this call made, as far as the token lets it: keys of roles are made not
/// to be destroyed, and what stays is named. A key that existed before is never touched.
///
/// # Errors
/// [`Error::Refused`] when the token already holds some of them (naming which), or when what the
/// token made is not what was asked (naming each attribute); otherwise the device's.
pub fn create(device: &dyn Device, roles: &[KeyRole]) -> Result<Report, Error> {
    let mut admin = admin(device)?;
    refuse_existing(admin.as_mut(), roles)?;
    let result = make_all(admin.as_mut(), roles).and_then(|made| {
        let keys = RoleKeys(
            made.iter()
                .map(|key| (key.role, key.public.clone()))
                .collect(),
        );
        roles
            .iter()
            .try_for_each(|role| canary(device, &keys, *role))?;
        Ok(made)
    });
    let made = result.map_err(|error| take_back(admin.as_mut(), roles, error))?;
    let capabilities = device.capabilities();
    Ok(Report {
        model: capabilities.model.clone(),
        serial: capabilities.serial.clone(),
        made,
    })
}

/// Finds the keys of `roles` and checks their attributes again. Call it once, at start.
///
/// # Errors
/// [`Error::Refused`] naming every key that is missing, there twice, or not what it must be.
pub fn load(device: &dyn Device, roles: &[KeyRole]) -> Result<RoleKeys, Error> {
    let mut admin = admin(device)?;
    let mut keys = BTreeMap::new();
    let mut faults = Vec::new();
    for role in roles {
        let found = admin.find(role.label())?;
        match one(*role, &found) {
            Ok(key) => {
                keys.insert(*role, key.public.clone());
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        return Ok(RoleKeys(keys));
    }
    Err(Error::refused(
        "loading the appliance's keys",
        faults.join("; "),
        "check that this is the right token, and that `countersignd init` was run on it; the keys of \
         what was turned on later are made by `countersignd add-keys`",
    ))
}

/// In words, each key of `roles` with which the token lets more be done than it need: keys of an earlier
/// build, and keys on a token that cannot refuse it. None of it lets a key be read or used for
/// something else.
///
/// # Errors
/// The device's.
pub fn loose(device: &dyn Device, roles: &[KeyRole]) -> Result<Vec<String>, Error> {
    let mut admin = admin(device)?;
    let mut loose = Vec::new();
    for role in roles {
        for key in admin.find(role.label())? {
            if !key.loose.is_empty() {
                loose.push(format!("`{}`: {}", role.label(), key.loose.join(", ")));
            }
        }
    }
    Ok(loose)
}

/// Those of `roles` that the token holds no key for.
///
/// # Errors
/// The device's.
pub fn missing(device: &dyn Device, roles: &[KeyRole]) -> Result<Vec<KeyRole>, Error> {
    let mut admin = admin(device)?;
    let mut missing = Vec::new();
    for role in roles {
        if admin.find(role.label())?.is_empty() {
            missing.push(*role);
        }
    }
    Ok(missing)
}

fn admin(device: &dyn Device) -> Result<Box<dyn KeyAdmin>, Error> {
    device.key_admin().ok_or_else(|| {
        Error::refused(
            "managing keys",
            "this device does not let us create or inspect keys",
            "use a device that does",
        )
    })
}

fn refuse_existing(admin: &mut dyn KeyAdmin, roles: &[KeyRole]) -> Result<(), Error> {
    let mut held = Vec::new();
    for role in roles {
        if !admin.find(role.label())?.is_empty() {
            held.push(format!("`{}`", role.label()));
        }
    }
    if held.is_empty() {
        return Ok(());
    }
    Err(Error::refused(
        "creating the appliance's keys",
        format!("the token already holds {}", held.join(", ")),
        "use an empty token, or start the appliance that these keys belong to; if its database is lost, \
         `deploy/runbooks/restore.md` says how to go on",
    ))
}

fn make_all(admin: &mut dyn KeyAdmin, roles: &[KeyRole]) -> Result<Vec<Made>, Error> {
    roles.iter().map(|role| make(admin, *role)).collect()
}

fn make(admin: &mut dyn KeyAdmin, role: KeyRole) -> Result<Made, Error> {
    let id = role.id();
    let public = match role.kind() {
        KeyKind::Pair(key_type) => Some(admin.generate(&id, role.label(), key_type)?),
        KeyKind::Import => {
            admin.generate_import(&id, role.label())?;
            None
        }
        KeyKind::Secret(usage) => {
            admin.generate_secret(&id, role.label(), usage)?;
            None
        }
    };
    let found = admin.find(role.label())?;
    let found = one(role, &found).map_err(|fault| {
        Error::refused(
            "checking a key just made",
            fault,
            "this token does not do what the appliance relies on; use another",
        )
    })?;
    if found.public != public {
        return Err(Error::broken(
            "checking a key just made",
            format!("`{}` was found with another public key", role.label()),
            "another program is changing this token; stop it and start again",
        ));
    }
    Ok(Made {
        role,
        id,
        public,
        attributes: found.attributes.clone(),
    })
}

/// The one key of a role among those found under its label, or what is wrong.
fn one(role: KeyRole, found: &[ResidentKey]) -> Result<&ResidentKey, String> {
    let label = role.label();
    let [key] = found else {
        return Err(match found.len() {
            0 => format!("`{label}` is not on the token"),
            n => format!("`{label}` is on the token {n} times"),
        });
    };
    let mut faults = key.attributes.faults(role.kind());
    if key.id != role.id() {
        faults.push(format!("its id must be {}, is {}", role.id(), key.id));
    }
    if faults.is_empty() {
        Ok(key)
    } else {
        Err(format!("`{label}`: {}", faults.join(", ")))
    }
}

/// Destroys what this ceremony made; says so where that fails too.
fn take_back(admin: &mut dyn KeyAdmin, roles: &[KeyRole], error: Error) -> Error {
    let mut left = Vec::new();
    for role in roles {
        match admin.find(role.label()) {
            Ok(found) => {
                for key in found {
                    if admin.destroy(&key.id).is_err() {
                        left.push(format!("`{}`", role.label()));
                    }
                }
            }
            Err(_) => left.push(format!("`{}`", role.label())),
        }
    }
    if left.is_empty() {
        return error;
    }
    let detail = error.detail();
    Error::new(
        error.consequence(),
        detail.doing().to_owned(),
        format!(
            "{}; could not take back {}",
            detail.cause(),
            left.join(", ")
        ),
        "they were made not to be destroyed: initialise the token again, which destroys everything on it, \
         or use another, before trying again",
    )
}

#[cfg(all(test, feature = "simulator"))]
mod tests;
