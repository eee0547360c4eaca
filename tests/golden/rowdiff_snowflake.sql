-- small tables, by key

SELECT (SELECT COUNT(*) FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3
FROM "base"."t" AS t) AS b), (SELECT COUNT(*) FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount"
AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS h);

SELECT SUM(n), COUNT(CASE WHEN n > 1 THEN 1 END), SUM(CASE WHEN k0 IS NULL THEN n ELSE 0 END) FROM (SELECT s.c0 AS k0,
COUNT(*) AS n FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"base"."t" AS t) AS s GROUP BY s.c0) AS g;

SELECT SUM(n), COUNT(CASE WHEN n > 1 THEN 1 END), SUM(CASE WHEN k0 IS NULL THEN n ELSE 0 END) FROM (SELECT s.c0 AS k0,
COUNT(*) AS n FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"head"."t" AS t) AS s GROUP BY s.c0) AS g;

SELECT COUNT(CASE WHEN in_base IS NULL THEN 1 END), COUNT(CASE WHEN in_head IS NULL THEN 1 END), COUNT(CASE WHEN
in_base AND in_head THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND (d1 OR d2 OR d3) THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d1 THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND d2 THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d3 THEN 1 END), MIN_BY(CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN
(HASH(k0)) END, CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN (HASH(k0)) END, 1000) FROM (SELECT
in_base, in_head, k0, ((COLLATE(LOWER(CAST(b1 AS VARCHAR)), '')) IS DISTINCT FROM (COLLATE(LOWER(CAST(h1 AS VARCHAR)),
''))) AS d1, (b2 IS DISTINCT FROM h2 AND NOT COALESCE(((ABS(CAST(b2 AS DOUBLE)) < CAST('inf' AS DOUBLE)) AND
(ABS(CAST(h2 AS DOUBLE)) < CAST('inf' AS DOUBLE)) AND ABS(CAST(b2 AS DOUBLE) - CAST(h2 AS DOUBLE)) <=
GREATEST_IGNORE_NULLS(CAST('0.01' AS DOUBLE), CAST('0.001' AS DOUBLE) * GREATEST_IGNORE_NULLS(ABS(CAST(b2 AS DOUBLE)),
ABS(CAST(h2 AS DOUBLE))))), FALSE)) AS d2, (b3 IS DISTINCT FROM h3) AS d3 FROM (SELECT b.present AS in_base, h.present
AS in_head, CASE WHEN b.present THEN b.c0 ELSE h.c0 END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1, h.c1 AS h1, b.c2 AS
b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2,
t."raw" AS c3 FROM "base"."t" AS t) AS b FULL JOIN (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount"
AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS h ON b.c0 IS NOT DISTINCT FROM h.c0) AS j) AS f;

SELECT in_base, in_head, CAST((b0 IS DISTINCT FROM h0) AS VARCHAR), CAST(b0 AS VARCHAR), CAST(h0 AS VARCHAR),
CAST(((COLLATE(LOWER(CAST(b1 AS VARCHAR)), '')) IS DISTINCT FROM (COLLATE(LOWER(CAST(h1 AS VARCHAR)), ''))) AS
VARCHAR), CASE WHEN LENGTH(CAST(b1 AS VARCHAR)) > 2000 THEN LEFT(CAST(b1 AS VARCHAR), 2000) || ' … (' ||
CAST(LENGTH(CAST(b1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 ' || MD5(CAST(b1 AS VARCHAR)) || ')' ELSE CAST(b1 AS
VARCHAR) END, CASE WHEN LENGTH(CAST(h1 AS VARCHAR)) > 2000 THEN LEFT(CAST(h1 AS VARCHAR), 2000) || ' … (' ||
CAST(LENGTH(CAST(h1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 ' || MD5(CAST(h1 AS VARCHAR)) || ')' ELSE CAST(h1 AS
VARCHAR) END, CAST((b2 IS DISTINCT FROM h2 AND NOT COALESCE(((ABS(CAST(b2 AS DOUBLE)) < CAST('inf' AS DOUBLE)) AND
(ABS(CAST(h2 AS DOUBLE)) < CAST('inf' AS DOUBLE)) AND ABS(CAST(b2 AS DOUBLE) - CAST(h2 AS DOUBLE)) <=
GREATEST_IGNORE_NULLS(CAST('0.01' AS DOUBLE), CAST('0.001' AS DOUBLE) * GREATEST_IGNORE_NULLS(ABS(CAST(b2 AS DOUBLE)),
ABS(CAST(h2 AS DOUBLE))))), FALSE)) AS VARCHAR), CAST(b2 AS VARCHAR), CAST(h2 AS VARCHAR), CAST((b3 IS DISTINCT FROM
h3) AS VARCHAR), CASE WHEN LENGTH(HEX_ENCODE(b3)) > 2000 THEN LEFT(HEX_ENCODE(b3), 2000) || ' … (' ||
CAST(LENGTH(HEX_ENCODE(b3)) AS VARCHAR) || ' characters, MD5 ' || MD5(HEX_ENCODE(b3)) || ')' ELSE HEX_ENCODE(b3) END,
CASE WHEN LENGTH(HEX_ENCODE(h3)) > 2000 THEN LEFT(HEX_ENCODE(h3), 2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(h3)) AS
VARCHAR) || ' characters, MD5 ' || MD5(HEX_ENCODE(h3)) || ')' ELSE HEX_ENCODE(h3) END FROM (SELECT b.present AS
in_base, h.present AS in_head, CASE WHEN b.present THEN b.c0 ELSE h.c0 END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1,
h.c1 AS h1, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3 FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0,
t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE (HASH(s.c0)) IN (SELECT v.h FROM
(VALUES J3456789)) AS v(h))) AS b FULL JOIN (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1,
t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (HASH(s.c0)) IN (SELECT v.h FROM (VALUES J3456789))
AS v(h))) AS h ON b.c0 IS NOT DISTINCT FROM h.c0) AS j WHERE in_base IS NULL OR in_head IS NULL OR
((COLLATE(LOWER(CAST(b1 AS VARCHAR)), '')) IS DISTINCT FROM (COLLATE(LOWER(CAST(h1 AS VARCHAR)), ''))) OR (b2 IS
DISTINCT FROM h2 AND NOT COALESCE(((ABS(CAST(b2 AS DOUBLE)) < CAST('inf' AS DOUBLE)) AND (ABS(CAST(h2 AS DOUBLE)) <
CAST('inf' AS DOUBLE)) AND ABS(CAST(b2 AS DOUBLE) - CAST(h2 AS DOUBLE)) <= GREATEST_IGNORE_NULLS(CAST('0.01' AS
DOUBLE), CAST('0.001' AS DOUBLE) * GREATEST_IGNORE_NULLS(ABS(CAST(b2 AS DOUBLE)), ABS(CAST(h2 AS DOUBLE))))), FALSE))
OR (b3 IS DISTINCT FROM h3) ORDER BY k0 NULLS FIRST;

