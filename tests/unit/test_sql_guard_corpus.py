"""What a stranger might write as a model, on every warehouse: nothing hostile is sent, nothing benign is held back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rocky_action.building import Site, build
from rocky_action.domain.execution import Failed, NotRun, RunOutcome, Succeeded
from rocky_action.domain.permits import Permits
from rocky_action.domain.project import Adapter, Ephemeral, Model, Project, Relation, Strategy, View
from rocky_action.sql.references import ReadsOf, Targets
from rocky_action.sql.sources import KnownSources
from tests.support.statement_checker import Recorder, stray, stray_tree

DIALECTS = ("bigquery", "databricks", "duckdb", "snowflake")
each_dialect = pytest.mark.parametrize("dialect", DIALECTS)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING = Permits()
VIEW = View()

STATEMENTS = """
INSERT INTO t SELECT 1
INSERT OVERWRITE TABLE t SELECT 1
UPDATE t SET a = 1
DELETE FROM t
DELETE FROM t WHERE a = 1
TRUNCATE TABLE t
MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE
CREATE TABLE t AS SELECT 1
CREATE OR REPLACE VIEW v AS SELECT 1
CREATE SCHEMA x
CREATE FUNCTION f(x INT) RETURNS INT AS 'x'
CREATE SECRET x (TYPE s3)
CREATE STAGE s URL = 's3://x'
CREATE USER x
DROP TABLE t
DROP SCHEMA x CASCADE
UNDROP TABLE t
ALTER TABLE t ADD COLUMN a INT
ALTER SESSION SET x = 1
COMMENT ON TABLE t IS 'x'
GRANT SELECT ON t TO x
REVOKE SELECT ON t FROM x
COPY t TO 'x.csv'
COPY (SELECT 1) TO 'x.csv'
COPY INTO t FROM 's3://x'
COPY INTO 's3://x' FROM t
EXPORT DATABASE 'x'
EXPORT DATA OPTIONS (uri = 'gs://x/*.csv') AS SELECT 1
IMPORT DATABASE 'x'
LOAD DATA INPATH 'x' INTO TABLE t
ATTACH 'x.duckdb' AS x
DETACH x
INSTALL httpfs
LOAD httpfs
PRAGMA database_list
PRAGMA memory_limit = '1GB'
SET memory_limit = '1GB'
SET VARIABLE x = 1
RESET memory_limit
UNSET x
USE other
USE WAREHOUSE big
USE ROLE accountadmin
CALL f(1)
CALL SYSTEM$WAIT(10)
EXECUTE IMMEDIATE 'DROP TABLE t'
EXECUTE x
PREPARE x AS SELECT 1
DEALLOCATE x
DECLARE x INT
BEGIN
BEGIN TRANSACTION
COMMIT
ROLLBACK
CHECKPOINT
FORCE CHECKPOINT
VACUUM
OPTIMIZE t
ANALYZE t
ANALYZE TABLE t COMPUTE STATISTICS
EXPLAIN SELECT 1
EXPLAIN ANALYZE SELECT 1
REFRESH TABLE t
CACHE TABLE t
MSCK REPAIR TABLE t
KILL 1
LIST @s
PUT 'file:///etc/passwd' @s
GET @s 'file:///tmp'
REMOVE @s
SHOW TABLES
DESCRIBE t
ADD JAR 'x'
SELECT 1; DROP TABLE t
SELECT 1; SELECT 2
SELECT 1 /* ; */ ; /* x */ DELETE FROM t
SELECT * INTO t FROM u
SELECT * FROM t FOR UPDATE
SELECT * FROM t FOR SHARE
WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x
WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x
WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x
WITH x AS (MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE RETURNING *) SELECT * FROM x
WITH x AS (COPY t TO 'x') SELECT * FROM x
WITH x AS (CALL f()) SELECT * FROM x
WITH x AS (CREATE TABLE t AS SELECT 1) SELECT * FROM x
WITH x AS (SELECT 1) DELETE FROM t
WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x
SELECT * FROM (DELETE FROM t RETURNING *)
SELECT * FROM (WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x)
SELECT (WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM x)
SELECT 1 WHERE EXISTS (WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x)
SELECT 1 UNION ALL (WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x)
SELECT * FROM IDENTIFIER('prod.orders')
SELECT * FROM 's3://bucket/x.parquet'
SELECT * FROM '/etc/passwd'
SELECT * FROM t JOIN 'https://example.com/x.csv' USING (a)
SELECT nextval('s')
SELECT own_function(1)
SELECT own_schema.own_function(1)
SELECT own_catalog.own_schema.own_function(1)
SELECT own_aggregate(a) OVER (PARTITION BY b) FROM t
SELECT * FROM own_table_function(1)
SELECT * FROM own_schema.own_table_function(1)
SELECT a FROM t WHERE b IN (SELECT own_function(c) FROM u)
SELECT CASE WHEN own_function(1) = 1 THEN 2 END
SELECT 1 ORDER BY own_function(1)
WITH x AS (SELECT own_function(1) AS a) SELECT a FROM x
""".strip().splitlines()

OWN = {
    "duckdb": """
