SELECT
    order_date,
    count(*) AS orders,
    count(*) FILTER (WHERE status = 'refunded') AS refunds,
    sum(amount) AS ordered_amount
FROM staging.stg_orders
GROUP BY order_date
