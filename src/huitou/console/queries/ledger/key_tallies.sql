-- What was refused, or left aside, of the events of browser keys, by rule; the most frequent first.
SELECT k.name, k.last_four, t.outcome, t.rule, t.events, t.last_at
FROM key_tally AS t
JOIN write_key AS k ON k.id = t.write_key
ORDER BY t.events DESC, k.name, t.outcome, t.rule
