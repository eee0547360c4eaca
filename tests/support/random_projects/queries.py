"""Queries as parts that an edit can get hold of, and the text they make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Column:
    """One column of a relation, as DuckDB describes it."""

    name: str
    type: str

    @property
    def family(self) -> str:
        """What can be done with it: int, dec, text, date, bool, float, struct, list, other."""
        return "list" if self.type.endswith("[]") else _FAMILIES.get(self.type.partition("(")[0], "other")


_FAMILIES = {
    "TINYINT": "int",
    "SMALLINT": "int",
    "INTEGER": "int",
    "BIGINT": "int",
    "HUGEINT": "int",
    "DECIMAL": "dec",
    "VARCHAR": "text",
    "DATE": "date",
    "BOOLEAN": "bool",
    "DOUBLE": "float",
    "STRUCT": "struct",
}


@dataclass(frozen=True)
class Scoped:
    """A column as a query sees it. ``merged`` by USING or NATURAL: two relations have it, and its bare name is fine."""

    alias: str
    column: Column
    merged: bool = False


Scope = tuple[Scoped, ...]


@dataclass(frozen=True)
class Item:
    """One projection."""

    text: str
    alias: str = ""

    @property
    def is_star(self) -> bool:
        """Whether it can be several columns."""
        return "*" in re.sub(r"(?i)count\(\*\)|\w \* ", "", self.text) or "COLUMNS(" in self.text

    @property
    def name(self) -> str:
        """What its column is called, if that can be told from the text; else nothing."""
        if self.alias:
            return self.alias
        found = re.fullmatch(r'(?:\w+\.)*(\w+|"[^"]+")', self.text)
        return found[1] if found else ""

    def __str__(self) -> str:
        return f"{self.text} AS {self.alias}" if self.alias else self.text


@dataclass(frozen=True)
class Select:
    """One SELECT. ``scope`` is what its expressions can name; if ``aggregated``, a bare column cannot be projected."""

    items: tuple[Item, ...]
    source: str
    where: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    having: tuple[str, ...] = ()
    qualify: tuple[str, ...] = ()
    distinct: str = ""
    scope: Scope = field(default=(), compare=False, repr=False)
    aggregated: bool = False

    def __str__(self) -> str:
        lines = [f"SELECT {self.distinct}".rstrip() + "\n    " + ",\n    ".join(map(str, self.items))]
        lines.append(f"FROM {self.source}")
        for word, parts in (("WHERE", self.where), ("GROUP BY", self.group)):
            if parts:
                lines.append(f"{word} " + (", " if word == "GROUP BY" else "\n  AND ").join(parts))
        for word, parts in (("HAVING", self.having), ("QUALIFY", self.qualify)):
            if parts:
                lines.append(f"{word} " + " AND ".join(parts))
        return "\n".join(lines)


@dataclass(frozen=True)
class Query:
    """Selects between set operators, behind CTEs; ``tail`` is the ORDER BY and LIMIT of the whole."""

    parts: tuple[Select, ...]
    operators: tuple[str, ...] = ()
    ctes: tuple[tuple[str, Query], ...] = ()
    tail: str = ""
    recursive: bool = False

    def __str__(self) -> str:
        body = str(self.parts[0])
        for operator, part in zip(self.operators, self.parts[1:], strict=True):
            body += f"\n{operator}\n{part}"
        if self.tail:
            body += f"\n{self.tail}"
        if not self.ctes:
            return body
        ctes = ",\n".join(f"{name} AS (\n{query}\n)" for name, query in self.ctes)
        return f"WITH{' RECURSIVE' if self.recursive else ''} {ctes}\n{body}"


Path = tuple[int | str, ...]
"""Where a select stands in a query: names of CTEs, then the number of the part."""


def selects(query: Query, outer: Path = ()) -> Iterator[tuple[Path, Select]]:
    """Every select that is not hidden in the text of another, with its place."""
    for name, cte in query.ctes:
        yield from selects(cte, (*outer, name))
    for number, part in enumerate(query.parts):
        yield (*outer, number), part


def put(query: Query, path: Path, select: Select) -> Query:
    """The query with another select at that place."""
    step, *rest = path
    if isinstance(step, int):
        return replace(query, parts=(*query.parts[:step], select, *query.parts[step + 1 :]))
    ctes = tuple((name, put(cte, tuple(rest), select) if name == step else cte) for name, cte in query.ctes)
    return replace(query, ctes=ctes)


@dataclass(frozen=True)
class Draft:
    """A model before it is files. ``prefix`` stands in front of the query, ``spelled`` in its place: for layout,
    or for a ``language`` that is not SQL.
    """

    name: str
    query: Query
    schema: str = "main"
    table: str = ""
    strategy: str = "full_refresh"
    keys: tuple[str, ...] = ()
    prefix: str = ""
    spelled: str = ""
    language: str = "sql"

    @property
    def sql(self) -> str:
        """The text of the model's file."""
        return f"{self.prefix}{self.spelled or self.query}\n"

    @property
    def sidecar(self) -> str:
        """The text of its sidecar."""
        lines = ["[target]", f'schema = "{self.schema}"']
        if self.table:
            lines.append(f'table = "{self.table}"')
        lines += ["", "[strategy]", f'type = "{self.strategy}"']
        for key in self.keys:
            lines += ["", "[[surrogate_key]]", f'name = "{key}_key"', f'columns = ["{key}"]']
        return "\n".join(lines) + "\n"

    def files(self) -> dict[str, str]:
        """Its files by path."""
        return {f"models/{self.name}.{self.language}": self.sql, f"models/{self.name}.toml": self.sidecar}
