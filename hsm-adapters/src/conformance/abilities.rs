//! MAC, anchor, random bytes and the session itself.

use super::{Failure, Outcome, ensure};
use crate::backend::Device;

pub(super) fn macs(device: &dyn Device) -> Outcome {
    let (Some(mut one), Some(mut two)) = (device.mac(), device.mac()) else {
        return Ok(());
    };
    let mut seen = Vec::new();
    for data in [vec![], vec![0], vec![0, 0], vec![9; 100_000]] {
        let tag = one.mac(&data)?;
        ensure(tag == two.mac(&data)?, "two sessions disagree")?;
        ensure(!seen.contains(&tag), "two different inputs have one mac")?;
        seen.push(tag);
    }
    Ok(())
}

pub(super) fn anchor(device: &dyn Device) -> Outcome {
    let (Some(mut one), Some(mut two)) = (device.anchor(), device.anchor()) else {
        return Ok(());
    };
    ensure(one.read()?.is_none(), "a fresh token has an anchor")?;
    for value in [vec![1], vec![2; 500], vec![], vec![0xff; 32]] {
        one.write(&value)?;
        ensure(
            one.read()?.as_ref() == Some(&value),
            "the writer reads another value",
        )?;
        ensure(
            two.read()?.as_ref() == Some(&value),
            "another session reads another value",
        )?;
    }
    two.write(b"last")?;
    ensure(
        one.read()?.as_deref() == Some(b"last"),
        "the other session's value is not seen",
    )
}

pub(super) fn random(device: &dyn Device) -> Outcome {
    let mut session = device.connect()?;
    let (mut one, mut two) = ([0; 32], [0; 32]);
    session.random(&mut one)?;
    session.random(&mut two)?;
    session.random(&mut [])?;
    ensure(one != two && one != [0; 32], "random bytes repeat")
}

pub(super) fn ping(device: &dyn Device) -> Outcome {
    device.connect()?.ping().map_err(Failure::from)
}
