//! One program at a time: while somebody reads on a device, another command to it would leave
//! their approval without an answer, or replace what they read. So this program holds a lock on
//! each device that it talks to, and asks nothing of one that is held.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use countersign_hardware_wallet::Address;
use sha2::{Digest, Sha256};

/// The right to talk to a device, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    path: PathBuf,
    /// Closing it lets go.
    _held: File,
}

/// Whether a device is free.
#[derive(Debug)]
pub(crate) enum Device {
    /// It is ours now. Where the system has no place for locks, nothing is held.
    Free(#[allow(dead_code, reason = "held, not looked at")] Option<Lease>),
    /// Another run of this program uses it.
    Busy,
}

/// Takes a device.
pub(crate) fn take(address: &Address) -> Device {
    match folder() {
        Some(folder) => take_in(&folder, address),
        None => Device::Free(None),
    }
}

/// A folder of this user's own.
fn folder() -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let found = runtime.filter(|path| path.is_absolute()).or_else(|| {
        let home = std::env::var_os("HOME").map(PathBuf::from)?;
        Some(home.join(".cache"))
    })?;
    let own = found.join("countersign");
    std::fs::create_dir_all(&own).ok().map(|()| own)
}

fn take_in(folder: &Path, address: &Address) -> Device {
    let name: String = hex::encode(Sha256::digest(address.to_string()))
        .chars()
        .take(16)
        .collect();
    let path = folder.join(format!("ledger-{name}.lock"));
    let opened = OpenOptions::new().create(true).append(true).open(&path);
    let Ok(file) = opened else {
        return Device::Free(None);
    };
    match file.try_lock() {
        Ok(()) if is_still(&file, &path) => Device::Free(Some(Lease { path, _held: file })),
        // Whoever had it has just removed the file.
        Ok(()) | Err(TryLockError::WouldBlock) => Device::Busy,
        Err(TryLockError::Error(_)) => Device::Free(None),
    }
}

fn is_still(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Nothing is lost if it stays: what is locked is the open file.
        let _stays = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_taken_once_and_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let address: Address = "tcp:127.0.0.1:9999".parse().unwrap();
        let other: Address = "usb:/dev/hidraw3".parse().unwrap();
        let first = take_in(folder.path(), &address);
        assert!(matches!(first, Device::Free(Some(_))), "{first:?}");
        assert!(matches!(take_in(folder.path(), &address), Device::Busy));
        assert!(matches!(
            take_in(folder.path(), &other),
            Device::Free(Some(_))
        ));
        drop(first);
        assert!(matches!(
            take_in(folder.path(), &address),
            Device::Free(Some(_))
        ));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
