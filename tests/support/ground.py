"""A warehouse to test on: the product's own adapter with its real driver, and a way to make production's tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from rocky_action.domain.project import Adapter, Relation
from rocky_action.ports import WarehouseAdapter
from rocky_action.sql.quoting import quote, relation
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from rocky_action.warehouses.request import OpenRequest

WAREHOUSES = ("duckdb", "snowflake", "bigquery", "databricks")


class Missing(Exception):  # noqa: N818  a fact about this machine, no error of the code
    """This machine cannot have the warehouse; the message says what it lacks."""


@dataclass(frozen=True)
class Ground:
    """``adapter`` is opened as the product opens it; ``settings`` and ``environ`` open it again.

    ``production`` runs one statement of the warehouse's own dialect, with rights that the product does not need.
    ``schema`` is an empty schema of production's in ``catalog``.
    """

    name: str
    adapter: WarehouseAdapter
    production: Callable[[str], None]
    catalog: str
    schema: str
    settings: Mapping[str, str]
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()

    def at(self, name: str, schema: str | None = None) -> Relation:
        """A relation of production's, or of another schema."""
        return Relation(self.catalog, schema or self.schema, name)

    def sql(self, text: str) -> str:
        """SQL that DuckDB would take, in the words of this warehouse."""
        return parse_one(text, read="duckdb").sql(dialect=self.adapter.dialect)

    def named(self, rel: Relation) -> str:
        """A relation in the warehouse's own quotes."""
        return relation(rel, self.adapter.dialect)

    def type(self, text: str) -> str:
        """A type as DuckDB calls it, as this warehouse does."""
        if self.name == "bigquery" and text == "DECIMAL(38, 0)":
            return "BIGNUMERIC(38, 0)"  # a NUMERIC has 29 digits before the point
        return exp.DataType.build(text, dialect="duckdb").sql(dialect=self.adapter.dialect)

    def make(self, rel: Relation, columns: Mapping[str, str], rows: Sequence[Sequence[str]] = ()) -> Relation:
        """Replaces a table. Types are as DuckDB calls them, cells are SQL that DuckDB would take."""
        dialect = self.adapter.dialect
        cast = ", ".join(
            f"CAST(v.c{place} AS {self.type(type_)}) AS {quote(name, dialect)}"
            for place, (name, type_) in enumerate(columns.items())
        )
        names = ", ".join(f"c{place}" for place in range(len(columns)))
        cells = ", ".join(f"({', '.join(row)})" for row in rows or [["NULL"] * len(columns)])
        values = self.sql(f"SELECT * FROM (VALUES {cells}) AS v({names})")
        query = f"SELECT {cast} FROM ({values}) AS v{'' if rows else ' WHERE 1 = 0'}"
        self.production(f"CREATE OR REPLACE TABLE {self.named(rel)} AS {query}")
        return rel

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the adapter says a query returns, sorted."""
        return sorted(self.adapter.query(query), key=repr)

    def again(self) -> WarehouseAdapter:
        """The warehouse opened once more, as the next run does."""
        adapter = Adapter("default", self.name, self.settings)
        return open_warehouse(OpenRequest(adapter, self.folder, seeds=tuple, environ=self.environ)).warehouse


def live() -> str | None:
    """The warehouse that is to be the real one, None for stand-ins."""
    return os.environ.get("LIVE_WAREHOUSE") or None


def required() -> bool:
    """Whether what is missing is a failure and no reason to skip."""
    return os.environ.get("REQUIRE_ALL") == "1"


@contextmanager
def standing_on(name: str) -> Iterator[Ground]:
    """One warehouse. Skips the test where this machine cannot have it, unless everything is required."""
    if live() is not None:
        if live() != name:
            pytest.skip(f"only {live()} was asked for")
        with import_module("tests.support.live_ground").open_ground(name) as real:
            yield real
        return
    with ExitStack() as stack:
        try:
            ground = stack.enter_context(import_module(f"tests.support.{name}_ground").open_ground())
        except (Missing, ModuleNotFoundError) as why:
            if required():
                raise
            pytest.skip(f"NOT TESTED on {name}: {why}")
        yield ground
