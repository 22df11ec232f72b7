-- All products by their id. Reads products.
SELECT product, name, category, price_minor, currency, stock, margin_ppm, url, shop
FROM products
ORDER BY product
