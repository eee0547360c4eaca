"""Tables on which spellings that only look the same show that they are not: NULLs, duplicates, NaN, ties, lists."""

from __future__ import annotations

TABLES = """
CREATE TABLE t AS SELECT a::INTEGER AS a, b::INTEGER AS b, n::DOUBLE AS n, (n * 2)::FLOAT AS c,
    (a * 1.25)::DECIMAL(9, 2) AS d,
    k, 'k' || a AS s, a::TINYINT AS ti, {x: a, y: k} AS st
    FROM (VALUES (1, 2, 1.5, 'x'), (1, 2, 1.5, 'x'), (2, 1, 'nan'::DOUBLE, 'X'), (3, 3, 'inf'::DOUBLE, 'y'),
    (0, NULL, NULL, NULL), (NULL, 1, -1.0, 'x y'), (5, -2, 0.0, 'zz'), (NULL, NULL, NULL, NULL)) AS r(a, b, n, k);
CREATE TABLE u AS SELECT a::INTEGER AS a, b::INTEGER AS b, e FROM (VALUES (1, 2, 'one'), (2, 2, 'two'), (2, 9, 'other'),
    (NULL, 1, 'none'), (7, 7, NULL)) AS r(a, b, e);
CREATE TABLE v AS SELECT * FROM (VALUES
    ('1', 'x', DATE '2024-01-01'), ('n', 'n', NULL), ('22', 'y', NULL)) AS r(s, k, a);
CREATE TABLE w AS SELECT 9007199254740992 AS big, 9007199254740993 AS lo, 9.1e15::DOUBLE AS hi, [1] AS l,
    [2, NULL] AS m, 1e20::DOUBLE AS f1, -1e20::DOUBLE AS f2, 1.0::DOUBLE AS f3, DATE '2024-01-30' AS dt, '1.46' AS vs
    UNION ALL SELECT 9223372036854775807, 9223372036854775807, 1e19::DOUBLE, [3], [3], 0, 0, 0, NULL, '2.2';
CREATE TABLE w3 AS SELECT '2024-01-01 00:00:00' AS a;
"""
