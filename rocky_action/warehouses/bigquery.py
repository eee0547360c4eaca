"""BigQuery, by Google's own client over its REST API: one statement, one job, in one location."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import ClientError, NotFound
from google.cloud import bigquery

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone
from rocky_action.domain.naming import SCHEMA_PREFIX
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import NO_USAGE, Usage
from rocky_action.errors import MissingCredentialsError, ProjectError, WarehouseError
from rocky_action.ports import Row, Size
from rocky_action.warehouses.bigquery_clones import ways
from rocky_action.warehouses.bigquery_errors import OUR_BUG, Voice, translated
from rocky_action.warehouses.bigquery_jobs import ANSWER, Jobs, changes_rows
from rocky_action.warehouses.bigquery_login import log_in
from rocky_action.warehouses.bigquery_rights import powers
from rocky_action.warehouses.bigquery_values import billed_for, columns_of, is_upper_bound, labels_of
from rocky_action.warehouses.request import Opened, OpenRequest

_STATEMENTS = 10
_WEEK_MS = 7 * 24 * 60 * 60 * 1000
_LOCATION = "US"


@dataclass(frozen=True)
class BigQuery:
    """An open connection; satisfies WarehouseAdapter. ``projects`` are those that models are built in, sorted."""

    client: bigquery.Client = field(repr=False)
    jobs: Jobs
    catalog: str
    projects: tuple[str, ...]
    dialect: str = "bigquery"

    @property
    def description(self) -> str:
        """The project that pays, and where its statements run."""
        return f"BigQuery, {self.catalog} in {self._location}"

    @property
    def concurrency(self) -> int:
        """As many as Google's client keeps connections open for; BigQuery itself would take more."""
        return _STATEMENTS

    @property
    def checksum_rounds(self) -> int:
        """One: each reading of a table is billed in full."""
        return 1

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        """All rows of one query; a dry run has made sure that it is one. A whole NUMERIC comes back as an int."""
        return self.jobs.read(sql, timeout=timeout)

    def query_many(self, statements: Sequence[str], *, timeout: float | None = None) -> list[list[Row]]:
        """Each statement on a thread of its own."""
        with ThreadPoolExecutor(_STATEMENTS) as pool:
            return list(pool.map(lambda sql: self.query(sql, timeout=timeout), statements))

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        """Each statement as a job of its own, but those that change rows and follow each other in one transaction.

        BigQuery makes and drops tables in no transaction. Each text is rehearsed first, so that none is a script.
        """
        usage, changes = NO_USAGE, list[str]()
        for sql in statements:
            kind = self.jobs.rehearsed(sql).statement_type
            if kind is None or kind == "SCRIPT":
                raise WarehouseError(f"refused, as it is not one statement: {sql[:200]}", advice=OUR_BUG)
            if changes_rows(kind):
                changes.append(sql)
                continue
            usage = usage.plus(self._changed(changes, timeout=timeout, model=model))
            changes = []
            usage = usage.plus(self.jobs.usage(self.jobs.run(sql, timeout=timeout, model=model)))
        return usage.plus(self._changed(changes, timeout=timeout, model=model))

    def estimate(self, sql: str) -> Usage | None:
        """The bytes that a dry run reckons, unless they may be more by its own word, and those billed.

        It says nothing of time.
        """
        job = self.jobs.rehearsed(sql)
        scanned = job.total_bytes_processed
        if scanned is None or not is_upper_bound(job):
            return None
        return Usage(bytes_scanned=scanned, bytes_billed=billed_for(scanned, tables=len(job.referenced_tables)))

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        """From the table's resource; a view's are those that it had when it was made."""
        table = self._found(relation)
        return None if table is None else columns_of(table.schema)

    def positions(self, relation: Relation) -> int | None:
        """None: BigQuery's rows have no places."""
        del relation
        return None

    @contextmanager
    def snapshot(self, relation: Relation, *, timeout: float | None = None) -> Iterator[Relation]:
        """The relation itself: a copy of a view would be billed like one more reading of it.

        So rows that somebody writes between two readings of it, or that a view makes up anew, count as differences.
        """
        del timeout
        yield relation

    def size(self, relation: Relation) -> Size:
        """From the table's resource. A view has none, and rows that were just streamed in are not counted."""
        table = self._found(relation)
        if table is None or table.table_type not in ("TABLE", "SNAPSHOT") or table.streaming_buffer is not None:
            return Size()
        return Size(table.num_rows, table.num_bytes)

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns that a dry run names."""
        return columns_of(self.jobs.rehearsed(sql).schema or ())

    def unique_keys(self, relation: Relation) -> tuple[tuple[str, ...], ...]:
        """None: BigQuery's primary keys are NOT ENFORCED, so that two rows may well have the same."""
        del relation
        return ()

    def row_hash(self, expressions: Sequence[str]) -> str:
        """FARM_FINGERPRINT over the row as JSON, without its sign.

        JSON keeps NULL from every text, order from every other order, and whole numbers beyond 2^53 as text, so values
        of one type differ in it if they differ at all, with two exceptions. A JSON null is written like NULL. And
        -0.0, which equals 0.0, is written with its sign: hand in such numbers as ``x + 0.0``.
        """
        fields = ", ".join(f"{expression} AS c{index}" for index, expression in enumerate(expressions))
        return f"(FARM_FINGERPRINT(TO_JSON_STRING(STRUCT({fields}))) & 0x7FFFFFFFFFFFFFFF)"

    def clone(self, source: Relation, target: Relation, *, writable: bool) -> Clone:
        """A table clone, else a copy, else a query's result; a view where there is no storage and nobody writes.

        What is at the target is dropped first: BigQuery replaces no view by a table, and no partitions by others.
        """
        found = self._found(source)
        if found is None:
            raise WarehouseError(f"{source} does not exist", advice=self.jobs.voice.advice("notFound"))
        self._refuse_elsewhere(found.location, str(source))
        with translated(self.jobs.voice, str(target)):
            self.client.delete_table(self._reference(target), not_found_ok=True, timeout=ANSWER)
        refusals: list[str] = []
        *cheap, last = ways(found, source, target=target, writable=writable)
        for way in cheap:
            try:
                self.jobs.run(way.sql)
            except WarehouseError as err:
                if not isinstance(err.__cause__, ClientError):
                    raise  # it was not refused, but never answered or stopped
                refusals.append(f"{way.method.value} was refused: {err.message}")
            else:
                return Clone(way.method, "; ".join(refusals) or None)
        self.jobs.run(last.sql)
        return Clone(last.method, "; ".join([*refusals, *([last.because] if last.because else [])]) or None)

    def create_schema(self, catalog: str, schema: str) -> None:
        """A dataset, labelled. A preview's tables vanish after 7 days by themselves, whatever becomes of this program.

        The tables of ``rocky_preview``, which say what is to be cleaned up, do not. Raises WarehouseError if the
        dataset is there and in another location.
        """
        dataset = bigquery.Dataset(bigquery.DatasetReference(catalog or self.catalog, schema))
        dataset.location = self._location
        dataset.labels = labels_of(self.jobs.labels)
        if schema.startswith(SCHEMA_PREFIX):
            dataset.default_table_expiration_ms = _WEEK_MS
        with translated(self.jobs.voice, f"the dataset {dataset.project}.{schema}"):
            made = self.client.create_dataset(dataset, exists_ok=True, timeout=ANSWER)
        self._refuse_elsewhere(made.location, f"the dataset {dataset.project}.{schema}")

    def drop_schema(self, catalog: str, schema: str) -> None:
        """The dataset and all that it holds."""
        with translated(self.jobs.voice, f"the dataset {catalog or self.catalog}.{schema}"):
            self.client.delete_dataset(
                bigquery.DatasetReference(catalog or self.catalog, schema),
                delete_contents=True,
                not_found_ok=True,
                timeout=ANSWER,
            )

    def schemas(self, prefix: str) -> tuple[tuple[str, str], ...]:
        """Of every project that models are built in; one that does not exist holds none."""
        found: list[tuple[str, str]] = []
        for project in self.projects:
            with translated(self.jobs.voice, f"the datasets of {project}"):
                try:
                    names = [dataset.dataset_id for dataset in self.client.list_datasets(project, timeout=ANSWER)]
                except NotFound:
                    names = []
            found += [(project, name) for name in names if name.startswith(prefix)]
        return tuple(sorted(found))

    def spent(self) -> Usage:
        """The figures of every job; dry runs and requests that are no jobs cost nothing."""
        return self.jobs.meter.spent()

    def close(self) -> None:
        """Cancels running jobs and closes the connections."""
        self.jobs.close()
        self.client.close()  # type: ignore[no-untyped-call]

    @property
    def _location(self) -> str:
        return self.jobs.voice.location

    def _changed(self, changes: Sequence[str], *, timeout: float | None, model: str | None) -> Usage:
        if not changes:
            return NO_USAGE
        script = changes[0]
        if len(changes) > 1:
            body = "".join(f"{sql}\n;\n" for sql in changes)  # a statement may end with a comment
            script = f"BEGIN TRANSACTION;\n{body}COMMIT TRANSACTION"
        return self.jobs.usage(self.jobs.run(script, timeout=timeout, model=model))

    def _found(self, relation: Relation) -> bigquery.Table | None:
        with translated(self.jobs.voice, str(relation)):
            try:
                return self.client.get_table(self._reference(relation), timeout=ANSWER)
            except NotFound:
                return None

    def _reference(self, relation: Relation) -> bigquery.TableReference:
        dataset = bigquery.DatasetReference(relation.catalog or self.catalog, relation.schema)
        return bigquery.TableReference(dataset, relation.name)

    def _refuse_elsewhere(self, location: str | None, what: str) -> None:
        """A preview lies where production's data does: no statement reads in one location and writes in another."""
        if location is not None and location.lower() != self._location.lower():
            raise WarehouseError(
                f"{what} is in {location}, and the preview in {self._location}",
                advice=f'Write location = "{location}" under [adapter.{self.jobs.voice.adapter}], and drop what earlier'
                " previews have left elsewhere.",
            )


