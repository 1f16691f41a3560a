use super::statement::{Row, Script, signed};
use countersign_intent::Signature;

use crate::{
    AuthorityRow, AuthoritySeal, CheckpointRow, EntryRow, HeldRow, MessageRow, NonceRow,
    OutcomeRow, RequestRow, SequenceRow, UsageRow, Writes, request_seq,
};

const REQUEST: [&str; 12] = [
    "seq",
    "nonce",
    "principal",
    "idem_key",
    "fingerprint",
    "at",
    "wallet",
    "decided",
    "digest",
    "answer",
    "log_index",
    "mac",
];

/// The statements that make `writes` true.
pub(super) fn script(writes: Writes) -> Script {
    let mut script = Script::default();
    authority(&mut script, writes.authority, writes.seal);
    script.insert("requests", &REQUEST, "", writes.requests, request);
    messages(&mut script, writes.messages, writes.forgotten);
    outcomes(&mut script, writes.outcomes);
    rejudged(&mut script, writes.rejudged);
    usage(&mut script, writes.usage, writes.usage_expired);
    nonces(&mut script, writes.nonces);
    sequences(&mut script, writes.sequences);
    given_back(&mut script, writes.given_back, writes.reserved_again);
    given_back_from(&mut script, writes.given_back_from);
    ledger_seal(&mut script, writes.ledger_seal);
    checkpoints(&mut script, writes.checkpoints);
    let replace = "ON CONFLICT DO UPDATE SET hash = excluded.hash";
    let columns = ["level", "idx", "hash"];
    script.insert(
        "audit_nodes",
        &columns,
        replace,
        writes.nodes,
        |row, node| {
            row.add(i64::from(node.level)).add(signed(node.index));
            row.add(node.hash.0.as_slice());
        },
    );
    let columns = ["idx", "entry", "leaf_hash", "tag"];
    script.insert("audit_entries", &columns, "", writes.entries, entry);
    script
}

fn authority(script: &mut Script, rows: Vec<AuthorityRow>, seal: Option<AuthoritySeal>) {
    let columns = ["kind", "id", "seq", "parent", "lookup", "body", "mac"];
    let replace = "ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq, \
         parent = excluded.parent, lookup = excluded.lookup, body = excluded.body, \
         mac = excluded.mac";
    script.insert("authority", &columns, replace, rows, |row, new| {
        row.add(new.kind).add(new.id).add(new.seq).add(new.parent);
        row.add(new.lookup).add(new.body).add(new.mac);
    });
    let columns = ["one", "version", "count", "sum", "mac"];
    let replace = "ON CONFLICT (one) DO UPDATE SET version = excluded.version, \
         count = excluded.count, sum = excluded.sum, mac = excluded.mac";
    let seal = Vec::from_iter(seal);
    script.insert("authority_seal", &columns, replace, seal, |row, seal| {
        row.add(1_i64).add(signed(seal.version));
        row.add(signed(seal.count)).add(seal.sum).add(seal.mac);
    });
}

fn request(row: &mut Row<'_>, new: RequestRow) {
    let nonce = new.id.as_bytes().split_at(8).1;
    row.add(signed(request_seq(new.id))).add(nonce);
    row.add(new.key.principal()).add(new.key.key());
    row.add(new.fingerprint.as_slice()).add(new.at.micros());
    row.add(new.wallet.as_bytes().as_slice());
    row.add(new.decided.code()).add(new.digest.as_slice());
    row.add(new.answer).add(signed(new.log_index)).add(new.mac);
}

fn entry(row: &mut Row<'_>, new: EntryRow) {
    row.add(signed(new.index)).add(new.entry);
    row.add(new.leaf_hash.0.as_slice()).add(new.tag);
}

fn outcomes(script: &mut Script, rows: Vec<OutcomeRow>) {
    let columns = ["seq", "kind", "signature", "note", "log_index", "mac"];
    // 1 is `OutcomeKind::Signed`.
    let replace = "ON CONFLICT (seq) DO UPDATE SET kind = excluded.kind, \
         signature = excluded.signature, note = excluded.note, log_index = excluded.log_index, \
         mac = excluded.mac \
         WHERE outcomes.kind <> 1";
    script.insert("outcomes", &columns, replace, rows, |row, new| {
        row.add(signed(new.seq)).add(new.kind.code());
        row.add(new.signature.as_ref().map(Signature::to_bytes));
        row.add(new.note).add(signed(new.log_index)).add(new.mac);
    });
}

