FROM orders
;;
FROM orders SELECT id WHERE id > 3
;;
SELECT * FROM orders QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY id) = 1
;;
SELECT customer_id, sum(amount) FROM orders GROUP BY ALL ORDER BY ALL
;;
SELECT [x*2 for x in l if x > 1] FROM orders
;;
SELECT list_transform(l, lambda x: x + 1) FROM orders
;;
SELECT list_transform(l, lambda x: x + 1) FROM orders
;;
SELECT COLUMNS('id|amount') FROM orders
;;
SELECT COLUMNS(*) FROM customers
;;
SELECT min(COLUMNS(*)) FROM customers
;;
SELECT COLUMNS(* EXCLUDE (id)) FROM customers
;;
SELECT COLUMNS(lambda c: c LIKE 'n%') FROM customers
;;
SELECT * FROM customers POSITIONAL JOIN prices
;;
SELECT o.id, p.price FROM orders o ASOF JOIN prices p ON o.ts >= p.ts
;;
SELECT o.id, p.price FROM orders o ASOF LEFT JOIN prices p ON o.ts >= p.ts
;;
SELECT o.id, p.price FROM orders o ASOF JOIN prices p USING (ts)
;;
SELECT * EXCLUDE (s, l) FROM orders
;;
SELECT * REPLACE (amount * 2 AS amount) FROM orders
;;
SELECT * RENAME (amount AS amt) FROM orders
;;
SELECT * EXCLUDE id REPLACE (amount+1 AS amount) FROM orders
;;
SELECT * FROM (PIVOT orders ON status USING sum(amount) GROUP BY customer_id)
;;
SELECT * FROM (PIVOT (SELECT customer_id, status, amount FROM orders) ON status IN ('paid','PAID') USING sum(amount) AS s, count(*) AS n)
;;
WITH p AS (PIVOT orders ON status USING sum(amount) GROUP BY customer_id) SELECT * FROM p
;;
SELECT * FROM orders PIVOT (sum(amount) FOR status IN ('paid','PAID') GROUP BY customer_id)
;;
SELECT * FROM monthly UNPIVOT (v FOR m IN (jan, feb))
;;
SELECT * FROM (UNPIVOT monthly ON jan, feb INTO NAME m VALUE v)
;;
SELECT /* c */ id -- x
FROM orders /* d */ WHERE /* e */ id = 1 -- end
;;
SELECT "Ünï", "sel""ect" FROM "Weird Näme"
;;
SELECT "Weird Näme"."Ünï" FROM "Weird Näme"
;;
SELECT s.a, s.b.c, (s).b.c, s['a'], orders.s.a FROM orders
;;
SELECT l[1], l[1:2], l[-1], l[:], l[1:3:2] FROM orders
;;
SELECT id::VARCHAR, CAST(id AS DECIMAL(18,3)), TRY_CAST(status AS INT), amount::FLOAT, id::HUGEINT, id::UTINYINT FROM orders
;;
SELECT id FROM orders WHERE status IS NOT DISTINCT FROM NULL
;;
SELECT id FROM orders WHERE status IS DISTINCT FROM 'paid'
;;
SELECT id FROM orders WHERE status NOT IN ('paid') OR status IS NULL
;;
SELECT id, status ILIKE 'p%', status LIKE 'P%', status SIMILAR TO 'p.*', status ~ 'p.*', status GLOB 'p*', status ~~ 'p%', status !~~ 'p%', status ~~* 'p%' FROM orders
;;
SELECT id, status LIKE 'p\_%' ESCAPE '\' FROM orders
;;
SELECT id, ts + INTERVAL 1 DAY, ts - INTERVAL '2 hours', ts + INTERVAL (id) MINUTE, INTERVAL '1' MONTH, INTERVAL 1 YEAR + INTERVAL 2 DAYS, ts + to_days(id) FROM orders
;;
SELECT date_trunc('month', ts), date_part('year', ts), extract(dow from ts), extract(epoch from ts), date_diff('day', ts, now()::timestamp)>0, datediff('hour', ts, ts), date_add(ts, INTERVAL 1 DAY), date_sub('day', ts, ts), strftime(ts, '%Y-%m'), strptime('2024-01-01','%Y-%m-%d'), ts::date, dayofweek(ts), week(ts), weekday(ts), isodow(ts), epoch_ms(ts), make_date(2024,1,2), last_day(ts), age(ts, ts) FROM orders
;;
SELECT customer_id, status, sum(amount), grouping(customer_id) FROM orders GROUP BY ROLLUP (customer_id, status)
;;
SELECT customer_id, status, sum(amount) FROM orders GROUP BY CUBE (customer_id, status)
;;
SELECT customer_id, status, sum(amount) FROM orders GROUP BY GROUPING SETS ((customer_id), (status), ())
;;
SELECT DISTINCT ON (customer_id) customer_id, id FROM orders ORDER BY customer_id, id DESC
;;
SELECT id FROM orders ORDER BY id DESC NULLS LAST LIMIT 3 OFFSET 2
;;
SELECT status FROM orders ORDER BY status LIMIT 1
;;
SELECT status FROM orders ORDER BY status DESC LIMIT 5
;;
SELECT id FROM orders ORDER BY id LIMIT 10%
;;
SELECT id FROM orders UNION SELECT id FROM customers
;;
SELECT id FROM orders UNION ALL BY NAME SELECT id, name FROM customers
;;
SELECT id FROM orders EXCEPT SELECT id FROM customers
;;
SELECT id%3 FROM orders EXCEPT ALL SELECT id%3 FROM customers
;;
SELECT id FROM orders INTERSECT SELECT id FROM customers
;;
(SELECT id FROM orders ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM customers ORDER BY id DESC LIMIT 1)
;;
SELECT * FROM orders o, LATERAL (SELECT name FROM customers c WHERE c.id = o.customer_id) x
;;
SELECT o.id, x.name FROM orders o LEFT JOIN LATERAL (SELECT name FROM customers c WHERE c.id = o.customer_id) x ON TRUE
;;
SELECT * FROM orders NATURAL JOIN customers
;;
SELECT * FROM orders JOIN customers USING (id)
;;
SELECT * FROM orders SEMI JOIN customers USING (id)
;;
SELECT * FROM orders ANTI JOIN customers ON orders.id = customers.id
;;
SELECT * FROM orders o FULL OUTER JOIN customers c ON o.id = c.id
;;
SELECT * FROM orders o CROSS JOIN customers c
;;
SELECT o.id FROM orders o RIGHT JOIN customers c ON o.id = c.id
;;
SELECT c.id, customers.id FROM archive.customers c, customers
;;
SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = orders.customer_id AND c.region = 'eu')
;;
SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE region = 'eu')
;;
SELECT id FROM orders WHERE amount > ALL (SELECT price FROM prices) OR id = ANY (SELECT id FROM customers) OR id = ANY([1,2])
;;
SELECT id FROM orders WHERE id IN l
;;
SELECT unnest(l), id FROM orders
;;
SELECT * FROM orders, unnest(l) AS u(x)
;;
SELECT unnest(s) FROM orders
;;
SELECT unnest(s, recursive := true) FROM orders
;;
SELECT id, CASE WHEN id > 3 THEN 'x' ELSE 'y' END, CASE id WHEN 1 THEN 'a' END, IF(id > 3, 1, 2), coalesce(status, 'none'), nullif(id, 1), ifnull(status,'z'), greatest(id, 3), least(id, 3) FROM orders
;;
SELECT id AS x, x + 1 AS y FROM orders WHERE x > 3
;;
SELECT sum(amount), count() FROM orders
;;
SELECT id FROM orders TABLESAMPLE 100%
;;
SELECT id FROM orders USING SAMPLE 100 PERCENT (bernoulli)
;;
SELECT id FROM orders TABLESAMPLE reservoir(100 ROWS) REPEATABLE (42)
;;
SELECT id FROM orders USING SAMPLE 5 ROWS (reservoir, 42)
;;
SELECT typeof(1), typeof(1.0), typeof('a'), typeof(NULL), typeof([1]), typeof(1::TINYINT+1), typeof(sum(id)), typeof(avg(amount)), typeof(1/2), typeof(count(*)) FROM orders
;;
SELECT id, id FROM orders ORDER BY #1
;;
SELECT rowid FROM customers
;;
SELECT t FROM customers t
;;
SELECT t.* FROM customers t
;;
SELECT main.customers.id, archive.customers.id FROM main.customers, archive.customers
;;
SELECT memory.main.customers.id FROM memory.main.customers
;;
SELECT customers.id FROM memory.customers
;;
SELECT x: id, y: id + 1 FROM customers
;;
SELECT id, FROM customers,
;;
SELECT id FROM orders WHERE id BETWEEN 1 AND 5 AND NOT id BETWEEN 2 AND 3
;;
SELECT id FROM orders WHERE (id, customer_id) IN ((1,1),(2,2))
;;
SELECT (id, customer_id) FROM orders
;;
SELECT id FROM orders WHERE id IS NULL OR status ISNULL OR status NOTNULL
;;
SELECT CASE WHEN status IS NULL THEN 1 END IS NULL FROM orders
;;
SELECT count(*) FROM orders HAVING count(*) > 3
;;
SELECT customer_id, count(*) FROM orders GROUP BY 1 HAVING count(*) > 3 ORDER BY 2 DESC, 1
;;
SELECT "ID", "Id" FROM customers
;;
SELECT s.* FROM orders
;;
SELECT struct_extract(s, 'a') FROM orders
;;
TABLE customers
;;
SELECT * FROM (TABLE customers)
;;
SELECT * FROM orders o JOIN customers c ON (o.customer_id = c.id) JOIN (prices p JOIN monthly m ON p.price = m.id) ON TRUE
;;
SELECT * FROM (customers c JOIN prices p ON c.id = p.price)
;;
SELECT * FROM customers c LEFT JOIN (prices p JOIN monthly m ON p.price = m.id) ON c.id = m.id
;;
SELECT ALL id FROM orders
;;
SELECT a FROM orders AS t(a)
;;
SELECT * LIKE 'n%' FROM customers
;;
SELECT * ILIKE 'N%' FROM customers
;;
SELECT * GLOB 'n*' FROM customers
;;
SELECT c.* EXCLUDE (c.id) FROM customers c
;;
SELECT id.max() FROM customers
;;
SELECT name.upper().lower() FROM customers
;;
SELECT ('a' || name).upper() FROM customers
;;
WITH t AS (FROM orders) FROM t SELECT count(*)
;;
FROM (FROM customers WHERE id > 1) LIMIT 2
;;
SELECT * FROM customers WHERE id = (FROM customers SELECT max(id))
;;
SELECT array_agg(id)[1:2] FROM customers
;;
SELECT sum(id) FILTER (id > 2) FROM customers
;;
SELECT 'a' COLLATE NOCASE = 'A', name COLLATE NOCASE FROM customers ORDER BY name COLLATE NOCASE
;;
SELECT * FROM customers WHERE name SIMILAR TO 'c[0-9]' AND name NOT SIMILAR TO 'c1'
;;
SELECT * FROM customers FETCH FIRST 2 ROWS ONLY
;;
SELECT list_transform(l, lambda x, i: x + i) FROM orders
;;
SELECT id, lead(id) OVER (ORDER BY id), sum(id) OVER (), max(id) OVER (PARTITION BY customer_id), count(*) OVER (ORDER BY id GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM orders
;;
SELECT date_trunc('week', ts), ts::time, ts > '2024-01-01', epoch(ts), to_timestamp(0) IS NOT NULL, strftime('%Y', ts), year(ts), month(ts), day(ts), hour(ts), quarter(ts), monthname(ts), dayname(ts), datepart('month', ts), date_trunc('day', ts)::date, time_bucket(interval '1 day', ts), century(ts) FROM orders
;;
SELECT generate_subscripts([1,2],1), array_to_string([1,2],','), string_to_array('a,b',','), list_aggr([1,2],'max'), to_json({'a':1}), json_object('a',1), json_array(1,2), json_group_array(id) OVER (), to_base64('a'::blob), encode('a'), decode('a'::blob), bar(1,0,10), uuid() IS NOT NULL, isnan(1.0), isinf(1.0), error('x') IS NULL FROM customers WHERE FALSE
;;
SELECT max(name) FROM customers GROUP BY ()
;;
SELECT strftime(ts, '%d/%m/%Y'), strptime('31/12/2024', '%d/%m/%Y'), strptime('2024', ['%Y','%d']), try_strptime('x','%Y'), strftime(ts, '%-d %b %y %H:%M:%S.%f %j %U') FROM orders
;;
SELECT to_timestamp(1), to_seconds(5), epoch_ms(1704067200000), make_timestamp(2024,1,1,0,0,0.0), make_time(1,2,3.0), date_part(['year','month'], DATE '2024-02-01'), to_months(2), to_hours(1) FROM customers WHERE false
;;
SELECT id, ROW_NUMBER() OVER (ORDER BY id) rn FROM customers QUALIFY rn > 2
;;
SELECT count(*) FILTER (WHERE region = 'eu') * 100.0 / count(*) AS pct FROM customers
;;
SELECT * FROM orders o JOIN customers c ON o.customer_id = c.id AND c.region IS NOT NULL LEFT JOIN monthly m ON m.id = c.id WHERE m.jan IS NULL
;;
SELECT * FROM (SELECT * FROM orders) JOIN (SELECT id AS cid FROM customers) ON customer_id = cid
;;
SELECT count(*) AS "count", sum(id) AS "Sum" FROM customers
;;
SELECT customer_id, sum(amount) AS total FROM orders GROUP BY customer_id HAVING total > 10 ORDER BY total DESC
;;
SELECT * EXCLUDE (id) REPLACE (upper(name) AS name) FROM customers
;;
SELECT COLUMNS('n.*') AS 'col_\0' FROM customers
;;
SELECT COLUMNS(['id','name']) FROM customers
;;
SELECT sum(COLUMNS(* REPLACE (id+1 AS id)) ) FROM (SELECT id FROM customers)
;;
SELECT ts::DATE d, count(*) FROM orders GROUP BY d ORDER BY d
;;
SELECT id FROM customers ORDER BY ALL DESC
;;
SELECT id FROM customers ORDER BY random() LIMIT 0
;;
SELECT id FROM orders LIMIT (SELECT 3)
;;
SELECT id FROM customers OFFSET 2
;;
SELECT * FROM customers TABLESAMPLE 50% (system, 3)
;;
SELECT * FROM customers USING SAMPLE 100%
;;
SELECT current_user, user, session_user IS NULL FROM customers WHERE FALSE
;;
FROM customers c SELECT c.name, c.id WHERE c.id > 1 ORDER BY c.id
;;
FROM customers AS c JOIN orders AS o ON c.id = o.customer_id SELECT c.name, sum(o.amount) GROUP BY ALL
;;
SELECT main.orders.id FROM orders
;;
SELECT memory.orders.id FROM orders
;;
SELECT memory.main.orders.id FROM main.orders
;;
SELECT main.orders.s.a, memory.main.orders.s.b FROM memory.main.orders
;;
SELECT main.customers.name, archive.customers.name AS old FROM customers JOIN archive.customers ON main.customers.id = archive.customers.id
;;
SELECT main.customers.name, o.name AS old FROM main.customers LEFT JOIN archive.customers AS o USING (id)
;;
SELECT name FROM main.customers WHERE EXISTS (SELECT 1 FROM archive.customers WHERE archive.customers.id = main.customers.id)
;;
SELECT name FROM archive.customers WHERE id IN (SELECT customers.id FROM customers WHERE customers.region = 'eu')
;;
SELECT o.id, (SELECT max(name) FROM customers WHERE customers.id = o.customer_id) AS n FROM orders AS o
;;
WITH customers AS (SELECT * FROM customers WHERE region = 'eu') SELECT customers.name FROM customers
;;
WITH customers AS (SELECT * FROM archive.customers) SELECT c.id, main.customers.name FROM main.customers JOIN customers AS c USING (id)
;;
WITH orders AS (SELECT 1 AS id) SELECT id FROM (SELECT * FROM orders) UNION ALL SELECT id FROM main.orders
;;
SELECT * FROM (WITH orders AS (SELECT 7 AS id) SELECT * FROM orders) AS a, (SELECT count(*) AS n FROM orders) AS b
;;
WITH a AS (SELECT * FROM orders), orders AS (SELECT 5 AS id) SELECT (SELECT count(*) FROM a) AS x, (SELECT count(*) FROM orders) AS y
;;
WITH RECURSIVE t(id) AS (SELECT min(id) FROM orders UNION ALL SELECT id + 1 FROM t WHERE id < (SELECT max(id) FROM customers)) SELECT * FROM t
;;
SELECT customers.* FROM customers JOIN orders ON orders.customer_id = customers.id
;;
SELECT orders FROM orders
;;
SELECT ORDERS.ID, "Orders"."Id" FROM "ORDERS"
;;
SELECT * FROM 'orders'
;;
SELECT (SELECT count(*) FROM (TABLE customers)) AS x
;;
TABLE orders
;;
SELECT * FROM (TABLE customers) AS c
;;
SELECT c.region, p.price FROM (customers AS c JOIN prices AS p ON c.id = p.price)
;;
SELECT * FROM (customers) AS c WHERE c.id > 2
;;
FROM orders JOIN customers USING (id) SELECT orders.id, customers.name
;;
SELECT customer_id, sum(amount) AS total FROM orders WHERE "orders"."status" = 'paid' GROUP BY orders.customer_id
;;
SELECT orders.s.a, main.orders.l[1] AS first FROM orders WHERE main.orders.s.b.c > 4
;;
SELECT COLUMNS(customers.*) FROM customers
;;
SELECT customers.* EXCLUDE (name), orders.* EXCLUDE (s, l) FROM customers JOIN orders ON customers.id = orders.id
;;
SELECT '{"a.b": 1, "a": {"b": 2}}'::JSON -> 'a.b' AS x, .5 * amount, date_add(ts::DATE, 3), mod(id, 3), log10(id + 1) FROM orders
;;
SELECT string_agg(status, ',' ORDER BY id), list(id ORDER BY id DESC), INTERVAL '2 hours', id::VARCHAR FROM orders GROUP BY ALL
;;
SELECT 'orders' AS orders, id /* FROM orders */ FROM orders -- FROM orders
;;
SELECT x.id FROM x: orders
;;
SELECT id FROM orders, LATERAL (SELECT orders.customer_id + 1 AS next) AS n WHERE n.next > 2
;;
SELECT * FROM monthly UNPIVOT (v FOR m IN (jan, feb)) AS u WHERE u.v > 10
;;
SELECT * FROM (PIVOT orders ON status USING count(*) GROUP BY customer_id)
;;
WITH p AS (PIVOT customers ON region USING count(*) GROUP BY id) SELECT p.* FROM p JOIN customers USING (id)
;;
SELECT a.id FROM orders a JOIN orders b ON a.id = b.customer_id
;;
SELECT id FROM orders WHERE orders.id > ALL (SELECT id FROM archive.customers)
;;
(SELECT id FROM orders) EXCEPT (SELECT customers.id FROM customers)
;;
SELECT id, row_number() OVER (PARTITION BY orders.customer_id ORDER BY main.orders.ts DESC) AS n FROM orders QUALIFY n = 1
;;
SELECT customers.name FROM main.customers WHERE EXISTS (SELECT 1 FROM archive.customers WHERE archive.customers.id = main.customers.id)
;;
SELECT customers.name FROM main.customers WHERE EXISTS (WITH customers AS (SELECT 3 AS id) SELECT 1 FROM customers WHERE customers.id = main.customers.id)
;;
SELECT name FROM archive.customers WHERE id IN (SELECT customers.id FROM main.customers WHERE main.customers.region = 'eu' AND customers.id < archive.customers.id + 1)
