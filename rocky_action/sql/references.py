"""What a query reads: every table name in it, matched to the models of the project (docs/rocky-format.md, 2.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from sqlglot import exp

from rocky_action.domain.lineage import ModelRead, Reference, SourceRead
from rocky_action.domain.project import FullRefresh, Model, Problem, Reads, Relation, TimeInterval
from rocky_action.errors import SqlError
from rocky_action.sql import guard
from rocky_action.sql.many import side_by_side
from rocky_action.sql.mentions import Mentions
from rocky_action.sql.parse import Query, forget_queries, parse_model

_DEFAULT_SCHEMA = "main"
"""Where DuckDB looks for a bare name."""
_NOWHERE = Relation("", "", "")


@dataclass(frozen=True)
class Targets:
    """Models by every name they can be read by, folded to lower case (the dialects so far ignore case)."""

    by_name: Mapping[str, Model]
    by_table: Mapping[str, tuple[Model, ...]]

    @staticmethod
    def of(models: Mapping[str, Model]) -> Targets:
        """An index over a project's models."""
        tables: dict[str, list[Model]] = {}
        for model in models.values():
            tables.setdefault(model.target.name.lower(), []).append(model)
        return Targets(
            {name.lower(): model for name, model in models.items()},
            {name: tuple(found) for name, found in tables.items()},
        )

    def model_of(self, table: exp.Table, reader: str | None = None) -> str | None:
        """The model that a table stands for when ``reader`` reads it, None for a source."""
        return self.model_named([part.name for part in table.parts], reader)

    def model_named(self, name: Sequence[str], reader: str | None = None) -> str | None:
        """The model that a table's name, given in its parts, stands for when ``reader`` uses it, None for a source."""
        parts = [part.lower() for part in name]
        own = self.by_name.get((reader or "").lower())
        found = self._bare(parts[0], own) if len(parts) == 1 else self._qualified(parts)
        if len(found) > 1:  # the same name in several catalogs: a query without one means the catalog it runs in
            found = [model for model in found if own is not None and model.target.catalog == own.target.catalog]
        return found[0].name if len(found) == 1 else None

    def _bare(self, name: str, own: Model | None) -> list[Model]:
        """DuckDB takes a bare name from the default schema; what it does not have there can be a model's name."""
        tables = self.by_table.get(name, ())
        there = [model for model in tables if model.target.schema.lower() == _DEFAULT_SCHEMA]
        if there:
            return there
        # A model that reads its own name from another schema means the table there, not itself.
        named = self.by_name.get(name)
        if named is not None and named != own:
            return [named]
        return [model for model in tables if model != own]

    def _qualified(self, parts: list[str]) -> list[Model]:
        catalog, schema, name = ("", *parts[-2:]) if len(parts) == 2 else tuple(parts[-3:])
        tables = self.by_table.get(name, ())
        found = [
            model
            for model in tables
            if model.target.schema.lower() == schema and (not catalog or model.target.catalog.lower() in ("", catalog))
        ]
        if found or catalog:
            return found
        # DuckDB also reads catalog.table, from the default schema.
        there = (model for model in tables if model.target.schema.lower() == _DEFAULT_SCHEMA)
        return [model for model in there if model.target.catalog.lower() == schema]