fn messages(script: &mut Script, rows: Vec<MessageRow>, forgotten: Option<u64>) {
    let replace = "ON CONFLICT (seq) DO UPDATE SET message = excluded.message";
    script.insert(
        "messages",
        &["seq", "message"],
        replace,
        rows,
        |row, new| {
            row.add(signed(new.seq)).add(new.message);
        },
    );
    let delete = "DELETE FROM messages WHERE seq <= ?";
    let forgotten = Vec::from_iter(forgotten);
    script.each(delete, 1, forgotten, |row, through| {
        row.add(signed(through));
    });
}

fn rejudged(script: &mut Script, rows: Vec<RequestRow>) {
    let latest = rows.iter().map(|row| row.at.micros()).max();
    let seqs: Vec<_> = rows.iter().map(|row| request_seq(row.id)).collect();
    let replace = "ON CONFLICT (seq) DO UPDATE SET at = excluded.at, \
         wallet = excluded.wallet, decided = excluded.decided, digest = excluded.digest, \
         answer = excluded.answer, log_index = excluded.log_index, mac = excluded.mac";
    script.insert("requests", &REQUEST, replace, rows, request);
    script.each("DELETE FROM outcomes WHERE seq = ?", 1, seqs, |row, seq| {
        row.add(signed(seq));
    });
    // A later request has a later time by itself; one that was judged again does not.
    let replace = "ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)";
    let latest = Vec::from_iter(latest);
    script.insert("meta", &["key", "value"], replace, latest, |row, latest| {
        row.add("latest_micros").add(latest);
    });
}

fn usage(script: &mut Script, rows: Vec<UsageRow>, expired: Vec<(Vec<u8>, i64)>) {
    let columns = ["limit_key", "bucket", "amount"];
    let replace = "ON CONFLICT (limit_key, bucket) DO UPDATE SET amount = excluded.amount";
    script.insert("usage", &columns, replace, rows, |row, new| {
        row.add(new.limit_key).add(new.bucket);
        row.add(new.amount.to_be_bytes().as_slice());
    });
    let delete = "DELETE FROM usage WHERE limit_key = ? AND bucket < ?";
    script.each(delete, 2, expired, |row, (limit_key, from)| {
        row.add(limit_key).add(from);
    });
}

fn ledger_seal(script: &mut Script, mac: Option<[u8; 32]>) {
    let replace = "ON CONFLICT (one) DO UPDATE SET mac = excluded.mac";
    let mac = Vec::from_iter(mac);
    script.insert("ledger_seal", &["one", "mac"], replace, mac, |row, mac| {
        row.add(1_i64).add(mac.as_slice());
    });
}

/// A row that somebody else put there is no reason to fail: the seal tells.
fn given_back(script: &mut Script, given_back: Vec<u64>, reserved_again: Vec<u64>) {
    let delete = "DELETE FROM given_back WHERE seq = ?";
    script.each(delete, 1, reserved_again, |row, seq| {
        row.add(signed(seq));
    });
    let keep = "ON CONFLICT DO NOTHING";
    script.insert("given_back", &["seq"], keep, given_back, |row, seq| {
        row.add(signed(seq));
    });
}

fn given_back_from(script: &mut Script, from: Option<u64>) {
    let replace = "ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let from = Vec::from_iter(from);
    script.insert("meta", &["key", "value"], replace, from, |row, from| {
        row.add("given_back_from").add(signed(from));
    });
}

fn nonces(script: &mut Script, rows: Vec<NonceRow>) {
    let columns = ["account", "value", "slot", "holder", "held"];
    let replace = "ON CONFLICT (account) DO UPDATE SET value = excluded.value, \
         slot = excluded.slot, holder = excluded.holder, held = excluded.held";
    script.insert("nonces", &columns, replace, rows, |row, new| {
        row.add(new.account.as_slice()).add(new.value.as_slice());
        row.add(signed(new.slot));
        row.add(new.holder.as_ref().map(|id| id.as_bytes().as_slice()));
        row.add(held(&new.held));
    });
}

fn sequences(script: &mut Script, rows: Vec<SequenceRow>) {
    let replace = "ON CONFLICT (account) DO UPDATE SET uses = excluded.uses";
    script.insert(
        "sequences",
        &["account", "uses"],
        replace,
        rows,
        |row, new| {
            row.add(new.account.as_slice()).add(new.uses);
        },
    );
}

/// Length of the limit's key, the key, the amount, of each.
fn held(rows: &[HeldRow]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows {
        let length = u32::try_from(row.limit_key.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(&row.limit_key);
        bytes.extend(row.amount.to_be_bytes());
    }
    bytes
}

fn checkpoints(script: &mut Script, rows: Vec<CheckpointRow>) {
    let columns = ["size", "note", "at"];
    let replace = "ON CONFLICT (size) DO UPDATE SET note = excluded.note, at = excluded.at";
    script.insert("checkpoints", &columns, replace, rows, |row, new| {
        row.add(signed(new.size)).add(new.note).add(new.at.micros());
    });
}
