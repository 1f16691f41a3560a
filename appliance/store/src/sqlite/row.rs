use countersign_audit::Hash;
use countersign_intent::{RequestId, Signature, Timestamp, WalletId};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Decode, Error, Row as _, Sqlite, SqliteExecutor, Type};

use super::failure::reading;
use crate::{
    AuthorityMac, AuthorityRow, AuthoritySeal, CheckpointRow, Decided, EntryRow, HeldRow,
    IdempotencyKey, KeptRequest, NonceRow, OutcomeKind, OutcomeRow, RequestRow, SequenceRow,
    StoreResult, StoredRequest, UsageRow, request_id,
};

/// Columns of a request with its outcome, as [`stored_request`] reads them.
macro_rules! request_columns {
    () => {
        "r.seq, r.nonce, r.principal, r.idem_key, r.fingerprint, r.at, r.wallet, r.decided, \
         r.digest, r.answer, r.log_index, r.mac, o.kind, o.signature, o.note, o.log_index, o.mac"
    };
}
pub(super) use request_columns;

/// Runs a query and makes a `T` of each row.
pub(super) async fn rows<'e, T>(
    executor: impl SqliteExecutor<'e>,
    what: &'static str,
    query: Query<'_, Sqlite, SqliteArguments>,
    make: fn(&SqliteRow) -> Result<T, Error>,
) -> StoreResult<Vec<T>> {
    let rows = query.fetch_all(executor).await;
    rows.and_then(|rows| rows.iter().map(make).collect())
        .map_err(reading(what))
}

/// Reads the columns of a row one after the other.
struct Columns<'r> {
    row: &'r SqliteRow,
    next: usize,
}

impl<'r> Columns<'r> {
    const fn of(row: &'r SqliteRow) -> Self {
        Self { row, next: 0 }
    }

    fn get<T: Decode<'r, Sqlite> + Type<Sqlite>>(&mut self) -> Result<T, Error> {
        let index = self.next;
        self.next += 1;
        self.row.try_get(index)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes: &[u8] = self.get()?;
        let got = bytes.len();
        bytes
            .try_into()
            .map_err(|_| damaged(format!("expected {N} bytes, got {got}")))
    }

    fn unsigned(&mut self) -> Result<u64, Error> {
        let number: i64 = self.get()?;
        u64::try_from(number).map_err(|_| damaged(format!("expected no sign, got {number}")))
    }
}

fn damaged(what: String) -> Error {
    Error::Decode(what.into())
}

pub(super) fn authority(row: &SqliteRow) -> Result<AuthorityRow, Error> {
    let mut columns = Columns::of(row);
    Ok(AuthorityRow {
        kind: columns.get()?,
        id: columns.get()?,
        seq: columns.get()?,
        parent: columns.get()?,
        lookup: columns.get()?,
        body: columns.get()?,
        mac: columns.get()?,
    })
}

pub(super) fn authority_mac(row: &SqliteRow) -> Result<AuthorityMac, Error> {
    let mut columns = Columns::of(row);
    Ok(AuthorityMac {
        kind: columns.get()?,
        id: columns.get()?,
        mac: columns.get()?,
    })
}

pub(super) fn authority_seal(row: &SqliteRow) -> Result<AuthoritySeal, Error> {
    let mut columns = Columns::of(row);
    Ok(AuthoritySeal {
        version: columns.unsigned()?,
        count: columns.unsigned()?,
        sum: columns.get()?,
        mac: columns.get()?,
    })
}

pub(super) fn idempotency_key(row: &SqliteRow) -> Result<IdempotencyKey, Error> {
    let mut columns = Columns::of(row);
    let (principal, key): (&str, &str) = (columns.get()?, columns.get()?);
    Ok(IdempotencyKey::new(principal, key))
}

pub(super) fn stored_request(row: &SqliteRow) -> Result<StoredRequest, Error> {
    let mut columns = Columns::of(row);
    let seq = columns.unsigned()?;
    let request = RequestRow {
        id: request_id(seq, columns.bytes()?),
        key: IdempotencyKey::new(columns.get::<String>()?, columns.get::<String>()?),
        fingerprint: columns.bytes()?,
        at: Timestamp::from_micros(columns.get()?),
        wallet: WalletId::from_bytes(columns.bytes()?),
        decided: decided(columns.get()?)?,
        digest: columns.bytes()?,
        answer: columns.get()?,
        log_index: columns.unsigned()?,
        mac: columns.get::<Option<Vec<u8>>>()?.unwrap_or_default(),
    };
    let outcome = match columns.get::<Option<i64>>()? {
        Some(kind) => Some(outcome(seq, kind, columns)?),
        None => None,
    };
    Ok(StoredRequest { request, outcome })
}

