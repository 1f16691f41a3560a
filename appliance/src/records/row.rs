//! What a row is, and the bytes its MAC covers.

use countersign_store::AuthorityRow;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::kind::RowKey;
use super::{Kind, Mac, RecordsError};

/// A typed row.
pub trait Record: Serialize + DeserializeOwned + Send + 'static {
    /// Its kind.
    const KIND: Kind;

    /// The row it belongs to.
    fn parent(&self) -> Option<[u8; 16]> {
        None
    }

    /// A text it can be found by, unique within its kind.
    fn lookup(&self) -> Option<String> {
        None
    }
}

/// A record as it was read.
#[derive(Debug, Clone)]
pub struct Stored<T> {
    /// Its identifier.
    pub id: [u8; 16],
    /// Its place in listings.
    pub seq: i64,
    /// What it says.
    pub record: T,
}

/// A record to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    kind: Kind,
    id: [u8; 16],
    seq: Option<i64>,
    parent: Option<[u8; 16]>,
    lookup: Option<String>,
    body: String,
}

impl Draft {
    /// A new record.
    ///
    /// # Errors
    /// A record that cannot be written as JSON.
    pub fn new<T: Record>(id: [u8; 16], record: &T) -> Result<Self, RecordsError> {
        Self::of(id, None, record)
    }

    /// A new version of a record that was read.
    ///
    /// # Errors
    /// As [`Draft::new`].
    pub fn update<T: Record>(stored: &Stored<T>) -> Result<Self, RecordsError> {
        Self::of(stored.id, Some(stored.seq), &stored.record)
    }

    fn of<T: Record>(id: [u8; 16], seq: Option<i64>, record: &T) -> Result<Self, RecordsError> {
        let body = serde_json::to_string(record).map_err(|error| RecordsError::Unreadable {
            kind: T::KIND.as_str().to_owned(),
            cause: error.to_string(),
        })?;
        Ok(Self {
            kind: T::KIND,
            id,
            seq,
            parent: record.parent(),
            lookup: record.lookup(),
            body,
        })
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn lookup(&self) -> Option<&str> {
        self.lookup.as_deref()
    }

    pub(super) const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    pub(super) fn into_row(self, next_seq: &mut i64) -> AuthorityRow {
        let seq = self.seq.unwrap_or_else(|| {
            *next_seq = next_seq.saturating_add(1);
            *next_seq
        });
        AuthorityRow {
            kind: self.kind.as_str().to_owned(),
            id: self.id.to_vec(),
            seq,
            parent: self.parent.map(|parent| parent.to_vec()),
            lookup: self.lookup,
            body: self.body,
            mac: Vec::new(),
        }
    }
}

pub(super) fn key(kind: &str, id: &[u8]) -> Option<RowKey> {
    Some((Kind::parse(kind)?, id.try_into().ok()?))
}

pub(super) fn keyed_mac(row: &AuthorityRow) -> Option<(RowKey, Mac)> {
    Some((
        key(&row.kind, &row.id)?,
        row.mac.as_slice().try_into().ok()?,
    ))
}

pub(super) fn read<T: Record>(row: &AuthorityRow) -> Result<Stored<T>, RecordsError> {
    let unreadable = |cause: String| RecordsError::Unreadable {
        kind: row.kind.clone(),
        cause,
    };
    let (kind, id) =
        key(&row.kind, &row.id).ok_or_else(|| unreadable("its id has another shape".to_owned()))?;
    if kind != T::KIND {
        return Err(unreadable(format!("expected a {}", T::KIND.as_str())));
    }
    let record = serde_json::from_str(&row.body).map_err(|error| unreadable(error.to_string()))?;
    Ok(Stored {
        id,
        seq: row.seq,
        record,
    })
}

/// Every column with its length, so that no two rows share their bytes.
pub(super) fn mac_input(row: &AuthorityRow) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + row.body.len());
    out.extend_from_slice(b"countersign/row/v1\0");
    field(&mut out, row.kind.as_bytes());
    field(&mut out, &row.id);
    out.extend_from_slice(&row.seq.to_be_bytes());
    optional(&mut out, row.parent.as_deref());
    optional(&mut out, row.lookup.as_deref().map(str::as_bytes));
    field(&mut out, row.body.as_bytes());
    out
}

pub(super) fn seal_input(version: u64, count: u64, root: &[u8; 32]) -> Vec<u8> {
    let mut out = b"countersign/seal/v1\0".to_vec();
    out.extend_from_slice(&version.to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(root);
    out
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn optional(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => out.push(0),
        Some(bytes) => {
            out.push(1);
            field(out, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> AuthorityRow {
        AuthorityRow {
            kind: "wallet".to_owned(),
            id: vec![1; 16],
            seq: 7,
            parent: Some(vec![2; 16]),
            lookup: Some("a".to_owned()),
            body: "{}".to_owned(),
            mac: vec![0; 32],
        }
    }

    #[test]
    fn inv08_every_column_is_covered() {
        let genuine = mac_input(&row());
        let changes: [fn(&mut AuthorityRow); 7] = [
            |row| row.kind = "user".to_owned(),
            |row| row.id = vec![3; 16],
            |row| row.seq = 8,
            |row| row.parent = None,
            |row| row.lookup = None,
            |row| row.lookup = Some("b".to_owned()),
            |row| row.body = "{ }".to_owned(),
        ];
        for change in changes {
            let mut forged = row();
            change(&mut forged);
            assert_ne!(mac_input(&forged), genuine);
        }
    }

    #[test]
    fn neighbouring_columns_do_not_run_into_each_other() {
        let mut one = row();
        one.lookup = Some("ab".to_owned());
        one.body = "c".to_owned();
        let mut other = row();
        other.lookup = Some("a".to_owned());
        other.body = "bc".to_owned();
        assert_ne!(mac_input(&one), mac_input(&other));
    }
}
