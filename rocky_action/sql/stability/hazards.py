"""Functions that need not answer alike when the same query runs again over the same data.

Each rule is one function from a node to what is to be doubted about it, with the reason in its docstring. What is
"verified" there was seen in DuckDB over three million rows on four threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from rocky_action.domain.text import named
from rocky_action.sql.lineage.functions import spelled
from rocky_action.sql.stability.unique import Uniqueness


@dataclass(frozen=True)
class Why:
    """Why something need not be the same again; ``each_time`` if it is not expected to be.

    A ``steady`` value is the same for all rows of one run, so that it can make no two of them equal or different.
    ``where`` is the model or the model's column that it comes from, empty for the query that is looked at.
    """

    each_time: bool
    because: str
    steady: bool = False
    where: str = ""

    def __str__(self) -> str:
        there = f", in `{self.where}`" if self.where else ""
        return f"{'differs each time' if self.each_time else 'may differ'}: {self.because}{there}"


@dataclass(frozen=True)
class Doubt:
    """What is doubted about a value: where it is handed on as a column, and where it decides which rows there are."""

    column: Why
    rows: Why

    @staticmethod
    def may(because: str) -> Doubt:
        """What only may differ."""
        return Doubt(Why(False, because), Why(False, f"{because}, and that decides which rows there are"))


@dataclass(frozen=True)
class Setting:
    """What a rule looks at besides its node."""

    dialect: str
    uniqueness: Uniqueness


Rule = Callable[[exp.Expr, Setting], Doubt | None]

_BY_CHANCE = (exp.Normal, exp.Rand, exp.Randn, exp.Randstr, exp.Shuffle, exp.Uniform, exp.Uuid, exp.Zipf)
_BY_CHANCE_NAMES_TEXT = """
gen_random_uuid generateuuidv4 newid random reservoir_quantile uuid uuid_string uuidv4 uuidv7
"""
_BY_CHANCE_NAMES = frozenset(_BY_CHANCE_NAMES_TEXT.split())
_COUNTERS = (exp.CurrentTransaction, exp.NextValueFor, exp.Seq1, exp.Seq2, exp.Seq4, exp.Seq8)
_COUNTER_NAMES_TEXT = """
currval lastval nextval sequence_nextval setval txid_current
"""
_COUNTER_NAMES = frozenset(_COUNTER_NAMES_TEXT.split())
_CLOCKS = (
    exp.CurrentDatetime,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.CurrentTimestampLTZ,
    exp.Localtime,
    exp.Localtimestamp,
    exp.Systimestamp,
    exp.UtcTime,
    exp.UtcTimestamp,
)
_CLOCK_NAMES_TEXT = """
clock_timestamp current_localtime current_localtimestamp get_current_time get_current_timestamp getdate localtime
localtimestamp now statement_timestamp sysdate timeofday transaction_timestamp
"""
_CLOCK_NAMES = frozenset(_CLOCK_NAMES_TEXT.split())
_DAYS = (exp.CurrentDate, exp.UtcDate)
_DAY_NAMES = frozenset({"today"})
_ONE_ARGUMENT = frozenset({"age"})
_NO_ARGUMENT = frozenset({"unix_timestamp"})
_SESSION = (exp.CurrentUser, exp.CurrentUserId, exp.SessionUser)
_SESSION_NAMES_TEXT = """
current_catalog current_database current_query current_role current_schema current_schemas current_setting getvariable
input_file_name pg_postmaster_start_time session_user user version
"""
_SESSION_NAMES = frozenset(_SESSION_NAMES_TEXT.split())
_PLACES_NAMES = frozenset({"monotonically_increasing_id", "spark_partition_id"})
_HANDS_ON = (exp.Alias, exp.AtTimeZone, exp.Cast, exp.Paren)
_TEMPORAL = frozenset({"DATE", "DATETIME", "TIMESTAMP", "TIMESTAMPLTZ", "TIMESTAMPNTZ", "TIMESTAMPTZ"})


def by_chance(node: exp.Expr, setting: Setting) -> Doubt | None:
    """``random()``, ``uuid()`` and the like: made to differ. With a seed of its own it may well be the same again."""
    if not (isinstance(node, _BY_CHANCE) or _named(node, _BY_CHANCE_NAMES)):
        return None
    name = called(node, setting)
    if isinstance(node, exp.Rand) and node.this is not None:
        return Doubt.may(f"{name} has a seed, but rows take its numbers in any order")
    return Doubt(Why(True, name), Why(True, f"{name} decides which rows there are"))


def counters(node: exp.Expr, setting: Setting) -> Doubt | None:
    """``nextval()``, transaction numbers: each run goes on from where the last one stopped."""
    if not (isinstance(node, _COUNTERS) or _named(node, _COUNTER_NAMES)):
        return None
    name = called(node, setting)
    return Doubt(Why(True, f"{name} counts on"), Why(True, f"{name} counts on and decides which rows there are"))


def clocks(node: exp.Expr, setting: Setting) -> Doubt | None:
    """The time of the run. What is computed of it, and which rows are left by it, may be the same a moment later."""
    if not (isinstance(node, _CLOCKS) or _named(node, _CLOCK_NAMES) or _is_moment(node, setting)):
        return None
    name, top = called(node, setting), _top(node)
    handed_on = top.parent is None or isinstance(top.parent, exp.Query)
    if _named_day(node):
        return _daily(name, node)
    because = name if handed_on else f"{name} is the time of the run"
    return Doubt(Why(handed_on, because, _is_steady(node)), Why(False, f"{name} decides which rows there are"))


def days(node: exp.Expr, setting: Setting) -> Doubt | None:
    """The day of the run, and the age of something until then: another one tomorrow, and mostly the same until then."""
    arguments = len(list(node.iter_expressions()))
    since = (_named(node, _ONE_ARGUMENT) and arguments == 1) or (_named(node, _NO_ARGUMENT) and not arguments)
    if not (isinstance(node, _DAYS) or _named(node, _DAY_NAMES) or since):
        return None
    return _daily(called(node, setting), node)


def sessions(node: exp.Expr, setting: Setting) -> Doubt | None:
    """Who runs it, and in which session: a preview is seldom run by whom production is."""
    if not (isinstance(node, _SESSION) or _named(node, _SESSION_NAMES)):
        return None
    name = called(node, setting)
    why = f"{name} depends on who runs it, and where"
    return Doubt(Why(False, why, _is_steady(node)), Why(False, f"{why}, and decides which rows there are"))


def places(node: exp.Expr, setting: Setting) -> Doubt | None:
    """Numbers made of where a row happens to lie."""
    return Doubt.may(f"{called(node, setting)} depends on where rows lie") if _named(node, _PLACES_NAMES) else None


_MOMENTS = (
    exp.Corr,
    exp.CovarPop,
    exp.CovarSamp,
    exp.Kurtosis,
    exp.RegrIntercept,
    exp.RegrR2,
    exp.RegrSlope,
    exp.RegrSxx,
    exp.RegrSxy,
    exp.RegrSyy,
    exp.Skewness,
    exp.Stddev,
    exp.StddevPop,
    exp.StddevSamp,
    exp.Variance,
    exp.VariancePop,
)
_MOMENT_NAMES = frozenset(
    {"entropy", "geometric_mean", "geomean", "kurtosis_pop", "product", "sem", "wavg", "weighted_avg"}
)
_IN_ANY_ORDER = "takes numbers in any order, which shows in the last digits"
ADDED_UP = Why(False, f"sum() {_IN_ANY_ORDER}")
"""What is to be said of a sum whose type is known to be floating."""
_MEANS = frozenset({"mean"})
_FLOATS = frozenset({"DOUBLE", "FLOAT"})


def floating_sums(node: exp.Expr, setting: Setting) -> Doubt | None:
    """Sums of floating-point numbers depend on their order, and several threads add in any order.

    Verified for ``sum`` and ``avg`` over DOUBLE and for every moment (``stddev``, ``corr`` …) over any type; over whole
    numbers and decimals ``sum`` and ``avg`` are exact. A column's type is not known here, so only what is surely
    floating counts: a cast, and in DuckDB a division. Of a plain ``sum`` the type of the result tells the rest.
    """
    moment = isinstance(node, _MOMENTS) or _named(node, _MOMENT_NAMES)
    if isinstance(node, (exp.Sum, exp.Avg)) or _named(node, _MEANS):
        summed = next(node.iter_expressions(), None)
        moment = summed is not None and _is_float(summed, setting.dialect)
    if not moment:
        return None
    return Doubt.may(f"{called(node, setting)} {_IN_ANY_ORDER}")


def estimates(node: exp.Expr, setting: Setting) -> Doubt | None:
    """Sketches that depend on the order of rows: verified for ``approx_quantile`` and ``approx_top_k``.

    ``approx_count_distinct`` is none of them: its registers keep a maximum, whatever the order.
    """
    sketches = (exp.ApproxQuantile, exp.ApproxQuantiles, exp.ApproxTopK, exp.ApproxTopSum)
    if not isinstance(node, sketches):
        return None
    return Doubt.may(f"{called(node, setting)} is an estimate that depends on the order of rows")


VALUES: tuple[Rule, ...] = (by_chance, counters, clocks, days, sessions, places, floating_sums, estimates)
"""The rules about functions that need no look at the rows around them."""


def shown(expressions: list[exp.Expr], setting: Setting) -> str:
    """Expressions as a reader may see them in a sentence: columns, and functions of columns."""
    return named(_shown(one, setting) for one in expressions)


def _shown(node: exp.Expr, setting: Setting) -> str:
    if isinstance(node, exp.Column):
        return ".".join(part.name for part in node.parts)
    if isinstance(node, exp.Literal):
        return node.name
    columns = dict.fromkeys(_shown(column, setting) for column in node.find_all(exp.Column))
    name = called(node, setting).removesuffix("()") if isinstance(node, exp.Func) else ""
    return f"{name}({', '.join(columns)})" if name or len(columns) != 1 else f"{next(iter(columns))} …"


def called(node: exp.Expr, setting: Setting) -> str:
    """A function as most people write it."""
    duckdb = setting.dialect == "duckdb"
    match node:
        case exp.GroupConcat():
            return "string_agg()"
        case exp.ArrayAgg() if duckdb:
            return "list()"
        case exp.Rand() if duckdb:
            return "random()"
        case _:
            name = spelled(node)
    if name.startswith(("current_", "local")) and not isinstance(node, exp.Anonymous):
        return name.removesuffix("()")
    return name


def called_so(node: exp.Expr, names: frozenset[str]) -> bool:
    """Whether a function that sqlglot has no class for has one of these names."""
    return _named(node, names)


def _named(node: exp.Expr, names: frozenset[str]) -> bool:
    return isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)) and node.name.lower() in names


def _is_moment(node: exp.Expr, setting: Setting) -> bool:
    """``CAST('now' AS TIMESTAMP)``, which PostgreSQL and others understand and DuckDB does not."""
    if not isinstance(node, exp.Literal) or not node.is_string or setting.dialect == "duckdb":
        return False
    cast = node.parent
    return isinstance(cast, exp.Cast) and _type_of(cast) in _TEMPORAL and node.name.lower() in {"now", "today"}


def _top(node: exp.Expr) -> exp.Expr:
    """The outermost of what only hands a function's value on."""
    top = node
    while isinstance(top.parent, _HANDS_ON):
        top = top.parent
    return top