SELECT getenv('HOME')
SELECT "getenv"('HOME')
SELECT main.getenv('HOME')
SELECT system.main.getenv('HOME')
SELECT 'HOME'.getenv()
SELECT GetEnv /* x */ ('HOME')
SELECT current_setting('secret_directory')
SELECT write_log('x')
SELECT sleep_ms(1000000)
SELECT list_transform([1], lambda x: getenv('HOME'))
SELECT [getenv(x) FOR x IN ['HOME']]
SELECT {'a': getenv('HOME')}
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_blob('/etc/passwd')
SELECT * FROM read_json('x')
SELECT * FROM read_parquet(['x', 's3://y'])
SELECT * FROM parquet_scan('x')
SELECT * FROM t, LATERAL read_csv('x')
SELECT * FROM glob('/**')
SELECT * FROM sniff_csv('x')
SELECT * FROM parquet_metadata('x')
SELECT * FROM read_duckdb('other.duckdb')
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_databases
SELECT * FROM system.pg_catalog.pg_settings
SELECT * FROM pragma_database_size()
SELECT * FROM which_secret('s3://x', 's3')
SELECT * FROM query('DELETE FROM t')
SELECT * FROM query_table('t')
SELECT * FROM sqlite_scan('x', 't')
SELECT * FROM postgres_scan('x', 'y', 't')
SELECT * FROM postgres_query('x', 'DELETE FROM t')
SELECT * FROM mysql_query('x', 'DELETE FROM t')
SELECT * FROM iceberg_scan('x')
SELECT * FROM delta_scan('x')
SELECT * FROM st_read('x')
SELECT * FROM read_xlsx('x')
SELECT * FROM force_checkpoint()
SELECT * FROM enable_logging()
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM t'))
SELECT * FROM 'x.csv'
SELECT * FROM "x.parquet"
SELECT * FROM "s3://x/y"
SELECT * FROM x.csv
SELECT * FROM "folder/x".json
FROM 'x.json'
FROM ['a.csv', 'b.csv']
TABLE "x.csv"
SELECT try(1), map {'a': getenv('HOME')} FROM [1]
SELECT try(1) FROM [1] JOIN 'a.csv'
SELECT try(1) FROM [1], read_text('x')
SELECT try(1) FROM [1], pg_settings
FROM csv.`/x` AS t SELECT * RENAME (a AS position)
SELECT try(1) FROM [1], `x/y.csv`
PIVOT t ON a USING count(*)
""",
    "snowflake": """
