-- The versions of a campaign that messages of a broadcast were planned with.
SELECT campaign_version AS version
FROM message
WHERE occurrence = ANY (%(occurrence)b::text[]) AND campaign = %(campaign)s
GROUP BY campaign_version
ORDER BY campaign_version
