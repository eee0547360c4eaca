"""The same query over other relations: every reference to a model is pointed at where this preview has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from rocky_action.domain.project import Model, Relation
from rocky_action.errors import SqlError
from rocky_action.sql.quoting import quote, table
from rocky_action.sql.references import Targets, bare_in_lists, tables

Place = Relation | exp.Query
"""Where a model is read: a relation, or, for an ephemeral model, its query."""


@dataclass(frozen=True)
class _Pointed:
    """A table that was pointed elsewhere: how columns may have named it, and the alias that they use from now on."""

    scope: exp.Expr | None
    schema: str
    name: str
    alias: str


def rewrite(tree: exp.Query, *, reader: str, targets: Targets, places: Mapping[str, Place]) -> exp.Query:
    """A copy of a query that reads each model from its place; sources, and models without a place, stay as written.

    A table keeps the name that the query knows it by, as an alias, so columns qualified by it still resolve; columns
    qualified by schema as well are requalified. Raises SqlError for a form that cannot be pointed elsewhere.
    """
    copy = tree.copy()
    for column in bare_in_lists(copy):
        if targets.model_of(exp.Table(this=column.this.copy()), reader) in places:
            raise SqlError(
                f"`IN {column.name}` reads a model in a form that cannot be pointed at the preview schema",
                advice=f"Write it as `IN (SELECT ... FROM {column.name})`.",
            )
    found = [(node, targets.model_of(node, reader)) for node in tables(copy)]
    pointed = [(node, places[model]) for node, model in found if model is not None and model in places]
    names = Counter((id(node.parent_select), node.name.lower()) for node, _ in pointed if not node.alias)
    moved: list[_Pointed] = []
    for node, place in pointed:
        twice = not node.alias and names[id(node.parent_select), node.name.lower()] > 1
        alias = f"{node.db}_{node.name}" if twice else node.alias or node.name
        if not node.alias and node.db:
            moved.append(_Pointed(node.parent_select, node.db.lower(), node.name.lower(), alias))
        _point(node, place, alias)
    _requalify(copy, moved)
    return copy


def inlinable(tree: exp.Query, *, reader: exp.Query, dialect_default_schema: str = "main") -> exp.Query:
    """A copy of an ephemeral model's query that means the same inside ``reader``.

    A CTE of the reader would capture a bare table name of the inlined query, so such a name is qualified first.
    """
    taken = {cte.alias.lower() for cte in reader.find_all(exp.CTE)}
    copy = tree.copy()
    for node in list(tables(copy)):
        if not node.db and node.name.lower() in taken:
            if not node.alias:
                node.set("alias", exp.TableAlias(this=node.this.copy()))
            node.set("db", exp.to_identifier(dialect_default_schema, quoted=True))
    return copy


def with_surrogate_keys(tree: exp.Query, model: Model, dialect: str) -> exp.Query:
    """The query wrapped so that each declared surrogate key is a column more (FORMAT 2.8, dbt-utils' own bytes)."""
    if not model.surrogate_keys or model.strategy.kind == "time_interval":
        return tree
    text = "STRING" if dialect in ("databricks", "bigquery") else "VARCHAR"
    hashes = []
    for key in model.surrogate_keys:
        parts = (
            f"COALESCE(CAST({quote(column, dialect)} AS {text}), '_dbt_utils_surrogate_key_null_')"
            for column in key.columns
        )
        joined = " || '-' || ".join(parts)
        hashes.append(f"CAST(MD5(CAST({joined} AS {text})) AS {text}) AS {quote(key.name, dialect)}")
    inner = tree.copy().subquery("__rocky_keyed", copy=False)
    return exp.select("*", *hashes, dialect=dialect).from_(inner, copy=False)


def _point(node: exp.Table, place: Place, alias: str) -> None:
    kept = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    if isinstance(place, Relation):
        there = table(place)
        for part in ("this", "db", "catalog"):
            node.set(part, there.args.get(part))
        node.set("alias", kept)
        return
    clauses = {
        key: value for key, value in node.args.items() if key not in ("this", "db", "catalog", "alias") and value
    }
    node.replace(exp.Subquery(this=place.copy(), alias=kept, **clauses))


def _requalify(tree: exp.Query, moved: list[_Pointed]) -> None:
    if not moved:
        return
    for column in list(tree.find_all(exp.Column)):
        if not column.db:
            continue
        scope: exp.Expr | None = column.parent_select
        while scope is not None:
            match = next(
                (
                    one
                    for one in moved
                    if one.scope is scope and (one.schema, one.name) == (column.db.lower(), column.table.lower())
                ),
                None,
            )
            if match is not None:
                column.set("table", exp.to_identifier(match.alias, quoted=True))
                column.set("db", None)
                column.set("catalog", None)
                break
            scope = scope.parent_select