SELECT SYSTEM$ABORT_SESSION(1)
SELECT "SYSTEM$ABORT_SESSION"(1)
SELECT system$cancel_all_queries(1)
SELECT * FROM TABLE(SYSTEM$CANCEL_ALL_QUERIES(1))
SELECT IDENTIFIER('SYSTEM$ABORT_SESSION')(1)
SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))
SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@s', FILE_FORMAT => 'f'))
SELECT * FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY())
SELECT * FROM TABLE(db.s.external_function(1))
SELECT * FROM TABLE('prod.orders')
SELECT * FROM TABLE($name)
SELECT * FROM TABLE(TO_QUERY('DELETE FROM t'))
SELECT GET_PRESIGNED_URL(@s, 'x')
SELECT BUILD_SCOPED_FILE_URL(@s, 'x')
SELECT GET_DDL('TABLE', 't')
SELECT SNOWFLAKE.CORTEX.COMPLETE('m', a) FROM t
SELECT AI_COMPLETE('m', a) FROM t
SELECT $1 FROM @s/x.csv
SELECT $1 FROM @db.sch.s (FILE_FORMAT => 'f') AS t
SELECT $1 FROM '@s/x'
SELECT * FROM DIRECTORY(@s)
SELECT s.NEXTVAL
SELECT "upper"('a')
SELECT "Sum"(a) FROM t
SELECT db.sch.upper('a')
SELECT 1 ->> DELETE FROM t
SELECT x'41' not readable, SYSTEM$ABORT_SESSION(1)
SELECT x'41' not readable, own_function(1)
SELECT x'41' not readable FROM @s
""",
    "bigquery": """
SELECT * FROM EXTERNAL_QUERY('c', 'DELETE FROM t')
SELECT * FROM ML.PREDICT(MODEL d.m, TABLE d.t)
SELECT * FROM ML.GENERATE_TEXT(MODEL d.m, TABLE d.t)
SELECT AI.GENERATE('x')
SELECT `p.d.remote_function`(1)
SELECT p.d.remote_function(1)
SELECT d.upper('a')
SELECT `st_prod.d.remote_function`(1)
SELECT st_prod.d.remote_function(1)
SELECT net.own_function(1)
SELECT SAFE.own_function(1)
SELECT OBJ.GET_ACCESS_URL(ref, 'r') FROM t
SELECT @@project_id
SELECT ERROR('x'), own_function(2)
EXECUTE IMMEDIATE 'DROP TABLE t'
ASSERT 1 = 1
""",
    "databricks": """
