//! Ethereum addresses as wallets and devices show them: EIP-55, where the capitals are a checksum.

use std::fmt::Write;

use sha3::{Digest, Keccak256};

/// `0x` and 40 digits, capitals as in EIP-55.
#[must_use]
pub fn write(address: &[u8; 20]) -> String {
    let mut digits = String::with_capacity(40);
    for byte in address {
        let _infallible = write!(digits, "{byte:02x}");
    }
    let hash = Keccak256::digest(&digits);
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let cased = digits
        .chars()
        .zip(nibbles)
        .map(|(digit, nibble)| match nibble {
            8.. => digit.to_ascii_uppercase(),
            _ => digit,
        });
    std::iter::once('0')
        .chain(std::iter::once('x'))
        .chain(cased)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the standard.
    #[test]
    fn the_examples_of_the_standard_read_as_they_stand() {
        for address in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0xde709f2102306220921060314715629080e2fb77",
        ] {
            let digits = address.strip_prefix("0x").unwrap();
            let byte = |at: usize| {
                let two = digits.get(2 * at..2 * at + 2).unwrap();
                u8::from_str_radix(two, 16).unwrap()
            };
            assert_eq!(write(&std::array::from_fn(byte)), address);
        }
    }
}
