-- What messages may say of products. Reads wanted_products, products.
SELECT p.product, p.name, p.category, p.price_minor, p.currency, p.stock, p.url
FROM products AS p
JOIN wanted_products AS w ON w.product = p.product
ORDER BY p.product
