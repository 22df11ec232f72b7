-- Write keys as they may be shown, the newest first; %(live)s: without those that were revoked.
SELECT id, name, class, last_four, created_at, last_used_at, revoked_at
FROM write_key
WHERE NOT %(live)s OR revoked_at IS NULL
ORDER BY revoked_at IS NOT NULL, created_at DESC, id DESC
