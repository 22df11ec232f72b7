-- An address that does not exist; the first word on it stays.
INSERT INTO dead_address (channel, address, status, since)
SELECT %(channel)s, %(address)s, %(status)s, %(since)s
WHERE %(address)s <> ''
ON CONFLICT DO NOTHING
