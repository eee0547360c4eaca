"""Which models of the prune set would not be run, as far as their texts alone tell: nobody has to wait for a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rocky_action.domain.permits import Permits
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Model, Project
from rocky_action.domain.report import Caveat, Severity
from rocky_action.domain.text import with_advice
from rocky_action.errors import SqlError
from rocky_action.sql.parse import parse_model
from rocky_action.sql.permitted import Asked, Refusal, refusal_of
from rocky_action.sql.references import Targets, problem_of
from rocky_action.sql.verbatim import refusal_of_text


def refused_models(plan: Plan, head: Project, *, permits: Permits) -> tuple[Caveat, ...]:
    """One caveat for each, in run order.

    What depends on the warehouse is not among them: whether a name is a table's or a file's, and `strict_sources`,
    which needs the catalog that a name without one means.
    """
    return tuple(_refused(plan, head, permits=permits))


def _refused(plan: Plan, head: Project, *, permits: Permits) -> Iterator[Caveat]:
    targets = Targets.of(head.models)
    for name in plan.prune_names:
        model = head.models[name]
        refusal = _refusal_of(model, head.dialect, asked=_asked(targets, name, permits=permits))
        if refusal is not None:
            known = refusal.line is not None and model.language == "sql"
            line = model.first_line + (refusal.line or 1) - 1 if known else None
            place = f"line {line} of {model.path}: " if line is not None else ""
            message = f"it would not be run: {place}{with_advice(refusal.what, refusal.advice)}"
            yield Caveat(Severity.WARNING, message, name, model.path, line)


def _asked(targets: Targets, reader: str, *, permits: Permits) -> Asked:
    return Asked(
        replace(permits, strict_sources=False),
        is_model=lambda table: targets.model_of(table, reader) is not None,
        exists=lambda _: True,
    )


def _refusal_of(model: Model, dialect: str, *, asked: Asked) -> Refusal | None:
    problem = problem_of(model, dialect)
    if problem is not None and problem.unsupported:
        return Refusal(str(problem))
    if model.problem is not None:
        return None
    try:
        return refusal_of(parse_model(model, dialect), asked)
    except SqlError:  # it would be run as it is written, if at all; its own problem is told elsewhere
        pass
    try:
        return refusal_of_text(model.sql, asked.permits, dialect=dialect) if model.language == "sql" else None
    except SqlError:
        return None
