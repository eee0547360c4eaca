"""Values of every type that DuckDB has, as SQL, by what they are: the spellings in one list are one value."""

from __future__ import annotations

from dataclasses import dataclass

LEAVES: dict[str, list[list[str]]] = {
    "BOOLEAN": [["TRUE"], ["FALSE"]],
    "TINYINT": [["0"], ["-1"], ["-128"], ["127"]],
    "SMALLINT": [["0"], ["-1"], ["-32768"], ["32767"]],
    "INTEGER": [["0"], ["1"], ["-1"], ["-2147483648"], ["2147483647"]],
    "BIGINT": [["0"], ["1"], ["-1"], ["-9223372036854775808"], ["9223372036854775807"]],
    "UTINYINT": [["0"], ["255"]],
    "USMALLINT": [["0"], ["65535"]],
    "UINTEGER": [["0"], ["4294967295"]],
    "UBIGINT": [["0"], ["1"], ["18446744073709551615"]],
    # DuckDB's own hash takes the first four for the same, and the next two.
    "HUGEINT": [
        ["0"], ["-1"], ["18446744073709551617"], ["36893488147419103234"],
        ["18446744073709551618"], ["36893488147419103233"],
        ["1"], ["-170141183460469231731687303715884105728"], ["170141183460469231731687303715884105727"],
    ],
    "UHUGEINT": [
        ["0"], ["18446744073709551617"], ["340282366920938463463374607431768211455"],
        ["18446744073709551618"], ["36893488147419103233"], ["1"],
    ],
    "BIGNUM": [["0", "'-0'"], ["1"], ["-1"], [f"'{'9' * 60}'"], [f"'-{'9' * 60}'"], [f"'{'9' * 59}8'"]],
    "DECIMAL(9,2)": [["0", "'-0.00'"], ["-0.01"], ["1", "'1.00'"], ["9999999.99"], ["-9999999.99"]],
    "DECIMAL(18,4)": [["0"], ["-0.0001"], ["99999999999999.9999"]],
    "DECIMAL(38,2)": [
        ["0"], ["-0.01"], ["184467440737095516.17"], ["999999999999999999999999999999999999.99"],
        ["-999999999999999999999999999999999999.99"],
    ],
    "FLOAT": [["0.0", "'-0.0'"], ["'NaN'", "'-NaN'"], ["'inf'"], ["'-inf'"], ["0.1"], ["0.2"], ["16777216"]],
    "DOUBLE": [
        ["0.0", "'-0.0'"], ["'NaN'", "'-NaN'"], ["'inf'"], ["'-inf'"], ["0.3"], ["'0.30000000000000004'"],
        ["5e-324"], ["1.7976931348623157e308"], ["1e22"],
    ],
    "VARCHAR": [
        ["''"], ["' '"], ["'a'"], ["'A'"], ["'a '"], ["'NULL'"], ["'null'"], ["'[]'"], ["'{}'"], ["'1'"],
        ["'a, b'"], ["'a'', ''b'"], ["'\\'"], ["'\"'"], ["chr(10)"], ["'é'"], ["'e' || chr(769)"], ["'{''a'': 1}'"],
        ["'a=b'"], ["repeat('x', 40)"],
    ],
    "JSON": [["'{}'"], ["'null'"], ["'[]'"], ["'1'"], ["'\"1\"'"], ["'{\"a\":1}'"], ["'{\"a\": 1}'"]],
    "ENUM('b', 'a', 'NULL', '', 'VARIANT, UNION')": [["'b'"], ["'a'"], ["'NULL'"], ["''"], ["'VARIANT, UNION'"]],
    "BLOB": [["''"], ["'\\x00'"], ["'\\x00\\x00'"], ["'a'", "'\\x61'"], ["'\\x5Cx61'"], ["'NULL'"], ["'\\xFF'"]],
    "BIT": [["'0'"], ["'1'"], ["'01'"], ["'001'"], ["'00000001'"], ["'000000001'"]],
    "UUID": [
        ["'00000000-0000-0000-0000-000000000000'"], ["'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
        # As they are stored, the halves of each are equal: DuckDB's own hash of all of them is 0.
        ["'91111111-1111-1111-1111-111111111111'"], ["'a2222222-2222-2222-2222-222222222222'"],
        ["'80000000-0000-0000-0000-000000000000'"], ["'7fffffff-ffff-ffff-ffff-ffffffffffff'"],
        ["'6ba7b810-9dad-11d1-80b4-00c04fd430c8'", "'6BA7B810-9DAD-11D1-80B4-00C04FD430C8'"],
    ],
    "DATE": [["'2026-01-31'"], ["'0044-03-15 (BC)'"], ["'5000000-01-01'"], ["'infinity'"], ["'-infinity'"]],
    "TIME": [["'00:00:00'"], ["'24:00:00'"], ["'10:00:00.000001'"]],
    "TIME_NS": [["'00:00:00'"], ["'10:00:00.000000001'"], ["'10:00:00.000000002'"]],
    "TIME WITH TIME ZONE": [["'10:00:00+00'"], ["'12:00:00+02'"], ["'10:00:00-00:00:01'"]],
    "TIMESTAMP": [
        ["'2026-01-31 00:00:00'"], ["'2026-01-31 00:00:00.000001'"], ["'0044-03-15 (BC) 00:00:00'"], ["'infinity'"],
        ["'-infinity'"], ["'290000-01-01 00:00:00'"],
    ],
    "TIMESTAMP_S": [["'2026-01-31 00:00:00'"], ["'2026-01-31 00:00:01'"], ["'infinity'"]],
    "TIMESTAMP_MS": [["'2026-01-31 00:00:00'"], ["'2026-01-31 00:00:00.001'"], ["'-infinity'"]],
    "TIMESTAMP_NS": [["'2026-01-31 00:00:00'"], ["'2026-01-31 00:00:00.000000001'"], ["'infinity'"]],
    "TIMESTAMP WITH TIME ZONE": [
        ["'2026-01-31 00:00:00+00'", "'2026-01-31 02:00:00+02'"], ["'2021-11-07 05:30:00+00'"],
        ["'2021-11-07 06:30:00+00'"], ["'1800-01-01 00:00:00+00'"], ["'infinity'"], ["'-infinity'"],
    ],
    "TIMESTAMPTZ_NS": [
        ["'2026-01-31 00:00:00+00'", "'2026-01-31 02:00:00+02'"], ["'infinity'"],
        ["'2026-01-31 00:00:00.000000001+00'"],
    ],
    "INTERVAL": [["'30 days'"], ["'1 month'"], ["'24 hours'"], ["'1 day'"], ["'0 days'"], ["'12 months'", "'1 year'"]],
    "GEOMETRY": [["'POINT (1 2)'"], ["'POINT (2 1)'"], ["'POINT EMPTY'"], ["'LINESTRING (0 0, 1 1)'"]],
}  # fmt: skip

WHOLE: dict[str, list[list[str]]] = {
    "INTEGER[]": [["[]"], ["[NULL]"], ["[NULL, NULL]"], ["[1]"], ["[1, NULL]"], ["[NULL, 1]"], ["[1, 2]"], ["[2, 1]"]],
    "INTEGER[][]": [["[]"], ["[[]]"], ["[NULL]"], ["[[NULL]]"], ["[[], []]"], ["[[1], [2]]"], ["[[1, 2]]"]],
    "INTEGER[2]": [["[NULL, NULL]"], ["[1, NULL]"], ["[1, 2]"], ["[2, 1]"]],
    "DOUBLE[]": [["[0.0]", "['-0.0'::DOUBLE]"], ["['NaN'::DOUBLE]"], ["[NULL]"], ["[0.1]"]],
    "STRUCT(a INTEGER)": [["{'a': NULL}"], ["{'a': 0}"], ["{'a': 1}"]],
    "STRUCT(a INTEGER, b VARCHAR[])": [
        ["{'a': NULL, 'b': NULL}"], ["{'a': NULL, 'b': []}"], ["{'a': NULL, 'b': [NULL]}"], ["{'a': 1, 'b': ['x']}"],
    ],
    "MAP(VARCHAR, INTEGER)": [
        ["MAP {}"], ["MAP {'a': NULL}"], ["MAP {'a': 1}"], ["MAP {'a': 1, 'b': 2}"], ["MAP {'b': 2, 'a': 1}"],
        ["MAP {'a=1, b': 2}"],
    ],
    "UNION(i INTEGER, b BIGINT, s VARCHAR, l INTEGER[], v INTERVAL)": [
        ["union_value(i := 1)"], ["union_value(b := 1::BIGINT)"], ["union_value(s := '1')"],
        ["union_value(i := NULL::INTEGER)"], ["union_value(s := NULL::VARCHAR)"], ["union_value(s := 'NULL')"],
        ["union_value(l := []::INTEGER[])"], ["union_value(l := [NULL]::INTEGER[])"], ["union_value(s := 'a')"],
        ["union_value(s := 'A')"], ["union_value(v := '30 days'::INTERVAL)"], ["union_value(v := '1 month'::INTERVAL)"],
    ],
    "UNION(i INTEGER, v VARIANT)[]": [
        ["[]"], ["[NULL]"], ["[union_value(i := 1)]"], ["[union_value(v := 1::VARIANT)]"],
        ["[union_value(v := '1'::VARIANT)]"],
    ],
    "VARIANT": [
        ["1", "1::BIGINT"], ["1.0"], ["'1'"], ["'a'", "'a'::BLOB"], ["'2026-01-31'", "'2026-01-31'::DATE"], ["[]"],
        ["[NULL]"], ["{'a': NULL}"], ["{'b': NULL}"], ["{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"], ["'NaN'::DOUBLE"],
        ["'30 days'::INTERVAL"], ["'1 month'::INTERVAL"],
    ],
    "STRUCT(v VARIANT, i INTEGER)": [
        ["{'v': NULL, 'i': 1}"], ["{'v': 1::VARIANT, 'i': NULL}"], ["{'v': '1'::VARIANT, 'i': NULL}"],
        ["{'v': '2026-01-31'::VARIANT, 'i': 1}", "{'v': '2026-01-31'::DATE::VARIANT, 'i': 1}"],
    ],
    "MAP(VARCHAR, VARIANT)": [
        ["MAP {}"], ["MAP {'a': 1::VARIANT}"], ["MAP {'a': '1'::VARIANT}"], ["MAP {'a': NULL::VARIANT}"],
        ["MAP {'a': '2026-01-31'::VARIANT}", "MAP {'a': '2026-01-31'::DATE::VARIANT}"],
    ],
    "VARIANT[]": [["[]"], ["[NULL]"], ["[1::VARIANT]"], ["['1'::VARIANT]"], ["[[NULL]::VARIANT]"]],
}  # fmt: skip

EVERY = {**LEAVES, **WHOLE}
NO_COLUMN = {"NULL": "a column of nothing else", "TYPE": "no column can be of it", "TUPLE": "no column can be of it"}
"""Types of DuckDB's that hold no values of their own."""


@dataclass(frozen=True)
class Spelled:
    """A value as SQL; two values are the same if and only if ``identity`` is."""

    sql: str
    identity: object


def values_of(type_: str) -> list[Spelled]:
    """All values of a type, NULL among them, each cast to the type."""
    spelled = [("NULL", None)] + [(one, number) for number, same in enumerate(EVERY[type_]) for one in same]
    return [Spelled(f"CAST({sql} AS {type_})", identity) for sql, identity in spelled]
