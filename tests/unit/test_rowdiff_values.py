"""How values are compared: every type of DuckDB's against itself and against every other, in a real DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from rocky_action.domain.diff import Column
from rocky_action.domain.options import ModelOptions, Tolerance
from rocky_action.rowdiff.schema import ColumnPair, pair_columns, text
from rocky_action.warehouses.duckdb import DuckDB, OpenOptions, open_duckdb
from tests.support.typed_values import EVERY, NO_COLUMN, Spelled, values_of

ZONES = ["UTC", "America/New_York", "Asia/Kolkata"]


@pytest.fixture(scope="module", params=ZONES)
def database(request: pytest.FixtureRequest) -> Iterator[DuckDB]:
    """A session in each of some time zones, with a table of the values of each type."""
    opened = open_duckdb(None, OpenOptions(allowed=None))
    try:
        opened.connection.execute(f"SET GLOBAL TimeZone = '{request.param}'")
        for type_ in EVERY:
            fill(opened, table(type_), values_of(type_))
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def plain() -> Iterator[DuckDB]:
    """A session as it comes."""
    opened = open_duckdb(None)
    try:
        for type_ in EVERY:
            fill(opened, table(type_), values_of(type_))
        yield opened
    finally:
        opened.close()


def fill(database: DuckDB, name: str, values: Sequence[Spelled]) -> None:
    rows = " UNION ALL ".join(f"SELECT {number} AS i, {value.sql} AS v" for number, value in enumerate(values))
    database.execute([f"CREATE OR REPLACE TABLE {name} AS {rows}"])


@cache
def table(type_: str) -> str:
    return f"t{list(EVERY).index(type_)}"


def pair(base: str, head: str = "", options: ModelOptions | None = None) -> ColumnPair:
    (found,) = pair_columns((Column("v", base),), (Column("v", head or base),), options=options or ModelOptions())
    return found


def compare(database: DuckDB, compared: ColumnPair, base: str, head: str) -> bool:
    """Whether two values, given as SQL, differ; the same both ways, and the same from a column as from a literal."""
    left, right = f"CAST({base} AS {compared.base.type})", f"CAST({head} AS {compared.head.type})"
    columns = f"(SELECT {left} AS a, {right} AS b FROM range(2))"
    found = {database.query(f"SELECT {compared.differs(left, right)}")[0][0]}
    found |= {row[0] for row in database.query(f"SELECT {compared.differs('a', 'b')} FROM {columns}")}
    found |= {row[0] for row in database.query(f"SELECT {compared.differs('b', 'a')} FROM {columns}")}
    (answer,) = found
    assert isinstance(answer, bool)
    return answer


def test_no_type_is_forgotten(plain: DuckDB) -> None:
    known = {str(row[0]) for row in plain.query("SELECT DISTINCT logical_type FROM duckdb_types()")}
    here = {type_.partition("(")[0] for type_ in EVERY if not type_.endswith("]")} | {"LIST", "ARRAY"}
    here.remove("JSON")  # a VARCHAR by another name
    assert known == here | NO_COLUMN.keys()


class TestOneType:
    @pytest.mark.parametrize("type_", EVERY)
    def test_values_differ_if_and_only_if_they_are_not_the_same(self, database: DuckDB, type_: str) -> None:
        values, compared = values_of(type_), pair(type_)
        distinct = f"{compared.comparand('a.v')} IS DISTINCT FROM {compared.comparand('b.v')}"
        both = f"FROM {table(type_)} AS a, {table(type_)} AS b"
        for left, right, differs, apart in database.query(
            f"SELECT a.i, b.i, {compared.differs('a.v', 'b.v')}, {distinct} {both}"
        ):
            told = (values[int(str(left))], values[int(str(right))])
            assert differs is apart is (told[0].identity != told[1].identity), told

    @pytest.mark.parametrize("type_", EVERY)
    def test_values_that_differ_have_other_hashes(self, database: DuckDB, type_: str) -> None:
        values, compared = values_of(type_), pair(type_)
        found = database.query(f"SELECT i, hash({compared.hashable('v')}) FROM {table(type_)}")
        by_hash: dict[object, set[object]] = {}
        for number, hashed in found:
            by_hash.setdefault(hashed, set()).add(values[int(str(number))].identity)
        assert [same for same in by_hash.values() if len(same) > 1] == []

    @pytest.mark.parametrize(
        "type_", ["HUGEINT", "UHUGEINT", "DECIMAL(38,2)", "UUID", "INTEGER[]", "STRUCT(a INTEGER)"]
    )
    def test_the_hash_of_the_values_themselves_would_not_do(self, database: DuckDB, type_: str) -> None:
        found = database.query(f"SELECT count(DISTINCT hash(v)) < count(*) FROM {table(type_)}")
        assert found == [(True,)]

    @pytest.mark.parametrize("type_", EVERY)
    def test_values_of_a_type_can_be_grouped_sorted_and_read(self, database: DuckDB, type_: str) -> None:
        compared, count = pair(type_), len({value.identity for value in values_of(type_)})
        grouped = f"SELECT {compared.comparand('v')} AS c FROM {table(type_)} GROUP BY ALL ORDER BY c NULLS FIRST"
        assert database.query(f"SELECT count(*) FROM ({grouped})") == [(count,)]
        read = database.query(f"SELECT count(*) FROM {table(type_)} WHERE {text('v')} IS NULL AND v IS NOT NULL")
        assert read == [(0,)] or "UNION" in type_  # a member may be NULL, and reads so

    def test_nothing_is_noted(self) -> None:
        noted = {type_ for type_ in EVERY if pair(type_).notes}
        assert noted == {type_ for type_ in EVERY if "VARIANT" in type_ and not type_.startswith("ENUM")}

    def test_a_collation_makes_no_two_texts_equal_not_even_inside_a_list(self, plain: DuckDB) -> None:
        plain.execute([
            "CREATE OR REPLACE TABLE folded (v VARCHAR COLLATE NOCASE)",
            "INSERT INTO folded VALUES ('a'), ('A')",
            "CREATE OR REPLACE TABLE nested AS SELECT [v] AS v FROM folded",
        ])  # fmt: skip
        for name, type_ in (("folded", "VARCHAR"), ("nested", "VARCHAR[]")):
            differs, hashed = pair(type_).differs("a.v", "b.v"), pair(type_).hashable("v")
            assert plain.query(f"SELECT count(*) FROM {name} AS a, {name} AS b WHERE {differs}") == [(2,)]
            assert plain.query(f"SELECT count(DISTINCT hash({hashed})) FROM {name}") == [(2,)]


class TestTwoTypes:
    @pytest.mark.parametrize("later", [True, pytest.param(False, marks=pytest.mark.slow)])
    @pytest.mark.parametrize("base", EVERY)
    def test_any_two_can_be_compared_whatever_the_values(self, plain: DuckDB, base: str, later: bool) -> None:
        """Each statement asks it both ways round; the slow half is the same pairs the other way round."""
        place = list(EVERY).index(base)
        for head in list(EVERY)[place:] if later else list(EVERY)[:place]:
            compared = pair(base, head)
            left, right = compared.differs("b.v", "h.v"), compared.differs("h.v", "b.v")
            hashes = [f"hash({compared.hashable(f'{side}.v')})" for side in "bh"]
            wrong = (
                f"({left}) IS NULL OR ({left}) <> ({right}) OR (({left}) AND {hashes[0]} = {hashes[1]})"
                f" OR (b.v IS NULL) <> (h.v IS NULL) AND NOT ({left}) OR b.v IS NULL AND h.v IS NULL AND ({left})"
            )
            assert plain.query(f"SELECT b.v, h.v FROM {table(base)} AS b, {table(head)} AS h WHERE {wrong}") == [], head

    @pytest.mark.parametrize(
        ("base", "head", "same", "other"),
        [
            ("INTEGER", "BIGINT", [("1", "1")], [("1", "2")]),
            ("BIGINT", "UBIGINT", [("1", "1")], [("-1", "18446744073709551615")]),
            ("BIGINT", "UHUGEINT", [("12", "12")], [("-1", "340282366920938463463374607431768211455")]),
            ("UBIGINT", "UHUGEINT", [("12", "12")], [("12", "13")]),
            ("HUGEINT", "BIGNUM", [("-1", "-1"), ("0", "'-0'")], [("1", "-1")]),
            ("HUGEINT", "DECIMAL(18,2)", [("100", "100"), ("0", "0"), ("-5", "'-5.00'")],
             [("10", "100"), ("1", "1.01")]),
            ("DECIMAL(38,0)", "DECIMAL(38,10)", [("120", "120"), ("0", "0")], [("12", "120"), ("1", "1.5")]),
            ("DECIMAL(10,2)", "DECIMAL(18,4)", [("1.5", "1.5")], [("1.5", "1.5001")]),
            ("INTEGER", "DECIMAL(18,2)", [("1", "1.00")], [("1", "1.01")]),
            ("BOOLEAN", "INTEGER", [("TRUE", "1"), ("FALSE", "0")], [("TRUE", "2"), ("FALSE", "1")]),
            ("BOOLEAN", "DECIMAL(3,3)", [("FALSE", "0")], [("TRUE", "0.999")]),
            ("BOOLEAN", "DOUBLE", [("TRUE", "1")], [("TRUE", "'NaN'")]),
            ("BOOLEAN", "VARCHAR", [("TRUE", "'true'")], [("TRUE", "'false'")]),
            ("FLOAT", "DOUBLE", [("0.5", "0.5"), ("'NaN'", "'NaN'")], [("0.1", "0.1")]),
            ("DECIMAL(10,2)", "DOUBLE", [("0.1", "0.1")], [("0.1", "'0.10000000000000002'")]),
            ("ENUM('a', 'b')", "ENUM('b', 'a')", [("'a'", "'a'")], [("'a'", "'b'")]),
            ("ENUM('a', 'b')", "VARCHAR", [("'a'", "'a'")], [("'a'", "'A'")]),
            ("JSON", "VARCHAR", [("'{}'", "'{}'")], [("'{}'", "'{ }'")]),
            ("DATE", "TIMESTAMP", [("'2026-01-31'", "'2026-01-31 00:00:00'"), ("'infinity'", "'infinity'")],
             [("'2026-01-31'", "'2026-01-31 00:00:01'"), ("'5000000-01-01'", "NULL"), ("'infinity'", "'-infinity'")]),
            ("DATE", "TIMESTAMP WITH TIME ZONE", [("'2026-01-31'", "'2026-01-31 02:00:00+02'")],
             [("'2026-01-31'", "'2026-01-31 00:00:00+02'")]),
            ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE",
             [("'2026-01-31 10:00:00'", "'2026-01-31 12:00:00+02'"), ("'-infinity'", "'-infinity'")],
             [("'2026-01-31 10:00:00'", "'2026-01-31 10:00:00+02'"), ("'infinity'", "'-infinity'")]),
            ("TIMESTAMP_NS", "TIMESTAMPTZ_NS",
             [("'2026-01-31 10:00:00.000000001'", "'2026-01-31 12:00:00.000000001+02'")],
             [("'2026-01-31 10:00:00.000000001'", "'2026-01-31 10:00:00.000000002+00'")]),
            ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS", [("'2026-01-31 10:00:00+00'", "'2026-01-31 12:00:00+02'")],
             [("'2026-01-31 10:00:00+00'", "'2026-01-31 10:00:00.000000001+00'")]),
            ("TIMESTAMP", "TIMESTAMP_NS", [("'2026-01-31 10:00:00.5'", "'2026-01-31 10:00:00.5'")],
             [("'2026-01-31 10:00:00'", "'2026-01-31 10:00:00.000000001'")]),
            ("TIMESTAMP_S", "TIMESTAMP_MS", [("'2026-01-31 10:00:00'", "'2026-01-31 10:00:00'")],
             [("'2026-01-31 10:00:00'", "'2026-01-31 10:00:00.001'")]),
            ("TIMESTAMP WITH TIME ZONE", "VARCHAR", [("'2026-01-31 12:00:00+02'", "'2026-01-31 10:00:00+00'")],
             [("'2026-01-31 12:00:00+02'", "'2026-01-31 10:00:00'")]),
            ("TIME", "TIME_NS", [("'10:00:00.5'", "'10:00:00.5'")], [("'10:00:00'", "'10:00:00.000000001'")]),
            ("TIME", "TIME WITH TIME ZONE", [("'10:00:00'", "'10:00:00+00'")], [("'10:00:00'", "'10:00:00+02'")]),
            ("BLOB", "VARCHAR", [("'\\xC3\\xA9'", "'é'"), ("''", "''")], [("'\\xC3'", "'\\xC3'"), ("'a'", "'A'")]),
            ("UUID", "VARCHAR",
             [("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'", "'6BA7B810-9DAD-11D1-80B4-00C04FD430C8'")],
             [("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'", "'none'"), ("NULL", "'none'")]),
            ("INTEGER[]", "BIGINT[]", [("[1, NULL]", "[1, NULL]"), ("NULL", "NULL")],
             [("[]", "[NULL]"), ("[]", "NULL")]),
            ("INTEGER[2]", "INTEGER[]", [("[1, 2]", "[1, 2]")], [("[1, 2]", "[1]")]),
            ("DECIMAL(9,2)[]", "DECIMAL(9,4)[]", [("[1.5]", "[1.5]")], [("[1.5]", "[1.5001]")]),
            ("BIT", "VARCHAR", [("'01'", "'01'")], [("'01'", "'1'")]),
            ("STRUCT(a INTEGER)", "STRUCT(b INTEGER)", [], [("{'a': 1}", "{'b': 1}")]),
            ('"NULL"', "DECIMAL(9,2)", [("NULL", "NULL")], [("NULL", "0")]),
            ('"NULL"', "VARCHAR", [("NULL", "NULL")], [("NULL", "''"), ("NULL", "'NULL'")]),
        ],
    )  # fmt: skip
    def test_what_is_the_same_and_what_is_not(
        self, database: DuckDB, base: str, head: str, same: list[tuple[str, str]], other: list[tuple[str, str]]
    ) -> None:
        compared, mirrored = pair(base, head), pair(head, base)
        for expected, pairs in ((False, same), (True, other)):
            for left, right in pairs:
                assert compare(database, compared, left, right) is expected, (left, right)
                assert compare(database, mirrored, right, left) is expected, (left, right)


ALLOWED = [
    ("INTEGER", Tolerance(1), [("1", "2"), ("-1", "0")], [("1", "3"), ("1", "NULL"), ("NULL", "0")]),
    ("INTEGER", Tolerance(0.9), [("1", "1")], [("1", "2")]),
    ("INTEGER", Tolerance(relative=0.1), [("100", "110"), ("-100", "-110"), ("0", "0")], [("100", "112"), ("0", "1")]),
    ("INTEGER", Tolerance(2, 0.1), [("1", "3"), ("100", "110")], [("1", "4"), ("100", "112"), ("1", "-2")]),
    ("BIGINT", Tolerance(1), [("9223372036854775806", "9223372036854775807")],
     [("9223372036854775805", "9223372036854775807"), ("-9223372036854775808", "9223372036854775807")]),
    ("BIGINT", Tolerance(relative=1e-19), [], [("9223372036854775806", "9223372036854775807")]),
    ("UBIGINT", Tolerance(1), [("0", "1"), ("18446744073709551614", "18446744073709551615")], [("0", "2")]),
    ("HUGEINT", Tolerance(1), [("170141183460469231731687303715884105726", "170141183460469231731687303715884105727")],
     [("-170141183460469231731687303715884105728", "170141183460469231731687303715884105727")]),
    ("HUGEINT", Tolerance(relative=2),
     [("-170141183460469231731687303715884105728", "170141183460469231731687303715884105727")],
     []),
    ("UHUGEINT", Tolerance(1), [("340282366920938463463374607431768211454", "340282366920938463463374607431768211455")],
     [("0", "340282366920938463463374607431768211455"), ("5", "3")]),
    ("DECIMAL(9,2)", Tolerance(0.01), [("0.10", "0.11"), ("1234567.89", "1234567.90")], [("0.10", "0.12")]),
    ("DECIMAL(9,2)", Tolerance(0.019), [("0.10", "0.11")], [("0.10", "0.12")]),
    ("DECIMAL(38,2)", Tolerance(0.01),
     [("999999999999999999999999999999999999.98", "999999999999999999999999999999999999.99")],
     [("999999999999999999999999999999999999.97", "999999999999999999999999999999999999.99"),
      ("-999999999999999999999999999999999999.99", "999999999999999999999999999999999999.99")]),
    ("DECIMAL(38,38)", Tolerance(5), [("0.9", "-0.05")], []),
    ("DECIMAL(9,2)", Tolerance(1e300), [("1", "9999999.99")], [("1", "NULL")]),
    ("DECIMAL(9,2)", Tolerance(5e-324), [("1", "1")], [("1", "1.01")]),
    ("DECIMAL(9,2)", Tolerance(relative=0.001), [("1000.00", "1001.00")], [("1000.00", "1001.10")]),
    ("DOUBLE", Tolerance(0.25), [("1", "1.25"), ("0.0", "-0.0"), ("'NaN'", "'NaN'"), ("'inf'", "'inf'")],
     [("1", "1.26"), ("'NaN'", "1"), ("'NaN'", "NULL"), ("'inf'", "'-inf'"), ("'inf'", "1e308"), ("'NaN'", "'inf'")]),
    ("DOUBLE", Tolerance(relative=0.5), [("1", "2"), ("-1e308", "-1.5e308")],
     [("'inf'", "1"), ("'inf'", "'-inf'"), ("'NaN'", "1"), ("1", "2.1"), ("-1e308", "1.5e308")]),
    ("FLOAT", Tolerance(1e-6), [("0.1", "'0.1000001'")], [("0.1", "0.1001")]),
    ("DOUBLE", Tolerance(), [("1", "1")], [("1", "'1.0000000000000002'")]),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "tolerance", "same", "other"), ALLOWED)
def test_a_tolerance(
    plain: DuckDB, type_: str, tolerance: Tolerance, same: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    compared = pair(type_, options=ModelOptions(tolerances=(("V", tolerance),)))
    for expected, pairs in ((False, same), (True, other)):
        for left, right in pairs:
            assert compare(plain, compared, left, right) is expected, (left, right)


@pytest.mark.parametrize(
    ("tolerance", "note"),
    [
        (Tolerance(0.01), "v: numbers up to 0.01 apart count as equal"),
        (Tolerance(relative=0.001), "v: numbers up to 0.1 % of the larger one apart count as equal"),
        (Tolerance(1, 0.1), "v: numbers up to 1 or 10 % of the larger one, whichever is more, apart count as equal"),
    ],
)
def test_a_tolerance_is_told(tolerance: Tolerance, note: str) -> None:
    options = ModelOptions(tolerances=(("v", tolerance),))
    assert pair("DOUBLE", options=options).tolerance_note == note
    assert pair("DOUBLE").tolerance_note is None
    refused = pair("VARCHAR", options=options).tolerance_note
    assert refused == "the tolerance for v was not used: VARCHAR is not a number"


def test_two_exact_numbers_without_a_common_type_have_no_tolerance() -> None:
    options = ModelOptions(tolerances=(("v", Tolerance(1)),))
    assert not pair("DECIMAL(38,0)", "DECIMAL(38,10)", options).takes_tolerance


RULES = [
    (ModelOptions(ignore_case=("V",)), [("'Ab'", "'aB'"), ("'É'", "'é'")], [("'a'", "'a '"), ("NULL", "''")]),
    (ModelOptions(ignore_trailing_blanks=("v",)), [("'a'", "'a  '"), ("''", "'  '")],
     [("'a'", "' a'"), ("'a'", "'A'"), ("'a'", "'a' || chr(9)"), ("NULL", "' '")]),
    (ModelOptions(ignore_trailing_blanks=("v",), ignore_case=("v",)), [("'a'", "'A '")], [("'a'", "'b'")]),
    (ModelOptions(json_columns=("v",)),
     [("'{\"a\":1,\"b\":[1, {\"d\":1,\"c\":2}]}'", "'{\"b\":[1,{\"c\":2,\"d\":1}],  \"a\":1}'"),
      ("'1.0'", "'1.00'"), ("'1e2'", "'100.0'"), ("'\"\\u00e9\"'", "'\"é\"'"), ("'not json'", "'not json'")],
     [("'[1,2]'", "'[2,1]'"), ("'1'", "'1.0'"), ("'not json'", "'not  json'"), ("'null'", "NULL"), ("'{'", "'['"),
      ("'{\"a\":1}'", "'{\"A\":1}'"), ("'9007199254740993'", "'9007199254740992'"), ("'\"1\"'", "'1'")]),
    (ModelOptions(json_columns=("v",), ignore_case=("v",)), [("'{\"a\": 1}'", "'{\"A\":1}'")], [("'1'", "'2'")]),
]  # fmt: skip


@pytest.mark.parametrize(("options", "same", "other"), RULES)
def test_rules_for_text(
    plain: DuckDB, options: ModelOptions, same: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    compared = pair("VARCHAR", options=options)
    for expected, pairs in ((False, same), (True, other)):
        for left, right in pairs:
            assert compare(plain, compared, left, right) is expected, (left, right)
            hashes = [f"hash({compared.hashable(value)})" for value in (left, right)]
            assert plain.query(f"SELECT {hashes[0]} <> {hashes[1]}") == [(expected,)]


def test_rules_are_for_every_type_of_text_and_for_no_other(plain: DuckDB) -> None:
    options = ModelOptions(ignore_case=("v",), json_columns=("v",), ignore_trailing_blanks=("v",))
    used = (
        "v: text that is JSON was compared by value",
        "v: upper and lower case count as equal",
        "v: blanks at the end do not count",
    )
    for base, head in (("ENUM('a', 'A')", ""), ("JSON", "VARCHAR"), ("ENUM('a', 'A')", "VARCHAR")):
        assert pair(base, head, options).notes == used
    assert not compare(plain, pair("ENUM('a', 'A')", options=options), "'a'", "'A'")
    assert pair("INTEGER", options=options).notes == (
        "v: json_columns was not used: INTEGER is not text",
        "v: ignore_case was not used: INTEGER is not text",
        "v: ignore_trailing_blanks was not used: INTEGER is not text",
    )
    assert "v: BLOB and VARCHAR were compared byte by byte" in pair("BLOB", "VARCHAR", options).notes


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("TIMESTAMPTZ '2026-01-31 12:00:00.5+02'", "2026-01-31 10:00:00.5+00"),
        ("TIMESTAMPTZ '1800-01-01 00:00:00+00'", "1800-01-01 00:00:00+00"),
        ("TIMESTAMPTZ 'infinity'", "infinity"),
        ("CAST('2026-01-31 12:00:00.000000001+02' AS TIMESTAMPTZ_NS)", "2026-01-31 10:00:00.000000001+00"),
        ("CAST('-infinity' AS TIMESTAMPTZ_NS)", "-infinity"),
        ("TIMESTAMP '2026-01-31 12:00:00'", "2026-01-31 12:00:00"),
        ("'\\x00a\\xFF'::BLOB", "\\x00a\\xFF"),
        ("'01'::BIT", "01"),
        ("DATE '0044-03-15 (BC)'", "0044-03-15 (BC)"),
        ("1.50::DECIMAL(9,2)", "1.50"),
        ("INTERVAL '40 days'", "40 days"),
        ("[1, NULL]", "[1, NULL]"),
        ("{'a': 'x'}", "{'a': x}"),
        ("''", ""),
        ("'NULL'", "NULL"),
        ("NULL::TIMESTAMPTZ", None),
        ("NULL", None),
    ],
)  # fmt: skip
def test_what_a_person_reads(database: DuckDB, value: str, read: str | None) -> None:
    type_ = str(database.query(f"SELECT typeof({value})")[0][0])
    assert database.query(f"SELECT {text('v', type_)} FROM (SELECT {value} AS v)") == [(read,)]
