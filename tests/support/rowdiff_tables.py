"""Two tables called t, in schemas base and head of a database in memory, compared as the product compares them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rocky_action.domain.diff import ModelDiff, RowExample
from rocky_action.domain.options import Algorithm, ModelOptions, SampleOrder
from rocky_action.domain.project import Relation
from rocky_action.ports import Row
from rocky_action.rowdiff.answers import Question
from rocky_action.rowdiff.compare import diff_relations
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from rocky_action.rowdiff.schema import pair_columns
from rocky_action.rowdiff.sides import SideRelations, Sides, sides_of
from rocky_action.warehouses.duckdb import DuckDB, OpenOptions, open_duckdb

BASE, HEAD = Relation("", "base", "t"), Relation("", "head", "t")
PLAIN = ModelOptions()


@dataclass(frozen=True)
class Tables:
    database: DuckDB

    def run(self, *statements: str) -> None:
        self.database.execute(statements)

    def both(self, base: str, head: str) -> Tables:
        """Fills the two tables from two queries."""
        self.run(f"CREATE OR REPLACE TABLE base.t AS {base}", f"CREATE OR REPLACE TABLE head.t AS {head}")
        return self

    def typed(self, columns: str, base: Sequence[Row], head: Sequence[Row]) -> Tables:
        """Makes the two tables of the same columns and inserts rows of Python values."""
        for schema, rows in (("base", base), ("head", head)):
            self.run(f"CREATE OR REPLACE TABLE {schema}.t ({columns})")
            if rows:
                marks = ", ".join(f"({', '.join('?' for _ in row)})" for row in rows)
                cells = [cell for row in rows for cell in row]
                self.database.connection.cursor().execute(f"INSERT INTO {schema}.t VALUES {marks}", cells)
        return self

    def diff(self, *keys: tuple[str, ...], options: ModelOptions = PLAIN, swap: bool = False) -> ModelDiff:
        return self.ask(request(*keys, options=options), swap=swap)

    def sample(self, key: tuple[str, ...], size: int) -> ModelDiff:
        wanted = replace(request(key), algorithm=Algorithm.SAMPLED, sample_size=size, sample_order=SampleOrder.FIRST)
        return self.ask(wanted)

    def ask(self, wanted: DiffRequest, *, swap: bool = False) -> ModelDiff:
        base, head = (HEAD, BASE) if swap else (BASE, HEAD)
        return diff_relations(self.database, wanted, base=base, head=head)


def request(*keys: tuple[str, ...], options: ModelOptions = PLAIN) -> DiffRequest:
    """With these declared keys; without any, whole rows are compared."""
    options = options if keys else replace(options, key=())
    return DiffRequest("t", tuple(KeyCandidate(key, "unique_key") for key in keys), options)


def sides(tables: Tables, *, swap: bool = False, where: str | None = None) -> Sides:
    """The two tables as sides of a comparison."""
    base, head = (HEAD, BASE) if swap else (BASE, HEAD)
    columns = [tables.database.columns(relation) or () for relation in (base, head)]
    return sides_of(tables.database, SideRelations(base, head, where), pairs=pair_columns(*columns))


def question(tables: Tables, wanted: DiffRequest, *, swap: bool = False) -> Question:
    """What the product asks about the two tables."""
    opened = sides(tables, swap=swap, where=wanted.options.where)
    ignored = wanted.options.ignore_columns
    compared = tuple(pair for pair in opened.pairs if pair.name not in ignored)
    return Question(opened, compared, wanted, *opened.count())


@contextmanager
def open_tables() -> Iterator[Tables]:
    database = open_duckdb(None, OpenOptions(allowed=None))  # a test may change a setting
    try:
        tables = Tables(database)
        tables.run("CREATE SCHEMA base", "CREATE SCHEMA head")
        yield tables
    finally:
        database.close()


def counts(diff: ModelDiff) -> tuple[int | None, int | None, int | None]:
    """Added, removed, changed."""
    return diff.rows.added, diff.rows.removed, diff.rows.changed


def unpaired(diff: ModelDiff) -> tuple[int | None, int | None, int | None]:
    """The same as a multiset has it: a pair that counts as changed is one row removed and one added."""
    rows = diff.rows
    changed = None if rows.changed is None or rows.changed == rows.paired else rows.changed - rows.paired
    return (rows.added or 0) + rows.paired, (rows.removed or 0) + rows.paired, changed


def cells(example: RowExample) -> dict[str, tuple[str | None, str | None]]:
    return {cell.column: (cell.base, cell.head) for cell in example.cells}