SELECT reflect('java.lang.System', 'exit', 1)
SELECT java_method('java.lang.System', 'exit', 1)
SELECT try_reflect('java.lang.System', 'getenv', 'HOME')
SELECT * FROM read_files('/Volumes/x')
SELECT * FROM read_kafka(bootstrapServers => 'x')
SELECT * FROM STREAM read_files('x')
SELECT * FROM csv.`/x/y`
SELECT * FROM parquet.`s3://x/y`
SELECT * FROM delta.`/x`
SELECT * FROM json.somewhere
SELECT http_request(conn => 'c', method => 'POST', path => '/')
SELECT ai_query('m', a) FROM t
SELECT ai_gen('x')
SELECT secret('scope', 'key')
SELECT try_secret('scope', 'key')
SELECT * FROM list_secrets()
SELECT * FROM remote_query('c', query => 'DELETE FROM t')
SELECT * FROM vector_search(index => 'i', query => 'q')
SELECT input_file_name() FROM t
SELECT TRANSFORM(a) USING 'cat /etc/passwd' AS (b) FROM t
SELECT '${env:HOME}' AS a
SELECT ${spark.app.name}
SELECT * FROM event_log('x')
SELECT * FROM table_changes('prod.orders', 1)
SELECT own.upper('a')
SELECT * FROM IDENTIFIER('prod.orders')
""",
}
EVERY_STATEMENT = [(dialect, sql) for dialect in DIALECTS for sql in STATEMENTS]
EVERY_STATEMENT += [(dialect, sql) for dialect, texts in OWN.items() for sql in texts.strip().splitlines()]

BENIGN = """
SELECT 1 AS {q}drop{q}, 2 AS {q}delete{q}, 3 AS {q}INSERT{q}
SELECT {q}drop{q}, t.{q}update{q}, {q}nextval{q} FROM t
SELECT 'DELETE FROM t; DROP TABLE t' AS a
SELECT 'x.csv' AS a, 's3://x/y.parquet' AS b, '@stage' AS c, 'getenv(1)' AS d
SELECT 1 AS a -- ; DROP TABLE t
SELECT /* COPY t TO 'x' */ 1 AS a
WITH update_x AS (SELECT 1 AS a) SELECT a FROM update_x
WITH {q}insert{q} AS (SELECT 1 AS a) SELECT a FROM {q}insert{q}
WITH copy_of_t AS (SELECT * FROM t), merged AS (SELECT * FROM copy_of_t) SELECT * FROM merged
SELECT replace('a', 'b', 'c') AS a
SELECT created, updated, deleted FROM (SELECT 1 AS created, 2 AS updated, 3 AS deleted) AS x
SELECT nextval FROM t
SELECT t.nextval FROM t
SELECT count(*) AS n, sum(a) AS s, max(b) AS m FROM t GROUP BY c HAVING count(*) > 1
SELECT row_number() OVER (PARTITION BY a ORDER BY b DESC) AS n FROM t
SELECT coalesce(a, b), nullif(a, b), CASE WHEN a > 1 THEN 1 ELSE 2 END AS c FROM t
SELECT cast(a AS DATE) AS a, extract(year FROM b) AS y, current_date AS d, current_timestamp AS ts FROM t
SELECT upper(trim(a)) AS u, lower(b) AS l, substring(c, 1, 3) AS s, concat(a, b) AS c FROM t
SELECT round(a, 2), abs(b), floor(c), ceil(d), mod(a, 2), power(a, 2), sqrt(b) FROM t
SELECT lag(a) OVER (ORDER BY b) AS l, lead(a, 1) OVER (ORDER BY b) AS m, first_value(a) OVER (ORDER BY b) AS f FROM t
SELECT a FROM t WHERE b IN (SELECT c FROM u) AND EXISTS (SELECT 1 FROM w WHERE w.a = t.a)
SELECT a FROM t UNION ALL SELECT b FROM u EXCEPT DISTINCT SELECT c FROM w
SELECT t.a, u.b FROM t LEFT JOIN u ON t.id = u.id CROSS JOIN w
SELECT greatest(a, b), least(a, b), stddev(a), corr(a, b), approx_count_distinct(a) FROM t GROUP BY 1, 2
SELECT md5(a) AS h, length(a) AS n, regexp_replace(a, 'b', 'c') AS r FROM t
SELECT session_user() AS who FROM t
(SELECT 1 AS a)
SELECT 1 AS a;
""".strip().splitlines()
OWN_BENIGN = {
    "duckdb": """
FROM t
TABLE t
SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) FROM t
SELECT 1 AS set, 2 AS copy, 3 AS call, t.load FROM t
SELECT list_transform([1, 2], lambda x: x + 1) AS l, [x FOR x IN l IF x > 1] FROM t
SELECT a.upper().trim() AS a, 'x'.lower() AS b FROM t
SELECT unnest([1, 2]) AS a, generate_series AS b FROM generate_series(1, 3)
SELECT strftime(a, '%Y/%m'), date_trunc('month', a), struct_pack(x := 1), a ->> '$.b' FROM t
SELECT count(*) FILTER (WHERE a > 1), list(a ORDER BY b), arg_max(a, b), quantile_cont(a, 0.5) FROM t
SELECT * FROM (PIVOT t ON region USING count(*))
SELECT * FROM (SUMMARIZE t)
SELECT * FROM t TABLESAMPLE 10%
SELECT * FROM t ASOF JOIN u ON t.a >= u.a
SELECT COLUMNS('a.*') FROM t QUALIFY row_number() OVER () = 1
SELECT * FROM raw.json
SELECT epoch_ms(a), make_date(2020, 1, 1), range(3), hash(a), uuid(), random() FROM t
SELECT x.* FROM range(3) AS x
""",
    "snowflake": """
