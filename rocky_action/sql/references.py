"""What a query reads: every table name in it, matched to the models of the project (docs/rocky-format.md, 2.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from rocky_action.domain.lineage import ModelRead, Reference, SourceRead
from rocky_action.domain.project import Model, Problem
from rocky_action.errors import SqlError
from rocky_action.sql import guard
from rocky_action.sql.parse import Query, parse_model

_DEFAULT_SCHEMA = "main"
"""Where DuckDB looks for a bare name."""


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
        """The model that a table name stands for when ``reader`` uses it, None for a source."""
        parts = [part.name.lower() for part in table.parts]
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


def read_all(models: Mapping[str, Model], dialect: str) -> tuple[dict[str, Model], dict[str, tuple[Reference, ...]]]:
    """All models, those whose SQL is not understood with their ``problem`` set, and what each of them reads.

    A model that is not understood counts as reading every model its text mentions: more than the truth, never less.
    """
    targets = Targets.of(models)
    understood: dict[str, Model] = {}
    reads: dict[str, tuple[Reference, ...]] = {}
    for name, model in models.items():
        checked, query = _understand(model, dialect)
        found = _mentions(model, targets) if query is None else _in_query(query, targets, reader=model.name)
        seen = {reference.model for reference in found if isinstance(reference, ModelRead)}
        declared = tuple(ModelRead(other, declared=True) for other in model.depends_on if other not in seen)
        understood[name] = checked
        reads[name] = tuple(found) + declared
    return understood, reads


def tables(query: Query) -> Iterator[exp.Table]:
    """Every table that a query really reads: CTE names and table functions are not among them."""
    for table in query.tree.find_all(exp.Table):
        if table.name and isinstance(table.this, exp.Identifier) and not _is_cte(table):
            yield table


def _understand(model: Model, dialect: str) -> tuple[Model, Query | None]:
    if model.problem is not None:
        return model, None
    try:
        query = parse_model(model, dialect)
    except SqlError as err:
        return replace(model, problem=Problem(err.message)), None
    hidden = guard.hides_sql(query.tree)
    if hidden is not None:
        message = f"{hidden}() runs SQL that is hidden in a string, so what it reads cannot be seen"
        return replace(model, problem=Problem(message, unsupported=True)), None
    return model, query


def _in_query(query: Query, targets: Targets, *, reader: str) -> list[Reference]:
    found: dict[Reference, None] = {}
    for table in tables(query):
        other = targets.model_of(table, reader)
        written = ".".join(part.name for part in table.parts)
        found[ModelRead(other) if other is not None else SourceRead(written)] = None
    return list(found)


def _mentions(model: Model, targets: Targets) -> list[Reference]:
    text = model.sql.lower()
    words = set(re.findall(r"\w+", text))
    found: dict[Reference, None] = {}
    for name in (*targets.by_name, *targets.by_table):
        # A name that is no single word, such as "fct-revenue", has to be looked for in the text itself.
        if name in words or (not re.fullmatch(r"\w+", name) and name in text):
            named = targets.by_name.get(name)
            for other in (*([named] if named is not None else []), *targets.by_table.get(name, ())):
                if other.name != model.name:
                    found[ModelRead(other.name)] = None
    return list(found)


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
