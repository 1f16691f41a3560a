//! USB, through `ledger-transport-hid`.
//!
//! That package waits hours for an answer, so each device has a thread, and waiting for the
//! thread has the bound. It also opens the first device it finds, so the choice is made here.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use ledger_transport::APDUCommand;
use ledger_transport_hid::TransportNativeHID;
use ledger_transport_hid::hidapi::{DeviceInfo, HidApi};

use super::apdu::{Answer, Command};
use super::error::Error;
use super::status::Status;
use super::transport::Transport;

/// A device on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usb {
    /// Where the system has it, e.g. `/dev/hidraw3`.
    pub path: String,
    /// e.g. `Nano S Plus`
    pub model: &'static str,
}

/// The Ledgers on the bus, locked or not.
///
/// # Errors
/// [`Error::CannotOpen`] when the system does not list its devices.
pub fn usb_devices() -> Result<Vec<Usb>, Error> {
    let api = api()?;
    Ok(TransportNativeHID::list_ledgers(&api).map(usb).collect())
}

fn api() -> Result<HidApi, Error> {
    HidApi::new().map_err(|error| Error::CannotOpen {
        address: "usb".to_owned(),
        cause: error.to_string(),
    })
}

fn usb(device: &DeviceInfo) -> Usb {
    Usb {
        path: device.path().to_string_lossy().into_owned(),
        model: model(device.product_id()),
    }
}

/// The model by the product id: its high byte in apps, all of it in the bootloader.
const fn model(product: u16) -> &'static str {
    match (product >> 8, product & 0xff) {
        (0x10, _) | (0, 0x01) => "Nano S",
        (0x40, _) | (0, 0x04) => "Nano X",
        (0x50, _) | (0, 0x05) => "Nano S Plus",
        (0x60, _) | (0, 0x06) => "Stax",
        (0x70, _) | (0, 0x07) => "Flex",
        (0x80, _) | (0, 0x08) => "Apex",
        _ => "unknown model",
    }
}

type Task = (Command, Sender<Result<Answer, Error>>);

/// A device by USB, and the thread that owns it. Dropping this ends the thread once the device
/// has answered.
#[derive(Debug)]
pub(super) struct Hid {
    tasks: Sender<Task>,
}

/// Opens the device at `path`, or the only one.
pub(super) fn open(path: Option<&str>) -> Result<Hid, Error> {
    let api = api()?;
    let device = choose(&api, path)?;
    let address = format!("usb:{}", usb(device).path);
    let cannot = |cause: String| Error::CannotOpen { address, cause };
    let device = match TransportNativeHID::open_device(&api, device) {
        Ok(device) => device,
        Err(error) => return Err(cannot(error.to_string())),
    };
    let (tasks, taken) = channel();
    thread::Builder::new()
        .name("ledger".to_owned())
        .spawn(move || serve(&device, &taken))
        .map_err(|error| cannot(error.to_string()))?;
    Ok(Hid { tasks })
}

fn choose<'a>(api: &'a HidApi, path: Option<&str>) -> Result<&'a DeviceInfo, Error> {
    let mut found: Vec<&DeviceInfo> = TransportNativeHID::list_ledgers(api).collect();
    if let Some(path) = path {
        found.retain(|device| usb(device).path == path);
    }
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Error::NoDevice),
        several => Err(Error::Several(
            several
                .iter()
                .map(|device| format!("usb:{}", usb(device).path))
                .collect(),
        )),
    }
}

fn serve(device: &TransportNativeHID, tasks: &Receiver<Task>) {
    for (command, answer) in tasks {
        let [cla, ins, p1, p2] = command.header();
        let result = device
            .exchange(&APDUCommand {
                cla,
                ins,
                p1,
                p2,
                data: command.data(),
            })
            .map_err(|error| Error::Lost(error.to_string()))
            .and_then(|came| Answer::new(came.data().to_vec(), Status(came.retcode())));
        // Nobody waits any more where the bound was reached.
        let _late = answer.send(result);
    }
}

impl Transport for Hid {
    fn exchange(&mut self, command: &Command, patience: Duration) -> Result<Answer, Error> {
        let gone = || Error::Lost("its thread ended".to_owned());
        let (answer, answered) = channel();
        self.tasks
            .send((command.clone(), answer))
            .map_err(|_| gone())?;
        match answered.recv_timeout(patience) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(Error::TimedOut(patience)),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_told_by_the_high_byte() {
        assert_eq!(model(0x5011), "Nano S Plus");
        assert_eq!(model(0x0005), "Nano S Plus");
        assert_eq!(model(0x7015), "Flex");
        assert_eq!(model(0x9999), "unknown model");
    }

    #[test]
    fn a_device_that_is_not_there_is_told() {
        let error = open(Some("/dev/no-such-ledger")).unwrap_err();
        assert_eq!(error, Error::NoDevice);
        assert!(error.to_string().contains("deploy/udev"), "{error}");
    }
}
