-- Versions keep the state they had when they were replaced; only the newest one's counts.
UPDATE campaign SET state = %(state)s
WHERE name = %(name)s AND version = (SELECT max(version) FROM campaign WHERE name = %(name)s)
