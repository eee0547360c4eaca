"""The columns that models have by their SQL, in order, and the lines that name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp

from rocky_action.domain.lineage import Lineage, ModelRead, OutputColumn, Reference
from rocky_action.domain.project import Project
from rocky_action.errors import SqlError
from rocky_action.rocky_dsl import column_lines
from rocky_action.sql.lineage import output_names
from rocky_action.sql.model_lineage import model_lineage
from rocky_action.sql.parse import parse_model
from rocky_action.sql.references import Targets


@dataclass(frozen=True)
class Output:
    """A column of a model; ``line`` is where the model's file names it, None where it does not or nobody can tell."""

    name: str
    line: int | None = None


class Outputs:
    """The columns of one project's models, each worked out when somebody asks.

    Other models are looked at only where one cannot be told without them, as for ``SELECT * FROM orders``.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[str, tuple[str, ...] | None] = {}

    def of(self, name: str) -> tuple[Output, ...] | None:
        """All columns in order; None where a star over a source, an expression without a name or the like is left."""
        self._find(name)
        names = self._known[name]
        if names is None:
            return None
        written = self.written(name)
        return tuple(written.get(column, Output(column)) for column in names)

    def written(self, name: str) -> dict[str, Output]:
        """The columns that a model's own file names, as it spells them, by their names in lower case."""
        model = self._project.models[name]
        if model.language == "rocky":
            lines = column_lines(model.sql, first_line=model.first_line)
            return {column.lower(): Output(column, line) for column, line in lines.items()}
        try:
            tree = parse_model(model, self._project.dialect).tree
        except SqlError:
            return {}
        found: dict[str, Output] = {}
        for one in _names(tree):
            line = one.meta.get("line")
            found.setdefault(one.name.lower(), Output(one.name, line and model.first_line - 1 + line))
        return found

    @cached_property
    def _targets(self) -> Targets:
        return Targets.of(self._project.models)

    def _find(self, name: str) -> None:
        waiting = [name]  # no recursion: stars can stand on stars for as long as a project is deep
        met: set[str] = set()
        while waiting:
            top = waiting[-1]
            lineage = None if top in self._known else self._lineage(top)
            names = None if lineage is None else output_names(lineage)
            more: list[str] = []
            if lineage is not None and names is None and top not in met and _needs_others(lineage):
                more = [one.model for one in lineage.relations if isinstance(one, ModelRead) and one.model not in met]
            met.add(top)
            if more := [one for one in more if one != top]:
                waiting += more
            else:
                self._known.setdefault(waiting.pop(), names)

    def _lineage(self, name: str) -> Lineage | None:
        model = self._project.models[name]
        return model_lineage(model, self._project, targets=self._targets, columns=self._columns)

    def _columns(self, reference: Reference) -> tuple[str, ...] | None:
        return self._known.get(reference.model) if isinstance(reference, ModelRead) else None


def _needs_others(lineage: Lineage) -> bool:
    """Whether the columns would be known if those of what it reads were."""
    outputs = lineage.outputs or ()
    return not any(isinstance(output, OutputColumn) and output.name is None for output in outputs)


def _names(tree: exp.Expr) -> Iterator[exp.Identifier]:
    """Where columns get their names: in the query itself, else in the CTEs that stand before it, the nearest first."""
    waiting: list[exp.Expr] = [tree]
    clause = tree.args.get("with_")
    ctes = [cte.this for cte in reversed(clause.expressions)] if isinstance(clause, exp.With) else []
    while waiting or ctes:
        node = waiting.pop() if waiting else ctes.pop(0)
        while isinstance(node, (exp.Subquery, exp.Paren, exp.SetOperation)):
            node = node.this
        if not isinstance(node, exp.Select):
            continue
        for projection in node.expressions:
            name = projection.args.get("alias") if isinstance(projection, exp.Alias) else projection.this
            if isinstance(name, exp.Identifier) and isinstance(projection, (exp.Alias, exp.Column)):
                yield name
        source = node.args.get("from_")
        if isinstance(source, exp.From) and isinstance(source.this, exp.Subquery):
            waiting.append(source.this)
