"""What a comparison says to each warehouse, statement by statement: to be reviewed like code."""

from __future__ import annotations

import re
from textwrap import fill

import pytest

from rocky_action.domain.options import Algorithm, ModelOptions, SampleOrder, Tolerance
from rocky_action.rowdiff.compare import diff_relations
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from tests.support.foreign import Foreign, listening
from tests.support.golden import check_golden
from tests.support.rowdiff_tables import BASE, HEAD, open_tables

KEY = (KeyCandidate(("id",), "unique_key"),)
OPTIONS = ModelOptions(tolerances=(("amount", Tolerance(0.01, 0.001)),), ignore_case=("name",))
ASKED = {
    "small tables, by key": DiffRequest("t", KEY, OPTIONS),
    "large tables, by key": DiffRequest("t", KEY, ModelOptions(), few_rows=0),
    "large tables, a composite key": DiffRequest("t", (KeyCandidate(("name", "id"), "tests"),), few_rows=0),
    "whole rows": DiffRequest("t", (), ModelOptions(key=()), few_rows=0),
    "a random sample": DiffRequest(
        "t", KEY, algorithm=Algorithm.SAMPLED, sample_size=100, sample_order=SampleOrder.RANDOM
    ),
    "the first rows": DiffRequest("t", KEY, algorithm=Algorithm.SAMPLED, sample_size=3, sample_order=SampleOrder.FIRST),
    "bisection": DiffRequest("t", KEY, algorithm=Algorithm.BISECTION, few_rows=0),
    "an inferred key": DiffRequest("t", (), ModelOptions(), few_rows=0),
}
ROWS = (
    "SELECT i AS id, 'n' || i % 9 AS name, i * 1.5::DOUBLE AS amount, i::VARCHAR::BLOB AS raw FROM range({n}) AS r(i)"
)


def without_hashes(sql: str) -> str:
    """A statement with one hash in place of each list of them: they are DuckDB's here."""
    return re.sub(r"((?:STRUCT)?\()\d{12,}((?: AS h)?\))(?:, (?:STRUCT)?\(\d+(?: AS h)?\))*", r"\1123456789\2", sql)


@pytest.mark.parametrize("dialect", ["bigquery", "databricks", "snowflake"])
def test_what_a_warehouse_is_told(dialect: str) -> None:
    said: list[str] = []
    told: set[str] = set()
    for what, request in ASKED.items():
        with open_tables() as tables:
            tables.both(ROWS.format(n=400), f"{ROWS.format(n=402)} WHERE i <> 7 ORDER BY i DESC")
            tables.run("UPDATE head.t SET name = 'other' WHERE id % 20 = 1")
            foreign = Foreign(tables.database, dialect)
            with listening(foreign) as heard:
                found = diff_relations(foreign, request, base=BASE, head=HEAD)
        assert found.rows.differs, found.coverage
        fresh = [sql for sql in dict.fromkeys(map(without_hashes, heard)) if sql not in told]
        told |= set(fresh)
        said += [f"-- {what}", *(f"{fill(sql, 118, break_long_words=False, break_on_hyphens=False)};" for sql in fresh)]
    check_golden(f"rowdiff_{dialect}.sql", "\n\n".join(said) + "\n")


@pytest.mark.parametrize("dialect", ["bigquery", "databricks", "snowflake"])
def test_a_condition_of_the_users_is_said_as_it_was_written(dialect: str) -> None:
    with open_tables() as tables:
        tables.both(ROWS.format(n=4), ROWS.format(n=5))
        foreign = Foreign(tables.database, dialect)
        options = ModelOptions(where="name <> 'it''s' AND id > 1")
        with listening(foreign) as heard:
            diff_relations(foreign, DiffRequest("t", KEY, options), base=BASE, head=HEAD)
    assert all("((name <> 'it''s' AND id > 1))" in sql for sql in heard)
