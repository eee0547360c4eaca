"""``preview-cost``: what both sides took, what copying saved, and which budgets would be breached."""

from __future__ import annotations

from typing import Literal

from rocky_action.domain.cost import BudgetBreach, CostDelta, CostSource, Fate, Figures, ModelCost
from rocky_action.domain.execution import Execution
from rocky_action.wire.create import run_id
from rocky_action.wire.document import Document, Part


class ModelCostEntry(Part):
    """One model on both sides.

    The contract demands both durations: 0 stands where one is unknown, and the model is then in the document's
    ``unknown``, except for head's of a copied model and base's of a ``new`` one: they did not run and took nothing. All
    other figures are null when unknown. Ours: ``new``, and ``base_source`` and ``branch_source``, which say where the
    figures come from.
    """

    model_name: str
    skipped_via_copy: bool
    base_duration_ms: int
    branch_duration_ms: int
    base_bytes_scanned: int | None
    branch_bytes_scanned: int | None
    base_cost_usd: float | None
    branch_cost_usd: float | None
    delta_usd: float | None
    base_source: CostSource
    branch_source: CostSource
    new: bool


class CostSummary(Part):
    """Totals over what is known; ``delta_usd`` sums only models with both sides known.

    Ours: ``preview_duration_ms`` is what the whole preview took.
    """

    models_skipped_via_copy: int
    total_base_cost_usd: float | None
    total_branch_cost_usd: float | None
    delta_usd: float | None
    savings_from_copy_usd: float | None
    total_branch_duration_ms: int
    total_branch_bytes_scanned: int | None
    preview_duration_ms: int | None


class Breach(Part):
    """A limit of the whole project that would be breached. Ours: ``on_breach``."""

    limit_type: Literal["max_usd", "max_duration_ms", "max_bytes_scanned"]
    limit: float
    actual: float
    on_breach: Literal["warn", "error"]


class ModelBreach(Breach):
    """A limit of one model that would be breached."""

    model_name: str


class CostDocument(Document):
    """Rocky's ``PreviewCostOutput``. Ours: ``unknown`` names the models with a figure that is missing."""

    command: Literal["preview-cost"] = "preview-cost"
    branch_name: str
    branch_run_id: str
    base_run_id: str | None
    per_model: tuple[ModelCostEntry, ...]
    summary: CostSummary
    projected_budget_breaches: tuple[Breach, ...]
    projected_per_model_budget_breaches: tuple[ModelBreach, ...]
    markdown: str
    unknown: tuple[str, ...]


def cost_document(cost: CostDelta, execution: Execution, *, name: str, markdown: str) -> CostDocument:
    """What both sides took."""
    unmeasured = {model.model for model in cost.models if _lacks_duration(model)}
    return CostDocument(
        branch_name=name,
        branch_run_id=run_id(execution),
        base_run_id=cost.recorded[0].run_id if cost.recorded else None,
        per_model=tuple(_entry(model) for model in cost.models),
        summary=_summary(cost),
        projected_budget_breaches=tuple(
            Breach(limit_type=breach.limit_type, limit=breach.limit, actual=breach.actual, on_breach=breach.on_breach)
            for breach in cost.breaches
            if breach.model is None
        ),
        projected_per_model_budget_breaches=tuple(
            _model_breach(breach, breach.model) for breach in cost.breaches if breach.model is not None
        ),
        markdown=markdown,
        unknown=tuple(sorted(unmeasured.union(cost.unknown))),
    )


def _lacks_duration(model: ModelCost) -> bool:
    base, head = _figures(model)
    return base.duration_ms is None or (head.duration_ms is None and not model.left_alone)


def _figures(model: ModelCost) -> tuple[Figures, Figures]:
    return model.base or Figures(), model.head or Figures()


def _entry(model: ModelCost) -> ModelCostEntry:
    base, head = _figures(model)
    return ModelCostEntry(
        model_name=model.model,
        skipped_via_copy=model.left_alone,
        base_duration_ms=base.duration_ms or 0,
        branch_duration_ms=head.duration_ms or 0,
        base_bytes_scanned=base.bytes_scanned,
        branch_bytes_scanned=head.bytes_scanned,
        base_cost_usd=base.usd,
        branch_cost_usd=head.usd,
        delta_usd=model.delta_usd,
        base_source=base.source,
        branch_source=head.source,
        new=model.fate is Fate.NEW,
    )


def _summary(cost: CostDelta) -> CostSummary:
    return CostSummary(
        models_skipped_via_copy=sum(model.left_alone for model in cost.models),
        total_base_cost_usd=cost.base_usd,
        total_branch_cost_usd=cost.head_usd,
        delta_usd=cost.delta_usd,
        savings_from_copy_usd=cost.savings_usd,
        total_branch_duration_ms=sum(_figures(model)[1].duration_ms or 0 for model in cost.models),
        total_branch_bytes_scanned=cost.head_bytes_scanned,
        preview_duration_ms=cost.preview_duration_ms,
    )


def _model_breach(breach: BudgetBreach, model: str) -> ModelBreach:
    return ModelBreach(
        model_name=model,
        limit_type=breach.limit_type,
        limit=breach.limit,
        actual=breach.actual,
        on_breach=breach.on_breach,
    )
