"""Expressions as SQL, with every parenthesis that keeps their meaning, and a warning where Rocky leaves one out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import assert_never

from rocky_action.rocky_dsl.syntax import (
    Bound,
    Call,
    Chain,
    Column,
    Comparison,
    Constant,
    Expression,
    Frame,
    IsNull,
    Match,
    Minus,
    Not,
    SortKey,
    Window,
)
from rocky_action.rocky_dsl.words import LoweringWarning, Place, refusal

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)
_LEVELS = {"or": _OR, "and": _AND, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT}
_OPERATORS = {"==": "=", "!=": "IS DISTINCT FROM", "or": "OR", "and": "AND"}
_DROPPED_BY_ROCKY = ("+", "*", "or", "and")
"""Operators that Rocky never puts in parentheses on a right side of their own strength."""
_MOST_COPIED = 4_000_000
_BACKSLASH_ESCAPES = ("bigquery", "databricks", "snowflake")


@dataclass(frozen=True, slots=True)
class Fragment:
    """SQL and how tightly it holds together; ``operator`` is its outermost one, None if it has no two sides."""

    sql: str
    level: int
    operator: str | None = None
    windowed: bool = False


@dataclass(frozen=True)
class Speller:
    """Writes a pipeline's expressions; ``derived`` are the columns that stand for an expression by now.

    ``hidden`` are those of them that are a column of the group as well, so that nobody could tell which is meant.
    """

    dialect: str
    derived: dict[str, Fragment] = field(default_factory=dict)
    warnings: list[LoweringWarning] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    _copied: Counter[str] = field(default_factory=Counter)

    def warn(self, at: Place, message: str, *, differs: bool = False) -> None:
        """Notes what the reader of the model must know."""
        self.warnings.append(LoweringWarning(at.line, message, differs))

    def write(self, node: Expression) -> Fragment:
        """An expression's SQL. Raises RockyError for what cannot be said in SQL."""
        match node:
            case Column():
                return self._column(node)
            case Constant():
                return Fragment(self._constant(node), _ATOM)
            case Call():
                return self._call(node)
            case Chain():
                return self._chain(node)
            case Comparison():
                self._warn_null(node.operator, node.right, at=node.at)
                self._warn_null(node.operator, node.left, at=node.at)
                return self._compared(node.operator, (self.write(node.left), self.write(node.right)), at=node.at)
            case IsNull():
                inner = self._operand(self.write(node.operand), above=_COMPARE, at=node.at)
                text = f"{inner.sql} IS NOT NULL" if node.negated else f"{inner.sql} IS NULL"
                return Fragment(text, _COMPARE, windowed=inner.windowed)
            case Not():
                inner = self.write(node.operand)
                text = f"({inner.sql})" if inner.operator is not None else inner.sql
                return Fragment(f"NOT {text}", _NOT, windowed=inner.windowed)
            case Minus():
                inner = self._operand(self.write(node.operand), above=_SIGN, at=node.at, rocky_keeps=True)
                return Fragment(f"-{inner.sql}", _SIGN, windowed=inner.windowed)
            case Match():
                return self._match(node)
            case _:
                assert_never(node)

    def _column(self, node: Column) -> Fragment:
        meant = None if node.qualifier is not None else self.derived.get(node.name)
        if meant is None:
            return Fragment(node.text, _ATOM)
        if node.name in self.hidden:
            message = f"`{node.name}` is a column of the group, and Rocky puts the derived one of that name here"
            raise refusal(node.at, message, way_out="Give one of them another name.")
        self._copy(len(meant.sql), at=node.at)
        return meant

    def _constant(self, node: Constant) -> str:
        match node.kind:
            case "string":
                if self.dialect in _BACKSLASH_ESCAPES:
                    _refuse_escaped_quote(node)
                return "'" + node.text.replace("'", "''") + "'"
            case "date":
                if "T" in node.text:
                    self.warn(node.at, f"@{node.text} is a DATE here as in Rocky: its time of day does not count")
                return f"DATE '{node.text}'"
            case "number" | "word":
                return node.text
            case _:
                assert_never(node.kind)

    def _call(self, node: Call) -> Fragment:
        arguments = [self.write(one) for one in node.arguments]
        name = node.name.upper()
        inside = ", ".join(one.sql for one in arguments)
        if name == "COUNT" and not arguments:
            inside = "*"
            if self.dialect != "duckdb":
                self.warn(node.at, f"count() becomes COUNT(*); Rocky writes COUNT(), which {self.dialect} may refuse")
        over = "" if node.window is None else f" OVER ({_window(node.window)})"
        windowed = node.window is not None or any(one.windowed for one in arguments)
        return Fragment(f"{name}({inside}){over}", _ATOM, windowed=windowed)

    def _chain(self, node: Chain) -> Fragment:
        level = _LEVELS[node.rest[0][0]]
        first = self.write(node.first)
        parts = [self._side(first, wrap=first.level < level, rocky_wraps=_is_looser(first, level), at=node.at)]
        windowed = first.windowed
        for operator, operand in node.rest:
            side = self.write(operand)
            windowed = windowed or side.windowed
            # a and (b and c) is a and b and c, whatever they are; of numbers that is not true.
            needless = side.level == level and level in (_OR, _AND)
            kept = _is_looser(side, level) or (side.level == level and side.operator not in _DROPPED_BY_ROCKY)
            wrap = side.level <= level and not needless
            parts += (_sign(operator), self._side(side, wrap=wrap, rocky_wraps=kept, at=node.at))
        return Fragment(" ".join(parts), level, node.rest[-1][0], windowed)

    def _compared(
        self, operator: str, sides: tuple[Fragment, Fragment], *, at: Place, rocky_wraps: bool = True
    ) -> Fragment:
        left, right = sides
        left_kept = rocky_wraps and _is_looser(left, _COMPARE)
        right_kept = rocky_wraps and right.operator is not None  # Rocky also keeps those of a comparison there
        texts = (
            self._side(left, wrap=left.level <= _COMPARE, rocky_wraps=left_kept, at=at),
            self._side(right, wrap=right.level <= _COMPARE, rocky_wraps=right_kept, at=at),
        )
        text = f" {_sign(operator)} ".join(texts)
        return Fragment(text, _COMPARE, operator, left.windowed or right.windowed)

    def _match(self, node: Match) -> Fragment:
        subject = self.write(node.subject)
        self._copy(len(subject.sql) * (len(node.arms) - 1), at=node.at)
        parts = ["CASE"]
        windowed = subject.windowed
        for arm in node.arms:
            result = self.write(arm.result)
            windowed = windowed or result.windowed
            if arm.value is None:
                parts.append(f"ELSE {result.sql}")
                continue
            self._warn_null(arm.operator, arm.value, at=arm.at)
            condition = self._compared(arm.operator, (subject, self.write(arm.value)), at=arm.at, rocky_wraps=False)
            windowed = windowed or condition.windowed
            parts.append(f"WHEN {condition.sql} THEN {result.sql}")
        return Fragment(" ".join([*parts, "END"]), _ATOM, windowed=windowed)

    def _operand(self, inner: Fragment, *, above: int, at: Place, rocky_keeps: bool = False) -> Fragment:
        """The one operand of a sign or of IS NULL; Rocky puts it in parentheses for a sign only."""
        wraps = rocky_keeps and inner.operator is not None
        text = self._side(inner, wrap=inner.level <= above, rocky_wraps=wraps, at=at)
        return Fragment(text, _ATOM, windowed=inner.windowed)

    def _side(self, inner: Fragment, *, wrap: bool, rocky_wraps: bool, at: Place) -> str:
        if wrap and not rocky_wraps:
            shown = inner.sql if len(inner.sql) <= 60 else f"{inner.sql[:57]}..."
            message = f"the parentheses of ({shown}) are kept; Rocky's SQL has none there and can mean something else"
            self.warn(at, message, differs=True)
        return f"({inner.sql})" if wrap else inner.sql

    def _warn_null(self, operator: str, side: Expression, *, at: Place) -> None:
        if operator != "!=" and isinstance(side, Constant) and side.text == "NULL" and side.kind == "word":
            self.warn(at, f"`{operator} null` is never true, here as in Rocky: `is null` asks whether there is a value")

    def _copy(self, length: int, *, at: Place) -> None:
        """Derived columns are copied to where they are used: a few lines could become gigabytes."""
        self._copied["characters"] += length
        if self._copied["characters"] > _MOST_COPIED:
            message = f"derived columns and matches expand to more than {_MOST_COPIED:,} characters of SQL"
            raise refusal(at, message, way_out="Put a part of the pipeline into a let, whose columns are not copied.")


