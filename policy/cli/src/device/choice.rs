//! Which of several devices: asked of the person, not of the devices.

use std::io::{BufRead, IsTerminal, Write};

use countersign_hardware_wallet::{Address, Error as LedgerError, usb_devices};

use super::failure;
use crate::failure::Failure;

/// Asks where there is a person to ask, and says what there is to choose from where there is none.
///
/// # Errors
/// Nobody chose.
pub(super) fn ask(addresses: &[Address]) -> Result<Address, Failure> {
    let named: Vec<String> = addresses.iter().map(with_model).collect();
    let unchosen = || {
        failure(LedgerError::Several(named.clone()))
            .and("name one with `--ledger`; the others are not asked anything, somebody may be reading on them")
    };
    let (input, mut output) = (std::io::stdin(), std::io::stderr());
    if !input.is_terminal() || !output.is_terminal() {
        return Err(unchosen());
    }
    let mut line = String::new();
    let asked = show(&named, &mut output).and_then(|()| input.lock().read_line(&mut line));
    asked.map_err(|_| unchosen())?;
    chosen(&line, addresses).ok_or_else(unchosen)
}

fn show(named: &[String], output: &mut impl Write) -> std::io::Result<()> {
    writeln!(output, "several Ledgers are connected:")?;
    for (at, name) in named.iter().enumerate() {
        writeln!(output, "  {} {name}", at + 1)?;
    }
    write!(output, "which one? ")?;
    output.flush()
}

fn chosen(line: &str, addresses: &[Address]) -> Option<Address> {
    let number: usize = line.trim().parse().ok()?;
    addresses.get(number.checked_sub(1)?).cloned()
}

fn with_model(address: &Address) -> String {
    let usb = usb_devices().unwrap_or_default();
    let found = usb
        .iter()
        .find(|one| *address == Address::Usb(Some(one.path.clone())));
    found.map_or_else(
        || address.to_string(),
        |one| format!("{address} ({})", one.model),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_chosen_by_its_number() {
        let addresses: Vec<Address> = ["tcp:a:1", "tcp:b:2"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        assert_eq!(chosen(" 2\n", &addresses), addresses.get(1).cloned());
        for wrong in ["", "0", "3", "b", "-1"] {
            assert_eq!(chosen(wrong, &addresses), None, "{wrong}");
        }
    }
}
