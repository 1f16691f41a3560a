//! The appliance's own keys.

use super::{Failure, Outcome, ensure, refused};
use crate::backend::Device;
use crate::canary::canary;
use crate::ceremony::{create, load};
use crate::role::KeyRole;

fn roles(device: &dyn Device) -> Vec<KeyRole> {
    let able = device.capabilities();
    KeyRole::expected(!able.envelope.is_empty(), !able.import.is_empty())
}

pub(super) fn makes_what_it_says(device: &dyn Device) -> Outcome {
    let roles = roles(device);
    refused(load(device, &roles), "loading keys from an empty token")?;
    let report = create(device, &roles)?;
    let keys = load(device, &roles)?;
    ensure(
        keys.roles().collect::<Vec<_>>() == roles,
        "other roles were found than were made",
    )?;
    for made in report.made {
        ensure(
            made.attributes.faults(made.role.kind()).is_empty(),
            "reported attributes",
        )?;
        let loaded = keys.signing(made.role).map(|key| key.public);
        ensure(
            loaded == made.public,
            format!("`{}` has another public key", made.role),
        )?;
    }
    Ok(())
}

pub(super) fn is_not_repeated(device: &dyn Device) -> Outcome {
    let before = load(device, &roles(device))?;
    for role in roles(device) {
        match create(device, &[role]) {
            Err(error) => {
                ensure(
                    error.to_string().contains(role.label()),
                    "the label is not named",
                )?;
            }
            Ok(_) => return Err(Failure(format!("`{role}` was made twice"))),
        }
    }
    ensure(
        load(device, &roles(device))? == before,
        "a refused ceremony changed the keys",
    )
}

pub(super) fn every_role_passes_its_canary(device: &dyn Device) -> Outcome {
    let keys = load(device, &roles(device))?;
    for role in roles(device) {
        canary(device, &keys, role)?;
    }
    Ok(())
}
