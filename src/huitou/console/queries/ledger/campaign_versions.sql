-- Every version of one campaign, the newest first.
SELECT version, state, automatic, created_at, created_by, body
FROM campaign
WHERE name = %(name)s
ORDER BY version DESC
