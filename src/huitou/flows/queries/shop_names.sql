-- Shops by the names that events told together with their ids; a name of two shops tells neither. The names of the
-- property are those of events/shops.py. A browser's key, which is public, names no shop. Reads events.
WITH told AS (
  SELECT
    shop,
    trim(
      coalesce(
        properties ->> '$.shop_name',
        properties ->> '$.store_name',
        properties ->> '$."店铺名称"',
        properties ->> '$."店铺名"',
        properties ->> '$."店铺"'
      )
    ) AS name
  FROM events
  WHERE shop <> '' AND source NOT LIKE 'browser:%'
)
SELECT name, min(shop) AS shop
FROM told
WHERE name <> ''
GROUP BY name
HAVING min(shop) = max(shop)
ORDER BY name
