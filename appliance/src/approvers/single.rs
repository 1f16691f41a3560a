//! One key is one approver, and so is one person: whoever stands in two groups' lists under two
//! names would otherwise be a quorum of two.

use super::key::Key;

/// What makes an approver somebody else than the others.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The name that groups list.
    pub name: &'a str,
    /// The operator who is the same person.
    pub operator: Option<&'a str>,
    /// The key.
    pub key: &'a Key,
}

impl Identity<'_> {
    /// The operator that counts as the same person: approvers are known to operators by name.
    fn person(&self) -> &str {
        self.operator.unwrap_or(self.name)
    }

    /// Why this is somebody among `others`, and no further approver; `None` if it is not.
    pub fn twin<'a>(&self, others: impl IntoIterator<Item = Identity<'a>>) -> Option<String> {
        others.into_iter().find_map(|other| self.same(&other))
    }

    fn same(&self, other: &Identity<'_>) -> Option<String> {
        if self.name == other.name {
            return Some(format!("approver `{}` stands twice", self.name));
        }
        if self.key.secret() == other.key.secret() {
            return Some(format!(
                "`{}` is the key of approver `{}`: a key is one approver, in whatever scheme it \
                 signs, so it cannot be `{}`'s too",
                self.key, other.name, self.name
            ));
        }
        (self.person() == other.person()).then(|| {
            format!(
                "operator `{}` is said to be two approvers, `{}` and `{}`: a person is one",
                self.person(),
                other.name,
                self.name
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approvers::Scheme;

    fn ed25519(seed: u8, scheme: Scheme) -> Key {
        let signer = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        let text = bs58::encode(signer.verifying_key().as_bytes()).into_string();
        Key::parse(scheme, &text).unwrap()
    }

    fn of<'a>(name: &'a str, operator: Option<&'a str>, key: &'a Key) -> Identity<'a> {
        Identity {
            name,
            operator,
            key,
        }
    }

    #[test]
    fn a_key_is_one_approver_in_every_scheme_and_spelling() {
        let old = ed25519(1, Scheme::SolanaOffchainV0);
        let new = ed25519(1, Scheme::SolanaOffchainV1);
        let dana = of("dana", None, &old);
        let said = of("eve", None, &new).twin([dana]).unwrap();
        assert!(said.contains("the key of approver `dana`"), "{said}");
        assert!(of("eve", None, &old).twin([dana]).is_some());
        let address = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";
        let checked = Key::parse(Scheme::Eip191, address).unwrap();
        let lower = Key::parse(Scheme::Eip191, &address.to_lowercase()).unwrap();
        let eth = of("dana-eth", None, &checked);
        assert!(of("eve-eth", None, &lower).twin([dana, eth]).is_some());
        let other = ed25519(2, Scheme::SolanaOffchainV0);
        assert_eq!(of("eve", None, &other).twin([dana, eth]), None);
    }

    #[test]
    fn a_person_is_one_approver_by_operator_or_by_name() {
        let (one, two) = (
            ed25519(1, Scheme::SolanaOffchainV0),
            ed25519(2, Scheme::SolanaOffchainV0),
        );
        let alice = of("alice", Some("a"), &one);
        for (name, operator) in [("bob", Some("a")), ("a", None), ("alice", Some("b"))] {
            let twin = of(name, operator, &two).twin([alice]);
            assert!(twin.is_some(), "{name} {operator:?}");
        }
        assert_eq!(of("bob", Some("b"), &two).twin([alice]), None);
        assert_eq!(of("bob", Some("alice"), &two).twin([alice]), None);
    }
}
