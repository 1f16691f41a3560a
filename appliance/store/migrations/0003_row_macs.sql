-- A MAC over every column of a request and of its outcome, and a tag of each log entry over its
-- place and leaf hash, all made by the appliance. Rows of earlier versions have none; where they end
-- is sealed with the ledger.
ALTER TABLE requests ADD COLUMN mac BLOB;
ALTER TABLE outcomes ADD COLUMN mac BLOB;
ALTER TABLE audit_entries ADD COLUMN tag BLOB;
INSERT INTO meta (key, value) SELECT 'macs_from', ifnull(max(seq), 0) + 1 FROM requests;
INSERT INTO meta (key, value) SELECT 'tags_from', ifnull(max(idx), -1) + 1 FROM audit_entries;