SELECT 0, COUNT(*), COUNT(s.c2), COUNT(DISTINCT s.c2), CAST(SUM(s.c2) AS VARCHAR), CAST(NULL AS VARCHAR),
CAST(MIN(s.c2) AS VARCHAR), CAST(MAX(s.c2) AS VARCHAR) FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1,
t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s UNION ALL SELECT 1, COUNT(*), COUNT(s.c2), COUNT(DISTINCT
s.c2), CAST(SUM(s.c2) AS VARCHAR), CAST(NULL AS VARCHAR), CAST(MIN(s.c2) AS VARCHAR), CAST(MAX(s.c2) AS VARCHAR) FROM
(SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s;

-- large tables, by key

SELECT SUM(n), (SELECT COUNT(CASE WHEN s.c0 IS NULL THEN 1 END) FROM (SELECT TRUE AS present, t."id" AS c0, t."name"
AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s), SUM(CAST(n AS DECIMAL(38, 0)) * n) FROM (SELECT
COUNT(*) AS n FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"base"."t" AS t) AS s GROUP BY (HASH(s.c0)) % 4096) AS b;

SELECT SUM(n), (SELECT COUNT(CASE WHEN s.c0 IS NULL THEN 1 END) FROM (SELECT TRUE AS present, t."id" AS c0, t."name"
AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s), SUM(CAST(n AS DECIMAL(38, 0)) * n) FROM (SELECT
COUNT(*) AS n FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"head"."t" AS t) AS s GROUP BY (HASH(s.c0)) % 4096) AS b;

SELECT COUNT(*), SUM(CAST(key_hash AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v2, v1, v3)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v2)) AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v1)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v3)) AS DECIMAL(38, 0))) FROM (SELECT (HASH(s.c0)) AS key_hash, (HASH(s.c2)) AS v2,
(HASH((COLLATE(s.c1, '')))) AS v1, (HASH(s.c3)) AS v3 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1,
t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s) AS i;

SELECT COUNT(*), SUM(CAST(key_hash AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v2, v1, v3)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v2)) AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v1)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v3)) AS DECIMAL(38, 0))) FROM (SELECT (HASH(s.c0)) AS key_hash, (HASH(s.c2)) AS v2,
(HASH((COLLATE(s.c1, '')))) AS v1, (HASH(s.c3)) AS v3 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1,
t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s) AS i;

SELECT COUNT(CASE WHEN in_base IS NULL THEN 1 END), COUNT(CASE WHEN in_head IS NULL THEN 1 END), COUNT(CASE WHEN
in_base AND in_head THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND (d1 OR d2 OR d3) THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d1 THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND d2 THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d3 THEN 1 END), MIN_BY(CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN
(HASH(k0)) END, CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN (HASH(k0)) END, 256) FROM (SELECT
in_base, in_head, k0, ((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) AS d1, (b2 IS DISTINCT FROM h2) AS d2,
(b3 IS DISTINCT FROM h3) AS d3 FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN b.c0
ELSE h.c0 END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1, h.c1 AS h1, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3
FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS b
FULL JOIN (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t)
AS h ON b.c0 IS NOT DISTINCT FROM h.c0) AS j) AS f;

