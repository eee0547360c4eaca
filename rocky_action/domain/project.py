"""A project at one commit: models, what they read and where they are built."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from rocky_action.domain.cost import PriceList, Schedule
from rocky_action.domain.limits import Budget
from rocky_action.domain.lineage import Reference
from rocky_action.domain.options import ModelOptions
from rocky_action.domain.text import with_advice


@dataclass(frozen=True)
class Relation:
    """A name in a warehouse, catalog.schema.name; an empty catalog means the connection's own."""

    catalog: str
    schema: str
    name: str

    def __str__(self) -> str:
        return ".".join(part for part in (self.catalog, self.schema, self.name) if part)

    def in_schema(self, schema: str) -> Relation:
        """The relation of the same name in another schema of the same catalog."""
        return Relation(self.catalog, schema, self.name)


@dataclass(frozen=True)
class FullRefresh:
    """Replace the table with the query's result on every run."""

    kind: Literal["full_refresh"] = "full_refresh"


@dataclass(frozen=True)
class Incremental:
    """Append the whole query's result; no watermark is added for a model."""

    timestamp_column: str
    kind: Literal["incremental"] = "incremental"


@dataclass(frozen=True)
class Microbatch:
    """Upstream treats it exactly like incremental: a plain append, no windows."""

    timestamp_column: str
    granularity: str = "hour"
    kind: Literal["microbatch"] = "microbatch"


@dataclass(frozen=True)
class Merge:
    """Upsert by key; ``update_columns`` None means all output columns."""

    unique_key: tuple[str, ...]
    update_columns: tuple[str, ...] | None = None
    kind: Literal["merge"] = "merge"


@dataclass(frozen=True)
class DeleteInsert:
    """Delete the partitions that the query returns, then insert the result."""

    partition_by: tuple[str, ...]
    kind: Literal["delete_insert"] = "delete_insert"


Granularity = Literal["hour", "day", "month", "year"]


@dataclass(frozen=True)
class TimeInterval:
    """Rebuild whole partitions of time; the SQL names its window as @start_date and @end_date."""

    time_column: str
    granularity: Granularity
    lookback: int = 0
    batch_size: int = 1
    first_partition: str | None = None
    kind: Literal["time_interval"] = "time_interval"


@dataclass(frozen=True)
class View:
    """A view: no data of its own."""

    kind: Literal["view"] = "view"


@dataclass(frozen=True)
class Ephemeral:
    """No relation at all: its query is inlined into its readers."""

    kind: Literal["ephemeral"] = "ephemeral"


@dataclass(frozen=True)
class WarehouseOnly:
    """A strategy that only certain warehouses have: materialized_view, dynamic_table, content_addressed."""

    name: str
    settings: tuple[tuple[str, str], ...] = ()
    kind: Literal["warehouse_only"] = "warehouse_only"


Strategy = (
    FullRefresh | Incremental | Microbatch | Merge | DeleteInsert | TimeInterval | View | Ephemeral | WarehouseOnly
)
Stateful = Incremental | Microbatch | Merge | DeleteInsert | TimeInterval
"""Strategies whose result depends on what the table already holds."""


@dataclass(frozen=True)
class SurrogateKey:
    """A hash column that Rocky adds around the model's query."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class DataTest:
    """One ``[[tests]]`` entry; only what says something about keys is interpreted here."""

    type: str
    columns: tuple[str, ...] = ()
    filter: str | None = None


DATA_PLACES = ("account", "database", "host", "path", "project_id")
"""The settings of adapters that say where the data is."""


@dataclass(frozen=True)
class Adapter:
    """One ``[adapter.NAME]`` table. ``settings`` may hold secrets and stays out of repr.

    ``unset`` are environment variables that the table names and nobody has set: the settings that would have them are
    left out, and the warehouse cannot be opened.
    """

    name: str
    type: str
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    unset: tuple[str, ...] = ()

    @property
    def is_motherduck(self) -> bool:
        """Whether it is a DuckDB database in MotherDuck's cloud, and no file."""
        return self.type == "duckdb" and self.settings.get("path", "").startswith(("md:", "motherduck:"))


