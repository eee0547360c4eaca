"""The self-test over random tables of every type: on a diff that is right it never fails, and planted is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.domain.diff import NotCompared
from rocky_action.domain.options import Algorithm, DiffOptions, ModelOptions, PreviewOptions, Tolerance
from rocky_action.domain.project import Relation
from rocky_action.domain.self_test import SelfTestFailed, SelfTestPassed
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb
from tests.support.self_tests import DEFAULTS, MODEL, Trial, tried
from tests.support.typed_values import LEAVES, WHOLE

TYPES = {**LEAVES, **WHOLE}
BASE, HEAD = Relation("memory", "main", MODEL), Relation("memory", "branch__x", MODEL)
PLANTABLE = {"INTEGER", "DECIMAL(9,2)", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP"}
"""Types in which rows without a key can be marked; every one of these tables has one."""


@pytest.fixture(scope="module")
def database() -> Iterator[DuckDB]:
    opened = open_duckdb(None)
    opened.execute(["CREATE SCHEMA branch__x"])
    yield opened
    opened.close()


def fill(database: DuckDB, random: Random, rows: int) -> list[str]:
    """Both tables, of random columns; values repeat, some are NULL, and the sides differ here and there."""
    types = [random.choice(sorted(PLANTABLE)), *random.choices(sorted(TYPES), k=random.randint(0, 5))]
    random.shuffle(types)
    names = [f"{random.choice(['c', 'C ', 'rocky_row', 'Ä'])}{at}" for at in range(len(types))]
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in zip(names, types, strict=True))
    for place in ("main", "branch__x"):
        database.execute([f"CREATE OR REPLACE TABLE {place}.{MODEL} (id INTEGER, {columns})"])
    told = {"main": [], "branch__x": []}  # type: dict[str, list[str]]
    for row in range(rows):
        cells = [_cell(random, type_) for type_ in types]
        told["main"].append(f"({row}, {', '.join(cells)})")
        if random.random() < 0.1:
            cells[0] = _cell(random, types[0])
        if random.random() < 0.95:
            told["branch__x"].append(f"({row}, {', '.join(cells)})")
    for place, values in told.items():
        random.shuffle(values)
        if values:
            database.execute([f"INSERT INTO {place}.{MODEL} VALUES {', '.join(values)}"])
    return names


def _cell(random: Random, type_: str) -> str:
    return f"CAST({random.choice(random.choice(TYPES[type_]))} AS {type_})" if random.random() < 0.9 else "NULL"


def asked(random: Random, names: list[str]) -> PreviewOptions:
    """Any way to compare, by a key that is unique, by one that may repeat, or by none."""

    def some() -> tuple[str, ...]:
        return tuple(name for name in names if random.random() < 0.2)

    own = ModelOptions(
        key=random.choice([("id",), ("id",), (names[0],), (names[-1], "id"), (), None]),
        ignore_columns=some(),
        mask_columns=some(),
        tolerances=tuple((name, Tolerance(random.choice([0.01, 1e9]), 0.5)) for name in some()),
        ignore_case=some(),
        ignore_trailing_blanks=some(),
        json_columns=some(),
        where=random.choice([None, None, "id > 3"]),
    )
    algorithm = random.choice(list(Algorithm))
    return replace(DEFAULTS, diff=DiffOptions(algorithm, random.choice([5, 1000]), random.choice([0, 5]), own))


def ran(database: DuckDB, seed: int, rows: int) -> tuple[Trial, PreviewOptions]:
    random = Random(seed)  # noqa: S311 (no secret)
    options = asked(random, fill(database, random, rows))
    return tried(database, BASE, HEAD, options=options), options


@settings(max_examples=settings().max_examples // 4)
@given(seed=st.integers(0, 2**32), rows=st.integers(0, 40))
def test_a_diff_that_is_right_never_fails(database: DuckDB, seed: int, rows: int) -> None:
    found, _ = ran(database, seed, rows)
    assert not isinstance(found.tested, SelfTestFailed), found.tested
    if isinstance(found.diff.coverage, NotCompared):
        assert not isinstance(found.tested, SelfTestPassed)
    left = database.query("SELECT count(*) FROM duckdb_tables() WHERE contains(table_name, 'self_test')")
    assert left == [(0,)]


@settings(max_examples=settings().max_examples // 4)
@given(seed=st.integers(0, 2**32), rows=st.integers(12, 40))
def test_with_rows_and_a_key_it_is_done(database: DuckDB, seed: int, rows: int) -> None:
    random = Random(seed)  # noqa: S311 (no secret)
    names = fill(database, random, rows)
    algorithm = random.choice(list(Algorithm))
    options = replace(DEFAULTS, diff=DiffOptions(algorithm, project=ModelOptions(key=random.choice([("id",), ()]))))
    found = tried(database, BASE, HEAD, options=options)
    assert isinstance(found.tested, SelfTestPassed), (found.tested, names)
    assert found.tested.planted >= 4
