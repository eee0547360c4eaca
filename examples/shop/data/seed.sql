-- What the shop's systems deliver: 24 products, 360 customers and 3,600 orders of the first half of 2025.
-- Everything follows from the row number, so that every run on every machine finds the same shop.

CREATE SCHEMA IF NOT EXISTS raw;

CREATE OR REPLACE TABLE raw.products AS
SELECT
    product_id,
    product_name,
    category,
    unit_price
FROM (VALUES
    ( 1, 'Espresso cup',         'Kitchen', 9.50::DECIMAL(10, 2)),
    ( 2, 'Pour-over kettle',     'Kitchen', 49.00),
    ( 3, 'Hand grinder',         'Kitchen', 79.90),
    ( 4, 'Chopping board',       'Kitchen', 24.00),
    ( 5, 'Cast-iron pan',        'Kitchen', 64.50),
    ( 6, 'Linen apron',          'Kitchen', 32.00),
    ( 7, 'Reading lamp',         'Living',  58.00),
    ( 8, 'Wool throw',           'Living',  89.00),
    ( 9, 'Beeswax candle',       'Living',  12.90),
    (10, 'Stoneware vase',       'Living',  36.00),
    (11, 'Wall clock',           'Living',  45.00),
    (12, 'Floor cushion',        'Living',  54.00),
    (13, 'Fountain pen',         'Desk',    38.50),
    (14, 'Dotted notebook',      'Desk',    14.00),
    (15, 'Desk mat',             'Desk',    29.00),
    (16, 'Brass ruler',          'Desk',    11.50),
    (17, 'Letter tray',          'Desk',    27.00),
    (18, 'Ink, midnight blue',   'Desk',    16.80),
    (19, 'Herb planter',         'Garden',  33.00),
    (20, 'Pruning shears',       'Garden',  28.50),
    (21, 'Watering can',         'Garden',  41.00),
    (22, 'Seed box, wildflower', 'Garden',  8.90),
    (23, 'Bird feeder',          'Garden',  22.00),
    (24, 'Folding stool',        'Garden',  67.00)
) AS product (product_id, product_name, category, unit_price);

CREATE OR REPLACE TABLE raw.customers AS
WITH names AS (
    SELECT
        ['Ada', 'Ben', 'Chloé', 'Dario', 'Elif', 'Finn', 'Grace', 'Hugo', 'Ines', 'Jonas',
         'Kaja', 'Luca', 'Mira', 'Noah', 'Olga', 'Pablo', 'Quinn', 'Rosa', 'Sven', 'Tess'] AS first_names,
        ['Abel', 'Brandt', 'Costa', 'Dubois', 'Eriksen', 'Ferrari', 'García', 'Horvat', 'Ivanova', 'Jansen',
         'Keller', 'Lind', 'Moreau', 'Novak', 'O''Brien', 'Petit', 'Rossi', 'Schmidt'] AS last_names,
        ['DE', 'FR', 'DE', 'NL', 'ES', 'DE', 'FR', 'IT', 'PT', 'DE', 'SE', 'FR'] AS countries
)
SELECT
    i AS customer_id,
    first_names[1 + i % 20] || ' ' || last_names[1 + (i // 20) % 18] AS full_name,
    'customer' || i || '@example.com' AS email,
    countries[1 + (i * 7) % 12] AS country_code,
    DATE '2023-01-02' + CAST((i * 47) % 727 AS INTEGER) AS signed_up_on
FROM range(1, 361) AS customer (i), names;

-- About one order in ten was refunded. The marketplace feed, one order in fifteen, carries no status at all.
CREATE OR REPLACE TABLE raw.orders AS
WITH numbered AS (
    SELECT
        i,
        (i * 7919) % 9973 AS a,
        (i * 104729) % 10007 AS b,
        (i * 1299709) % 10009 AS c
    FROM range(1, 3601) AS placed (i)
)
SELECT
    i AS order_id,
    1 + least(a % 360, b % 360) AS customer_id,
    1 + (a + b) % 24 AS product_id,
    1 + c % 3 AS quantity,
    CAST([0.00, 0.00, 0.00, 0.05, 0.10][1 + b % 5] AS DECIMAL(3, 2)) AS discount,
    CASE WHEN c % 15 = 0 THEN 'marketplace' WHEN a % 4 = 0 THEN 'app' ELSE 'web' END AS channel,
    CASE
        WHEN c % 15 = 0 THEN NULL
        WHEN b % 9 = 0 THEN 'refunded'
        WHEN a % 10 = 0 THEN 'shipped'
        ELSE 'delivered'
    END AS status,
    TIMESTAMP '2025-01-01 06:00:00' + to_minutes(CAST(i * 72 + a % 61 AS BIGINT)) AS ordered_at
FROM numbered;
