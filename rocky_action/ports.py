"""What the pipeline needs from outside; each port has at least two implementations in the product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from rocky_action.domain.cost import Figures
from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone, Execution
from rocky_action.domain.production import ObservedRuns
from rocky_action.domain.project import Model, Project, Relation, Setting
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.usage import Usage

Row = tuple[object, ...]


@dataclass(frozen=True)
class Size:
    """What the catalog says about a relation; None is what it does not say."""

    rows: int | None = None
    bytes: int | None = None


class SourceTree(Protocol):
    """The files of a project at one commit, or in the work tree. Paths are relative to the project root, with ``/``."""

    @property
    def label(self) -> str:
        """What to call this tree in messages: a short commit name, or "the work tree"."""
        ...

    def paths(self) -> Sequence[str]:
        """Every file below the root, sorted; submodules and links that leave the root are not among them."""
        ...

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of files, in one round trip; a path that does not exist is left out."""
        ...


class ProjectLoader(Protocol):
    """Reads a project format."""

    def holds(self, tree: SourceTree) -> bool:
        """Whether a tree has such a project at all; base has none when the pull request introduces it."""
        ...

    def load(self, tree: SourceTree) -> Project:
        """The project in a tree. Raises ProjectError naming file and line when it cannot be loaded."""
        ...

    def locate(self, asked: Sequence[tuple[Model, Setting]], *, tree: SourceTree) -> tuple[tuple[str, int] | None, ...]:
        """For each model and setting the file and the line that decide it, None where nothing does."""
        ...


class WarehouseReader(Protocol):
    """What a comparison needs of a warehouse. Safe to call from several threads.

    Every method raises WarehouseError (StatementTimeoutError for a statement that was interrupted) with the
    warehouse's own message.
    """

    @property
    def dialect(self) -> str:
        """The dialect, by sqlglot's name for it."""
        ...

    @property
    def checksum_rounds(self) -> int:
        """How often it pays to look at smaller and smaller chunks: once where each reading of a table is billed."""
        ...

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        """All rows of one read-only statement; ``timeout`` in seconds."""
        ...

    def query_many(self, statements: Sequence[str], *, timeout: float | None = None) -> list[list[Row]]:
        """All rows of each of several read-only statements, which run at the same time as far as that helps."""
        ...

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        """Columns in order, None if the relation does not exist."""
        ...

    def positions(self, relation: Relation) -> int | None:
        """How many rows a table has whose places, 0 and up, a condition on ``rowid`` can name; None for all others."""
        ...

    def snapshot(self, relation: Relation, *, timeout: float | None = None) -> AbstractContextManager[Relation]:
        """Rows that stay the same however often they are read: the relation itself, or a temporary copy of a view.

        Making a copy may take ``timeout`` seconds.
        """
        ...

    def size(self, relation: Relation) -> Size:
        """Rows and bytes that reading all of it would take, from the catalog, without reading it."""
        ...

    def unique_keys(self, relation: Relation) -> tuple[tuple[str, ...], ...]:
        """Columns that constraints hold to be unique, the primary key's first; a view has none."""
        ...

    def row_hash(self, expressions: Sequence[str]) -> str:
        """SQL: a whole number from 0 to 2^63, never NULL, of all values, their order, and which of them are NULL.

        Equal values of one type give equal numbers. It is hashed so that the sum over rows of it is a sound checksum:
        no value's part in it can be told from the others'. Nested values must be handed in as text: some that differ
        may give one number. At least one expression.
        """
        ...


class WarehouseAdapter(WarehouseReader, Protocol):
    """One warehouse. SQL handed in is complete and in the warehouse's own dialect."""

    @property
    def description(self) -> str:
        """What the report calls it, such as "DuckDB 2.0.0, shop.duckdb"; never a secret."""
        ...

    @property
    def catalog(self) -> str:
        """The catalog that relations with an empty catalog belong to."""
        ...

    @property
    def concurrency(self) -> int:
        """How many statements it may be given at the same time."""
        ...

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        """Runs statements in order and says what they took together; ``timeout`` in seconds, for each.

        In one transaction where the warehouse has them for such statements. ``model`` is what the bill is to name.
        """
        ...

    def estimate(self, sql: str) -> Usage | None:
        """What a query would take, as the warehouse itself reckons without running it; None if it does not say."""
        ...

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns that a query would return, without running it."""
        ...

    def clone(self, source: Relation, target: Relation, *, writable: bool) -> Clone:
        """Replaces ``target`` by a clone of ``source``, the cheapest way there is, and says which it was.

        A clone that is not ``writable`` may be a view. What happens to one later, the other does not see.
        """
        ...

    def create_schema(self, catalog: str, schema: str) -> None:
        """Makes a schema; does nothing if it is there."""
        ...

    def drop_schema(self, catalog: str, schema: str) -> None:
        """Drops a schema and all that is in it; does nothing if it is not there."""
        ...

    def schemas(self, prefix: str) -> tuple[tuple[str, str], ...]:
        """Catalog and name of every schema that begins with ``prefix``, sorted."""
        ...

    def spent(self) -> Usage:
        """What all that was sent through this connection has taken until now, failed statements among it.

        By the warehouse's own figures where each statement brings them along, else by our clock: no statement is sent
        to find out. What is not known of a single one is unknown of the whole.
        """
        ...

    def close(self) -> None:
        """Cancels what other threads still run, and gives the connection back."""
        ...


class Holder(Enum):
    """Whose a preview is: the run's that has leased it last."""

    OURS = "ours"
    ANOTHERS = "another's"
    NOBODYS = "nobody's"


class Records(Protocol):
    """Leases and run records: what a later run, or a sweeper, must be able to find."""

    def lease(self, name: str, schemas: Sequence[tuple[str, str]], *, comparison: Comparison, until: datetime) -> None:
        """Says, before anything is built, that these schemas belong to a preview, and until when."""
        ...

    def holder(self, name: str) -> Holder:
        """Whose a preview is now. Nobody's once it was dropped; ours as well where nothing can be known of that."""
        ...

    def record(
        self,
        name: str,
        execution: Execution,
        *,
        comparison: Comparison,
        when: datetime,
        pull_request: int | None = None,
    ) -> None:
        """Stores a finished execution; ``pull_request`` is the number of the one that it is for, if there is one."""
        ...

    def history(self, models: Mapping[str, str]) -> Mapping[str, tuple[Figures, ...]]:
        """The newest recorded runs of base's models, newest first, without a price; not all of them, but some.

        ``models`` has the fingerprint of each one's SQL: rebuilds of base by a preview count if they were of this SQL,
        and production's own runs whatever they were of.
        """
        ...

    def observed_runs(self, now: datetime) -> ObservedRuns | None:
        """How often production has run of late, None where too little was recorded to say."""
        ...
