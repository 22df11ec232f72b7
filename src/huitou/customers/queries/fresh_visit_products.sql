-- What was just worked out for VISIT_PRODUCTS, in its order. Reads fresh_visit_products.
SELECT broadcast, customer, product, seen_seconds, clicks, carts, asked, ordered, ordered_at
FROM fresh_visit_products
ORDER BY broadcast, customer, product
