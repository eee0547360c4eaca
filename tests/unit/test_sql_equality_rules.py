"""Each rule of equality against its fixtures, which DuckDB executes: what is the same gives the same relation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

from rocky_action.sql.equality import same_meaning
from tests.support.equality_rules import CATALOGUE
from tests.support.equality_tables import TABLES
from tests.support.sql_models import model, run

FOLDER = Path(__file__).parents[1] / "equality"
KINDS = ("same", "different", "unproven")


@pytest.fixture(scope="module")
def tables() -> Iterable[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        yield connection


def fixtures(*kinds: str) -> list[tuple[str, str, str]]:
    return list(_pairs(kinds))


def _pairs(kinds: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    for path in sorted(FOLDER.glob("*.yml")):
        pairs = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert set(pairs) <= set(KINDS), path
        for kind in kinds:
            yield from ((path.stem, base, head) for base, head in pairs.get(kind, ()))


def outcome(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    try:
        return run(connection, sql)
    except duckdb.Error as err:
        return type(err).__name__


def same(base: str, head: str) -> bool:
    return same_meaning(model("m", base), model("m", head), dialect="duckdb")


def test_every_rule_has_fixtures_and_a_reason() -> None:
    assert {path.stem for path in FOLDER.glob("*.yml")} == set(CATALOGUE)
    for rule in CATALOGUE.values():
        assert len((rule.__doc__ or "").split()) > 12, rule
    assert {name for name, _, _ in fixtures("same")} == {name for name, _, _ in fixtures("different")} == set(CATALOGUE)


@pytest.mark.parametrize(("rule", "base", "head"), fixtures("same"))
def test_the_same_in_other_words(tables: duckdb.DuckDBPyConnection, rule: str, base: str, head: str) -> None:
    assert same(base, head), rule
    assert same(head, base)
    assert run(tables, base) == run(tables, head)


@pytest.mark.parametrize(("rule", "base", "head"), fixtures("different"))
def test_what_only_looks_the_same(tables: duckdb.DuckDBPyConnection, rule: str, base: str, head: str) -> None:
    """These tables show the difference: other rows, names or types, or an error on one side."""
    assert not same(base, head), rule
    assert not same(head, base)
    assert outcome(tables, base) != outcome(tables, head)


@pytest.mark.parametrize(("rule", "base", "head"), fixtures("unproven"))
def test_what_is_not_proven_is_a_change(rule: str, base: str, head: str) -> None:
    assert not same(base, head), rule
    assert not same(head, base)
