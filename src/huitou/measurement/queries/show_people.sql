-- How many people ordered in a broadcast's time, seen watching or not, and how many kept an order that was not wholly
-- given back; an order of which nobody is told counts as somebody. Reads show_orders.
SELECT
  is_seen,
  count(DISTINCT coalesce(customer, 'order ' || order_id || ' ' || shop)) AS people,
  count(DISTINCT CASE WHEN status <> 'refunded' THEN coalesce(customer, 'order ' || order_id || ' ' || shop) END)
    AS kept_people
FROM show_orders
WHERE in_time
GROUP BY is_seen
ORDER BY is_seen
