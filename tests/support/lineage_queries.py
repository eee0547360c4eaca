"""Random relations, changes of them, and random queries over them, for the oracle test of column-level lineage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

NAMES = ("a", "b", "c", "d", "e", "id")
TABLES = ("t", "u", "w")
TYPES = ("INTEGER", "BIGINT", "VARCHAR", "DOUBLE")
ROWS = 5


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def sql(self, schema: str) -> str:
        """A statement that makes the table."""
        columns = ", ".join(f"{one.name} {one.type}" for one in self.columns)
        rows = ", ".join(f"({', '.join(one.values[row] for one in self.columns)})" for row in range(ROWS))
        return (
            f"CREATE OR REPLACE TABLE {schema}.{self.name} ({columns}); INSERT INTO {schema}.{self.name} VALUES {rows}"
        )


@dataclass(frozen=True)
class Change:
    """One table at base and at head, and which columns are changed, new or gone."""

    base: Table
    head: Table
    columns: frozenset[str]


def values(rng: Random, type_: str) -> tuple[str, ...]:
    if type_ == "INTEGER[]":
        return tuple(rng.choice(("[1, 2]", "[3]", "[]", "NULL", "[2, 2, 5]")) for _ in range(ROWS))
    if type_.startswith("STRUCT"):
        return tuple(rng.choice(("{'a': 1, 'z': 2}", "{'a': 3, 'z': 4}", "NULL")) for _ in range(ROWS))
    if type_ == "VARCHAR":
        return tuple(rng.choice(("'1'", "'2'", "'3'", "'4'", "NULL")) for _ in range(ROWS))
    return tuple(rng.choice(("1", "2", "3", "4", "NULL")) for _ in range(ROWS))


def table(rng: Random, name: str) -> Table:
    names = rng.sample(NAMES, rng.randint(2, 4))
    columns = [Column(one, rng.choice(("INTEGER", "INTEGER", "INTEGER", "VARCHAR")), ()) for one in names]
    if rng.random() < 0.25:
        columns.append(Column("l", "INTEGER[]", ()))
    if rng.random() < 0.2:
        columns.append(Column(rng.choice(("s", "t", "u")), "STRUCT(a INTEGER, z INTEGER)", ()))
    return Table(name, tuple(replace(one, values=values(rng, one.type)) for one in columns))


def change(rng: Random, base: Table) -> Change:
    """One or two changes of columns; the rows and the order of all other columns stay."""
    columns = list(base.columns)
    touched: set[str] = set()
    for _ in range(rng.choice((1, 1, 1, 2))):
        at = rng.randrange(len(columns))
        old = columns[at]
        kind = rng.choice(("values", "values", "remove", "add", "add", "retype", "rename"))
        fresh = rng.choice([*NAMES, "t", "u", "q", "x0", "x1", "a_1", "k"])
        if kind == "values":
            columns[at] = replace(old, values=values(rng, old.type))
        elif kind == "retype":
            type_ = rng.choice(TYPES)
            columns[at] = Column(old.name, type_, values(rng, type_))
        elif kind == "remove" and len(columns) > 1:
            del columns[at]
        elif kind == "rename" and fresh not in {one.name for one in columns}:
            columns[at] = replace(old, name=fresh)
            touched.add(fresh)
        elif kind == "add" and fresh not in {one.name for one in columns}:
            type_ = rng.choice(TYPES)
            columns.insert(rng.randint(0, len(columns)), Column(fresh, type_, values(rng, type_)))
            touched.add(fresh)
            continue
        touched.add(old.name)
    return Change(base, Table(base.name, tuple(columns)), frozenset(touched))


@dataclass(frozen=True)
class Known:
    """A relation in scope as the generator sees it; names it does not know are left to chance."""

    alias: str
    names: tuple[str, ...]


@dataclass
class Writer:
    """Writes random queries. Most of them are valid at base; those that are not test that both sides fail."""

    rng: Random
    tables: tuple[Table, ...]
    ctes: list[Known] = field(default_factory=list)
    count: int = 0

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    def query(self, depth: int, scope: tuple[Known, ...] = ()) -> tuple[str, tuple[str, ...]]:
        """A query's text and its column names as far as they are known."""
        before = list(self.ctes)
        clauses: list[str] = []
        recursive = False
        if depth > 0 and self.maybe(0.35):
            for _ in range(self.rng.randint(1, 2)):
                name = self.fresh("q")
                if self.maybe(0.3) and not clauses:
                    name = self.rng.choice(TABLES)
                if self.maybe(0.1):
                    recursive = True
                    source = self.rng.choice(self.tables)
                    body = f"SELECT {self.rng.choice(source.names)} AS n, 0 AS step FROM {source.name} "
                    body += f"UNION ALL SELECT n, step + 1 FROM {name} WHERE step < 2"
                    names: tuple[str, ...] = ("n", "step")
                else:
                    body, names = self.query(depth - 1)
                if self.maybe(0.15) and names:
                    names = tuple(self.rng.sample((*NAMES, "x9"), min(len(names), 2))) + names[2:]
                    clauses.append(f"{name}({', '.join(names[:2])}) AS ({body})")
                else:
                    clauses.append(f"{name} AS ({body})")
                self.ctes.append(Known(name, names))
        if depth > 0 and self.maybe(0.15):
            text, names = self.set_operation(depth, scope)
        else:
            text, names = self.select(depth, scope)
        self.ctes = before
        with_ = f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(clauses)} " if clauses else ""
        return with_ + text, names

    def set_operation(self, depth: int, scope: tuple[Known, ...]) -> tuple[str, tuple[str, ...]]:
        left, names = self.select(0, scope, width=2)
        right, other = self.select(0, scope, width=2)
        word = self.rng.choice(
            ("UNION ALL", "UNION ALL", "UNION", "EXCEPT", "INTERSECT", "UNION ALL BY NAME", "EXCEPT ALL")
        )
        text = f"({left}) {word} ({right})"
        if self.maybe(0.3):
            text += f" ORDER BY {self.rng.choice(['1', '2', 'ALL', *names[:1]])}"
        return text, names if "NAME" not in word else tuple(dict.fromkeys((*names, *other)))

    def relation(self, depth: int, scope: tuple[Known, ...]) -> tuple[str, Known]:
        roll = self.rng.random()
        alias = self.fresh("r")
        if roll < 0.15 and depth > 0:
            text, names = self.query(depth - 1, scope if self.maybe(0.4) else ())
            lateral = "LATERAL " if self.maybe(0.2) else ""
            if self.maybe(0.15) and names:
                names = ("x7", *names[1:])
                return f"{lateral}({text}) AS {alias}(x7)", Known(alias, names)
            return f"{lateral}({text}) AS {alias}", Known(alias, names)
        if roll < 0.2:
            return self.odd_relation(alias, scope)
        if self.ctes and roll < 0.5:
            cte = self.rng.choice(self.ctes)
            return (f"{cte.alias} AS {alias}", Known(alias, cte.names)) if self.maybe(0.5) else (cte.alias, cte)
        one = self.rng.choice(self.tables)
        if any(cte.alias == one.name for cte in self.ctes):
            one_name = f"main.{one.name}"
            return f"{one_name} AS {alias}", Known(alias, one.names)
        if self.maybe(0.05):
            return f"{one.name} AS {alias}(x8)", Known(alias, ("x8", *one.names[1:]))
        if self.maybe(0.5):
            return f"{one.name} AS {alias}", Known(alias, one.names)
        return one.name, Known(one.name, one.names)

    def odd_relation(self, alias: str, scope: tuple[Known, ...]) -> tuple[str, Known]:
        one = self.rng.choice(self.tables)
        name = self.rng.choice(one.names)
        forms: list[tuple[str, tuple[str, ...]]] = [
            (f"(VALUES (1, 2), (2, 3)) AS {alias}(a, k)", ("a", "k")),
            (f"range(3) AS {alias}(k)", ("k",)),
            (f"{one.name} AS {alias} TABLESAMPLE 100%", one.names),
            (f"(VALUES ({len(name)})) AS {alias}(x5)", ("x5",)),
            (f"(PIVOT {one.name} ON {name} IN (1, 2) USING count(*)) AS {alias}", ()),
            (
                f"(UNPIVOT (SELECT {name}::TEXT AS {name} FROM {one.name}) ON {name} INTO NAME n VALUE v) AS {alias}",
                ("n", "v"),
            ),
            (f"(SELECT COLUMNS('{name}') FROM {one.name}) AS {alias}", (name,)),
            (f"(FROM {one.name}) AS {alias}", one.names),
        ]
        for known in scope:
            if known.names:
                picked = self.rng.choice(known.names)
                forms.append((f"unnest([{known.alias}.{picked}, NULL]) AS {alias}(k)", ("k",)))
                forms.append((f"LATERAL (SELECT {picked} AS k) AS {alias}", ("k",)))
        text, names = self.rng.choice(forms)
        return text, Known(alias, names)

    def sources(self, depth: int, outer: tuple[Known, ...]) -> tuple[str, tuple[Known, ...]]:
        text, first = self.relation(depth, ())
        found = [first]
        for _ in range(self.rng.choice((0, 0, 0, 1, 1, 2))):
            item, known = self.relation(depth, tuple(found))
            if known.alias in {one.alias for one in found}:
                continue
            shared = [name for name in known.names if any(name in one.names for one in found)]
            kind = self.rng.choice(
                (
                    "JOIN",
                    "LEFT JOIN",
                    "FULL JOIN",
                    "CROSS",
                    "USING",
                    "SEMI JOIN",
                    "ANTI JOIN",
                    "NATURAL",
                    "POSITIONAL",
                    "ASOF",
                )
            )
            both = (*found, known)
            if kind == "CROSS":
                text += f", {item}"
            elif kind == "USING" and shared:
                text += (
                    f" {self.rng.choice(('', 'LEFT ', 'FULL ', 'RIGHT '))}JOIN {item} USING ({self.rng.choice(shared)})"
                )
            elif kind in ("NATURAL", "POSITIONAL"):
                text += f" {kind} JOIN {item}" if self.maybe(0.4) else f", {item}"
            elif kind == "ASOF" and self.maybe(0.5):
                left, right = self.column(tuple(found), among=both), self.column((known,), among=both)
                text += f" ASOF JOIN {item} ON {left} >= {right}"
            else:
                word = kind if kind.endswith("JOIN") else "JOIN"
                on = (
                    self.condition(0, both)
                    if self.maybe(0.4)
                    else f"{self.column(tuple(found), among=both)} = {self.column((known,), among=both)}"
                )
                text += f" {word} {item} ON {on}"
            found.append(replace(known, names=()) if kind in ("SEMI JOIN", "ANTI JOIN") else known)
        return text, tuple(found)

    def column(self, scope: tuple[Known, ...], *, among: tuple[Known, ...] = ()) -> str:
        """A column of ``scope``, written without its relation's name where that is unique ``among`` all there are."""
        usable = [one for one in scope if one.names]
        if not usable or self.maybe(0.015):
            return self.rng.choice((*NAMES, "t", "u", "rowid", "a_1"))
        one = self.rng.choice(usable)
        name = self.rng.choice(one.names)
        if self.maybe(0.015):
            return one.alias  # the whole row
        if name in ("s", "t", "u") and self.maybe(0.6):
            return f"{name}.a" if self.maybe(0.5) else f"{one.alias}.{name}.z"
        unique = sum(name in other.names for other in among or scope) == 1
        if (unique and self.maybe(0.65)) or self.maybe(0.01):
            return name if self.maybe(0.9) else name.upper()
        return f"{one.alias}.{name}"

    def expression(self, depth: int, scope: tuple[Known, ...]) -> str:
        x, y = self.column(scope), self.column(scope)
        forms: list[Callable[[], str]] = [
            lambda: x,
            lambda: x,
            lambda: f"coalesce({x}::VARCHAR, {y}::VARCHAR)",
            lambda: f"{x}::VARCHAR || 'z'",
            lambda: f"CASE WHEN {x} IS NULL THEN {y} END",
            lambda: f"try_cast({x} AS INTEGER) + 1",
            lambda: f"({x} IS NOT DISTINCT FROM {y})",
            lambda: f"hash({x})",
            lambda: f"list_transform([{x}], lambda v: v::VARCHAR || {y}::VARCHAR)",
            lambda: f"[v::VARCHAR for v in [{x}] if v IS NOT NULL]",
            lambda: f"{{'f': {x}}}.f",
            lambda: f"struct_pack(g := {x})",
            lambda: f"{x} COLLATE NOCASE",
            lambda: f"{x}.typeof()",
            lambda: f"nullif(typeof({x}), {y}::VARCHAR)",
        ]
        if depth > 0:
            forms += [
                lambda: self.scalar(scope),
                lambda: (
                    f"({self.query(depth - 1, scope)[0]} LIMIT 1)"
                    if self.maybe(0.5)
                    else f"EXISTS ({self.query(0, scope)[0]})"
                ),
            ]
        if self.maybe(0.03):
            return (
                f"list_sum(list_apply([1], lambda {self.rng.choice(NAMES)}: 1 + coalesce(try_cast({x} AS INTEGER), 0)))"
            )
        return self.rng.choice(forms)()

    def scalar(self, scope: tuple[Known, ...]) -> str:
        text, known = self.relation(0, ())
        return f"(SELECT {self.aggregate(0, (*scope, known))} FROM {text})"

    def aggregate(self, depth: int, scope: tuple[Known, ...]) -> str:
        x, y = self.column(scope), self.column(scope)
        return self.rng.choice(
            (
                "count(*)",
                f"count({x})",
                f"max({x})",
                f"count(DISTINCT {x})",
                f"min({x}) FILTER (WHERE {y} IS NOT NULL)",
                f"list({x} ORDER BY {y})",
                f"string_agg({x}::VARCHAR, ',' ORDER BY {y}, {x})",
                f"arg_max({x}, {y})",
                f"max({x}) || 'a'",
                f"mode() WITHIN GROUP (ORDER BY {x})",
            )
        )

    def window(self, scope: tuple[Known, ...]) -> str:
        x, y, z = self.column(scope), self.column(scope), self.column(scope)
        return self.rng.choice(
            (
                f"row_number() OVER (ORDER BY {x}, {y})",
                f"count({z}) OVER (PARTITION BY {x})",
                f"lag({x}) OVER (PARTITION BY {y} ORDER BY {z})",
                f"max({x}) OVER wn",
                "row_number() OVER ()",
                f"first_value({x} IGNORE NULLS) OVER (ORDER BY {y} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
            )
        )

    def condition(self, depth: int, scope: tuple[Known, ...]) -> str:
        x, y = self.expression(depth, scope), self.column(scope)
        if depth > 0 and self.maybe(0.3):
            inner, names = self.query(0, scope)
            if self.maybe(0.5):
                return f"{'NOT ' if self.maybe(0.3) else ''}EXISTS ({inner})"
            return f"{y} IN (SELECT {self.column((Known('zz', names),))} FROM ({inner}) AS zz)"
        return self.rng.choice(
            (f"{x} IS NOT NULL", f"{y} IS DISTINCT FROM 2", f"{x}::VARCHAR > '1'", f"NOT ({y} IS NULL)")
        )

    def select(self, depth: int, outer: tuple[Known, ...], *, width: int = 0) -> tuple[str, tuple[str, ...]]:
        text, found = self.sources(depth, outer)
        scope = found if not outer or self.maybe(0.6) else (*found, self.rng.choice(outer))
        shape = self.rng.choice(("plain", "plain", "plain", "group", "aggregate", "star", "star"))
        if width:
            shape = self.rng.choice(("plain", "plain", "star"))
        items: list[tuple[str, str]] = []
        ending = ""
        if shape == "star":
            items += self.star(found)
        if shape in ("plain", "star") and (shape == "plain" or (self.maybe(0.4) and not width)):
            for _ in range(width or self.rng.randint(1, 3)):
                items.append(self.projection(depth, scope, items))
        if shape == "group":
            keys = [self.column(scope) for _ in range(self.rng.randint(1, 2))]
            items += [(key, key.split(".")[-1]) for key in keys]
            items += [self.aliased(self.aggregate(depth, scope)) for _ in range(self.rng.randint(1, 2))]
            numbers = ", ".join(str(index + 1) for index in range(len(keys)))
            by = self.rng.choice(
                (
                    ", ".join(keys),
                    numbers,
                    "ALL",
                    f"ROLLUP ({', '.join(keys)})",
                    f"GROUPING SETS (({keys[0]}), ({', '.join(keys)}))",
                )
            )
            ending = f" GROUP BY {by}"
            if self.maybe(0.2):
                named = f"{items[-1][1] or 'a'} IS NOT NULL"
                ending += (
                    f" HAVING {self.rng.choice(('count(*) > 0', f'max({self.column(scope)}) IS NOT NULL', named))}"
                )
        elif shape == "aggregate":
            items += [self.aliased(self.aggregate(depth, scope)) for _ in range(self.rng.randint(1, 2))]
            if self.maybe(0.15):
                ending = f" HAVING count({self.column(scope)}) > 1"
        where = f" WHERE {self.condition(depth, scope)}" if self.maybe(0.3) else ""
        if where and self.maybe(0.15) and items[0][1]:
            where = f" WHERE {items[0][1]} IS NOT NULL"
        tail = self.tail(items, scope, shape=shape)
        distinct = self.rng.choice(("",) * 8 + ("DISTINCT ", f"DISTINCT ON ({self.column(scope)}) "))
        listed = ", ".join(item for item, _ in items)
        windows = f" WINDOW wn AS (PARTITION BY {self.column(scope)})" if "OVER wn" in listed + tail else ""
        if distinct and shape == "group":
            distinct = "DISTINCT "
        tail = tail.replace(" QUALIFY", windows + " QUALIFY", 1) if " QUALIFY" in tail else windows + tail
        known = tuple(name for _, name in items if name and name != "*")
        for _, name in items:
            if name == "*":
                known = tuple(dict.fromkeys((*(n for one in found for n in one.names), *known)))
        if self.maybe(0.05):
            return f"FROM {text} SELECT {distinct}{listed}{where}{ending}{tail}", known
        return f"SELECT {distinct}{listed} FROM {text}{where}{ending}{tail}", known

    def aliased(self, text: str) -> tuple[str, str]:
        if self.maybe(0.05):
            return text, ""
        name = self.rng.choice((*NAMES, "x0", "x1", "x2", "k"))
        return f"{text} AS {name}", name

    def projection(self, depth: int, scope: tuple[Known, ...], items: list[tuple[str, str]]) -> tuple[str, str]:
        roll = self.rng.random()
        if roll < 0.3:
            column = self.column(scope)
            return column, column.split(".")[-1].lower()
        if roll < 0.42:
            return self.aliased(self.window(scope))
        if roll < 0.46:
            return self.aliased(f"unnest([{self.column(scope)}, {self.column(scope)}])")
        if roll < 0.465:
            return f"unnest({self.rng.choice(('s', 'l', 't', 'u'))})", ""
        if roll < 0.56 and items and items[-1][1] not in ("", "*"):
            return self.aliased(f"{items[-1][1]}::VARCHAR || 'lateral'")
        if roll < 0.58:
            return "COLUMNS('.')", ""
        if roll < 0.585:
            return f"{self.rng.choice(('s', 't', 'u'))}.*", ""
        return self.aliased(self.expression(depth, scope))

    def star(self, found: tuple[Known, ...]) -> list[tuple[str, str]]:
        names = [name for one in found for name in one.names]
        picked = self.rng.choice(names) if names else "a"
        return [
            self.rng.choice(
                (
                    ("*", "*"),
                    ("*", "*"),
                    ("*", "*"),
                    (f"{found[-1].alias}.*", "*"),
                    (f"* EXCLUDE ({picked})", "*"),
                    (f"* REPLACE (coalesce({picked}, {picked}) AS {picked})", "*"),
                    (f"* RENAME ({picked} AS x0)", "*"),
                    (f"{found[0].alias}.* EXCLUDE ({picked})", "*"),
                    ("* LIKE '%'", ""),
                )
            )
        ]

    def tail(self, items: list[tuple[str, str]], scope: tuple[Known, ...], *, shape: str) -> str:
        text = ""
        if shape in ("plain", "star") and self.maybe(0.1):
            text += (
                f" QUALIFY {self.window(scope)} IS NOT NULL"
                if self.maybe(0.5)
                else f" QUALIFY row_number() OVER (PARTITION BY {self.column(scope)} ORDER BY {self.column(scope)}) = 1"
            )
        if self.maybe(0.2):
            named = [name for _, name in items if name not in ("", "*")]
            key = self.rng.choice(
                ["1", "ALL", *named] if shape in ("group", "aggregate") else ["1", "ALL", *named, self.column(scope)]
            )
            text += f" ORDER BY {key}"
            if self.maybe(0.3):
                text += " LIMIT 2"
        elif self.maybe(0.05):
            text += " LIMIT 3"
        return text
