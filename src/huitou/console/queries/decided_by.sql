-- By which versions of a campaign its decisions for a broadcast were taken; null where they do not tell. Reads decisions.
SELECT DISTINCT campaign_version AS version
FROM decisions
WHERE broadcast = $broadcast AND campaign = $campaign
ORDER BY version
