"""What `.rocky` models of the prune set do that their text, or Rocky's SQL for it, does not say."""

from __future__ import annotations

from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Project
from rocky_action.domain.report import Caveat, Severity
from rocky_action.sql.parse import warnings_of


def language_caveats(plan: Plan, head: Project) -> tuple[Caveat, ...]:
    """One caveat for each warning of lowering, in run order; models that do not run are not asked."""
    models = [head.models[name] for name in plan.prune_names]
    return tuple(
        Caveat(
            Severity.WARNING,
            f"line {warning.line} of {model.path}: {warning.message}",
            model.name,
            model.path,
            warning.line,
        )
        for model in models
        for warning in warnings_of(model, head.dialect)
    )