SELECT in_base, in_head, CAST((b0 IS DISTINCT FROM h0) AS VARCHAR), CAST(b0 AS VARCHAR), CAST(h0 AS VARCHAR),
CAST(((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) AS VARCHAR), CASE WHEN LENGTH(CAST(b1 AS VARCHAR)) > 2000
THEN LEFT(CAST(b1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(b1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 '
|| MD5(CAST(b1 AS VARCHAR)) || ')' ELSE CAST(b1 AS VARCHAR) END, CASE WHEN LENGTH(CAST(h1 AS VARCHAR)) > 2000 THEN
LEFT(CAST(h1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(h1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(CAST(h1 AS VARCHAR)) || ')' ELSE CAST(h1 AS VARCHAR) END, CAST((b2 IS DISTINCT FROM h2) AS VARCHAR), CAST(b2 AS
VARCHAR), CAST(h2 AS VARCHAR), CAST((b3 IS DISTINCT FROM h3) AS VARCHAR), CASE WHEN LENGTH(HEX_ENCODE(b3)) > 2000 THEN
LEFT(HEX_ENCODE(b3), 2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(b3)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(HEX_ENCODE(b3)) || ')' ELSE HEX_ENCODE(b3) END, CASE WHEN LENGTH(HEX_ENCODE(h3)) > 2000 THEN LEFT(HEX_ENCODE(h3),
2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(h3)) AS VARCHAR) || ' characters, MD5 ' || MD5(HEX_ENCODE(h3)) || ')' ELSE
HEX_ENCODE(h3) END FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN b.c0 ELSE h.c0
END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1, h.c1 AS h1, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3 FROM (SELECT
* FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS
s WHERE (HASH(s.c0)) IN (SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS b FULL JOIN (SELECT * FROM (SELECT TRUE AS
present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (HASH(s.c0))
IN (SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS h ON b.c0 IS NOT DISTINCT FROM h.c0) AS j WHERE in_base IS NULL OR
in_head IS NULL OR ((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) OR (b2 IS DISTINCT FROM h2) OR (b3 IS
DISTINCT FROM h3) ORDER BY k0 NULLS FIRST;

-- large tables, a composite key

SELECT SUM(n), (SELECT COUNT(CASE WHEN (COLLATE(s.c1, '')) IS NULL OR s.c0 IS NULL THEN 1 END) FROM (SELECT TRUE AS
present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s), SUM(CAST(n AS
DECIMAL(38, 0)) * n) FROM (SELECT COUNT(*) AS n FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount"
AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s GROUP BY (HASH((COLLATE(s.c1, '')), s.c0)) % 4096) AS b;

SELECT SUM(n), (SELECT COUNT(CASE WHEN (COLLATE(s.c1, '')) IS NULL OR s.c0 IS NULL THEN 1 END) FROM (SELECT TRUE AS
present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s), SUM(CAST(n AS
DECIMAL(38, 0)) * n) FROM (SELECT COUNT(*) AS n FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount"
AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s GROUP BY (HASH((COLLATE(s.c1, '')), s.c0)) % 4096) AS b;

SELECT COUNT(*), SUM(CAST(key_hash AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v2, v3)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v2)) AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v3)) AS DECIMAL(38, 0))) FROM (SELECT
(HASH((COLLATE(s.c1, '')), s.c0)) AS key_hash, (HASH(s.c2)) AS v2, (HASH(s.c3)) AS v3 FROM (SELECT TRUE AS present,
t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s) AS i;

SELECT COUNT(*), SUM(CAST(key_hash AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v2, v3)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v2)) AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v3)) AS DECIMAL(38, 0))) FROM (SELECT
(HASH((COLLATE(s.c1, '')), s.c0)) AS key_hash, (HASH(s.c2)) AS v2, (HASH(s.c3)) AS v3 FROM (SELECT TRUE AS present,
t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s) AS i;

SELECT COUNT(CASE WHEN in_base IS NULL THEN 1 END), COUNT(CASE WHEN in_head IS NULL THEN 1 END), COUNT(CASE WHEN
in_base AND in_head THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND (d2 OR d3) THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d2 THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND d3 THEN 1 END), MIN_BY(CASE WHEN
in_base IS NULL OR in_head IS NULL OR d2 OR d3 THEN (HASH(k0, k1)) END, CASE WHEN in_base IS NULL OR in_head IS NULL
OR d2 OR d3 THEN (HASH(k0, k1)) END, 256) FROM (SELECT in_base, in_head, k0, k1, (b2 IS DISTINCT FROM h2) AS d2, (b3
IS DISTINCT FROM h3) AS d3 FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN
(COLLATE(b.c1, '')) ELSE (COLLATE(h.c1, '')) END AS k0, CASE WHEN b.present THEN b.c0 ELSE h.c0 END AS k1, b.c1 AS b1,
h.c1 AS h1, b.c0 AS b0, h.c0 AS h0, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3 FROM (SELECT TRUE AS present,
t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS b FULL JOIN (SELECT TRUE AS
present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS h ON (COLLATE(b.c1,
'')) IS NOT DISTINCT FROM (COLLATE(h.c1, '')) AND b.c0 IS NOT DISTINCT FROM h.c0) AS j) AS f;

SELECT in_base, in_head, CAST(((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) AS VARCHAR), CASE WHEN
LENGTH(CAST(b1 AS VARCHAR)) > 2000 THEN LEFT(CAST(b1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(b1 AS VARCHAR))
AS VARCHAR) || ' characters, MD5 ' || MD5(CAST(b1 AS VARCHAR)) || ')' ELSE CAST(b1 AS VARCHAR) END, CASE WHEN
LENGTH(CAST(h1 AS VARCHAR)) > 2000 THEN LEFT(CAST(h1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(h1 AS VARCHAR))
AS VARCHAR) || ' characters, MD5 ' || MD5(CAST(h1 AS VARCHAR)) || ')' ELSE CAST(h1 AS VARCHAR) END, CAST((b0 IS
DISTINCT FROM h0) AS VARCHAR), CAST(b0 AS VARCHAR), CAST(h0 AS VARCHAR), CAST((b2 IS DISTINCT FROM h2) AS VARCHAR),
CAST(b2 AS VARCHAR), CAST(h2 AS VARCHAR), CAST((b3 IS DISTINCT FROM h3) AS VARCHAR), CASE WHEN LENGTH(HEX_ENCODE(b3))
> 2000 THEN LEFT(HEX_ENCODE(b3), 2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(b3)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(HEX_ENCODE(b3)) || ')' ELSE HEX_ENCODE(b3) END, CASE WHEN LENGTH(HEX_ENCODE(h3)) > 2000 THEN LEFT(HEX_ENCODE(h3),
2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(h3)) AS VARCHAR) || ' characters, MD5 ' || MD5(HEX_ENCODE(h3)) || ')' ELSE
HEX_ENCODE(h3) END FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN (COLLATE(b.c1,
'')) ELSE (COLLATE(h.c1, '')) END AS k0, CASE WHEN b.present THEN b.c0 ELSE h.c0 END AS k1, b.c1 AS b1, h.c1 AS h1,
b.c0 AS b0, h.c0 AS h0, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3 FROM (SELECT * FROM (SELECT TRUE AS present,
t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE (HASH((COLLATE(s.c1,
'')), s.c0)) IN (SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS b FULL JOIN (SELECT * FROM (SELECT TRUE AS present,
t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (HASH((COLLATE(s.c1,
'')), s.c0)) IN (SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS h ON (COLLATE(b.c1, '')) IS NOT DISTINCT FROM
(COLLATE(h.c1, '')) AND b.c0 IS NOT DISTINCT FROM h.c0) AS j WHERE in_base IS NULL OR in_head IS NULL OR (b2 IS
DISTINCT FROM h2) OR (b3 IS DISTINCT FROM h3) ORDER BY k0 NULLS FIRST, k1 NULLS FIRST;

SELECT COUNT(*), SUM(CASE WHEN (COLLATE(s.c1, '')) = 'other' THEN 1 ELSE 0 END) FROM (SELECT TRUE AS present, t."id"
AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s;

SELECT m, COUNT(*) FROM (SELECT CASE WHEN (COLLATE(s.c1, '')) = 'other' THEN 1 ELSE 0 END AS m FROM (SELECT TRUE AS
present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s) AS t GROUP BY m;

-- whole rows

SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM (SELECT (HASH(s.c0, (COLLATE(s.c1, '')), s.c2, s.c3)) AS h FROM (SELECT
TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s TABLESAMPLE
BERNOULLI (1)) AS t GROUP BY h) AS g;

SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM (SELECT (HASH(s.c0, (COLLATE(s.c1, '')), s.c2, s.c3)) AS h FROM (SELECT
TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s TABLESAMPLE
BERNOULLI (1)) AS t GROUP BY h) AS g;

SELECT COUNT(CASE WHEN b.h IS NULL THEN 1 END), COUNT(CASE WHEN h.h IS NULL THEN 1 END), COUNT(*), MIN_BY(CASE WHEN
b.h IS NULL OR h.h IS NULL THEN COALESCE(b.h, h.h) END, CASE WHEN b.h IS NULL OR h.h IS NULL THEN COALESCE(b.h, h.h)
END, 256) FROM (SELECT (HASH(s.c0, (COLLATE(s.c1, '')), s.c2, s.c3)) AS h FROM (SELECT TRUE AS present, t."id" AS c0,
t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s) AS b FULL JOIN (SELECT (HASH(s.c0,
(COLLATE(s.c1, '')), s.c2, s.c3)) AS h FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2,
t."raw" AS c3 FROM "head"."t" AS t) AS s) AS h ON b.h = h.h;

WITH l AS (SELECT * FROM (SELECT v0, v1, v2, v3, SUM(nb) AS nb, SUM(nh) AS nh FROM (SELECT s.c0 AS v0, (COLLATE(s.c1,
'')) AS v1, s.c2 AS v2, s.c3 AS v3, 1 AS nb, 0 AS nh FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0,
t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE (HASH(s.c0, (COLLATE(s.c1, '')),
s.c2, s.c3)) IN (SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS s UNION ALL SELECT s.c0 AS v0, (COLLATE(s.c1, '')) AS
v1, s.c2 AS v2, s.c3 AS v3, 0 AS nb, 1 AS nh FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS
c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (HASH(s.c0, (COLLATE(s.c1, '')), s.c2, s.c3)) IN
(SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS s) AS u GROUP BY v0, v1, v2, v3) AS g WHERE nb <> nh) SELECT 0 AS
is_row, (SELECT COUNT(*) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2,
t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE (HASH(s.c0, (COLLATE(s.c1, '')), s.c2, s.c3)) IN (SELECT v.h FROM
(VALUES J3456789)) AS v(h))) AS b), (SELECT COUNT(*) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0,
t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (HASH(s.c0, (COLLATE(s.c1, '')),
s.c2, s.c3)) IN (SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS h), SUM(CASE WHEN nh > nb THEN nh - nb ELSE 0 END),
SUM(CASE WHEN nb > nh THEN nb - nh ELSE 0 END), NULL, NULL, NULL, NULL FROM l UNION ALL SELECT * FROM (SELECT 1 AS
is_row, nb, nh, NULL, NULL, CAST(v0 AS VARCHAR), CASE WHEN LENGTH(CAST(v1 AS VARCHAR)) > 2000 THEN LEFT(CAST(v1 AS
VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(v1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 ' || MD5(CAST(v1 AS
VARCHAR)) || ')' ELSE CAST(v1 AS VARCHAR) END, CAST(v2 AS VARCHAR), CASE WHEN LENGTH(HEX_ENCODE(v3)) > 2000 THEN
LEFT(HEX_ENCODE(v3), 2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(v3)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(HEX_ENCODE(v3)) || ')' ELSE HEX_ENCODE(v3) END FROM l ORDER BY (HASH(CAST(v0 AS VARCHAR), CAST(v1 AS VARCHAR),
CAST(v2 AS VARCHAR), CAST(v3 AS VARCHAR))) LIMIT 2000) AS s;

-- a random sample

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2,
t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE (HASH(s.c0)) % 4 = 1) AS b), (SELECT COUNT(*) FROM (SELECT * FROM
(SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s
WHERE (HASH(s.c0)) % 4 = 1) AS h);

SELECT SUM(n), COUNT(CASE WHEN n > 1 THEN 1 END), SUM(CASE WHEN k0 IS NULL THEN n ELSE 0 END) FROM (SELECT s.c0 AS k0,
COUNT(*) AS n FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS
c3 FROM "base"."t" AS t) AS s WHERE (HASH(s.c0)) % 4 = 1) AS s GROUP BY s.c0) AS g;

SELECT SUM(n), COUNT(CASE WHEN n > 1 THEN 1 END), SUM(CASE WHEN k0 IS NULL THEN n ELSE 0 END) FROM (SELECT s.c0 AS k0,
COUNT(*) AS n FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS
c3 FROM "head"."t" AS t) AS s WHERE (HASH(s.c0)) % 4 = 1) AS s GROUP BY s.c0) AS g;

SELECT COUNT(CASE WHEN in_base IS NULL THEN 1 END), COUNT(CASE WHEN in_head IS NULL THEN 1 END), COUNT(CASE WHEN
in_base AND in_head THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND (d1 OR d2 OR d3) THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d1 THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND d2 THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d3 THEN 1 END), MIN_BY(CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN
(HASH(k0)) END, CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN (HASH(k0)) END, 1000) FROM (SELECT
in_base, in_head, k0, ((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) AS d1, (b2 IS DISTINCT FROM h2) AS d2,
(b3 IS DISTINCT FROM h3) AS d3 FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN b.c0
ELSE h.c0 END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1, h.c1 AS h1, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3
FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"base"."t" AS t) AS s WHERE (HASH(s.c0)) % 4 = 1) AS b FULL JOIN (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0,
t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (HASH(s.c0)) % 4 = 1) AS h ON b.c0 IS
NOT DISTINCT FROM h.c0) AS j) AS f;

SELECT in_base, in_head, CAST((b0 IS DISTINCT FROM h0) AS VARCHAR), CAST(b0 AS VARCHAR), CAST(h0 AS VARCHAR),
CAST(((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) AS VARCHAR), CASE WHEN LENGTH(CAST(b1 AS VARCHAR)) > 2000
THEN LEFT(CAST(b1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(b1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 '
|| MD5(CAST(b1 AS VARCHAR)) || ')' ELSE CAST(b1 AS VARCHAR) END, CASE WHEN LENGTH(CAST(h1 AS VARCHAR)) > 2000 THEN
LEFT(CAST(h1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(h1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(CAST(h1 AS VARCHAR)) || ')' ELSE CAST(h1 AS VARCHAR) END, CAST((b2 IS DISTINCT FROM h2) AS VARCHAR), CAST(b2 AS
VARCHAR), CAST(h2 AS VARCHAR), CAST((b3 IS DISTINCT FROM h3) AS VARCHAR), CASE WHEN LENGTH(HEX_ENCODE(b3)) > 2000 THEN
LEFT(HEX_ENCODE(b3), 2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(b3)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(HEX_ENCODE(b3)) || ')' ELSE HEX_ENCODE(b3) END, CASE WHEN LENGTH(HEX_ENCODE(h3)) > 2000 THEN LEFT(HEX_ENCODE(h3),
2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(h3)) AS VARCHAR) || ' characters, MD5 ' || MD5(HEX_ENCODE(h3)) || ')' ELSE
HEX_ENCODE(h3) END FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN b.c0 ELSE h.c0
END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1, h.c1 AS h1, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3 FROM (SELECT
* FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"base"."t" AS t) AS s WHERE (HASH(s.c0)) % 4 = 1) AS s WHERE (HASH(s.c0)) IN (SELECT v.h FROM (VALUES J3456789)) AS
v(h))) AS b FULL JOIN (SELECT * FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount"
AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (HASH(s.c0)) % 4 = 1) AS s WHERE (HASH(s.c0)) IN (SELECT v.h
FROM (VALUES J3456789)) AS v(h))) AS h ON b.c0 IS NOT DISTINCT FROM h.c0) AS j WHERE in_base IS NULL OR in_head IS
NULL OR ((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) OR (b2 IS DISTINCT FROM h2) OR (b3 IS DISTINCT FROM h3)
ORDER BY k0 NULLS FIRST;

-- the first rows

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2,
t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE EXISTS(SELECT 1 FROM (SELECT k0 FROM (SELECT k0, SUM(ends) OVER (ORDER
BY k0 NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond FROM (SELECT k0, COUNT(CASE WHEN is_last
THEN 1 END) AS ends FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0 AS k0
FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s
ORDER BY k0 NULLS FIRST LIMIT 3) AS f UNION ALL SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last
FROM (SELECT s.c0 AS k0 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3
FROM "head"."t" AS t) AS s ORDER BY k0 NULLS FIRST LIMIT 3) AS f) AS u GROUP BY k0) AS g) AS o WHERE COALESCE(beyond,
0) = 0 ORDER BY k0 NULLS FIRST LIMIT 3) AS w WHERE w.k0 IS NOT DISTINCT FROM s.c0)) AS b), (SELECT COUNT(*) FROM
(SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t"
AS t) AS s WHERE EXISTS(SELECT 1 FROM (SELECT k0 FROM (SELECT k0, SUM(ends) OVER (ORDER BY k0 NULLS FIRST ROWS BETWEEN
UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond FROM (SELECT k0, COUNT(CASE WHEN is_last THEN 1 END) AS ends FROM
(SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0 AS k0 FROM (SELECT TRUE AS
present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s ORDER BY k0 NULLS
FIRST LIMIT 3) AS f UNION ALL SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0
AS k0 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS
t) AS s ORDER BY k0 NULLS FIRST LIMIT 3) AS f) AS u GROUP BY k0) AS g) AS o WHERE COALESCE(beyond, 0) = 0 ORDER BY k0
NULLS FIRST LIMIT 3) AS w WHERE w.k0 IS NOT DISTINCT FROM s.c0)) AS h);

SELECT SUM(n), COUNT(CASE WHEN n > 1 THEN 1 END), SUM(CASE WHEN k0 IS NULL THEN n ELSE 0 END) FROM (SELECT s.c0 AS k0,
COUNT(*) AS n FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS
c3 FROM "base"."t" AS t) AS s WHERE EXISTS(SELECT 1 FROM (SELECT k0 FROM (SELECT k0, SUM(ends) OVER (ORDER BY k0 NULLS
FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond FROM (SELECT k0, COUNT(CASE WHEN is_last THEN 1 END)
AS ends FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0 AS k0 FROM
(SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s
ORDER BY k0 NULLS FIRST LIMIT 3) AS f UNION ALL SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last
FROM (SELECT s.c0 AS k0 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3
FROM "head"."t" AS t) AS s ORDER BY k0 NULLS FIRST LIMIT 3) AS f) AS u GROUP BY k0) AS g) AS o WHERE COALESCE(beyond,
0) = 0 ORDER BY k0 NULLS FIRST LIMIT 3) AS w WHERE w.k0 IS NOT DISTINCT FROM s.c0)) AS s GROUP BY s.c0) AS g;

SELECT SUM(n), COUNT(CASE WHEN n > 1 THEN 1 END), SUM(CASE WHEN k0 IS NULL THEN n ELSE 0 END) FROM (SELECT s.c0 AS k0,
COUNT(*) AS n FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS
c3 FROM "head"."t" AS t) AS s WHERE EXISTS(SELECT 1 FROM (SELECT k0 FROM (SELECT k0, SUM(ends) OVER (ORDER BY k0 NULLS
FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond FROM (SELECT k0, COUNT(CASE WHEN is_last THEN 1 END)
AS ends FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0 AS k0 FROM
(SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s
ORDER BY k0 NULLS FIRST LIMIT 3) AS f UNION ALL SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last
FROM (SELECT s.c0 AS k0 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3
FROM "head"."t" AS t) AS s ORDER BY k0 NULLS FIRST LIMIT 3) AS f) AS u GROUP BY k0) AS g) AS o WHERE COALESCE(beyond,
0) = 0 ORDER BY k0 NULLS FIRST LIMIT 3) AS w WHERE w.k0 IS NOT DISTINCT FROM s.c0)) AS s GROUP BY s.c0) AS g;

SELECT COUNT(CASE WHEN in_base IS NULL THEN 1 END), COUNT(CASE WHEN in_head IS NULL THEN 1 END), COUNT(CASE WHEN
in_base AND in_head THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND (d1 OR d2 OR d3) THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d1 THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND d2 THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d3 THEN 1 END), MIN_BY(CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN
(HASH(k0)) END, CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN (HASH(k0)) END, 1000) FROM (SELECT
in_base, in_head, k0, ((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) AS d1, (b2 IS DISTINCT FROM h2) AS d2,
(b3 IS DISTINCT FROM h3) AS d3 FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN b.c0
ELSE h.c0 END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1, h.c1 AS h1, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3
FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"base"."t" AS t) AS s WHERE EXISTS(SELECT 1 FROM (SELECT k0 FROM (SELECT k0, SUM(ends) OVER (ORDER BY k0 NULLS FIRST
ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond FROM (SELECT k0, COUNT(CASE WHEN is_last THEN 1 END) AS
ends FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0 AS k0 FROM (SELECT
TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s ORDER BY k0
NULLS FIRST LIMIT 3) AS f UNION ALL SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT
s.c0 AS k0 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t"
AS t) AS s ORDER BY k0 NULLS FIRST LIMIT 3) AS f) AS u GROUP BY k0) AS g) AS o WHERE COALESCE(beyond, 0) = 0 ORDER BY
k0 NULLS FIRST LIMIT 3) AS w WHERE w.k0 IS NOT DISTINCT FROM s.c0)) AS b FULL JOIN (SELECT * FROM (SELECT TRUE AS
present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE EXISTS(SELECT
1 FROM (SELECT k0 FROM (SELECT k0, SUM(ends) OVER (ORDER BY k0 NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND 1
PRECEDING) AS beyond FROM (SELECT k0, COUNT(CASE WHEN is_last THEN 1 END) AS ends FROM (SELECT *, ROW_NUMBER() OVER
(ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0 AS k0 FROM (SELECT TRUE AS present, t."id" AS c0, t."name"
AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s ORDER BY k0 NULLS FIRST LIMIT 3) AS f UNION ALL
SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0 AS k0 FROM (SELECT TRUE AS
present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s ORDER BY k0 NULLS
FIRST LIMIT 3) AS f) AS u GROUP BY k0) AS g) AS o WHERE COALESCE(beyond, 0) = 0 ORDER BY k0 NULLS FIRST LIMIT 3) AS w
WHERE w.k0 IS NOT DISTINCT FROM s.c0)) AS h ON b.c0 IS NOT DISTINCT FROM h.c0) AS j) AS f;