@dataclass(frozen=True)
class Model:
    """A query and its configuration, after defaults, groups and variables are merged in.

    ``sql`` is what the warehouse would be sent (front matter removed, ``@var`` replaced, not yet wrapped for surrogate
    keys). In the language ``rocky`` it is the file's own text, which only ``sql.parse`` turns into SQL, and only when
    somebody needs it. ``problem`` says why this program does not understand the query, as far as loading it can tell;
    text that does not parse is found when the model is read. A model with a problem is never run, and never taken for
    unchanged when its text changed.
    ``metadata`` is what cannot change data (tags, tests, intent, freshness, budget …), only compared for equality.
    ``first_line`` is the line of the file that ``sql`` begins on; it is no part of what a model is.
    """

    name: str
    path: str
    sql: str
    target: Relation
    strategy: Strategy = FullRefresh()
    language: Literal["sql", "rocky"] = "sql"
    depends_on: tuple[str, ...] = ()
    surrogate_keys: tuple[SurrogateKey, ...] = ()
    tests: tuple[DataTest, ...] = ()
    budget: Budget = Budget()
    options: ModelOptions = ModelOptions()
    metadata: tuple[tuple[str, str], ...] = ()
    sidecar_path: str | None = None
    problem: Problem | None = None
    first_line: int = field(default=1, compare=False)

    @property
    def classification(self) -> Mapping[str, str]:
        """The tag of each column that its sidecar classifies."""
        text = next((value for key, value in self.metadata if key == "classification"), None)
        found = json.loads(text) if text else None  # metadata is kept as JSON; what is no table there says nothing here
        return {key: tag for key, tag in found.items() if isinstance(tag, str)} if isinstance(found, dict) else {}

    @property
    def method(self) -> str:
        """How it becomes a relation, in Rocky's words."""
        return self.strategy.name if isinstance(self.strategy, WarehouseOnly) else self.strategy.kind

    @property
    def fingerprint(self) -> str:
        """Changes whenever what a run of it would do changes."""
        text = repr((self.language, self.sql, self.strategy, self.surrogate_keys))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


Setting = tuple[str, ...]
"""The keys that lead to a setting of a model, such as ("strategy", "unique_key")."""


@dataclass(frozen=True)
class Problem:
    """Why a model is not understood. ``unsupported`` is our limit; otherwise the author's SQL is at fault.

    ``advice`` is what its author can do about it, empty if nobody knows.
    """

    message: str
    unsupported: bool = False
    advice: str = ""

    def __str__(self) -> str:
        return with_advice(self.message, self.advice)


class Reads(Mapping[str, tuple[Reference, ...]]):
    """For every model its references in the order met, each resolved to a model or a source; found out when asked."""

    @abstractmethod
    def could_read(self, models: Iterable[Model]) -> frozenset[str]:
        """The models that may read one of these, of this project or another: cheap to ask, and never too few."""

    @abstractmethod
    def foresee(self, models: Iterable[str]) -> None:
        """Says that all of these will be asked for, which can be cheaper than one by one."""


class NoReads(Reads):
    """What a project without models reads."""

    def __getitem__(self, name: str) -> tuple[Reference, ...]:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def could_read(self, models: Iterable[Model]) -> frozenset[str]:
        """None of its models, of which there are none."""
        return frozenset(model.name for model in models if model.name in self)

    def foresee(self, models: Iterable[str]) -> None:
        """There is nothing to find out."""


@dataclass(frozen=True)
class Mask:
    """How the columns that are tagged so are shown to most people; ``environment`` is empty for the usual way."""

    environment: str
    tag: str
    strategy: str


@dataclass(frozen=True)
class Project:
    """All models of one commit and what each reads.

    ``warnings`` are things Rocky ignores silently and a person would want to know (unknown keys and the like).
    """

    root: str
    dialect: str
    adapter: Adapter
    models: Mapping[str, Model]
    reads: Reads
    prices: PriceList = PriceList()
    budget: Budget = Budget()
    warnings: tuple[str, ...] = ()
    masks: tuple[Mask, ...] = ()
    schedule: Schedule | None = None


@dataclass(frozen=True)
class Projects:
    """The project on both sides."""

    base: Project
    head: Project

    @property
    def catalogs(self) -> tuple[str, ...]:
        """Every catalog that a model of either side is built in, sorted."""
        models = (*self.base.models.values(), *self.head.models.values())
        return tuple(sorted({model.target.catalog for model in models}))

    @property
    def changes_adapter(self) -> bool:
        """Whether head's login is another one than base's, where base's could be had."""
        base, head = self.base.adapter, self.head.adapter
        return not base.unset and (base.type, base.settings, ()) != (head.type, head.settings, head.unset)

    @property
    def moves_data(self) -> bool:
        """Whether head's adapter says of other data than base's: another kind of warehouse, or another place."""
        base, head = self.base.adapter, self.head.adapter
        return base.type != head.type or any(base.settings.get(one) != head.settings.get(one) for one in DATA_PLACES)

    def build_in(self, catalog: str, *, default: str) -> bool:
        """Whether a model of either side is built in a catalog, which a warehouse may spell in another case.

        A model without one is built in ``default``; where that is empty too, it may be any.
        """
        known = {(one or default).casefold() for one in self.catalogs}
        return "" in known or catalog.casefold() in known


def without_models(project: Project) -> Project:
    """The same project before it had any models: what base is when a pull request introduces the project."""
    return replace(project, models=MappingProxyType({}), reads=NoReads(), warnings=())