SELECT SYSTEM$TYPEOF(a) FROM t
SELECT identifier, query FROM t, TABLE(FLATTEN(input => t.b))
SELECT f.value:a::STRING AS a FROM t, LATERAL FLATTEN(input => t.b) AS f
SELECT * FROM TABLE(GENERATOR(ROWCOUNT => 3))
SELECT SEQ4() AS n, UNIFORM(1, 10, RANDOM()) AS u FROM TABLE(GENERATOR(ROWCOUNT => 3))
SELECT TO_DATE(a), TRY_TO_NUMBER(b), IFF(a = 1, 2, 3), ZEROIFNULL(c), DATEADD(day, 1, d), HASH(a), UUID_STRING() FROM t
SELECT OBJECT_CONSTRUCT('a', 1), ARRAY_AGG(b) WITHIN GROUP (ORDER BY c), PARSE_JSON(d):x, ST_AREA(g) FROM t GROUP BY 1
SELECT * FROM t AT (OFFSET => -60)
SELECT "SUM"(a), "UPPER"(b) FROM t GROUP BY 2
SELECT value FROM TABLE(SPLIT_TO_TABLE('a,b', ','))
SELECT $1, $2 FROM VALUES (1, 2)
SELECT * FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) = 1
SELECT RATIO_TO_REPORT(a) OVER (), CONDITIONAL_TRUE_EVENT(a > 1) OVER (ORDER BY b), HAVERSINE(1, 2, 3, 4) FROM t
SELECT BOOLAND_AGG(c) FROM t
""",
    "bigquery": """
SELECT SAFE_CAST(a AS INT64), SAFE_DIVIDE(a, b), FORMAT_DATE('%Y', d), PARSE_DATE('%Y', e), IFNULL(a, 0) FROM t
SELECT NET.HOST(u), SAFE.SUBSTR('a', 1), HLL_COUNT.EXTRACT(x), ST_AREA(g), GENERATE_UUID(), FARM_FINGERPRINT(a) FROM t
SELECT x FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x WITH OFFSET AS o
SELECT ARRAY_AGG(a ORDER BY b LIMIT 1)[OFFSET(0)], STRUCT(1 AS a), JSON_VALUE(j, '$.a'), COUNTIF(a > 1) FROM t
SELECT * EXCEPT (a) REPLACE (b + 1 AS b) FROM `p.d.t`
SELECT s.nextval, nextval FROM t
SELECT TIMESTAMP_TRUNC(a, DAY), DATE_DIFF(a, b, DAY), EXTRACT(DAYOFWEEK FROM d), REGEXP_CONTAINS(a, r'b') FROM t
SELECT * FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'
""",
    "databricks": """
