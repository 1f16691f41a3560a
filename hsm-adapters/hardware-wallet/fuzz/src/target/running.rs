//! What a device says runs on it: shown to an operator, so nothing in it may drive a terminal.

use countersign_hardware_wallet::{Version, running};

use crate::device::Device;

pub const SEEDS: &[&[u8]] = &[
    b"\x0f\x01\x06Solana\x051.9.0\x00",
    b"\x0f\x01\x05BOLOS\x062.1.0 \x00",
    b"\x02\x55\x15",
];

pub fn run(bytes: &[u8]) {
    let mut device = Device::boxed(bytes);
    match running(&mut *device) {
        Ok(open) => {
            let shown = |text: &str| text.len() <= 64 && text.bytes().all(|byte| byte >= 0x20);
            assert!(shown(&open.name) && open.name.is_ascii());
            assert!(shown(&open.version) && open.version.is_ascii());
            if let Ok(version) = open.version.parse::<Version>() {
                assert!(version.to_string().parse() == Ok(version));
            }
        }
        Err(error) => assert!(error.to_string().chars().all(|char| !char.is_control())),
    }
}
