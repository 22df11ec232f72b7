-- The portrait of every customer at $now: the families side by side. To add a family, join it here and declare its
-- columns in lake_tables.py. Reads customers, traits_seen, traits_orders, traits_live, traits_hours, traits_taste, rfm,
-- lifecycle, permissions(customer, channel, granted), addresses(customer, channel).
WITH allowed AS (
  SELECT
    customer,
    max(CASE WHEN channel = 'email' AND granted THEN 1 ELSE 0 END) = 1 AS email_permission,
    max(CASE WHEN channel = 'sms' AND granted THEN 1 ELSE 0 END) = 1 AS sms_permission,
    max(CASE WHEN channel = 'push' AND granted THEN 1 ELSE 0 END) = 1 AS push_permission,
    max(CASE WHEN channel = 'wecom' AND granted THEN 1 ELSE 0 END) = 1 AS wecom_permission
  FROM permissions
  GROUP BY customer
),
reached AS (
  SELECT
    customer,
    max(CASE WHEN channel = 'email' THEN 1 ELSE 0 END) = 1 AS email_address,
    max(CASE WHEN channel = 'sms' THEN 1 ELSE 0 END) = 1 AS sms_address,
    max(CASE WHEN channel = 'push' THEN 1 ELSE 0 END) = 1 AS push_address,
    max(CASE WHEN channel = 'wecom' THEN 1 ELSE 0 END) = 1 AS wecom_address
  FROM addresses
  GROUP BY customer
)
SELECT
  c.root AS customer,
  $now AS computed_at,
  c.identities,
  coalesce(s.first_seen_at, c.created_at) AS first_seen_at,
  s.last_seen_at,
  coalesce(o.orders, 0) AS orders,
  o.first_order_at,
  o.last_order_at,
  o.recency_days,
  o.last_gap_days,
  nullif(o.currency, '') AS currency,
  coalesce(o.spent_minor, 0) AS spent_minor,
  o.average_minor,
  coalesce(o.refunds, 0) AS refunds,
  coalesce(o.refunded_minor, 0) AS refunded_minor,
  r.rfm,
  r.rfm_grade,
  y.lifecycle,
  y.quiet_days,
  coalesce(l.broadcasts, 0) AS broadcasts,
  coalesce(l.broadcasts_ordered, 0) AS broadcasts_ordered,
  coalesce(l.watch_seconds, 0) AS watch_seconds,
  coalesce(l.comments, 0) AS comments,
  coalesce(l.questions, 0) AS questions,
  coalesce(l.likes, 0) AS likes,
  coalesce(l.gifts, 0) AS gifts,
  coalesce(l.shares, 0) AS shares,
  coalesce(l.clicks, 0) AS clicks,
  coalesce(l.carts, 0) AS carts,
  l.last_visit_at,
  h.active_hour,
  h.active_hours,
  t.favourite_category,
  t.favourite_product,
  t.price_band,
  coalesce(a.email_permission, FALSE) AS email_permission,
  coalesce(a.sms_permission, FALSE) AS sms_permission,
  coalesce(a.push_permission, FALSE) AS push_permission,
  coalesce(a.wecom_permission, FALSE) AS wecom_permission,
  coalesce(d.email_address, FALSE) AS email_address,
  coalesce(d.sms_address, FALSE) AS sms_address,
  coalesce(d.push_address, FALSE) AS push_address,
  coalesce(d.wecom_address, FALSE) AS wecom_address
FROM customers AS c
LEFT JOIN traits_seen AS s ON s.customer = c.root
LEFT JOIN traits_orders AS o ON o.customer = c.root
LEFT JOIN traits_live AS l ON l.customer = c.root
LEFT JOIN traits_hours AS h ON h.customer = c.root
LEFT JOIN traits_taste AS t ON t.customer = c.root
LEFT JOIN rfm AS r ON r.customer = c.root
LEFT JOIN lifecycle AS y ON y.customer = c.root
LEFT JOIN allowed AS a ON a.customer = c.root
LEFT JOIN reached AS d ON d.customer = c.root
ORDER BY c.root
