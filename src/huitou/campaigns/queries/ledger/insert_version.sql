-- A new version of a campaign file.
INSERT INTO campaign (name, version, body, state, automatic, created_at, created_by)
VALUES (%(name)s, %(version)s, %(body)s, %(state)s, %(automatic)s, %(created_at)s, %(created_by)s)
