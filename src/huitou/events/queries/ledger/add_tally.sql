-- One more count of what was refused, or left aside, of a write key's events. A key that is gone counts nothing.
INSERT INTO key_tally (write_key, outcome, rule, events, last_at)
SELECT id, %(outcome)s, %(rule)s, %(events)s, %(at)s FROM write_key WHERE id = %(key)s
ON CONFLICT (write_key, outcome, rule) DO UPDATE
SET events = key_tally.events + excluded.events, last_at = greatest(key_tally.last_at, excluded.last_at)