def open_adapter(request: OpenRequest) -> Opened:
    """A client for the adapter's ``project_id`` and ``location`` (US, as in Rocky); all that is asked is `powers`.

    Raises ProjectError without a project, MissingCredentialsError without credentials or with an empty project.
    """
    name, settings = request.adapter.name, request.adapter.settings
    project = settings.get("project_id")
    if project == "":  # as a secret of the repository is for a pull request from a fork
        raise MissingCredentialsError(
            f"[adapter.{name}] has an empty project_id",
            advice="Set the environment variable that it is taken from where this runs.",
        )
    if project is None:
        raise ProjectError(
            f"[adapter.{name}] has no project_id",
            advice="Write project_id, the project that pays for queries, beside type.",
        )
    login = log_in(name, settings, environ=request.environ)
    client = bigquery.Client(
        project,
        credentials=login.credentials,
        location=settings.get("location") or _LOCATION,
        client_options=ClientOptions(api_endpoint=login.endpoint),
    )
    voice = Voice(name, settings.get("location") or _LOCATION, login)
    projects = tuple(sorted({project, *(catalog for catalog in request.catalogs if catalog)}))
    found = powers(client, voice, production=request.production)
    return Opened(BigQuery(client, Jobs(client, voice, request.labels), project, projects), powers=found)
