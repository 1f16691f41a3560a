use super::statement::{Row, Script, signed};
use crate::{
    AuthorityRow, AuthoritySeal, CheckpointRow, EntryRow, OutcomeRow, RequestRow, UsageRow, Writes,
    request_seq,
};

const REQUESTS: &str = "INSERT INTO requests (seq, nonce, idem, principal, idem_key, fingerprint, \
     at, wallet, decided, digest, answer, log_index) VALUES";
const REQUEST_COLUMNS: usize = 12;
const REJUDGED: &str = "ON CONFLICT (seq) DO UPDATE SET at = excluded.at, \
     wallet = excluded.wallet, decided = excluded.decided, digest = excluded.digest, \
     answer = excluded.answer, log_index = excluded.log_index";

/// The statements that make `writes` true. The log comes last: the last statement travels
/// with the commit, and hardly a batch has no entry.
pub(super) fn script(writes: Writes) -> Script {
    let mut script = Script::default();
    authority(&mut script, writes.authority, writes.seal);
    script.rows(REQUESTS, REQUEST_COLUMNS, "", writes.requests, request);
    outcomes(&mut script, writes.outcomes);
    rejudged(&mut script, writes.rejudged);
    usage(&mut script, writes.usage, writes.usage_expired);
    checkpoints(&mut script, writes.checkpoints);
    let nodes = "INSERT INTO audit_nodes (level, idx, hash) VALUES";
    let replace = "ON CONFLICT DO UPDATE SET hash = excluded.hash";
    script.rows(nodes, 3, replace, writes.nodes, |row, node| {
        row.add(i64::from(node.level)).add(signed(node.index));
        row.add(node.hash.0.as_slice());
    });
    let entries = "INSERT INTO audit_entries (idx, entry, leaf_hash) VALUES";
    script.rows(entries, 3, "", writes.entries, |row, entry: EntryRow| {
        row.add(signed(entry.index)).add(entry.entry);
        row.add(entry.leaf_hash.0.as_slice());
    });
    script
}

fn authority(script: &mut Script, rows: Vec<AuthorityRow>, seal: Option<AuthoritySeal>) {
    let head = "INSERT INTO authority (kind, id, seq, parent, lookup, body, mac) VALUES";
    let replace = "ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq, \
         parent = excluded.parent, lookup = excluded.lookup, body = excluded.body, \
         mac = excluded.mac";
    script.rows(head, 7, replace, rows, |row, new| {
        row.add(new.kind).add(new.id).add(new.seq).add(new.parent);
        row.add(new.lookup).add(new.body).add(new.mac);
    });
    let head = "INSERT INTO authority_seal (one, version, count, sum, mac) VALUES";
    let replace = "ON CONFLICT (one) DO UPDATE SET version = excluded.version, \
         count = excluded.count, sum = excluded.sum, mac = excluded.mac";
    let seal = Vec::from_iter(seal);
    script.rows(head, 5, replace, seal, |row, seal| {
        row.add(1_i64).add(signed(seal.version));
        row.add(signed(seal.count)).add(seal.sum).add(seal.mac);
    });
}

fn request(row: &mut Row<'_>, new: RequestRow) {
    let nonce = new.id.as_bytes().split_at(8).1;
    row.add(signed(request_seq(new.id))).add(nonce);
    row.add(new.key.digest().as_slice());
    row.add(new.key.principal()).add(new.key.key());
    row.add(new.fingerprint.as_slice()).add(new.at.micros());
    row.add(new.wallet.as_bytes().as_slice());
    row.add(new.decided.code()).add(new.digest.as_slice());
    row.add(new.answer).add(signed(new.log_index));
}

fn outcomes(script: &mut Script, rows: Vec<OutcomeRow>) {
    let head = "INSERT INTO outcomes (seq, kind, signature, note, log_index) VALUES";
    // 1 is `OutcomeKind::Signed`.
    let replace = "ON CONFLICT (seq) DO UPDATE SET kind = excluded.kind, \
         signature = excluded.signature, note = excluded.note, log_index = excluded.log_index \
         WHERE outcomes.kind <> 1";
    script.rows(head, 5, replace, rows, |row, new| {
        row.add(signed(new.seq)).add(new.kind.code());
        row.add(new.signature.as_ref().map(<[u8; 64]>::as_slice));
        row.add(new.note).add(signed(new.log_index));
    });
}

fn rejudged(script: &mut Script, rows: Vec<RequestRow>) {
    let latest = rows.iter().map(|row| row.at.micros()).max();
    let seqs: Vec<_> = rows.iter().map(|row| request_seq(row.id)).collect();
    script.rows(REQUESTS, REQUEST_COLUMNS, REJUDGED, rows, request);
    let drop_outcome = "DELETE FROM outcomes WHERE seq = ?";
    script.each(drop_outcome, seqs, |row, seq| {
        row.add(signed(seq));
    });
    // A later request has a later time by itself; one that was judged again does not.
    let head = "INSERT INTO meta (key, value) VALUES";
    let replace = "ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)";
    script.rows(head, 2, replace, Vec::from_iter(latest), |row, latest| {
        row.add("latest_micros").add(latest);
    });
}

fn usage(script: &mut Script, rows: Vec<UsageRow>, expired: Vec<(Vec<u8>, i64)>) {
    let head = "INSERT INTO usage (limit_key, bucket, amount) VALUES";
    let replace = "ON CONFLICT (limit_key, bucket) DO UPDATE SET amount = excluded.amount";
    script.rows(head, 3, replace, rows, |row, new| {
        row.add(new.limit_key).add(new.bucket);
        row.add(new.amount.to_be_bytes().as_slice());
    });
    let delete = "DELETE FROM usage WHERE limit_key = ? AND bucket < ?";
    script.each(delete, expired, |row, (limit_key, from)| {
        row.add(limit_key).add(from);
    });
}

fn checkpoints(script: &mut Script, rows: Vec<CheckpointRow>) {
    let head = "INSERT INTO checkpoints (size, note, at) VALUES";
    let replace = "ON CONFLICT (size) DO UPDATE SET note = excluded.note, at = excluded.at";
    script.rows(head, 3, replace, rows, |row, new| {
        row.add(signed(new.size)).add(new.note).add(new.at.micros());
    });
}
