//! The Ethereum app: whatever it answers, no signature comes out that nobody made.

use countersign_hardware_wallet::{App, DerivationPath, Ethereum};

use crate::device::Device;

pub const SEEDS: &[&[u8]] = &[
    // The app, and the generator of secp256k1 for a key.
    b"\x13\x01\x08Ethereum\x061.10.0\x00\x00\x43\x41\x04\
      \x79\xbe\x66\x7e\xf9\xdc\xbb\xac\x55\xa0\x62\x95\xce\x87\x0b\x07\
      \x02\x9b\xfc\xdb\x2d\xce\x28\xd9\x59\xf2\x81\x5b\x16\xf8\x17\x98\
      \x48\x3a\xda\x77\x26\xa3\xc4\x65\x5d\xa4\xfb\xfc\x0e\x11\x08\xa8\
      \xfd\x17\xb4\x48\xa6\x85\x54\x19\x9c\x47\xd0\x8f\xfb\x10\xd4\xb8\x00\
      \x41\x1bAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
    b"\x13\x01\x08Ethereum\x061.10.0\x00\x00\x02\x69\x85",
];

pub fn run(bytes: &[u8]) {
    let path = DerivationPath::account(App::Ethereum, 0);
    if let Ok(mut app) = Ethereum::open(Device::boxed(bytes)) {
        assert!(app.sign_personal(&path, "text").is_err());
    }
    if let Ok(mut app) = Ethereum::open(Device::boxed(bytes)) {
        // An address is 20 bytes or none; nothing else is to be had.
        let _any = (app.address(&path), app.confirm_address(&path));
    }
}
