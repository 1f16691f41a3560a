//! People who may approve, each with the one key they approve with.

mod key;
mod single;

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_intent::{ApproverId, Principal, Role};
use serde::{Deserialize, Serialize};

use crate::records::{Kind, Record, Records, RecordsError, Stored};

pub use key::{Key, KeyError, OffchainVersion, Scheme, Secret, SignatureError};
pub use single::Identity;

/// An approver as recorded. A new key is a new approver of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproverRecord {
    /// The name that groups of the policy list.
    pub name: String,
    /// How the key signs.
    pub scheme: Scheme,
    /// The key as [`Key`] writes it.
    pub public_key: String,
    /// The operator who is the same person.
    pub operator: Option<String>,
    /// Who enrolled them: `init`, or the request that did.
    pub enrolled_by: String,
    /// Microseconds since the Unix epoch.
    pub enrolled_at: i64,
    /// When they were removed, microseconds since the Unix epoch.
    pub removed_at: Option<i64>,
}

impl Record for ApproverRecord {
    const KIND: Kind = Kind::Approver;
}

/// An approver who may approve now.
#[derive(Debug, Clone)]
pub struct Approver {
    /// Their identifier; another one with each key.
    pub id: ApproverId,
    /// As recorded.
    pub record: ApproverRecord,
    /// The key.
    pub key: Key,
}

impl Approver {
    /// What makes them somebody else than the others.
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        Identity {
            name: &self.record.name,
            operator: self.record.operator.as_deref(),
            key: &self.key,
        }
    }

    fn is_called(&self, id_or_name: &str) -> bool {
        self.record.name == id_or_name || self.id.to_string() == id_or_name
    }

    /// Whether this is the person who asks.
    #[must_use]
    pub fn is(&self, asker: &Principal) -> bool {
        self.record.name == asker.name()
            || (asker.role() == Role::Operator
                && self.record.operator.as_deref() == Some(asker.name()))
    }
}

/// The approvers who may approve now.
#[derive(Debug, Default)]
pub struct Approvers(ArcSwap<Roster>);

/// Everybody enrolled.
#[derive(Debug, Default)]
struct Roster {
    counting: Arc<Vec<Approver>>,
    doubles: Vec<Double>,
}

/// Somebody enrolled who is an approver of another name already, or whose key the secret of another
/// key can sign as, and so cannot approve. No route makes one; earlier versions did.
#[derive(Debug, Clone)]
pub struct Double {
    /// Who it is.
    pub approver: Approver,
    /// Whom they are one with, or what is wrong with their key.
    pub why: String,
}

impl Roster {
    /// Of those who are one, whoever was enrolled first counts.
    fn of(mut enrolled: Vec<Approver>) -> Self {
        enrolled.sort_by_key(|one| (one.record.enrolled_at, *one.id.as_bytes()));
        let mut counting: Vec<Approver> = Vec::new();
        let mut doubles = Vec::new();
        for approver in enrolled {
            let before = counting.iter().map(Approver::identity);
            let unsound = approver.key.check_single().err();
            let why = unsound.map(|error| error.to_string());
            match why.or_else(|| approver.identity().twin(before)) {
                Some(why) => doubles.push(Double { approver, why }),
                None => counting.push(approver),
            }
        }
        Self {
            counting: Arc::new(counting),
            doubles,
        }
    }
}

impl Approvers {
    /// Reads every approver who was not removed. Two who are one are told, and count as one.
    ///
    /// # Errors
    /// As [`Records::all`], or a key that cannot be read.
    pub async fn load(&self, records: &Records) -> Result<(), RecordsError> {
        let mut enrolled = Vec::new();
        for stored in records.all::<ApproverRecord>(None).await? {
            if stored.record.removed_at.is_none() {
                enrolled.push(read(stored)?);
            }
        }
        let roster = Roster::of(enrolled);
        for double in &roster.doubles {
            tracing::error!(
                approver = double.approver.record.name,
                why = double.why,
                "an approver does not count: remove them, or enrol a key of their own"
            );
        }
        self.0.store(Arc::new(roster));
        Ok(())
    }

