//! Addresses that are nobody's: what is sent there is lost.

use super::Address;

/// What an address is that no person and no service holds.
#[must_use]
pub fn nobodys(address: &Address) -> Option<&'static str> {
    const ZEROS: [u8; 18] = [0; 18];
    match address.as_bytes() {
        all if all.iter().all(|byte| *byte == 0) => Some("the zero address"),
        // They count up from 1; EIP-7587 keeps 0x100 to 0x1ff for those of rollups.
        [zeros @ .., 0..=1, _] if *zeros == ZEROS => Some("a precompiled contract"),
        [zeros @ .., 0xde, 0xad] | [0xde, 0xad, zeros @ ..] if *zeros == ZEROS => {
            Some("an address that coins are burnt at")
        }
        [most @ .., 0xfe | 0xff] if most.iter().all(|byte| *byte == 0xff) => {
            Some("an address of the protocol's own")
        }
        all if all.iter().all(|byte| *byte == 0xee) => Some("what some call the native coin"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precompiles_and_burners_are_nobodys_and_people_are_not() {
        for text in [
            "0x0000000000000000000000000000000000000000",
            "0x0000000000000000000000000000000000000001",
            "0x0000000000000000000000000000000000000100",
            "0x000000000000000000000000000000000000dead",
            "0xdead000000000000000000000000000000000000",
            "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
            "0xfffffffffffffffffffffffffffffffffffffffe",
        ] {
            assert!(nobodys(&text.parse().unwrap()).is_some(), "{text}");
        }
        assert_eq!(nobodys(&Address::new([7; 20])), None);
    }
}
