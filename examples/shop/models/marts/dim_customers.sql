SELECT
    customer_id,
    full_name,
    email,
    country,
    signed_up_on
FROM staging.stg_customers
