"""What a model reads: model-level references, and column-level lineage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True)
class ModelRead:
    """A reference that resolves to another model of the project (or to the model itself).

    ``declared`` is true when it stands in ``depends_on`` only and the SQL does not mention it.
    """

    model: str
    declared: bool = False
    kind: Literal["model"] = "model"


@dataclass(frozen=True)
class SourceRead:
    """A reference to a table the project reads and does not build; ``name`` is as written, dots included."""

    name: str
    kind: Literal["source"] = "source"


Reference = ModelRead | SourceRead


class Use(StrEnum):
    """How an input column reaches an output column, or the set of rows (``CONDITION``).

    ``MENTION`` reaches neither: the query names the column where nothing comes of it, so that all it can do is fail.
    """

    DIRECT = "direct"
    EXPRESSION = "expression"
    AGGREGATE = "aggregate"
    WINDOW = "window"
    CONDITION = "condition"
    MENTION = "mention"


@dataclass(frozen=True)
class ColumnRead:
    """One use of a column of what is read.

    ``column`` is folded to lower case; None means every column there is or will be. ``where`` says in words what it is
    used in, for the reader: "SUM", "a filter", "a join", "GROUP BY"; empty when the column is handed on as it is.

    A name that could be a column of several relations is a read of each of them, because a column that one of them
    gains or loses changes what the name means.
    """

    reference: Reference
    column: str | None
    use: Use
    where: str = ""


@dataclass(frozen=True)
class OutputColumn:
    """One column of a query's result: its name, folded to lower case, and the columns it is computed from.

    ``name`` is None for an expression without an alias, which each warehouse names in its own way.
    """

    name: str | None
    reads: tuple[ColumnRead, ...]


@dataclass(frozen=True)
class StarOutput:
    """Columns that a query hands on under their own names without saying which: every one but ``excluded``.

    ``columns`` are those of them that are known to be there, in order; None if nothing is known. ``reference`` None
    stands for columns of something that is not a relation and whose content is decided by ``Lineage.rows`` alone, such
    as a table function or a PIVOT.
    """

    reference: Reference | None
    excluded: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Lineage:
    """A query's outputs in order, what decides which rows there are, and in which order.

    ``outputs`` None means that the columns cannot be told; then ``rows`` reads every column of everything.
    ``mentions`` can make the query fail and do nothing else. ``relations`` is everything that is read, also where no
    column of it is, as in ``SELECT COUNT(*) FROM orders``.
    """

    outputs: tuple[OutputColumn | StarOutput, ...] | None
    rows: tuple[ColumnRead, ...]
    mentions: tuple[ColumnRead, ...] = ()
    relations: tuple[Reference, ...] = ()
