"""Random expressions over what a query can name; every one gives the same value whenever it is computed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.support.random_projects.queries import Item, Scope, Scoped

NAMES = {
    "int": ("id", "k", "qty", "n", '"Mixed Case"'),
    "dec": ("amount", "total", '"Amount2"'),
    "text": ("name", "note", "code"),
    "date": ("day", "due"),
    "bool": ("flag", "ok"),
    "float": ("f", "ratio"),
    "struct": ("s",),
    "list": ("l",),
    "other": ("x",),
}
"""Names by family: few, so that models often use the same one."""
FAMILIES = ("int", "int", "int", "dec", "text", "text", "date", "bool", "float")
_LITERALS = {
    "int": ("0", "1", "2", "3", "NULL::INTEGER"),
    "dec": ("1.50", "0.00"),
    "text": ("'a'", "''", "'x'"),
    "date": ("DATE '2024-01-01'", "DATE '2024-02-01'"),
    "bool": ("TRUE", "NULL::BOOLEAN"),
    "float": ("1.5::DOUBLE",),
}
Expression = tuple[str, str]
"""Text and family."""


def quoted(name: str) -> str:
    """A name as it can stand in SQL."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else f'"{name}"'


def spelled(rng: Random, name: str) -> str:
    """A name in one of the spellings that mean the same."""
    if rng.random() < 0.1:
        return f'"{name}"'
    text = quoted(name)
    return text.upper() if not text.startswith('"') and rng.random() < 0.1 else text


