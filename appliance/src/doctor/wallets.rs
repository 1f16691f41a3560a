//! Whether keys on the token and wallets find each other.

use std::fmt::Display;

use crate::start::Opened;
use crate::wallets::{Strays, strays};

/// Most that are named; all are counted.
const NAMED: usize = 10;

/// Counts keys that no wallet uses and wallets that do not sign because `envelope` is off, and finds
/// wallets without their key.
pub(super) async fn keys(opened: &Opened, envelope: bool) -> Result<String, String> {
    let found = strays(&opened.records, &opened.desk).await;
    let found = found.map_err(|error| error.to_string())?;
    let mut told = told(&found)?;
    if found.sealed > 0 && !envelope {
        told.push_str(&format!(
            "; {} wallets in custody `envelope` do not sign while `custody.envelope` is off",
            found.sealed
        ));
    }
    Ok(told)
}

/// A key that no wallet uses does no harm; a wallet whose key is gone has lost what lies there.
fn told(strays: &Strays) -> Result<String, String> {
    let used = format!("{} keys on the token are wallets'", strays.used);
    if !strays.keyless.is_empty() {
        return Err(format!(
            "{} wallets have no key on the token: {}; it is another token or one that was set back, \
             see `deploy/runbooks/token-lost.md`",
            strays.keyless.len(),
            named(&strays.keyless)
        ));
    }
    if strays.unused.is_empty() {
        return Ok(used);
    }
    Ok(format!(
        "{used}, and {} no wallet uses: {}; interrupted while a wallet was made or its key replaced, they \
         sign nothing and take room: see `deploy/runbooks/unused-keys.md` before you remove one",
        strays.unused.len(),
        named(&strays.unused)
    ))
}

fn named<T: Display>(all: &[T]) -> String {
    let mut names: Vec<String> = all.iter().take(NAMED).map(ToString::to_string).collect();
    if all.len() > NAMED {
        names.push("…".to_owned());
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use countersign_hsm::KeyId;
    use countersign_intent::WalletId;

    use super::*;

    #[test]
    fn a_lost_key_is_wrong_and_an_unused_one_is_counted() {
        let mut strays = Strays {
            used: 3,
            ..Strays::default()
        };
        assert_eq!(told(&strays).unwrap(), "3 keys on the token are wallets'");
        strays.unused = (0..12).map(|n| KeyId::from_bytes([n; 16])).collect();
        let counted = told(&strays).unwrap();
        assert!(counted.contains("12 no wallet uses"), "{counted}");
        assert!(counted.contains(&KeyId::from_bytes([9; 16]).to_string()));
        assert!(!counted.contains(&KeyId::from_bytes([10; 16]).to_string()));
        strays.keyless = vec![WalletId::from_bytes([5; 16])];
        let wrong = told(&strays).unwrap_err();
        assert!(wrong.contains(&WalletId::from_bytes([5; 16]).to_string()));
    }
}
