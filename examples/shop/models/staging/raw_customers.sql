---toml
intent = "Customers exactly as the shop system delivers them."

[strategy]
type = "view"
---
SELECT
    customer_id,
    full_name,
    email,
    country_code,
    signed_up_on
FROM raw.customers
