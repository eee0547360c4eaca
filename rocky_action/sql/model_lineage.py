"""Column-level lineage of a project's models, worked out when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlglot import exp

from rocky_action.domain.lineage import Lineage, ModelRead, Reference, SourceRead
from rocky_action.domain.project import Model, Project
from rocky_action.errors import SqlError
from rocky_action.sql.lineage import Surroundings, lineage_of, output_names
from rocky_action.sql.parse import parse_model
from rocky_action.sql.references import Targets, problem_of
from rocky_action.sql.rewrite import with_surrogate_keys


class ModelLineages:
    """The lineage of some models of one project, each found once.

    The columns of all others count as unknown, so that nobody parses them: what cannot have changed is not looked at.
    """

    def __init__(self, project: Project, models: Collection[str]) -> None:
        self._project = project
        self._models = frozenset(models)
        self._targets = Targets.of(project.models)
        self._known: dict[str, Lineage | None] = {}

    def of(self, name: str) -> Lineage | None:
        """A model's lineage; None if its query is not understood, or while it is being worked out."""
        if name not in self._known:
            self._known[name] = None
            model = self._project.models[name]
            self._known[name] = model_lineage(model, self._project, targets=self._targets, columns=self.columns)
        return self._known[name]

    def columns(self, reference: Reference) -> tuple[str, ...] | None:
        """The columns of what is read, None if they are not known: a source's are known to the warehouse only."""
        if isinstance(reference, SourceRead) or reference.model not in self._models:
            return None
        lineage = self.of(reference.model)
        return None if lineage is None else output_names(lineage)


def model_lineage(
    model: Model, project: Project, *, targets: Targets, columns: Callable[[Reference], tuple[str, ...] | None]
) -> Lineage | None:
    """The lineage of one model's relation, surrogate keys included; None if its query is not understood."""
    if problem_of(model, project.dialect) is not None:
        return None
    try:
        query = with_surrogate_keys(parse_model(model, project.dialect), model)
    except SqlError:
        return None

    def resolve(table: exp.Table) -> Reference:
        other = targets.model_of(table, model.name)
        return SourceRead(".".join(part.name for part in table.parts)) if other is None else ModelRead(other)

    return lineage_of(query, Surroundings(resolve, columns))