SELECT in_base, in_head, CAST((b0 IS DISTINCT FROM h0) AS VARCHAR), CAST(b0 AS VARCHAR), CAST(h0 AS VARCHAR),
CAST(((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) AS VARCHAR), CASE WHEN LENGTH(CAST(b1 AS VARCHAR)) > 2000
THEN LEFT(CAST(b1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(b1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 '
|| MD5(CAST(b1 AS VARCHAR)) || ')' ELSE CAST(b1 AS VARCHAR) END, CASE WHEN LENGTH(CAST(h1 AS VARCHAR)) > 2000 THEN
LEFT(CAST(h1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(h1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(CAST(h1 AS VARCHAR)) || ')' ELSE CAST(h1 AS VARCHAR) END, CAST((b2 IS DISTINCT FROM h2) AS VARCHAR), CAST(b2 AS
VARCHAR), CAST(h2 AS VARCHAR), CAST((b3 IS DISTINCT FROM h3) AS VARCHAR), CASE WHEN LENGTH(HEX_ENCODE(b3)) > 2000 THEN
LEFT(HEX_ENCODE(b3), 2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(b3)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(HEX_ENCODE(b3)) || ')' ELSE HEX_ENCODE(b3) END, CASE WHEN LENGTH(HEX_ENCODE(h3)) > 2000 THEN LEFT(HEX_ENCODE(h3),
2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(h3)) AS VARCHAR) || ' characters, MD5 ' || MD5(HEX_ENCODE(h3)) || ')' ELSE
HEX_ENCODE(h3) END FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN b.c0 ELSE h.c0
END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1, h.c1 AS h1, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3 FROM (SELECT
* FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"base"."t" AS t) AS s WHERE EXISTS(SELECT 1 FROM (SELECT k0 FROM (SELECT k0, SUM(ends) OVER (ORDER BY k0 NULLS FIRST
ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond FROM (SELECT k0, COUNT(CASE WHEN is_last THEN 1 END) AS
ends FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0 AS k0 FROM (SELECT
TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s ORDER BY k0
NULLS FIRST LIMIT 3) AS f UNION ALL SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT
s.c0 AS k0 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t"
AS t) AS s ORDER BY k0 NULLS FIRST LIMIT 3) AS f) AS u GROUP BY k0) AS g) AS o WHERE COALESCE(beyond, 0) = 0 ORDER BY
k0 NULLS FIRST LIMIT 3) AS w WHERE w.k0 IS NOT DISTINCT FROM s.c0)) AS s WHERE (HASH(s.c0)) IN (SELECT v.h FROM
(VALUES J3456789)) AS v(h))) AS b FULL JOIN (SELECT * FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0,
t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE EXISTS(SELECT 1 FROM (SELECT k0 FROM
(SELECT k0, SUM(ends) OVER (ORDER BY k0 NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond FROM
(SELECT k0, COUNT(CASE WHEN is_last THEN 1 END) AS ends FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY k0 NULLS FIRST) =
3 AS is_last FROM (SELECT s.c0 AS k0 FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2,
t."raw" AS c3 FROM "base"."t" AS t) AS s ORDER BY k0 NULLS FIRST LIMIT 3) AS f UNION ALL SELECT *, ROW_NUMBER() OVER
(ORDER BY k0 NULLS FIRST) = 3 AS is_last FROM (SELECT s.c0 AS k0 FROM (SELECT TRUE AS present, t."id" AS c0, t."name"
AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s ORDER BY k0 NULLS FIRST LIMIT 3) AS f) AS u GROUP BY
k0) AS g) AS o WHERE COALESCE(beyond, 0) = 0 ORDER BY k0 NULLS FIRST LIMIT 3) AS w WHERE w.k0 IS NOT DISTINCT FROM
s.c0)) AS s WHERE (HASH(s.c0)) IN (SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS h ON b.c0 IS NOT DISTINCT FROM
h.c0) AS j WHERE in_base IS NULL OR in_head IS NULL OR ((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) OR (b2
IS DISTINCT FROM h2) OR (b3 IS DISTINCT FROM h3) ORDER BY k0 NULLS FIRST;

-- bisection

SELECT MIN(low), MAX(high) FROM (SELECT MIN(s.c0) AS low, MAX(s.c0) AS high FROM (SELECT TRUE AS present, t."id" AS
c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s UNION ALL SELECT MIN(s.c0) AS low,
MAX(s.c0) AS high FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"head"."t" AS t) AS s) AS e;

WITH c AS (SELECT COALESCE(b.chunk, h.chunk) AS chunk, COALESCE(b.n, 0) AS nb, COALESCE(h.n, 0) AS nh, b.n IS DISTINCT
FROM h.n OR b.total IS DISTINCT FROM h.total AS differs FROM (SELECT COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) -
(0)) - ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38, 0)), -1) AS chunk, COUNT(*) AS n,
SUM(CAST((HASH(s.c0, (COLLATE(s.c1, '')), s.c2, s.c3)) AS DECIMAL(38, 0))) AS total FROM (SELECT TRUE AS present,
t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE TRUE GROUP BY 1) AS b
FULL JOIN (SELECT COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0)) - ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) /
13 AS DECIMAL(38, 0)), -1) AS chunk, COUNT(*) AS n, SUM(CAST((HASH(s.c0, (COLLATE(s.c1, '')), s.c2, s.c3)) AS
DECIMAL(38, 0))) AS total FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3
FROM "head"."t" AS t) AS s WHERE TRUE GROUP BY 1) AS h ON b.chunk = h.chunk) SELECT NULL AS chunk, SUM(nb), SUM(nh),
COUNT(*) FROM c UNION ALL SELECT chunk, nb, nh, NULL FROM c WHERE differs;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2,
t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38,
0)) - (0)) - ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38, 0)), -1) IN (SELECT v.chunk FROM (VALUES
(0), (1), (3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20), (21), (23), (24), (26), (27), (29), (30))
AS v(chunk)))) AS b), (SELECT COUNT(*) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1,
t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND
COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0)) - ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38,
0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1), (3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20),
(21), (23), (24), (26), (27), (29), (30)) AS v(chunk)))) AS h);

