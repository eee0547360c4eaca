-- The price is the product's; a discount is a share of it.
SELECT
    o.order_id,
    o.customer_id,
    p.category,
    o.channel,
    o.status,
    o.quantity,
    CAST(o.quantity * p.unit_price * (1 - o.discount) AS DECIMAL(12, 2)) AS amount,
    CAST(o.ordered_at AS DATE) AS order_date,
    CAST(date_trunc('month', o.ordered_at) AS DATE) AS order_month
FROM staging.raw_orders AS o
JOIN raw.products AS p ON p.product_id = o.product_id
