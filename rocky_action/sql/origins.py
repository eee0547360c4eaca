"""Which lines of a model's file make a column: its projection, and those of the CTEs that it is made of."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from rocky_action.domain.project import Model
from rocky_action.errors import SqlError
from rocky_action.rocky_dsl import column_lines
from rocky_action.sql.parse import parse_model

Span = tuple[int, int]
"""The first and the last line of something, both in it, counted from 1 in the file."""


def column_spans(model: Model, dialect: str, *, column: str) -> tuple[Span, ...]:
    """The projections that a column comes from inside one file, the outermost first; none where nobody can tell.

    Names alone are followed. A column of another model of the same name ends there: its lines are in another file.
    """
    if model.language == "rocky":
        lines = {name.lower(): line for name, line in column_lines(model.sql, first_line=model.first_line).items()}
        return ((line, line),) if (line := lines.get(column.lower())) else ()
    try:
        tree = parse_model(model, dialect).tree
    except (SqlError, RecursionError):
        return ()
    spans = (_span(projection) for projection in _Origins(tree).of(column.lower()))
    shift = model.first_line - 1
    return tuple((span[0] + shift, span[1] + shift) for span in spans if span is not None)


def name_lines(model: Model, dialect: str, *, name: str) -> tuple[int, ...]:
    """The lines of a model's file on which something is called so, in any case of letters."""
    if model.language == "rocky":
        return ()
    try:
        tree = parse_model(model, dialect).tree
    except (SqlError, RecursionError):
        return ()
    wanted = name.lower()
    found = (one.meta.get("line") for one in tree.find_all(exp.Identifier) if one.name.lower() == wanted)
    return tuple(sorted({line + model.first_line - 1 for line in found if line}))


class _Origins:
    """One query. Its CTEs are known by name wherever they stand: two of one name are both looked at."""

    def __init__(self, tree: exp.Query) -> None:
        self._tree = tree
        self._ctes: dict[str, list[exp.Expr]] = {}
        for cte in tree.find_all(exp.CTE):
            self._ctes.setdefault(cte.alias.lower(), []).append(cte.this)

    def of(self, column: str) -> Iterator[exp.Expr]:
        """The projections, breadth first, each once."""
        waiting: list[tuple[exp.Expr, str]] = [(self._tree, column)]
        met: set[tuple[int, str]] = set()
        while waiting:
            node, name = waiting.pop(0)
            selects = list(_selects(node))
            places = {at for one in selects[:1] for at, _ in _named(one, name)}
            for select in selects:
                if (id(select), name) in met:
                    continue
                met.add((id(select), name))
                by_name = select is selects[0] or not places or any(_is_star(one) for one in select.expressions)
                own = [one for at, one in enumerate(select.expressions) if at in places]
                own = [one for _, one in _named(select, name)] if by_name else own
                yield from own
                reads = [(read.table.lower(), read.name.lower()) for one in own for read in one.find_all(exp.Column)]
                if not own:
                    reads = [("", name)] if any(_is_star(one) for one in select.expressions) else []
                waiting += [(source, read) for table, read in reads for source in self._sources(select, table)]

    def _sources(self, select: exp.Select, table: str) -> Iterator[exp.Expr]:
        """The queries that a SELECT reads under one name; all of them for a column without one."""
        joins = [join.this for join in select.args.get("joins") or ()]
        clause = select.args.get("from_")
        for one in ([clause.this] if isinstance(clause, exp.From) else []) + joins:
            if table and one.alias_or_name.lower() != table:
                continue
            if isinstance(one, exp.Subquery):
                yield one.this
            elif isinstance(one, exp.Table) and not one.db:
                yield from self._ctes.get(one.name.lower(), ())


def _selects(node: exp.Expr) -> Iterator[exp.Select]:
    """The SELECTs that a query's columns come from: all branches of a set operation, which meet by position."""
    waiting: list[object] = [node]
    while waiting:
        match waiting.pop(0):
            case exp.SetOperation() as both:
                waiting += [both.this, both.expression]
            case exp.Subquery() | exp.Paren() as inner:
                waiting.append(inner.this)
            case exp.Select() as select:
                yield select
            case _:
                continue


def _named(select: exp.Select, name: str) -> list[tuple[int, exp.Expr]]:
    return [(at, one) for at, one in enumerate(select.expressions) if one.output_name.lower() == name]


def _is_star(projection: exp.Expr) -> bool:
    return isinstance(projection, exp.Star) or (
        isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star)
    )


def _span(projection: exp.Expr) -> Span | None:
    lines = [line for node in projection.walk() if (line := node.meta.get("line"))]
    return (min(lines), max(lines)) if lines else None
