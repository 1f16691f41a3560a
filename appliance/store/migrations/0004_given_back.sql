-- The requests whose reservation was given back, by number. Covered by the ledger's seal. Of those
-- that an earlier version recorded it is not known; they are not signed again.
CREATE TABLE given_back (
    seq INTEGER PRIMARY KEY
) STRICT;
INSERT INTO meta (key, value) SELECT 'given_back_from', ifnull(max(seq), 0) + 1 FROM requests;
