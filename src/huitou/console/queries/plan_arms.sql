-- What a campaign planned for a broadcast: people, messages and money by timing, channel and offer.
-- Money in micro-minor units; an offer's expected cost counts once a person. Reads decisions.
WITH sent AS (
  SELECT
    customer, timing, channel, offer, step, send_at,
    CAST(cost_minor * 1000000 AS BIGINT) AS cost_micro,
    CAST(expected_profit_minor * 1000000 AS BIGINT) AS profit_micro,
    CAST(offer_cost * 1000000 AS BIGINT) AS offer_micro,
    row_number() OVER (PARTITION BY customer ORDER BY step, decision_id) AS place
  FROM decisions
  WHERE broadcast = $broadcast AND campaign = $campaign AND action = 'send'
)
SELECT
  timing,
  channel,
  offer,
  count(DISTINCT customer) AS people,
  count(*) AS messages,
  CAST(sum(cost_micro) AS BIGINT) AS message_micro,
  CAST(sum(CASE WHEN place = 1 THEN offer_micro ELSE 0 END) AS BIGINT) AS offer_micro,
  CAST(sum(CASE WHEN place = 1 THEN profit_micro ELSE 0 END) AS BIGINT) AS profit_micro,
  min(send_at) AS first_at
FROM sent
GROUP BY timing, channel, offer
ORDER BY people DESC, timing, channel, offer
