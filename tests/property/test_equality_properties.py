"""Random queries in random words: the same in data and known to be; and no edit of the data is called the same."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.sql.equality import same_meaning
from rocky_action.sql.equality.view import canonical_of
from rocky_action.sql.parse import parse_query
from tests.support.equality_tables import TABLES
from tests.support.examples import examples
from tests.support.sql_models import model, run

Tree = tuple[Any, ...]
"""A kind with its parts, as deep as hypothesis likes."""
COLUMNS = {"t": ("a", "b"), "u": ("a", "b")}
RELATIONS = ("r0", "r1")
VALUES = st.recursive(
    st.one_of(
        st.tuples(st.just("column"), st.sampled_from(RELATIONS), st.sampled_from(("a", "b"))),
        st.tuples(st.just("integer"), st.integers(0, 4)),
    ),
    lambda inner: st.one_of(
        st.tuples(st.just("plus"), inner, st.integers(0, 3)),
        st.tuples(st.just("minus"), inner, inner, inner),
        st.tuples(st.just("times"), inner, inner),
        st.tuples(st.just("cast"), inner),
        st.tuples(st.just("case"), inner, inner),
        st.tuples(st.just("coalesce"), inner, inner),
    ),
    max_leaves=4,
)
COLUMN = st.tuples(st.just("column"), st.sampled_from(RELATIONS), st.sampled_from(("a", "b")))
CONDITIONS = st.recursive(
    st.one_of(
        st.tuples(st.just("compare"), st.sampled_from(("=", "<>", "<", "<=")), VALUES, VALUES),
        st.tuples(st.just("folded"), COLUMN, st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("null"), VALUES),
        st.tuples(st.just("between"), COLUMN, st.integers(0, 3), st.integers(0, 5)),
        st.tuples(st.just("one of"), COLUMN, st.integers(0, 3)),
    ),
    lambda inner: st.one_of(
        st.tuples(st.just("and"), inner, inner, inner),
        st.tuples(st.just("or"), inner, inner),
        st.tuples(st.just("not"), inner),
    ),
    max_leaves=6,
)


@dataclass(frozen=True)
class Spec:
    """A query before it has words."""

    outputs: tuple[Tree, ...]
    where: Tree
    join: str
    grouped: bool
    source: str
    limit: int | None


SPECS = st.builds(
    Spec,
    st.lists(VALUES, min_size=1, max_size=3).map(tuple),
    CONDITIONS,
    st.sampled_from(("", "LEFT", "FULL")),
    st.booleans(),
    st.sampled_from(("t", "cte", "derived")),
    st.none() | st.integers(0, 4),
)


class Words:
    """Writes a query out; each time with other words, if there is a choice of them."""

    def __init__(self, choice: random.Random) -> None:
        self.choice = choice
        first, second = choice.sample(("o", "p", "t", "x9", "Zed"), 2)
        self.alias = {"r0": first, "r1": second}

    def pick(self, *options: str) -> str:
        return self.choice.choice(options)

    def cased(self, name: str) -> str:
        return self.pick(name, name.upper(), f'"{name}"')

    def value(self, tree: Tree) -> str:
        match tree:
            case ("column", relation, name):
                return f"{self.cased(self.alias[relation])}.{self.cased(name)}"
            case ("integer", number):
                return str(number)
            case ("plus", inner, number):
                return self.swapped(f"({self.value(inner)})", "+", number)
            case ("minus", a, b, c):
                one, two, three = (f"({self.value(part)})" for part in (a, b, c))
                return self.pick(f"{one} - {two} - {three}", f"({one} - {two}) - {three}")
            case ("times", a, b):
                return self.swapped(f"({self.value(a)})", "*", f"({self.value(b)})")
            case ("cast", inner):
                kind = self.pick("BIGINT", "INT8", "bigint")
                return self.pick(f"CAST({self.value(inner)} AS {kind})", f"({self.value(inner)})::{kind}")
            case ("case", a, b):
                end = self.pick(" ELSE NULL END", " end")
                return f"CASE WHEN {self.value(a)} {self.pick('<>', '!=')} 2 THEN {self.value(b)}{end}"
            case ("coalesce", a, b):
                return f"{self.pick('COALESCE', 'coalesce')}({self.value(a)}, {self.value(b)})"
            case _:
                raise AssertionError(tree)

    def swapped(self, left: object, sign: str, right: object) -> str:
        return self.pick(f"{left} {sign} {right}", f"{right} {sign} {left}")

    def condition(self, tree: Tree) -> str:
        text = self.plain(tree)
        return self.pick(text, f"({text})")

    def plain(self, tree: Tree) -> str:
        match tree:
            case ("compare", sign, a, b):
                left, right = (f"({self.value(part)})" if part[0] != "integer" else self.value(part) for part in (a, b))
                mirrored = {"=": "=", "<>": "!=", "<": ">", "<=": ">="}[sign]
                options = [f"{left} {sign} {right}", f"{right} {mirrored} {left}"]
                options += [f"NOT {left} = {right}"] if sign == "<>" else []
                return self.pick(*options)
            case ("folded", column, a, b):
                return f"{self.value(column)} < {self.pick(str(a + b), f'{a} + {b}', f'({b} + {a})')}"
            case ("null", value):
                inner = f"({self.value(value)})"
                return self.pick(f"{inner} IS NOT NULL", f"NOT {inner} IS NULL")
            case ("between", column, low, high):
                options = [f"{self.value(column)} BETWEEN {low} AND {high}"]
                options += [f"({self.value(column)} >= {low} AND {high} >= {self.value(column)})"]
                return self.pick(*options)
            case ("one of", column, number):
                return self.pick(f"{self.value(column)} IN ({number})", f"{number} = {self.value(column)}")
            case ("and" | "or" as kind, *parts):
                return self.joined(kind, parts)
            case ("not", inner):
                return f"NOT ({self.condition(inner)})"
            case _:
                raise AssertionError(tree)

    def joined(self, kind: str, parts: Sequence[Tree]) -> str:
        operands = [f"({self.condition(part)})" for part in parts]
        calm = all(part[0] in ("folded", "between", "one of") for part in parts)
        if calm:
            self.choice.shuffle(operands)
        if self.pick("", "identity"):
            operands.append("TRUE" if kind == "and" else "FALSE")
        return self.pick(f" {kind} ", f" {kind.upper()} ").join(operands)

    def query(self, spec: Spec) -> str:
        # Where DuckDB matches expressions by their spelling, these words are the only ones.
        steady = Words(random.Random(0)) if spec.grouped else self  # noqa: S311  no secrets here
        steady.alias = self.alias
        values = [steady.value(value) for value in spec.outputs]
        aliases = [f"{value} {self.pick('AS ', '')}c{at}" for at, value in enumerate(values)]
        group = ""
        if spec.grouped:
            aliases.append(f"{self.pick('COUNT(*)', 'count(1)')} AS n")
            group = " GROUP BY " + ", ".join(
                str(at + 1) if spec.outputs[at][0] == "integer" else self.pick(str(at + 1), value)
                for at, value in enumerate(values)
            )
        order = ""
        if spec.limit is not None:
            names = [self.pick(str(at + 1), f"c{at}") for at in range(len(spec.outputs))]
            order = f" ORDER BY {', '.join(names)} LIMIT {spec.limit}"
        start, source = self.source(spec.source)
        kind = {"": self.pick("", "INNER "), "LEFT": self.pick("LEFT ", "LEFT OUTER "), "FULL": "FULL "}[spec.join]
        left, right = self.alias["r0"], self.alias["r1"]
        on = self.pick(f"ON {left}.a = {right}.a", f"ON ({right}.A = {left}.a)")
        if spec.join != "FULL":
            on = self.pick(on, "USING (a)")
        tables = f"{source} {self.pick('AS ', '')}{left} {kind}JOIN u {self.pick('AS ', '')}{right} {on}"
        where = self.condition(spec.where)
        return f"{start}SELECT {', '.join(aliases)} FROM {tables} WHERE {where}{group}{order}"

    def source(self, kind: str) -> tuple[str, str]:
        inner = f"SELECT {self.pick('i.a', 'I.a')}, i.b FROM t {self.pick('AS ', '')}i"
        if kind == "t":
            return "", "t"
        if kind == "derived":
            return "", f"({inner})"
        name, other = self.choice.sample(("c", "dd", "zz"), 2)
        unread = self.pick("", f", {other} AS (SELECT nothing FROM nowhere)")
        return f"WITH {name} AS ({inner}){unread} ", name


def mutated(spec: Spec, choice: random.Random) -> Spec:
    """The same but for one thing."""
    match choice.randrange(6):
        case 0:
            return replace(spec, join=choice.choice([one for one in ("", "LEFT", "FULL") if one != spec.join]))
        case 1:
            return replace(spec, limit=None if spec.limit is not None else 2)
        case 2:
            return replace(spec, outputs=tuple(_changed(value, choice) for value in spec.outputs))
        case 3:
            return replace(spec, grouped=not spec.grouped)
        case _:
            return replace(spec, where=_changed(spec.where, choice))


def _changed(tree: Tree, choice: random.Random) -> Tree:
    parts = list(tree)
    nested = [at for at, part in enumerate(parts) if isinstance(part, tuple)]
    at = choice.choice([*nested, *range(len(parts))])
    part = parts[at]
    others = {"a": "b", "b": "a", "r0": "r1", "r1": "r0", "=": "<>", "<>": "=", "<": "<=", "<=": "<", "and": "or"}
    if isinstance(part, tuple):
        parts[at] = _changed(part, choice)
    elif isinstance(part, int):
        parts[at] = part + 1
    else:
        parts[at] = others.get(part, part)
    if tree[0] in ("minus", "times") and choice.random() < 0.3:
        parts[1:] = parts[:0:-1]
    return tuple(parts)


@pytest.fixture(scope="module")
def tables() -> Iterable[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        yield connection


def same(base: str, head: str) -> bool:
    return same_meaning(model("m", base), model("m", head), dialect="duckdb")


def outcome(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    try:
        return run(connection, sql)
    except duckdb.Error as err:
        return type(err).__name__


@given(SPECS, st.integers(0, 2**32), st.integers(0, 2**32))
@settings(max_examples=examples(200), deadline=None)
def test_other_words_are_known_to_be_the_same(
    tables: duckdb.DuckDBPyConnection, spec: Spec, one: int, other: int
) -> None:
    base, head = (Words(random.Random(seed)).query(spec) for seed in (one, other))  # noqa: S311  no secrets here
    assert canonical_of(parse_query(base, "duckdb")) is not None
    assert same(base, head)
    assert outcome(tables, base) == outcome(tables, head)


@given(SPECS, st.integers(0, 2**32), st.integers(0, 2**32))
@settings(max_examples=examples(200), deadline=None)
def test_what_changes_the_data_is_never_the_same(
    tables: duckdb.DuckDBPyConnection, spec: Spec, one: int, other: int
) -> None:
    edited = mutated(spec, random.Random(one))  # noqa: S311  as above
    base, head = (Words(random.Random(other)).query(each) for each in (spec, edited))  # noqa: S311  as above
    if same(base, head):
        assert outcome(tables, base) == outcome(tables, head)
