"""The promises of a comparison of values, for random types and random values of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.diff import Column
from rocky_action.domain.options import ModelOptions, Tolerance
from rocky_action.rowdiff.schema import ColumnPair, pair_columns, text
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb
from tests.support.examples import examples
from tests.support.typed_values import LEAVES, Spelled

budget = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
NULL = Spelled("NULL", None)
AWKWARD = [
    "",
    " ",
    "NULL",
    "null",
    "[]",
    "[NULL]",
    "{}",
    "a, b",
    "'",
    "''",
    "\\\\",
    "{'a': 1}",
    "a=b",
    "é",
    "e\u0301",
    "\0",
]


@pytest.fixture(scope="module")
def database() -> Iterator[DuckDB]:
    opened = open_duckdb(None)
    try:
        yield opened
    finally:
        opened.close()


@dataclass(frozen=True)
class Kind:
    """A type, and values of it of which no two are spellings of one."""

    type: str
    values: st.SearchStrategy[Spelled]


def pair(type_: str, options: ModelOptions | None = None) -> ColumnPair:
    (found,) = pair_columns((Column("v", type_),), (Column("v", type_),), options=options or ModelOptions())
    return found


def leaf(type_: str) -> Kind:
    if type_ == "VARCHAR":
        texts = st.sampled_from(AWKWARD) | st.text("aA ,=:'\"\\[]{}()\n\t\0NUL1é", max_size=8)
        return Kind(type_, st.just(NULL) | texts.map(lambda one: Spelled(quoted(one), f"text {one}")))
    named = [Spelled(f"CAST({same[0]} AS {type_})", number) for number, same in enumerate(LEAVES[type_])]
    values = st.just(NULL) | st.sampled_from(named)
    if type_ not in {"FLOAT", "DOUBLE"}:
        return Kind(type_, values)
    numbers = st.floats(width=32 if type_ == "FLOAT" else 64, allow_nan=False, allow_infinity=False)
    spelled = numbers.map(lambda one: Spelled(f"CAST('{one + 0.0!r}' AS {type_})", f"number {one + 0.0!r}"))
    odd = [value for value in named if "NaN" in value.sql or "inf" in value.sql]
    return Kind(type_, st.just(NULL) | st.sampled_from(odd) | spelled)


def quoted(one: str) -> str:
    return "'" + one.replace("'", "''").replace("\0", "' || chr(0) || '") + "'"


def many(inner: Kind) -> Kind:
    values = st.lists(inner.values, max_size=3).map(
        lambda items: Spelled(f"[{', '.join(item.sql for item in items)}]", tuple(item.identity for item in items))
    )
    return Kind(f"{inner.type}[]", st.just(NULL) | values)


def fixed(inner: Kind) -> Kind:
    values = st.lists(inner.values, min_size=2, max_size=2).map(
        lambda items: Spelled(f"[{', '.join(item.sql for item in items)}]", tuple(item.identity for item in items))
    )
    return Kind(f"{inner.type}[2]", st.just(NULL) | values)


def struct(pair_of: tuple[Kind, Kind]) -> Kind:
    left, right = pair_of
    values = st.tuples(left.values, right.values).map(
        lambda items: Spelled(
            f"{{'a b': {items[0].sql}, 'c': {items[1].sql}}}", ("struct", items[0].identity, items[1].identity)
        )
    )
    return Kind(f'STRUCT("a b" {left.type}, c {right.type})', st.just(NULL) | values)


def mapping(inner: Kind) -> Kind:
    keys = st.sampled_from(["a", "b", "a=1, b", "NULL", ""])
    values = st.dictionaries(keys, inner.values, max_size=2).map(
        lambda items: Spelled(
            f"MAP {{{', '.join(f'{quoted(key)}: {item.sql}' for key, item in items.items())}}}",
            ("map", tuple((key, item.identity) for key, item in items.items())),
        )
    )
    return Kind(f"MAP(VARCHAR, {inner.type})", st.just(NULL) | values)


leaves = st.sampled_from([leaf(type_) for type_ in LEAVES])
kinds = st.recursive(
    leaves,
    lambda inner: st.one_of(inner.map(many), inner.map(fixed), st.tuples(inner, inner).map(struct), inner.map(mapping)),
    max_leaves=3,
)
two_values = kinds.flatmap(lambda kind: st.tuples(st.just(kind.type), kind.values, kind.values))


@settings(budget, max_examples=examples(400))
@given(drawn=two_values)
def test_what_differs_hashes_otherwise_and_nothing_else_differs(
    database: DuckDB, drawn: tuple[str, Spelled, Spelled]
) -> None:
    type_, left, right = drawn
    compared = pair(type_)
    sides = f"(SELECT CAST({left.sql} AS {type_}) AS a, CAST({right.sql} AS {type_}) AS b FROM range(3))"
    hashes = [f"hash({compared.hashable(side)})" for side in "ab"]
    asked = (
        f"{compared.differs('a', 'b')}, {compared.differs('b', 'a')}, {compared.differs('a', 'a')},"
        f" {compared.comparand('a')} IS DISTINCT FROM {compared.comparand('b')},"
        f" {hashes[0]} <> {hashes[1]}, ({text('a')}) IS NULL"
    )
    truth = left.identity != right.identity
    for found in database.query(f"SELECT {asked} FROM {sides}"):
        assert found == (truth, truth, False, truth, truth, left.identity is None)


WHOLE = {"TINYINT": 7, "BIGINT": 63, "HUGEINT": 127, "UBIGINT": -64, "UHUGEINT": -128}


@st.composite
def exact_numbers(draw: st.DrawFn) -> tuple[str, Fraction, Fraction]:
    type_ = draw(st.sampled_from([*WHOLE, "DECIMAL(9,2)", "DECIMAL(38,2)", "DECIMAL(38,38)"]))
    if type_ in WHOLE:
        bits, step = WHOLE[type_], Fraction(1)
        low, high = (-(2**bits), 2**bits - 1) if bits > 0 else (0, 2**-bits - 1)
    else:
        precision, places = map(int, type_.removeprefix("DECIMAL(").removesuffix(")").split(","))
        step, high = Fraction(1, 10**places), 10**precision - 1
        low = -high
    first = draw(st.integers(low, high))
    second = draw(st.integers(low, high) | st.integers(max(low, first - 12), min(high, first + 12)))
    return type_, first * step, second * step


def written(number: Fraction) -> str:
    """All digits of a decimal number."""
    scaled, places = number, 0
    while scaled.denominator != 1:
        scaled, places = scaled * 10, places + 1
    digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else f"{sign}{digits}"


@budget
@given(
    numbers=exact_numbers(),
    absolute=st.sampled_from(["0", "0.01", "0.029", "1", "7.5", "10", "1e-38", "1e10"]),
)
def test_an_absolute_tolerance_is_exact_for_exact_numbers(
    database: DuckDB, numbers: tuple[str, Fraction, Fraction], absolute: str
) -> None:
    type_, left, right = numbers
    compared = pair(type_, ModelOptions(tolerances=(("v", Tolerance(float(absolute))),)))
    sides = f"(SELECT CAST('{written(left)}' AS {type_}) AS a, CAST('{written(right)}' AS {type_}) AS b FROM range(2))"
    found = database.query(f"SELECT {compared.differs('a', 'b')}, {compared.differs('b', 'a')} FROM {sides}")
    truth = abs(left - right) > Fraction(absolute)
    assert found == [(truth, truth)] * 2


@budget
@given(
    numbers=exact_numbers(),
    relative=st.sampled_from([1e-20, 1e-9, 0.001, 0.1, 1.0, 2.5]),
    absolute=st.sampled_from([0.0, 2.0]),
)
def test_a_relative_tolerance_is_right_but_for_the_border(
    database: DuckDB, numbers: tuple[str, Fraction, Fraction], relative: float, absolute: float
) -> None:
    type_, left, right = numbers
    gap, allowed = abs(left - right), max(Fraction(absolute), Fraction(relative) * max(abs(left), abs(right)))
    compared = pair(type_, ModelOptions(tolerances=(("v", Tolerance(absolute, relative)),)))
    sides = f"(SELECT CAST('{written(left)}' AS {type_}) AS a, CAST('{written(right)}' AS {type_}) AS b FROM range(2))"
    found = database.query(f"SELECT {compared.differs('a', 'b')}, {compared.differs('b', 'a')} FROM {sides}")
    border = abs(gap - allowed) * 10**12 <= allowed
    if not border:
        assert found == [(gap > allowed, gap > allowed)] * 2


any_float = st.floats() | st.sampled_from([0.0, -0.0, 1.0, 1.1, 1e308, -1e308])


@budget
@given(left=any_float, right=any_float, tolerance=st.builds(Tolerance, st.floats(0, 10), st.floats(0, 3)))
def test_a_tolerance_for_floats_is_its_formula(
    database: DuckDB, left: float, right: float, tolerance: Tolerance
) -> None:
    compared = pair("DOUBLE", ModelOptions(tolerances=(("v", tolerance),)))
    sides = f"(SELECT CAST('{left!r}' AS DOUBLE) AS a, CAST('{right!r}' AS DOUBLE) AS b FROM range(2))"
    found = database.query(f"SELECT {compared.differs('a', 'b')}, {compared.differs('b', 'a')} FROM {sides}")
    same = left == right or (left != left and right != right)  # noqa: PLR0124 (NaN is what differs from itself)
    infinite = float("inf") in {abs(left), abs(right)}
    allowed = max(tolerance.absolute, tolerance.relative * max(abs(left), abs(right)))
    truth = not (same or (not infinite and abs(left - right) <= allowed))
    assert found == [(truth, truth)] * 2