    /// The approvers.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<Approver>> {
        Arc::clone(&self.0.load().counting)
    }

    /// Those who are enrolled and cannot approve.
    #[must_use]
    pub fn doubles(&self) -> Vec<Double> {
        self.0.load().doubles.clone()
    }

    /// The approver with this identifier or name.
    #[must_use]
    pub fn find(&self, id_or_name: &str) -> Option<Approver> {
        let roster = self.0.load();
        let mut counting = roster.counting.iter();
        counting.find(|one| one.is_called(id_or_name)).cloned()
    }

    /// Whoever is enrolled under this identifier or name, whether they can approve or not.
    #[must_use]
    pub fn enrolled(&self, id_or_name: &str) -> Option<Approver> {
        let roster = self.0.load();
        let doubles = roster.doubles.iter().map(|double| &double.approver);
        let mut enrolled = roster.counting.iter().chain(doubles);
        enrolled.find(|one| one.is_called(id_or_name)).cloned()
    }

    /// Why somebody of this identity would be an approver that there is already, of another name.
    #[must_use]
    pub fn twin(&self, of: &Identity<'_>) -> Option<String> {
        let roster = self.0.load();
        let doubles = roster.doubles.iter().map(|double| &double.approver);
        let enrolled = roster.counting.iter().chain(doubles);
        let others = enrolled.filter(|one| one.record.name != of.name);
        of.twin(others.map(Approver::identity))
    }
}

fn read(stored: Stored<ApproverRecord>) -> Result<Approver, RecordsError> {
    let record = stored.record;
    let key = Key::stored(record.scheme, &record.public_key).map_err(|error| {
        RecordsError::Unreadable {
            kind: Kind::Approver.as_str().to_owned(),
            cause: error.to_string(),
        }
    })?;
    Ok(Approver {
        id: ApproverId::from_bytes(stored.id),
        record,
        key,
    })
}

/// A key with each point of small order added: whoever holds its secret signs as these, too.
#[cfg(test)]
fn twins(honest: &[u8; 32]) -> Vec<[u8; 32]> {
    // A point of order eight (RFC 7748's curve in the form of RFC 8032).
    let order_eight = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let order_eight: [u8; 32] = hex::decode(order_eight).unwrap().try_into().unwrap();
    let point = |bytes| {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes);
        key.unwrap().to_edwards()
    };
    let (torsion, mut twin) = (point(&order_eight), point(honest));
    let mut twins = Vec::new();
    for _ in 1..8 {
        twin += torsion;
        twins.push(twin.compress().to_bytes());
    }
    twins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approver(id: u8, name: &str, seed: u8, scheme: Scheme, enrolled_at: i64) -> Approver {
        let signer = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        let public_key = bs58::encode(signer.verifying_key().as_bytes()).into_string();
        let record = ApproverRecord {
            name: name.to_owned(),
            scheme,
            public_key,
            operator: None,
            enrolled_by: "init".to_owned(),
            enrolled_at,
            removed_at: None,
        };
        read(Stored {
            id: [id; 16],
            seq: 1,
            record,
        })
        .unwrap()
    }

    /// Earlier versions took such keys, and the honest one beside them.
    #[test]
    fn whoever_is_enrolled_with_a_second_key_of_one_secret_counts_for_nobody() {
        let bob = approver(1, "bob", 7, Scheme::SolanaOffchainV0, 20);
        let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        for twin in twins(secret.verifying_key().as_bytes()) {
            let mut record = bob.record.clone();
            "eve".clone_into(&mut record.name);
            record.public_key = bs58::encode(twin).into_string();
            record.enrolled_at = 10;
            let stored = Stored {
                id: [2; 16],
                seq: 1,
                record,
            };
            let eve = read(stored).unwrap();
            let roster = Roster::of(vec![eve, bob.clone()]);
            let names: Vec<&str> = roster
                .counting
                .iter()
                .map(|one| one.record.name.as_str())
                .collect();
            assert_eq!(names, ["bob"]);
            assert_eq!(roster.doubles[0].approver.record.name, "eve");
            assert!(
                roster.doubles[0].why.contains("prime-order"),
                "{:?}",
                roster.doubles
            );
        }
    }

    #[test]
    fn of_two_on_one_key_the_first_enrolled_counts_and_the_other_is_told() {
        let eve = approver(1, "eve", 7, Scheme::SolanaOffchainV1, 20);
        let dana = approver(2, "dana", 7, Scheme::SolanaOffchainV0, 10);
        let bob = approver(3, "bob", 8, Scheme::SolanaOffchainV0, 30);
        let approvers = Approvers::default();
        approvers
            .0
            .store(Arc::new(Roster::of(vec![eve, dana, bob.clone()])));
        let all = approvers.all();
        let names: Vec<&str> = all.iter().map(|one| one.record.name.as_str()).collect();
        assert_eq!(names, ["dana", "bob"]);
        let doubles = approvers.doubles();
        assert_eq!(doubles.len(), 1);
        assert!(doubles[0].why.contains("approver `dana`"), "{doubles:?}");
        assert!(approvers.find("eve").is_none());
        assert!(approvers.enrolled("eve").is_some());
        assert!(approvers.twin(&bob.identity()).is_none());
        let more = approver(4, "frank", 8, Scheme::SolanaOffchainV1, 40);
        assert!(approvers.twin(&more.identity()).is_some());
    }
}