@dataclass(frozen=True, eq=False)
class ReadsOf(Reads):
    """What the models of a project read; a model is parsed when it is first asked about, and its tree not kept.

    A model that is not understood counts as reading every model its text mentions: more than the truth, never less.
    """

    models: Mapping[str, Model]
    dialect: str
    known: dict[str, tuple[Reference, ...]] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> tuple[Reference, ...]:
        if name not in self.known:
            self.known[name] = self._read(self.models[name])
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def __contains__(self, name: object) -> bool:
        return name in self.models

    def could_read(self, models: Iterable[Model]) -> frozenset[str]:
        """Every model whose text mentions one of these by its own name or its table's, or that declares to read it."""
        asked = tuple(models)
        names = {name for model in asked for name in (model.name, model.target.name)}
        return self._mentions.of(names).union(*(self._declared.get(model.name, ()) for model in asked))

    def foresee(self, models: Iterable[str]) -> None:
        """Reads those that nobody has read yet, on all cores if they are many."""
        unread = (_text(model) for name in models if (model := self.models[name]).problem is None)
        new = [text for text in unread if (text, text.first_line, self.dialect) not in _KNOWN]
        for text, found in side_by_side(partial(_find_tables_once, dialect=self.dialect), new):
            _KNOWN[text, text.first_line, self.dialect] = found

    def _read(self, model: Model) -> tuple[Reference, ...]:
        named = _named_tables(model, self.dialect)
        if named.problem is None:
            found = dict.fromkeys(self._resolved(parts, model.name) for parts in named.tables)
        else:
            found = dict.fromkeys(ModelRead(other) for other in self._mentions.by(model))
        declared = (ModelRead(other, declared=True) for other in model.depends_on if ModelRead(other) not in found)
        return (*found, *declared)

    def _resolved(self, parts: tuple[str, ...], reader: str) -> Reference:
        model = self._targets.model_named(parts, reader)
        return SourceRead(".".join(parts)) if model is None else ModelRead(model)

    @cached_property
    def _targets(self) -> Targets:
        return Targets.of(self.models)

    @cached_property
    def _mentions(self) -> Mentions:
        return Mentions(self.models)

    @cached_property
    def _declared(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for model in self.models.values():
            for other in model.depends_on:
                found.setdefault(other, []).append(model.name)
        return {name: tuple(readers) for name, readers in found.items()}


@dataclass(frozen=True)
class NamedTables:
    """The tables that a query names, each as the parts of its name in the order met, or why they cannot be told."""

    tables: tuple[tuple[str, ...], ...] = ()
    problem: Problem | None = None


def problem_of(model: Model, dialect: str) -> Problem | None:
    """Why a model is not understood: what loading it has found, else what reading its query finds; None if it is."""
    return _named_tables(model, dialect).problem


def _named_tables(model: Model, dialect: str) -> NamedTables:
    """What a model's query names; found out once for a text, whichever side and settings the model has it with."""
    if model.problem is not None:
        return NamedTables(problem=model.problem)
    text = _text(model)
    key = (text, text.first_line, dialect)
    if key not in _KNOWN:
        _KNOWN[key] = _find_tables(text, dialect)
    return _KNOWN[key]


_KNOWN: dict[tuple[Model, int, str], NamedTables] = {}
"""By text and the line it begins on, which is in what is said of it and not in what a model equals."""


def _text(model: Model) -> Model:
    """A model without what does not matter to its query; only one strategy has placeholders in it."""
    strategy = model.strategy if isinstance(model.strategy, TimeInterval) else FullRefresh()
    first_line = model.first_line if model.language == "rocky" else 1
    text = Model(model.name, model.path, model.sql, _NOWHERE, strategy=strategy, language=model.language)
    return replace(text, first_line=first_line)


def _find_tables(model: Model, dialect: str) -> NamedTables:
    try:
        query = parse_model(model, dialect)
    except SqlError as err:
        return NamedTables(problem=Problem(err.message, advice=err.advice))
    hidden = guard.out_of_sight(query.tree, query.sql, dialect=dialect)
    if hidden is not None:
        return NamedTables(problem=Problem(hidden, unsupported=True))
    return NamedTables(tuple(dict.fromkeys(tuple(part.name for part in table.parts) for table in tables(query))))


def _find_tables_once(model: Model, dialect: str) -> NamedTables:
    """For a process that is never asked about the same query again: the trees of some hundred fill its memory."""
    try:
        return _find_tables(model, dialect)
    finally:
        forget_queries()


def tables(query: Query) -> Iterator[exp.Table]:
    """Every table that a query really reads: CTE names and table functions are not among them."""
    for table in query.tree.find_all(exp.Table):
        if table.name and isinstance(table.this, exp.Identifier) and not _is_cte(table):
            yield table


def _is_cte(table: exp.Table) -> bool:
    """True if the name belongs to a CTE that is visible where it stands."""
    if table.db:
        return False
    inner: exp.Expr = table
    outer = table.parent
    while outer is not None:
        clause = outer.args.get("with_")
        if isinstance(clause, exp.With) and _sees(clause, table, inner=inner):
            return True
        if isinstance(outer, exp.With) and _sees(outer, table, inner=inner):
            return True
        inner, outer = outer, outer.parent
    return False


def _sees(clause: exp.With, table: exp.Table, *, inner: exp.Expr) -> bool:
    name = table.name.lower()
    if inner is clause:
        return False  # inside the WITH itself: decided one level further in, where the order of its CTEs is known
    for cte in clause.expressions:
        if cte is inner:
            return bool(clause.recursive) and cte.alias.lower() == name
        if cte.alias.lower() == name:
            return True
    return False
