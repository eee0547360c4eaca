SELECT
    c.customer_id,
    c.full_name,
    c.country,
    coalesce(r.orders, 0) AS orders,
    coalesce(r.revenue, 0) AS lifetime_value,
    CASE
        WHEN r.revenue >= 1500 THEN 'gold'
        WHEN r.revenue >= 600 THEN 'silver'
        WHEN r.revenue > 0 THEN 'bronze'
        ELSE 'prospect'
    END AS tier,
    r.first_month,
    r.last_month
FROM marts.dim_customers AS c
LEFT JOIN customer_revenue AS r ON r.customer_id = c.customer_id
