SELECT
    o.customer_id,
    o.order_month,
    c.country,
    count(*) AS orders,
    count(*) FILTER (WHERE o.channel = 'marketplace') AS marketplace_orders,
    sum(o.amount) AS revenue
FROM staging.stg_orders AS o
JOIN marts.dim_customers AS c ON c.customer_id = o.customer_id
GROUP BY o.customer_id, o.order_month, c.country