SELECT SUM(n), (SELECT COUNT(CASE WHEN s.c0 IS NULL THEN 1 END) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS
c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND
COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0)) - ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38,
0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1), (3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20),
(21), (23), (24), (26), (27), (29), (30)) AS v(chunk)))) AS s), SUM(CAST(n AS DECIMAL(38, 0)) * n) FROM (SELECT
COUNT(*) AS n FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS
c3 FROM "base"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0))
- ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38, 0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1),
(3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20), (21), (23), (24), (26), (27), (29), (30)) AS
v(chunk)))) AS s GROUP BY (HASH(s.c0)) % 4096) AS b;

SELECT SUM(n), (SELECT COUNT(CASE WHEN s.c0 IS NULL THEN 1 END) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS
c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND
COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0)) - ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38,
0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1), (3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20),
(21), (23), (24), (26), (27), (29), (30)) AS v(chunk)))) AS s), SUM(CAST(n AS DECIMAL(38, 0)) * n) FROM (SELECT
COUNT(*) AS n FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS
c3 FROM "head"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0))
- ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38, 0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1),
(3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20), (21), (23), (24), (26), (27), (29), (30)) AS
v(chunk)))) AS s GROUP BY (HASH(s.c0)) % 4096) AS b;

SELECT COUNT(*), SUM(CAST(key_hash AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v2, v1, v3)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v2)) AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v1)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v3)) AS DECIMAL(38, 0))) FROM (SELECT (HASH(s.c0)) AS key_hash, (HASH(s.c2)) AS v2,
(HASH((COLLATE(s.c1, '')))) AS v1, (HASH(s.c3)) AS v3 FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0,
t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND
COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0)) - ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38,
0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1), (3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20),
(21), (23), (24), (26), (27), (29), (30)) AS v(chunk)))) AS s) AS i;

