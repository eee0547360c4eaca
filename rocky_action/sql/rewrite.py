"""The same query over other relations: every reference to a model is pointed at where this preview has it.

The tree says where the names are; the text is changed there and nowhere else, and then read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from rocky_action.domain.project import Model, Relation
from rocky_action.errors import SqlError
from rocky_action.sql.parse import Query, parse_query
from rocky_action.sql.quoting import folded, quote, relation
from rocky_action.sql.references import Targets, tables
from rocky_action.sql.tokens import spelled

Place = Relation | Query
"""Where a model is read: a relation, or, for an ephemeral model, its query."""


@dataclass(frozen=True)
class _Pointed:
    """A table that was pointed elsewhere: how columns may have named it, and the alias that they use from now on."""

    scope: exp.Expr | None
    schemas: frozenset[str]
    name: str
    alias: str


@dataclass(frozen=True)
class _Names:
    """What the FROM clauses of a query call things, CTEs and sources included, and how columns are qualified."""

    in_scope: Counter[tuple[int, str]]
    in_query: Counter[str]
    with_schema: frozenset[str]

    @staticmethod
    def of(tree: exp.Query) -> _Names:
        """The names in a tree, in lower case."""
        found = [
            (id(node.parent_select), node.alias_or_name.lower()) for node in tree.find_all(exp.Table, exp.Subquery)
        ]
        columns = (column.parts for column in tree.find_all(exp.Column))
        qualified = {part.name.lower() for parts in columns for part in parts[1:3] if len(parts) > 2}
        return _Names(Counter(found), Counter(name for _, name in found), frozenset(qualified))

    def clash(self, node: exp.Table) -> bool:
        """Whether only its schema tells a table from another one that has the same name."""
        name = node.name.lower()
        return self.in_scope[id(node.parent_select), name] > 1 or (self.in_query[name] > 1 and name in self.with_schema)


@dataclass(frozen=True)
class _Edits:
    """Changes to a query's text, by the index of the token that they replace."""

    query: Query
    changes: dict[int, str] = field(default_factory=dict)

    def replace(self, parts: Sequence[exp.Expr], text: str) -> None:
        """Puts ``text`` where a dotted name stands, from its first part to its last."""
        starts = {token.start: index for index, token in enumerate(self.query.tokens)}
        try:
            first, last = starts[parts[0].meta["start"]], starts[parts[-1].meta["start"]]
        except KeyError as err:
            name = ".".join(part.name for part in parts)
            raise SqlError(
                f"it cannot be told where {name} stands in the text", advice="Write it in another form."
            ) from err
        self.changes.update(dict.fromkeys(range(first, last + 1), ""))
        self.changes[first] = text
        if first and self.query.tokens[first - 1].token_type is TokenType.TABLE:
            self.changes[first - 1] = "SELECT * FROM"  # TABLE takes no alias and no subquery

    def read(self) -> Query:
        """The query that the changed text is."""
        return parse_query(spelled(self.query.sql, self.query.tokens, changes=self.changes), self.query.dialect)


def rewrite(query: Query, *, reader: str, targets: Targets, places: Mapping[str, Place]) -> Query:
    """The query reading each model from its place; sources, and models without a place, stay as written.

    A table keeps the name that the query knows it by, as an alias, so columns qualified by it still resolve; columns
    qualified by schema as well are requalified. Raises SqlError for a form that cannot be pointed elsewhere.
    """
    edits = _Edits(query)
    names = _Names.of(query.tree)
    moved: list[_Pointed] = []
    for node in tables(query):
        model = targets.model_of(node, reader)
        place = None if model is None else places.get(model)
        if model is None or place is None:
            continue
        if node.args.get("when") or node.args.get("version"):
            raise SqlError(f"{node.name} is read as it was at another time, which a preview does not have", advice="")
        target = targets.by_name[model.lower()].target
        name = _known_as(node, query.dialect)
        alias = f"{node.db or target.schema}.{name}" if names.clash(node) else name
        if not node.alias:
            schemas = frozenset(part.lower() for part in (node.db, target.schema, target.catalog) if part)
            moved.append(_Pointed(node.parent_select, schemas, node.name.lower(), alias))
        edits.replace(node.parts, _written(place, query.dialect) + ("" if node.alias else _as(alias, query.dialect)))
    _requalify(edits, moved, names=names)
    return edits.read() if edits.changes else query


