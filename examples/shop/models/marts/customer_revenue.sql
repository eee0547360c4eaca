SELECT
    customer_id,
    sum(orders) AS orders,
    sum(revenue) AS revenue,
    min(order_month) AS first_month,
    max(order_month) AS last_month
FROM marts.fct_revenue
GROUP BY customer_id