SELECT COUNT(*), SUM(CAST(key_hash AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v2, v1, v3)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v2)) AS DECIMAL(38, 0))), SUM(CAST((HASH(key_hash, v1)) AS DECIMAL(38, 0))),
SUM(CAST((HASH(key_hash, v3)) AS DECIMAL(38, 0))) FROM (SELECT (HASH(s.c0)) AS key_hash, (HASH(s.c2)) AS v2,
(HASH((COLLATE(s.c1, '')))) AS v1, (HASH(s.c3)) AS v3 FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0,
t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND
COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0)) - ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38,
0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1), (3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20),
(21), (23), (24), (26), (27), (29), (30)) AS v(chunk)))) AS s) AS i;

SELECT COUNT(CASE WHEN in_base IS NULL THEN 1 END), COUNT(CASE WHEN in_head IS NULL THEN 1 END), COUNT(CASE WHEN
in_base AND in_head THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND (d1 OR d2 OR d3) THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d1 THEN 1 END), COUNT(CASE WHEN in_base AND in_head AND d2 THEN 1 END), COUNT(CASE WHEN
in_base AND in_head AND d3 THEN 1 END), MIN_BY(CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN
(HASH(k0)) END, CASE WHEN in_base IS NULL OR in_head IS NULL OR d1 OR d2 OR d3 THEN (HASH(k0)) END, 256) FROM (SELECT
in_base, in_head, k0, ((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) AS d1, (b2 IS DISTINCT FROM h2) AS d2,
(b3 IS DISTINCT FROM h3) AS d3 FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN b.c0
ELSE h.c0 END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1, h.c1 AS h1, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3
FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"base"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0)) -
((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38, 0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1),
(3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20), (21), (23), (24), (26), (27), (29), (30)) AS
v(chunk)))) AS b FULL JOIN (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2,
t."raw" AS c3 FROM "head"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38,
0)) - (0)) - ((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38, 0)), -1) IN (SELECT v.chunk FROM (VALUES
(0), (1), (3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20), (21), (23), (24), (26), (27), (29), (30))
AS v(chunk)))) AS h ON b.c0 IS NOT DISTINCT FROM h.c0) AS j) AS f;

