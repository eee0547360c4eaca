SELECT
    order_month,
    country,
    count(DISTINCT customer_id) AS customers,
    sum(revenue) AS revenue
FROM marts.fct_revenue
GROUP BY order_month, country