/// The columns of a request with its outcome, then what it asked for.
pub(super) fn kept_request(row: &SqliteRow) -> Result<KeptRequest, Error> {
    Ok(KeptRequest {
        stored: stored_request(row)?,
        message: row.try_get("message")?,
    })
}

fn outcome(seq: u64, kind: i64, mut columns: Columns<'_>) -> Result<OutcomeRow, Error> {
    let kind = OutcomeKind::from_code(kind)
        .ok_or_else(|| damaged(format!("expected an outcome, 1 to 4, got {kind}")))?;
    let signature: Option<Vec<u8>> = columns.get()?;
    let readable = |bytes: Vec<u8>| {
        let signature = Signature::from_bytes(&bytes);
        signature.ok_or_else(|| damaged(format!("expected a signature, got {} bytes", bytes.len())))
    };
    Ok(OutcomeRow {
        seq,
        kind,
        signature: signature.map(readable).transpose()?,
        note: columns.get()?,
        log_index: columns.unsigned()?,
        mac: columns.get::<Option<Vec<u8>>>()?.unwrap_or_default(),
    })
}

fn decided(code: i64) -> Result<Decided, Error> {
    Decided::from_code(code)
        .ok_or_else(|| damaged(format!("expected a decision, 1 to 3, got {code}")))
}

/// One number, or none.
pub(super) fn number(row: &SqliteRow) -> Result<Option<u64>, Error> {
    let number: Option<i64> = Columns::of(row).get()?;
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}

/// The number of a request.
pub(super) fn seq(row: &SqliteRow) -> Result<u64, Error> {
    Columns::of(row).unsigned()
}

pub(super) fn usage(row: &SqliteRow) -> Result<UsageRow, Error> {
    let mut columns = Columns::of(row);
    Ok(UsageRow {
        limit_key: columns.get()?,
        bucket: columns.get()?,
        amount: u128::from_be_bytes(columns.bytes()?),
    })
}

pub(super) fn mac(row: &SqliteRow) -> Result<Vec<u8>, Error> {
    Columns::of(row).get()
}

pub(super) fn nonce(row: &SqliteRow) -> Result<NonceRow, Error> {
    let mut columns = Columns::of(row);
    let (account, value) = (columns.bytes()?, columns.bytes()?);
    let slot = columns.unsigned()?;
    let holder: Option<Vec<u8>> = columns.get()?;
    let holder = holder.map(<[u8; 16]>::try_from).transpose();
    let held: Vec<u8> = columns.get()?;
    Ok(NonceRow {
        account,
        value,
        slot,
        holder: holder
            .map_err(|got| damaged(format!("expected a request, got {} bytes", got.len())))?
            .map(RequestId::from_bytes),
        held: held_rows(&held)
            .ok_or_else(|| damaged("what a nonce holds is cut off".to_owned()))?,
    })
}

pub(super) fn sequence(row: &SqliteRow) -> Result<SequenceRow, Error> {
    let mut columns = Columns::of(row);
    Ok(SequenceRow {
        account: columns.bytes()?,
        uses: columns.get()?,
    })
}

/// What the writing side put together.
fn held_rows(mut bytes: &[u8]) -> Option<Vec<HeldRow>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (limit_key, rest) = rest.split_at_checked(length)?;
        let (amount, rest) = rest.split_first_chunk::<16>()?;
        rows.push(HeldRow {
            limit_key: limit_key.to_vec(),
            amount: u128::from_be_bytes(*amount),
        });
        bytes = rest;
    }
    Some(rows)
}

pub(super) fn entry(row: &SqliteRow) -> Result<EntryRow, Error> {
    let mut columns = Columns::of(row);
    Ok(EntryRow {
        index: columns.unsigned()?,
        entry: columns.get()?,
        leaf_hash: Hash(columns.bytes()?),
        tag: columns.get::<Option<Vec<u8>>>()?.unwrap_or_default(),
    })
}

pub(super) fn hash(row: &SqliteRow) -> Result<Hash, Error> {
    Ok(Hash(Columns::of(row).bytes()?))
}

pub(super) fn checkpoint(row: &SqliteRow) -> Result<CheckpointRow, Error> {
    let mut columns = Columns::of(row);
    Ok(CheckpointRow {
        size: columns.unsigned()?,
        note: columns.get()?,
        at: Timestamp::from_micros(columns.get()?),
    })
}
