//! The Solana app: whatever it answers, no signature comes out that nobody made.

use countersign_hardware_wallet::{App, DerivationPath, Solana};

use crate::device::Device;

pub const SEEDS: &[&[u8]] = &[
    // The app, its configuration, a key, and a signature of zeros.
    b"\x11\x01\x06Solana\x061.14.0\x00\x00\x05\x00\x01\x01\x0e\x00\x21AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
      \x41BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
    b"\x11\x01\x06Solana\x061.14.0\x00\x00\x05\x00\x01\x01\x0e\x00\x02\x69\x85",
];

pub fn run(bytes: &[u8]) {
    let path = DerivationPath::account(App::Solana, 0);
    let message = [b"\xffsolana offchain".as_slice(), &[b'x'; 600]].concat();
    if let Ok(mut app) = Solana::open(Device::boxed(bytes)) {
        assert!(app.sign_off_chain(&path, &message).is_err());
    }
    if let Ok(mut app) = Solana::open(Device::boxed(bytes)) {
        assert!(app.sign_transaction(&path, &message).is_err());
    }
    if let Ok(mut app) = Solana::open(Device::boxed(bytes)) {
        // A key is 32 bytes or none; nothing else is to be had.
        let _any = (app.public_key(&path), app.confirm_public_key(&path));
    }
}