@dataclass(frozen=True)
class Writer:
    """Writes expressions over one scope."""

    rng: Random
    scope: Scope

    def name(self, scoped: Scoped) -> str:
        """A column by its bare name where that is clear, else with what it belongs to."""
        bare = spelled(self.rng, scoped.column.name)
        folded = scoped.column.name.lower()
        alone = sum(other.column.name.lower() == folded for other in self.scope) == 1
        clear = scoped.merged or alone or not scoped.alias
        return bare if not scoped.alias or (clear and self.rng.random() < 0.6) else f"{scoped.alias}.{bare}"

    def of(self, *families: str) -> list[Scoped]:
        """The columns of these families."""
        return [scoped for scoped in self.scope if scoped.column.family in families]

    def column(self, *families: str) -> Expression | None:
        """One column, of one of these families if any are named."""
        found = self.of(*families) if families else list(self.scope)
        if not found:
            return None
        scoped = self.rng.choice(found)
        return self.name(scoped), scoped.column.family

    def leaf(self, family: str) -> str:
        """A column of a family, or a literal where there is none."""
        column = self.column(family)
        if column is not None and self.rng.random() < 0.9:
            return column[0]
        return self.rng.choice(_LITERALS.get(family, ("NULL",)))

    def of_family(self, family: str) -> str:
        """An expression of one level over columns of any family."""
        leaf, rng = self.leaf, self.rng
        forms: dict[str, Sequence[str]] = {
            "int": (
                f"{leaf('int')} + {rng.randint(1, 3)}",
                f"{leaf('int')} - {leaf('int')}",
                f"coalesce({leaf('int')}, {rng.randint(0, 2)})",
                f"CASE WHEN {self.condition()} THEN {leaf('int')} ELSE {leaf('int')} END",
                f"length({leaf('text')})",
                f"-{leaf('int')}",
            ),
            "dec": (
                f"{leaf('dec')} + {leaf('int')}",
                f"round({leaf('dec')}, 1)",
                f"coalesce({leaf('dec')}, 0.00)",
                f"CAST({leaf('int')} AS DECIMAL(12, 2))",
            ),
            "text": (
                f"upper({leaf('text')})",
                f"{leaf('text')} || {leaf('text')}",
                f"coalesce({leaf('text')}, 'none')",
                f"CAST({leaf('int')} AS VARCHAR)",
                f"CASE {leaf('int')} WHEN 1 THEN 'one' ELSE {leaf('text')} END",
            ),
            "date": (f"CAST(date_trunc('month', {leaf('date')}) AS DATE)", f"{leaf('date')} + {rng.randint(1, 3)}"),
            "bool": (self.condition(), f"({leaf('int')} IS NULL)", f"NOT {leaf('bool')}"),
            "float": (f"CAST({leaf('int')} AS DOUBLE)", f"{leaf('int')} / 2"),
        }
        fields = self.of("struct")
        if fields and family in ("int", "text") and rng.random() < 0.3:
            return f"{self.name(rng.choice(fields))}.{'a' if family == 'int' else 'name'}"
        lists = self.of("list")
        if lists and family == "int" and rng.random() < 0.3:
            return f"list_sum(list_transform({self.name(rng.choice(lists))}, lambda n: n + {leaf('int')}))"
        return rng.choice(forms[family])

    def scalar(self) -> Expression:
        """A column or an expression, at times a whole row."""
        aliases = sorted({scoped.alias for scoped in self.scope if scoped.alias})
        if aliases and self.rng.random() < 0.03:
            return f"CAST({self.rng.choice(aliases)} AS VARCHAR)", "text"
        if self.rng.random() < 0.5:
            column = self.column()
            if column is not None:
                return column
        family = self.rng.choice(FAMILIES)
        return self.of_family(family), family

    def condition(self) -> str:
        """Something a row can be kept by."""
        rng = self.rng
        there = [one for one in ("int", "int", "dec", "text", "date", "bool") if self.of(one)]
        family = rng.choice(there or ["int"])
        found = self.column(family)
        leaf = found[0] if found is not None else "1"
        match rng.randint(0, 7):
            case 0:
                return f"{leaf} IS {rng.choice(['', 'NOT '])}NULL"
            case 1 if family == "int":
                return f"{leaf} BETWEEN 0 AND {rng.randint(1, 4)}"
            case 2 if family in ("int", "text"):
                return f"{leaf} IN ({', '.join(_LITERALS[family][:2])})"
            case 3 if family == "text":
                return f"{leaf} LIKE 'a%'"
            case 4:
                return f"({leaf} = {self.leaf(family)} OR {self.leaf('int')} > {rng.randint(0, 2)})"
            case _:
                return f"{leaf} {rng.choice(['=', '<>', '>', '<', '>=', '<='])} {self.leaf(family)}"

    def aggregate(self) -> Expression:
        """An aggregate that does not depend on the order of rows."""
        rng, leaf = self.rng, self.leaf
        family, text = rng.choice(("int", "dec", "text", "date")), leaf("text")
        return rng.choice(
            (
                ("count(*)", "int"),
                ("COUNT(*)", "int"),
                (f"count({leaf(family)})", "int"),
                (f"count(DISTINCT {leaf(family)})", "int"),
                (f"sum({leaf('int')})", "int"),
                (f"sum({leaf('dec')})", "dec"),
                (f"max({leaf(family)})", family),
                (f"min({leaf(family)})", family),
                (f"bool_or({leaf('bool')})", "bool"),
                (f"string_agg({text}, ',' ORDER BY {text})", "text"),
                (f"count(*) FILTER (WHERE {self.condition()})", "int"),
                (f"sum(CASE WHEN {self.condition()} THEN 1 ELSE 0 END)", "int"),
            )
        )

    def total_order(self) -> str:
        """Every column there is: rows that tie are the same."""
        names = ((quoted(scoped.column.name), scoped) for scoped in self.scope)
        return ", ".join(name if one.merged or not one.alias else f"{one.alias}.{name}" for name, one in names) or "1"

    def window(self) -> Expression:
        """A window function whose result is fixed but for rows that are the same."""
        rng = self.rng
        partition = f"PARTITION BY {self.leaf('int')} " if rng.random() < 0.7 else ""
        order = f"ORDER BY {self.total_order()}"
        return rng.choice(
            (
                (f"row_number() OVER ({partition}{order})", "int"),
                (f"rank() OVER ({partition}ORDER BY {self.leaf('int')})", "int"),
                (f"sum({self.leaf('int')}) OVER ({partition.strip()})", "int"),
                (f"count(*) OVER ({partition}ORDER BY {self.leaf('date')})", "int"),
                (f"lag({self.leaf('text')}) OVER ({partition}{order})", "text"),
                (f"max({self.leaf('dec')}) OVER ({partition.strip()})", "dec"),
            )
        )

    def item(self, expression: Expression, taken: set[str], *, bare: float = 0.5) -> Item:
        """A projection under a name that is not taken yet; a plain column keeps its own as often as ``bare`` says."""
        text, family = expression
        own = Item(text).name.strip('"').lower()
        if own and own not in taken and self.rng.random() < bare:
            taken.add(own)
            return Item(text)
        names = list(NAMES[family])
        self.rng.shuffle(names)
        for name in (*names, *(f"{names[0].strip(chr(34)).lower().replace(' ', '_')}{n}" for n in range(2, 40))):
            if name.strip('"').lower() not in taken:
                taken.add(name.strip('"').lower())
                return Item(text, name)
        raise AssertionError(f"no name left for {text}")

    def items(self, expressions: Sequence[Expression], taken: set[str] | None = None) -> tuple[Item, ...]:
        """Projections under different names."""
        used = set() if taken is None else taken
        return tuple(self.item(expression, used) for expression in expressions)
