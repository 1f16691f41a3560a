-- Numbers of accounts that signatures use up one by one, and who may have a signature over each.
CREATE TABLE sequences (
    account BLOB PRIMARY KEY NOT NULL,
    uses    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