def inlinable(query: Query, *, reader: Query, dialect_default_schema: str = "main") -> Query:
    """An ephemeral model's query so that it means the same inside ``reader``.

    A CTE of the reader would capture a bare table name of the inlined query, so such a name is qualified first.
    """
    taken = {cte.alias.lower() for cte in reader.tree.find_all(exp.CTE)}
    edits = _Edits(query)
    schema = quote(dialect_default_schema, query.dialect)
    for node in tables(query):
        if not node.db and node.name.lower() in taken:
            qualified = f"{schema}.{quote(node.name, query.dialect)}"
            known = _known_as(node, query.dialect)
            edits.replace(node.parts, qualified + ("" if node.alias else _as(known, query.dialect)))
    return edits.read() if edits.changes else query


def with_surrogate_keys(query: Query, model: Model) -> Query:
    """The query wrapped so that each declared surrogate key is a column more, as dbt-utils makes it."""
    if not model.surrogate_keys or model.strategy.kind == "time_interval":
        return query
    dialect = query.dialect
    text = "STRING" if dialect in ("databricks", "bigquery") else "VARCHAR"
    md5 = "TO_HEX(MD5({}))" if dialect == "bigquery" else "MD5({})"  # BigQuery's gives bytes
    hashes = []
    for key in model.surrogate_keys:
        names = (quote(folded(column, dialect), dialect) for column in key.columns)  # Rocky writes them without quotes
        parts = (f"COALESCE(CAST({name} AS {text}), '_dbt_utils_surrogate_key_null_')" for name in names)
        joined = " || '-' || ".join(parts)
        hashed = md5.format(f"CAST({joined} AS {text})")
        hashes.append(f"CAST({hashed} AS {text}) AS {quote(folded(key.name, dialect), dialect)}")
    return parse_query(f"SELECT *, {', '.join(hashes)} FROM ({query.text}) AS __rocky_keyed", dialect)


def _written(place: Place, dialect: str) -> str:
    return relation(place, dialect) if isinstance(place, Relation) else f"({place.text})"


def _known_as(node: exp.Table, dialect: str) -> str:
    """What columns have to be qualified with, if a table has no alias."""
    return node.name if node.this.args.get("quoted") else folded(node.name, dialect)


def _as(alias: str, dialect: str) -> str:
    return f" AS {quote(alias, dialect)}"


def _requalify(edits: _Edits, moved: Iterable[_Pointed], *, names: _Names) -> None:
    by_name: dict[str, list[_Pointed]] = {}
    for one in moved:
        by_name.setdefault(one.name, []).append(one)
    for column in edits.query.tree.find_all(exp.Column):
        parts = [part.name.lower() for part in column.parts]
        # table.column, schema.table.column and catalog.schema.table.column; a field of a struct may follow.
        for at in (2, 1, 0):
            pointed = by_name.get(parts[at], ()) if len(parts) > at + 1 else ()
            found = _meant(column, parts[: at + 1], pointed=pointed, names=names) if pointed else None
            if found is not None:
                if at or found.alias.lower() != found.name:
                    edits.replace(column.parts[: at + 1], quote(found.alias, edits.query.dialect))
                break


def _meant(
    column: exp.Column, qualifier: Sequence[str], *, pointed: Sequence[_Pointed], names: _Names
) -> _Pointed | None:
    """The table that a column's qualifier means: the nearest of that name, looking outwards."""
    *schema, name = qualifier
    scope: exp.Expr | None = column.parent_select
    while scope is not None:
        for one in pointed:
            if one.scope is scope and (not schema or schema[-1] in one.schemas):
                return one
        if not schema and names.in_scope[id(scope), name]:
            return None
        scope = scope.parent_select
    return None
