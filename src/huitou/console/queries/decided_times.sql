-- When a campaign took its decisions for a broadcast: the first and the last; no row where it took none. Reads decisions.
SELECT min(decided_at) AS first_at, max(decided_at) AS last_at
FROM decisions
WHERE broadcast = $broadcast AND campaign = $campaign
HAVING count(*) > 0