SELECT in_base, in_head, CAST((b0 IS DISTINCT FROM h0) AS VARCHAR), CAST(b0 AS VARCHAR), CAST(h0 AS VARCHAR),
CAST(((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) AS VARCHAR), CASE WHEN LENGTH(CAST(b1 AS VARCHAR)) > 2000
THEN LEFT(CAST(b1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(b1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 '
|| MD5(CAST(b1 AS VARCHAR)) || ')' ELSE CAST(b1 AS VARCHAR) END, CASE WHEN LENGTH(CAST(h1 AS VARCHAR)) > 2000 THEN
LEFT(CAST(h1 AS VARCHAR), 2000) || ' … (' || CAST(LENGTH(CAST(h1 AS VARCHAR)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(CAST(h1 AS VARCHAR)) || ')' ELSE CAST(h1 AS VARCHAR) END, CAST((b2 IS DISTINCT FROM h2) AS VARCHAR), CAST(b2 AS
VARCHAR), CAST(h2 AS VARCHAR), CAST((b3 IS DISTINCT FROM h3) AS VARCHAR), CASE WHEN LENGTH(HEX_ENCODE(b3)) > 2000 THEN
LEFT(HEX_ENCODE(b3), 2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(b3)) AS VARCHAR) || ' characters, MD5 ' ||
MD5(HEX_ENCODE(b3)) || ')' ELSE HEX_ENCODE(b3) END, CASE WHEN LENGTH(HEX_ENCODE(h3)) > 2000 THEN LEFT(HEX_ENCODE(h3),
2000) || ' … (' || CAST(LENGTH(HEX_ENCODE(h3)) AS VARCHAR) || ' characters, MD5 ' || MD5(HEX_ENCODE(h3)) || ')' ELSE
HEX_ENCODE(h3) END FROM (SELECT b.present AS in_base, h.present AS in_head, CASE WHEN b.present THEN b.c0 ELSE h.c0
END AS k0, b.c0 AS b0, h.c0 AS h0, b.c1 AS b1, h.c1 AS h1, b.c2 AS b2, h.c2 AS h2, b.c3 AS b3, h.c3 AS h3 FROM (SELECT
* FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM
"base"."t" AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0)) -
((CAST(s.c0 AS DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38, 0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1),
(3), (4), (6), (7), (9), (10), (12), (13), (15), (17), (18), (20), (21), (23), (24), (26), (27), (29), (30)) AS
v(chunk)))) AS s WHERE (HASH(s.c0)) IN (SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS b FULL JOIN (SELECT * FROM
(SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name" AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t"
AS t) AS s WHERE (s.c0 >= 0 AND s.c0 <= 402 AND COALESCE(CAST(((CAST(s.c0 AS DECIMAL(38, 0)) - (0)) - ((CAST(s.c0 AS
DECIMAL(38, 0)) - (0))) % 13) / 13 AS DECIMAL(38, 0)), -1) IN (SELECT v.chunk FROM (VALUES (0), (1), (3), (4), (6),
(7), (9), (10), (12), (13), (15), (17), (18), (20), (21), (23), (24), (26), (27), (29), (30)) AS v(chunk)))) AS s
WHERE (HASH(s.c0)) IN (SELECT v.h FROM (VALUES J3456789)) AS v(h))) AS h ON b.c0 IS NOT DISTINCT FROM h.c0) AS j WHERE
in_base IS NULL OR in_head IS NULL OR ((COLLATE(b1, '')) IS DISTINCT FROM (COLLATE(h1, ''))) OR (b2 IS DISTINCT FROM
h2) OR (b3 IS DISTINCT FROM h3) ORDER BY k0 NULLS FIRST;

-- an inferred key

SELECT (HASH(s.c0)), (HASH((COLLATE(s.c1, '')))) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name"
AS c1, t."amount" AS c2, t."raw" AS c3 FROM "base"."t" AS t) AS r LIMIT 2048) AS s;

SELECT (HASH(s.c0)), (HASH((COLLATE(s.c1, '')))) FROM (SELECT * FROM (SELECT TRUE AS present, t."id" AS c0, t."name"
AS c1, t."amount" AS c2, t."raw" AS c3 FROM "head"."t" AS t) AS r LIMIT 2048) AS s;
