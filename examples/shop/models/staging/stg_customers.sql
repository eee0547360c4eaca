select customer_id, full_name, lower(email) as email,
  case country_code when 'DE' then 'Germany' when 'ES' then 'Spain' when 'FR' then 'France' when 'IT' then 'Italy'
    when 'NL' then 'Netherlands' when 'PT' then 'Portugal' when 'SE' then 'Sweden' end as country,
  signed_up_on
from staging.raw_customers
where ((customer_id is not null))
