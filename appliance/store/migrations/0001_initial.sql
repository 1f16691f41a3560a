-- Everything the appliance has to remember. Times are microseconds since 1970 in UTC.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every row that grants power. The body is JSON; the MAC is made inside the HSM.
CREATE TABLE authority (
    kind   TEXT    NOT NULL,
    id     BLOB    NOT NULL,
    seq    INTEGER NOT NULL,
    parent BLOB,
    lookup TEXT,
    body   TEXT    NOT NULL,
    mac    BLOB    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX authority_by_seq ON authority (kind, seq);
CREATE UNIQUE INDEX authority_by_lookup ON authority (kind, lookup) WHERE lookup IS NOT NULL;
CREATE INDEX authority_by_parent ON authority (kind, parent, seq) WHERE parent IS NOT NULL;

CREATE TABLE authority_seal (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    sum     BLOB    NOT NULL,
    mac     BLOB    NOT NULL
) STRICT;

-- A request's id is its number followed by `nonce`. The index over the idempotency keys is the
-- only one that is not written in order, unless a bot's keys grow with time.
CREATE TABLE requests (
    seq         INTEGER PRIMARY KEY,
    nonce       BLOB    NOT NULL,
    principal   TEXT    NOT NULL,
    idem_key    TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    wallet      BLOB    NOT NULL,
    decided     INTEGER NOT NULL,
    digest      BLOB    NOT NULL,
    answer      BLOB    NOT NULL,
    log_index   INTEGER NOT NULL,
    UNIQUE (principal, idem_key)
) STRICT;

-- Apart from `requests`, so that recording an outcome appends and does not rewrite. `seq` is
-- that of the request.
CREATE TABLE outcomes (
    seq       INTEGER PRIMARY KEY,
    kind      INTEGER NOT NULL,
    signature BLOB,
    note      TEXT,
    log_index INTEGER NOT NULL
) STRICT;

-- What was asked for, to judge it again under another policy. Apart from `requests`, so that
-- forgetting it deletes and does not rewrite. `seq` is that of the request.
CREATE TABLE messages (
    seq     INTEGER PRIMARY KEY,
    message BLOB NOT NULL
) STRICT;

-- How much of a limit was used in one stretch of time: 16 bytes, big-endian.
CREATE TABLE usage (
    limit_key BLOB    NOT NULL,
    bucket    INTEGER NOT NULL,
    amount    BLOB    NOT NULL,
    PRIMARY KEY (limit_key, bucket)
) STRICT, WITHOUT ROWID;

-- What was observed of each durable nonce, the request that may have a signature over it, and
-- what is held of limits until it advances: length of the limit's key (4 bytes, big-endian), the
-- key, the amount (16 bytes, big-endian), and so on.
CREATE TABLE nonces (
    account BLOB    PRIMARY KEY NOT NULL,
    value   BLOB    NOT NULL,
    slot    INTEGER NOT NULL,
    holder  BLOB,
    held    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- One MAC over `usage`, `nonces`, the log's size and root, and the number of the last request.
CREATE TABLE ledger_seal (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    mac BLOB    NOT NULL
) STRICT;

CREATE TABLE audit_entries (
    idx       INTEGER PRIMARY KEY,
    entry     BLOB NOT NULL,
    leaf_hash BLOB NOT NULL
) STRICT;

-- Level 1 and up: the root over 256^level entries. Level 0 is `audit_entries.leaf_hash`.
CREATE TABLE audit_nodes (
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    hash  BLOB    NOT NULL,
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    note TEXT    NOT NULL,
    at   INTEGER NOT NULL
) STRICT;
