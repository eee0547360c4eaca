"""UNION, EXCEPT and INTERSECT: which columns of both sides become one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from rocky_action.domain.lineage import ColumnRead, OutputColumn, StarOutput
from rocky_action.sql.lineage.reading import Gathered
from rocky_action.sql.lineage.shapes import UNTOLD, Output, Shape

_Column = tuple[str | None, dict[ColumnRead, None]]


def combined(
    operations: Sequence[exp.SetOperation], sides: Sequence[Sequence[Output]], *, gathered: Gathered
) -> tuple[Output, ...]:
    """The outputs of a chain of set operations, read from left to right.

    Only UNION ALL of columns that are written down keeps them apart. Everything else compares whole rows, or puts
    columns together by a position that a star can shift.
    """
    columns = _told(sides[0])
    for operation, side in zip(operations, sides[1:], strict=True):
        right = _told(side)
        together = None
        if _keeps_all(operation) and columns is not None and right is not None:
            together = _by_name(columns, right) if operation.args.get("by_name") else _by_position(columns, right)
        if together is None:
            break
        columns = together
    else:
        return tuple(OutputColumn(name, tuple(reads)) for name, reads in columns or ())
    for operation, side in zip([operations[0], *operations], sides, strict=True):
        gathered.decide_rows(Shape(tuple(side)).everything(), type(operation).__name__.upper())
    by_name = any(operation.args.get("by_name") for operation in operations)
    return UNTOLD if by_name else tuple(_name_only(output) for output in Shape(tuple(sides[0])).told())


def _name_only(output: Output) -> Output:
    """A column of the left side gives its name; what is in it is decided by the rows."""
    if isinstance(output, OutputColumn):
        return OutputColumn(output.name, ())
    return StarOutput(None, (), None if output.columns is None else ())


def _told(side: Sequence[Output]) -> list[_Column] | None:
    if not all(isinstance(output, OutputColumn) for output in side):
        return None
    return [(one.name, dict.fromkeys(one.reads)) for one in side if isinstance(one, OutputColumn)]


def _keeps_all(operation: exp.SetOperation) -> bool:
    return isinstance(operation, exp.Union) and operation.args.get("distinct") is False


def _by_position(left: list[_Column], right: list[_Column]) -> list[_Column] | None:
    if len(left) != len(right):
        return None
    for (_, reads), (_, more) in zip(left, right, strict=True):
        reads.update(more)
    return left


def _by_name(left: list[_Column], right: list[_Column]) -> list[_Column] | None:
    """Columns of the same name together; what only one side has is NULL on the other."""
    names = {name: reads for name, reads in left if name is not None}
    if len(names) != len(left) or len({name for name, _ in right if name is not None}) != len(right):
        return None
    for name, more in right:
        if name in names:
            names[name].update(more)
        else:
            left.append((name, more))
    return left