def _is_looser(side: Fragment, level: int) -> bool:
    """What Rocky puts in parentheses: an operator with two sides that holds together less than the one around it."""
    return side.operator is not None and side.level < level


def _sign(operator: str) -> str:
    return _OPERATORS.get(operator, operator)


def _refuse_escaped_quote(node: Constant) -> None:
    """Where a backslash escapes, one before a quote or at the end leaves the string open."""
    if re.search(r"(?<!\\)(?:\\\\)*\\(?:'|\Z)", node.text):
        raise refusal(node.at, "a backslash before a quote or at the end leaves this text open in the warehouse")


def sort_key(key: SortKey) -> str:
    """One key of ORDER BY; ascending needs no word."""
    return f"{key.name} DESC" if key.descending else key.name


def _window(window: Window) -> str:
    parts = []
    if window.partition:
        parts.append(f"PARTITION BY {', '.join(window.partition)}")
    if window.sort:
        parts.append(f"ORDER BY {', '.join(sort_key(key) for key in window.sort)}")
    if window.frame is not None:
        parts.append(_frame(window.frame))
    return " ".join(parts)


def _frame(frame: Frame) -> str:
    start, end = _bound(frame.start, side="PRECEDING"), _bound(frame.end, side="FOLLOWING")
    return f"{frame.unit.upper()} BETWEEN {start} AND {end}"


def _bound(bound: Bound, *, side: str) -> str:
    match bound.kind:
        case "unbounded":
            return f"UNBOUNDED {side}"
        case "current":
            return "CURRENT ROW"
        case "rows":
            return f"{bound.rows} {side}"
        case _:
            assert_never(bound.kind)
