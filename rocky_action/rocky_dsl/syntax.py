"""The nouns of the language: expressions, steps, pipelines. Equal if they say the same, wherever they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rocky_action.rocky_dsl.words import START, Place


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or the name of a derived one; only a bare name can be that."""

    name: str
    qualifier: str | None = None
    at: Place = field(default=START, compare=False)

    @property
    def text(self) -> str:
        """As it is written."""
        return self.name if self.qualifier is None else f"{self.qualifier}.{self.name}"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value; ``text`` is its content: a string without quotes, a number without underscores, a date without ``@``."""

    kind: Literal["string", "number", "date", "word"]
    text: str
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a window's frame."""

    kind: Literal["unbounded", "current", "rows"]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """``rows 6..current``."""

    unit: Literal["rows", "range"]
    start: Bound
    end: Bound


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column to sort by."""

    name: str
    descending: bool = False
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Window:
    """What follows ``over``."""

    partition: tuple[str, ...] = ()
    sort: tuple[SortKey, ...] = ()
    frame: Frame | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A function, any."""

    name: str
    arguments: tuple[Expression, ...] = ()
    window: Window | None = None
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """Operators of one strength, from left to right: ``a - b + c``. Flat, so that 10,000 terms are no depth."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides; comparisons do not chain."""

    operator: str
    left: Expression
    right: Expression
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class IsNull:
    """``x is null``, ``x is not null``."""

    operand: Expression
    negated: bool = False
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """``not x``; it takes a whole comparison, as in SQL."""

    operand: Expression
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Minus:
    """``-x``."""

    operand: Expression
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Arm:
    """One case of a match: ``value`` None is the wildcard."""

    operator: str
    value: Expression | None
    result: Expression
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Match:
    """``match subject { arms }``."""

    subject: Expression
    arms: tuple[Arm, ...]
    at: Place = field(default=START, compare=False)


Expression = Column | Constant | Call | Chain | Comparison | IsNull | Not | Minus | Match


@dataclass(frozen=True, slots=True)
class Named:
    """``name: expression``."""

    name: str
    value: Expression
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class From:
    """``from a.b.c as x``."""

    source: str
    alias: str | None = None
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Where:
    """``where condition``."""

    condition: Expression
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """``group keys { name: aggregate }``."""

    keys: tuple[Column, ...]
    columns: tuple[Named, ...]
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Derive:
    """``derive { name: expression }``."""

    columns: tuple[Named, ...]
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """``select { columns }``; None stands for ``*``."""

    columns: tuple[Column | None, ...]
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Join:
    """``left join model as alias on keys { keep columns }``; ``kind`` is the word before JOIN in SQL, or nothing."""

    kind: Literal["", "LEFT", "RIGHT", "FULL", "CROSS"]
    model: str
    alias: str | None = None
    keys: tuple[str, ...] = ()
    kept: tuple[Column, ...] = ()
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Sort:
    """``sort a desc, b``."""

    keys: tuple[SortKey, ...]
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Take:
    """``take 10``."""

    count: int
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Distinct:
    """``distinct``."""

    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Replicate:
    """``replicate``: the source as it is."""

    at: Place = field(default=START, compare=False)


Step = From | Where | Group | Derive | Select | Join | Sort | Take | Distinct | Replicate


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Steps in the order written."""

    steps: tuple[Step, ...]
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Let:
    """``let name = pipeline``."""

    name: str
    pipeline: Pipeline
    at: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class File:
    """A whole file: named pipelines, then the one that is the model."""

    lets: tuple[Let, ...]
    main: Pipeline
