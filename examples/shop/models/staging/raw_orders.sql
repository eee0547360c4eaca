SELECT
    order_id,
    customer_id,
    product_id,
    quantity,
    discount,
    channel,
    status,
    ordered_at
FROM raw.orders
