-- The people asked about, until the transaction ends.
CREATE TEMPORARY TABLE wanted_person (id text PRIMARY KEY) ON COMMIT DROP
