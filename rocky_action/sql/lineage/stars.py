"""Stars: ``*``, ``orders.*`` and their EXCLUDE, REPLACE and RENAME."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from rocky_action.domain.lineage import OutputColumn
from rocky_action.sql.lineage import functions
from rocky_action.sql.lineage.expressions import parts_of
from rocky_action.sql.lineage.reading import Reader
from rocky_action.sql.lineage.shapes import UNTOLD, Output, Shape


def star_outputs(projection: exp.Expr, reader: Reader) -> tuple[Output, ...]:
    """What a star hands on, in the order of the FROM clause."""
    star = projection.this if isinstance(projection, exp.Column) else projection
    shape = _spread(projection, reader)
    changed = None if shape is None or star.args.get("ilike") else _changed(star, shape, reader=reader)
    if changed is None:
        reader.gathered.decide_rows(reader.scope.everything(), "columns that cannot be told")
        return UNTOLD
    return changed.outputs


def _spread(projection: exp.Expr, reader: Reader) -> Shape | None:
    """The columns of the relations that a star means; None if it may be the fields of a struct."""
    exact = reader.place.exact
    if isinstance(projection, exp.Star):
        return _joined([one.in_bare_star for one in reader.scope.relations], exact=exact)
    parts = parts_of(projection)
    found = reader.scope.called(parts[0]) if len(parts) == 2 else ()
    return found[0].shape if len(found) == 1 else None


def _joined(shapes: Sequence[Shape], *, exact: bool) -> Shape:
    return Shape(tuple(output for shape in shapes for output in shape.outputs), exact)


def _changed(star: exp.Expr, shape: Shape, *, reader: Reader) -> Shape | None:
    excluded = star.args.get("except_") or ()
    if any(not isinstance(one, (exp.Column, exp.Identifier)) or len(parts_of(one)) > 1 for one in excluded):
        return None  # EXCLUDE (orders.id) leaves out one of several
    gone = [parts_of(one)[0] for one in excluded]
    for name in gone:
        reader.gathered.mention(shape.reads_of(name))  # a column that is not there cannot be left out
    left = shape.without(gone)
    substitutes: list[tuple[str, OutputColumn]] = []
    for alias in star.args.get("replace") or ():
        if not isinstance(alias, exp.Alias) or functions.makes_rows(alias, reader.place.dialect):
            return None
        name = alias.alias.lower()
        reader.gathered.mention(shape.reads_of(name))
        substitutes.append((name, OutputColumn(name, reader.reads(alias.this))))
    for alias in star.args.get("rename") or ():
        if not isinstance(alias, exp.Alias) or not isinstance(alias.this, (exp.Column, exp.Identifier)):
            return None
        old = parts_of(alias.this)[-1]
        substitutes.append((old, OutputColumn(alias.alias.lower(), tuple(left.reads_of(old)))))
    for name, _ in substitutes:
        if sum(Shape((output,)).may_have(name) for output in left.outputs) > 1:  # a second one can come and go
            reader.gathered.decide_rows(left.reads_of(name), "a column of several relations")
    return left.substituted(substitutes) if substitutes else left
