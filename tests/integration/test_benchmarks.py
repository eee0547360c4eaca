"""What benchmarks/diff.py takes for true is true, and it sees a comparison that is wrong."""

from __future__ import annotations

from collections import Counter

import duckdb
import pytest

from benchmarks._tables import VARIANTS, Size, Truth, statement, truth

SMALL = Size("small", 3_000, 8)
Rows = list[dict[str, object]]


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    for name in ("base", "bag", *VARIANTS):
        made.execute(f"CREATE TABLE {name} AS {statement(SMALL, name)}")
    return made


def rows(connection: duckdb.DuckDBPyConnection, name: str) -> Rows:
    cursor = connection.execute(f"FROM {name}")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def by_id(base: Rows, head: Rows) -> Truth:
    """The difference by key, from dictionaries."""
    old, new = ({row["id"]: row for row in side} for side in (base, head))
    cells = Counter(name for key in old.keys() & new.keys() for name in old[key] if old[key][name] != new[key][name])
    changed = sum(old[key] != new[key] for key in old.keys() & new.keys())
    return Truth(len(new.keys() - old.keys()), len(old.keys() - new.keys()), changed, dict(cells))


def by_value(base: Rows, head: Rows) -> Truth:
    """The difference of two multisets, from counters."""
    old, new = (Counter(tuple(row.values()) for row in side) for side in (base, head))
    return Truth((new - old).total(), (old - new).total())


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_differs_is_what_was_meant_to(connection: duckdb.DuckDBPyConnection, variant: str) -> None:
    base = rows(connection, VARIANTS[variant].base)
    keyed = "id" in base[0]
    scattered = by_id(rows(connection, "base"), rows(connection, "p01")).changed
    assert scattered > 0
    found = (by_id if keyed else by_value)(base, rows(connection, variant))
    assert found == truth(SMALL, variant, scattered=scattered)


def test_rows_are_in_another_order_only_where_it_is_said(connection: duckdb.DuckDBPyConnection) -> None:
    first = {
        name: [number for (number,) in connection.execute(f"SELECT id FROM {name}").fetchall()]
        for name in ("base", "same", "p01", "shuf", "shufsame")
    }
    assert first["base"] == first["same"] == first["p01"] == sorted(first["base"])
    assert sorted(first["shuf"]) == sorted(first["shufsame"]) == first["base"]
    assert first["shuf"] != first["base"] != first["shufsame"]


def test_without_a_key_no_set_of_columns_is_unique(connection: duckdb.DuckDBPyConnection) -> None:
    found = rows(connection, "bag")
    assert len({tuple(row.values()) for row in found}) == SMALL.rows - SMALL.rows // 100


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"added": 0, "removed": 0, "changed": 3}, None),
        ({"added": 3, "removed": 3, "changed": 0}, None),
        ({"added": 3, "removed": 3, "changed": None}, None),
        ({"added": 0, "removed": 0, "changed": 3, "columns": {"int_1": 3}}, None),
        ({"added": 0, "removed": 0, "changed": 0}, "wrong"),
        ({"added": 3, "removed": 0, "changed": 0}, "wrong"),
        ({"added": 0, "removed": 0, "changed": 3, "columns": {"int_1": 2}}, "by column"),
        ({"added": 0, "removed": 0, "changed": 3, "coverage": "sampled"}, "sampled"),
        ({"added": None, "removed": None, "changed": None, "coverage": "not_compared"}, "not_compared"),
    ],
)
def test_a_wrong_count_is_seen(found: dict[str, object], says: str | None) -> None:
    mistake = Truth(changed=3, columns={"int_1": 3}).mistake_in(found)
    assert mistake is None if says is None else says in str(mistake)
