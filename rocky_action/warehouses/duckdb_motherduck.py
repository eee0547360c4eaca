"""MotherDuck: DuckDB's own client on a database in the cloud, under the same adapter, less what only a file has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb

from rocky_action import __version__
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import NO_USAGE, Usage
from rocky_action.errors import MissingCredentialsError, PreviewError, ProjectError, WarehouseError
from rocky_action.ports import Row, Size
from rocky_action.warehouses.duckdb import DuckDB, OpenOptions, config_of
from rocky_action.warehouses.duckdb_lock import HELD, Config, lock_session
from rocky_action.warehouses.duckdb_statements import clocked, translated
from rocky_action.warehouses.request import Opened, OpenRequest

_TOKENS = ("motherduck_token", "MOTHERDUCK_TOKEN")
_ADVICE = {
    "supported by MotherDuck": "MotherDuck lets in some versions of DuckDB only: docs/warehouses/duckdb.md has what is"
    " known of them.",
    "Failed to download extension": "DuckDB fetches its extension for MotherDuck when it is first used: let this"
    " machine reach extensions.duckdb.org.",
    "o database/share named": "Create the database in MotherDuck, or correct `path` in rocky.toml.",
    "oken": "Check the variable MOTHERDUCK_TOKEN: it must hold a valid token that may read and write.",
}
"""What the message says, in the order of looking, and what to do about it."""

Connect = Callable[[str, Config], duckdb.DuckDBPyConnection]
"""Opens a connection string with a configuration, which has the token in it."""


@dataclass(frozen=True)
class MotherDuck(DuckDB):
    """``catalogs`` are the databases that the project builds in, in small letters; empty if they are not known."""

    token: str = field(default="", repr=False, kw_only=True)
    catalogs: frozenset[str] = field(default=frozenset(), kw_only=True)

    @property
    def description(self) -> str:
        """The database, and the client's version."""
        return f"MotherDuck, database {self.catalog}, DuckDB {duckdb.__version__}"

    @property
    def concurrency(self) -> int:
        """Eight, as in other clouds; MotherDuck names no number."""
        return 8

    @property
    def checksum_rounds(self) -> int:
        """One: time is billed."""
        return 1

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        """As DuckDB does it."""
        with self._unsaid():
            return super().query(sql, timeout=timeout)

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        """In one transaction, by our own clock: this machine's profiler does not see what is read in the cloud."""
        del model
        usage = NO_USAGE
        with self._unsaid(), translated("COMMIT"), self._cursor() as cursor:
            cursor.begin()
            for statement in statements:
                usage = usage.plus(clocked(cursor, statement, timeout=timeout))
            cursor.commit()
        return usage

    def positions(self, relation: Relation) -> int | None:
        """None: nobody promises that rows keep their places there."""
        del relation
        return None

    @contextmanager
    def snapshot(self, relation: Relation, *, timeout: float | None = None) -> Iterator[Relation]:
        """The relation itself: a copy of a view would come down to this machine's memory."""
        del timeout
        yield relation

    def size(self, relation: Relation) -> Size:
        """Nothing: the storage is not this machine's to look into."""
        del relation
        return Size()

    def schemas(self, prefix: str) -> tuple[tuple[str, str], ...]:
        """Of the databases that the project builds in; where they are not known, of all that are attached."""
        found = super().schemas(prefix)
        return tuple(one for one in found if not self.catalogs or one[0].lower() in self.catalogs)

    @contextmanager
    def _unsaid(self) -> Iterator[None]:
        """Keeps the token out of errors: SQL can get hold of it, and say it in one."""
        try:
            yield
        except WarehouseError as err:
            if self.token not in str(err):
                raise
            raise type(err)(_scrubbed(err.message, self.token), advice=_scrubbed(err.advice, self.token)) from None


def open_adapter(request: OpenRequest, *, connect: Connect | None = None) -> Opened:
    """The database that ``path`` names after ``md:``, which must be there. Seeds are not looked at.

    It is opened for writing even where only reading was asked for: MotherDuck has read-only connections for tokens of
    another kind. Raises MissingCredentialsError without a token, ProjectError for a path that cannot be meant.
    """
    place = _place(request)
    token = next((found for name in _TOKENS if (found := request.environ.get(name))), None)
    if token is None:
        raise MissingCredentialsError(
            f"[adapter.{request.adapter.name}] is on MotherDuck, and MOTHERDUCK_TOKEN is not set",
            advice="Set it where this runs, from the repository's secrets.",
        )
    config = config_of(OpenOptions(memory_limit=request.memory_limit)) | HELD
    config |= {"motherduck_token": token, "custom_user_agent": _agent(request.labels)}
    try:
        connection = (connect or _connect)(place, config)
        lock_session(connection)
        ((name,),) = connection.execute("SELECT current_database()").fetchall()
    except duckdb.Error as err:
        told = _scrubbed(str(err).strip().splitlines()[0], token)
        advice = next((advice for sign, advice in _ADVICE.items() if sign in str(err)), "")
        cause = err if token not in str(err) else None
        raise WarehouseError(f"MotherDuck cannot be opened: {told}", advice=advice) from cause
    catalogs = frozenset((catalog or str(name)).lower() for catalog in request.catalogs)
    opened = MotherDuck(connection, str(name), str(name), token=token, catalogs=catalogs)
    try:
        _check(request, opened)
    except PreviewError:
        opened.close()
        raise
    return Opened(opened)


def _place(request: OpenRequest) -> str:
    """The connection string, which has no token in it: it is in rocky.toml, for everybody to read."""
    path, name = request.adapter.settings["path"], request.adapter.name
    database, _, options = path.partition(":")[2].partition("?")
    if "token" in options.lower():
        raise ProjectError(
            f"`path` of [adapter.{name}] has a token in it", advice="Take it out, and set MOTHERDUCK_TOKEN instead."
        )
    if not database:
        raise ProjectError(
            f"`path` of [adapter.{name}] names no database", advice='Write it behind the colon: path = "md:shop".'
        )
    return path


def _agent(labels: Mapping[str, str]) -> str:
    """By which MotherDuck's query history can tell this program's statements, and whose they are."""
    words = ",".join(re.sub(r"[^\w./-]+", "-", value) for value in labels.values())
    return f"rocky-preview/{__version__}" + (f"({words})" if words else "")


def _check(request: OpenRequest, opened: MotherDuck) -> None:
    """Every database that models are built in is attached."""
    rows = opened.query("SELECT lower(database_name) FROM duckdb_databases() WHERE NOT internal")
    there = {name for (name,) in rows}
    for catalog, model in request.catalogs.items():
        if catalog and catalog.lower() not in there:
            raise ProjectError(
                f"{model} is built in the catalog {catalog}, and there is no such database in this MotherDuck account",
                advice=f'Write catalog = "{opened.catalog}" under [target], or attach {catalog} in MotherDuck.',
            )


def _connect(place: str, config: Config) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(place, config=config)


def _scrubbed(text: str, token: str) -> str:
    return text.replace(token, "***")
