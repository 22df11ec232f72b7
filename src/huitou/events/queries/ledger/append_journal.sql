-- Append events under their keys; returns what was new. One statement, so a batch costs one round trip.
-- The shared lock is held from before a position is drawn until the transaction ends: whoever gets the exclusive
-- one sees every position up to the highest, or never will. Positions follow the batch's order, rows go in in the
-- keys' order, so that two batches with the same keys wait for each other instead of deadlocking.
INSERT INTO journal (position, key, fingerprint, received_at, body)
SELECT numbered.position, numbered.key, numbered.fingerprint, %(received_at)s, numbered.body
FROM (
    SELECT nextval('journal_position_seq') AS position, event.key, event.fingerprint, event.body
    FROM (SELECT pg_advisory_xact_lock_shared(%(lock)s) OFFSET 0) AS held,
        unnest(%(keys)b::bytea[], %(fingerprints)b::bytea[], %(bodies)b::bytea[]) AS event (key, fingerprint, body)
    OFFSET 0
) AS numbered
ORDER BY numbered.key
ON CONFLICT (key) DO NOTHING
RETURNING key, position
