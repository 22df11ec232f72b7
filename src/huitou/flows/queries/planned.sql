-- Which broadcasts were planned with which campaigns. Reads decisions.
SELECT DISTINCT broadcast, campaign
FROM decisions
ORDER BY broadcast, campaign
