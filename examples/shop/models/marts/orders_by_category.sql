SELECT
    order_month,
    category,
    count(*) AS orders,
    sum(quantity) AS items,
    sum(amount) AS ordered_amount
FROM staging.stg_orders
GROUP BY order_month, category
