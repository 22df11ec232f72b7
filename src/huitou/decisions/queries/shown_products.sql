-- The products that a broadcast's viewers may be reminded of: those shown in it or seen by them. Reads products,
-- visit_products.
SELECT p.product, p.name, p.category, p.price_minor, p.currency, p.stock, p.margin_ppm, p.url
FROM products AS p
JOIN (SELECT DISTINCT product FROM visit_products WHERE broadcast = $broadcast) AS s ON s.product = p.product
ORDER BY p.product