SELECT explode(a) AS b, date_format(c, 'yyyy'), named_struct('a', 1), get_json_object(j, '$.a'), xxhash64(a) FROM t
SELECT * FROM range(3)
SELECT transform(a, x -> x + 1), filter(a, x -> x > 1), aggregate(a, 0, (x, y) -> x + y), array_repeat(1, 2) FROM t
SELECT e.c FROM t LATERAL VIEW explode(a) e AS c
SELECT a:b.c::STRING, try_cast(a AS INT), try_divide(a, b), nvl(a, b) FROM t
SELECT element_at(m, 'a'), h3_longlatash3(1, 2, 3) FROM t
SELECT * FROM cat.json.t
SELECT * FROM VALUES (1, 2) AS v(a, b)
SELECT /*+ BROADCAST(u) */ * FROM t JOIN u ON t.a = u.a
""",
}
EVERY_BENIGN = [
    (one, sql.format(q="`" if one in ("bigquery", "databricks") else '"')) for one in DIALECTS for sql in BENIGN
]
EVERY_BENIGN += [(dialect, sql) for dialect, texts in OWN_BENIGN.items() for sql in texts.strip().splitlines()]


def sent(
    sql: str,
    dialect: str,
    *,
    strategy: Strategy = VIEW,
    permits: Permits = NOTHING,
    sources: KnownSources | None = None,
) -> tuple[RunOutcome, Recorder]:
    """What becomes of a model, and all that reaches the warehouse because of it."""
    recorder = Recorder(dialect, tables=frozenset({"shop.raw.json"}))
    model = Model("m", "models/m.sql", sql, Relation("shop", "main", "m"), strategy)
    project = Project(".", dialect, Adapter("default", dialect), {"m": model}, ReadsOf({"m": model}, dialect))
    site = Site(
        recorder.adapter,
        project,
        "branch__x",
        {"m": model.target},
        NOW,
        Targets.of(project.models),
        permits=permits,
        sources=sources,
    )
    return build(site, model, prior=None), recorder


@pytest.mark.parametrize(("dialect", "sql"), EVERY_STATEMENT)
def test_nothing_hostile_reaches_the_warehouse(dialect: str, sql: str) -> None:
    outcome, recorder = sent(sql, dialect)
    assert isinstance(outcome, (NotRun, Failed)), outcome
    assert recorder.executed == []
    assert recorder.asked == []


@pytest.mark.parametrize(("dialect", "sql"), EVERY_BENIGN)
def test_what_only_looks_hostile_is_run(dialect: str, sql: str) -> None:
    outcome, recorder = sent(sql, dialect)
    assert isinstance(outcome, Succeeded), outcome
    assert len(recorder.executed) == 1
    assert stray(recorder.executed[0], dialect) is None
    assert stray_tree(recorder.executed[0], dialect) is None


# What a refusal says, and who can lift it

TEXTS = {
    ("duckdb", "SELECT a,\n  getenv('HOME') AS b\nFROM t"): (
        "models/m.sql, line 2: getenv() tells how this machine, or the database, is set up. To allow it:"
        " `allow_functions: [getenv]` in rocky-preview.yml, on the base branch."
    ),
    ("snowflake", "SELECT a\nFROM t\nWHERE Analytics.To_EUR(a) > 1"): (
        "models/m.sql, line 3: analytics.to_eur() is not known to be one of Snowflake's own functions, so nobody can"
        " say what it does. To allow it: `allow_functions: [analytics.to_eur]` in rocky-preview.yml, on the base"
        " branch."
    ),
    ("duckdb", "SELECT *\n\nFROM data.csv"): (
        "models/m.sql, line 3: data.csv is no table, so DuckDB would take it for a file. Load it into a table, and read"
        " that."
    ),
    ("snowflake", "SELECT 1\nFROM t FOR UPDATE"): (
        "models/m.sql: FOR UPDATE, or FOR SHARE, locks rows of production, and a model only reads tables and computes"
    ),
    ("duckdb", "SELECT try(1),\n  own(2) FROM [1]"): (
        "models/m.sql, line 2: own() is not known to be one of DuckDB's own functions, so nobody can say what it does."
        " To allow it: `allow_functions: [own]` in rocky-preview.yml, on the base branch."
    ),
}


@pytest.mark.parametrize(("dialect", "sql", "said"), [(*asked, said) for asked, said in TEXTS.items()])
def test_a_refusal_says_where_what_and_how_to_allow_it(dialect: str, sql: str, said: str) -> None:
    outcome, _ = sent(sql, dialect)
    assert outcome == NotRun(said)


def test_the_line_is_that_of_the_file_and_not_of_the_query_in_it() -> None:
    model = Model("m", "m.sql", "SELECT\n own(1)", Relation("shop", "main", "m"), first_line=5)
    project = Project(".", "duckdb", Adapter("default", "duckdb"), {"m": model}, ReadsOf({"m": model}, "duckdb"))
    site = Site(Recorder("duckdb").adapter, project, "branch__x", {}, NOW, Targets.of(project.models))
    outcome = build(site, model, prior=None)
    assert isinstance(outcome, NotRun)
    assert outcome.because.startswith("m.sql, line 6: own()")


def test_a_refusal_in_an_inlined_model_is_told_of_the_one_that_inlines_it() -> None:
    inner = Model("below", "models/below.sql", "SELECT own(1) AS a", Relation("shop", "main", "below"), Ephemeral())
    outer = Model("outer", "models/outer.sql", "SELECT a FROM below", Relation("shop", "main", "outer"))
    models = {"below": inner, "outer": outer}
    project = Project(".", "duckdb", Adapter("default", "duckdb"), models, ReadsOf(models, "duckdb"))
    recorder = Recorder("duckdb")
    site = Site(recorder.adapter, project, "branch__x", {}, NOW, Targets.of(models))
    for model in (inner, outer):
        outcome = build(site, model, prior=None)
        assert isinstance(outcome, NotRun)
        assert outcome.because.startswith("models/below.sql, line 1: own()")
    assert recorder.executed == []


@each_dialect
def test_what_is_allowed_by_name_is_run(dialect: str) -> None:
    permits = Permits.of(["Own", "own_schema.fn"])
    for sql in ("SELECT own(1) AS a", "SELECT OWN_SCHEMA.fn(1) AS a", "SELECT a FROM t WHERE own(a) = 1"):
        outcome, recorder = sent(sql, dialect, permits=permits)
        assert isinstance(outcome, Succeeded), outcome
        assert len(recorder.executed) == 1
    outcome, _ = sent("SELECT other.own(1) AS a", dialect, permits=permits)
    assert isinstance(outcome, NotRun)


def test_a_function_of_duckdb_that_reads_files_can_be_allowed_as_well() -> None:
    for sql, name in (
        ("SELECT * FROM read_parquet('x')", "read_parquet"),
        ("SELECT * FROM read_csv('x')", "read_csv"),
        ("SELECT * FROM read_text('x')", "read_text"),
    ):
        assert isinstance(sent(sql, "duckdb", permits=Permits.of([name]))[0], Succeeded)
        assert isinstance(sent(sql, "duckdb", permits=Permits.of(["read_json"]))[0], NotRun)


def test_what_only_this_pull_request_allows_is_not_run_and_says_so() -> None:
    outcome, recorder = sent("SELECT own(1)", "duckdb", permits=Permits.of([], proposed=["own"]))
    assert isinstance(outcome, NotRun)
    assert outcome.because.endswith("rocky-preview.yml of this pull request allows it, which counts once it is merged.")
    assert recorder.executed == []


# strict_sources

STRICT = Permits.of([], strict=True)


def known(*models: Model) -> KnownSources:
    named = {model.name: model for model in models}
    project = Project(".", "duckdb", Adapter("default", "duckdb"), named, ReadsOf(named, "duckdb"))
    return KnownSources(project, "shop")


def base_model(sql: str, sources: str = "") -> Model:
    metadata = (("sources", sources),) if sources else ()
    return Model("b", "models/b.sql", sql, Relation("shop", "main", "b"), metadata=metadata)


BASE = known(
    base_model("SELECT * FROM raw.orders JOIN shop.raw.items USING (id)", '[{"schema": "crm", "table": "people"}]')
)


@pytest.mark.parametrize("table", ["raw.orders", "shop.raw.orders", "RAW.Items", "crm.people", "shop.crm.people"])
def test_what_base_declares_or_reads_may_be_read(table: str) -> None:
    outcome, recorder = sent(f"SELECT a FROM {table}", "duckdb", permits=STRICT, sources=BASE)
    assert isinstance(outcome, Succeeded), outcome
    assert len(recorder.executed) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM hr.salaries",
        "SELECT a FROM raw.orders JOIN hr.salaries USING (a)",
        "SELECT a FROM other.raw.orders",
        "SELECT a FROM orders",
        "WITH x AS (SELECT * FROM hr.salaries) SELECT a FROM x",
        "SELECT (SELECT max(a) FROM hr.salaries) AS a FROM raw.orders",
        "SELECT table_name FROM information_schema.tables",
        "SELECT try(1), a FROM raw.orders, [1]",
    ],
)
def test_with_strict_sources_nothing_else_is_read(sql: str) -> None:
    outcome, recorder = sent(sql, "duckdb", permits=STRICT, sources=BASE)
    assert isinstance(outcome, NotRun), outcome
    assert "`strict_sources` is on" in outcome.because
    assert recorder.executed == []
    assert recorder.asked == []


def test_models_and_names_of_the_query_itself_are_no_sources() -> None:
    for sql in ("WITH x AS (SELECT 1 AS a) SELECT a FROM x", "SELECT a FROM range(3) AS t(a)", "SELECT 1 AS a"):
        assert isinstance(sent(sql, "duckdb", permits=STRICT, sources=BASE)[0], Succeeded)


def test_without_strict_sources_any_table_may_be_read() -> None:
    assert isinstance(sent("SELECT a FROM hr.salaries", "duckdb", sources=BASE)[0], Succeeded)