def _type_of(cast: exp.Cast) -> str:
    """The name of a type; not every one of them is in sqlglot's list."""
    kind = cast.to.this
    return kind.value if isinstance(kind, exp.DType) else ""


def _named_day(node: exp.Expr) -> bool:
    return isinstance(node.parent, exp.Cast) and _type_of(node.parent) == "DATE"


def _daily(name: str, node: exp.Expr) -> Doubt:
    return Doubt(
        Why(False, f"{name} is the day of the run", _is_steady(node)),
        Why(False, f"{name} decides which rows there are"),
    )


def _is_steady(node: exp.Expr) -> bool:
    """Whether the whole expression around it has one value for all rows."""
    top = node
    while top.parent is not None and not isinstance(top.parent, (exp.Query, exp.Group, exp.Where, exp.Join)):
        top = top.parent
    return not any(isinstance(one, (exp.Column, exp.Query)) for one in top.walk())


def _is_float(node: exp.Expr, dialect: str) -> bool:
    if isinstance(node, exp.Distinct):
        return any(_is_float(one, dialect) for one in node.expressions)
    inner = node.unnest()
    if isinstance(inner, exp.Cast):
        return _type_of(inner) in _FLOATS
    if isinstance(inner, (exp.Mul, exp.Add, exp.Sub)):
        return _is_float(inner.this, dialect) or _is_float(inner.expression, dialect)
    if isinstance(inner, exp.Div):
        return dialect == "duckdb" or _is_float(inner.this, dialect) or _is_float(inner.expression, dialect)
    return isinstance(inner, (exp.Sqrt, exp.Ln, exp.Exp))
