"""``preview-cost``: what both sides took, what copying saved, and which budgets would be breached."""

from __future__ import annotations

from typing import Any, Literal

from rocky_action.domain.cost import (
    CapReport,
    CostDelta,
    CostSource,
    CutWhat,
    Fate,
    Figures,
    ModelCost,
    Movement,
    RecordedIn,
    Work,
)
from rocky_action.domain.execution import Execution
from rocky_action.domain.limit_words import breach_words, gate_words, undecided_words
from rocky_action.domain.limits import Blame, BudgetBreach, Gate
from rocky_action.domain.prices import Tariff
from rocky_action.wire.create import run_id
from rocky_action.wire.document import Document, Part


class ModelCostEntry(Part):
    """One model on both sides.

    The contract demands both durations: 0 stands where one is unknown, and the model is then in the document's
    ``unknown``, except for head's of a copied model: it did not run. All other figures are null when unknown.

    Ours: ``base_source`` and ``branch_source`` say where the figures come from, ``mixed`` whether they differ in that,
    ``base_run`` which recorded run base's are of. ``delta_percent`` is of base, null where base costs nothing.
    ``noise_usd`` is by how much runs of base's SQL differ (null with too few records), and ``movement`` tells what is
    within that from what is not. ``new`` and ``removed`` models cost nothing on the side that does not have them.
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
    removed: bool
    mixed: bool
    base_run: RecordedIn | None
    delta_percent: float | None
    noise_usd: float | None
    movement: Movement


class CostSummary(Part):
    """Totals over what is known; ``delta_usd`` sums only models with both sides known.

    Ours: ``preview_duration_ms`` is what the whole preview took, ``delta_percent`` is of what the models in
    ``delta_usd`` cost in base. ``delta_usd_per_month`` is for so many ``runs_per_month``, lowest and highest.
    ``full_build_cost_usd`` is what building every model once would cost, without the ``full_build_unknown`` models;
    less what the preview took (``preview_cost_usd``, by part in ``preview_parts_usd``) it is ``net_savings_usd``.
    """

    models_skipped_via_copy: int
    total_base_cost_usd: float | None
    total_branch_cost_usd: float | None
    delta_usd: float | None
    savings_from_copy_usd: float | None
    total_branch_duration_ms: int
    total_branch_bytes_scanned: int | None
    preview_duration_ms: int | None
    delta_percent: float | None
    delta_usd_per_month: tuple[float, float] | None
    runs_per_month: tuple[float, float] | None
    full_build_cost_usd: float | None
    full_build_unknown: int | None
    preview_cost_usd: float | None
    preview_parts_usd: dict[Work, float | None]
    net_savings_usd: float | None


class Breach(Part):
    """A limit of the whole project that would be breached.

    Ours: ``on_breach`` (a model's with what it inherits), ``blame`` (who breached it, a base that did so already or
    this change; only a change fails a pull request), ``before`` (base's figure, null if unknown) and ``message``.
    """

    limit_type: Literal["max_usd", "max_duration_ms", "max_bytes_scanned"]
    limit: float
    actual: float
    on_breach: Literal["warn", "error"]
    blame: Blame
    before: float | None
    message: str


class ModelBreach(Breach):
    """A limit of one model that would be breached."""

    model_name: str


class CapCut(Part):
    """One thing that was left out; ``reached`` when the cap already was, and not only the plan over it."""

    what: CutWhat
    models: tuple[str, ...]
    reached: bool


class Cap(Part):
    """What became of ``max_preview_usd`` and ``max_preview_bytes``.

    ``planned_`` is all that the preview would have taken by estimate, ``kept_`` what is left of that after the cuts;
    null where there is no such cap. ``unestimated`` names the models that are no part of it, as nobody can tell.
    """

    max_usd: float | None
    max_bytes: int | None
    planned_usd: float | None
    planned_bytes: int | None
    kept_usd: float | None
    kept_bytes: int | None
    unestimated: tuple[str, ...]
    recorded: tuple[str, ...]
    cuts: tuple[CapCut, ...]


class GateEntry(Part):
    """A gate that is exceeded, or one of which nobody knows.

    ``added`` is what the pull request adds by what is known, null if nothing is; of a range per month its lower end,
    and ``added_at_most`` its upper end where the gate is exceeded. ``origin`` says where the gate is set.
    """

    gate: str
    limit: float
    added: float | None
    added_at_most: float | None
    origin: str
    message: str


class CostDocument(Document):
    """Rocky's ``PreviewCostOutput``.

    Ours: ``unknown`` names the models with a figure that is missing, ``prices`` says by what all figures are priced
    (null for a warehouse that nobody has a price of). ``gate_breaches`` fail the pull request, and ``gates_undecided``
    are gates of which nobody knows. ``cap`` is what became of the preview's own cap (null without one).
    """

    command: Literal["preview-cost"] = "preview-cost"
    branch_name: str
    branch_run_id: str
    base_run_id: str | None
    per_model: tuple[ModelCostEntry, ...]
    summary: CostSummary
    projected_budget_breaches: tuple[Breach, ...]
    projected_per_model_budget_breaches: tuple[ModelBreach, ...]
    gate_breaches: tuple[GateEntry, ...]
    gates_undecided: tuple[GateEntry, ...]
    markdown: str
    unknown: tuple[str, ...]
    prices: Tariff | None
    cap: Cap | None


def cost_document(cost: CostDelta, execution: Execution, *, name: str, markdown: str) -> CostDocument:
    """What both sides took."""
    unmeasured = {model.model for model in cost.models if _lacks_duration(model)}
    return CostDocument(
        branch_name=name,
        branch_run_id=run_id(execution),
        base_run_id=cost.recorded[0].run_id if cost.recorded else None,
        per_model=tuple(_entry(model) for model in cost.models),
        summary=_summary(cost),
        projected_budget_breaches=tuple(Breach(**_breach(one)) for one in cost.breaches if one.model is None),
        projected_per_model_budget_breaches=tuple(
            ModelBreach(model_name=one.model, **_breach(one)) for one in cost.breaches if one.model is not None
        ),
        gate_breaches=tuple(
            _gate(one.gate, gate_words(one, cost.cadence), added=one.actual, at_most=one.highest) for one in cost.gates
        ),
        gates_undecided=tuple(_gate(one.gate, undecided_words(one), added=one.known) for one in cost.undecided),
        markdown=markdown,
        unknown=tuple(sorted(unmeasured.union(cost.unknown))),
        prices=cost.tariff,
        cap=_cap(cost.cap) if cost.cap else None,
    )


def _cap(cap: CapReport) -> Cap:
    return Cap(
        max_usd=cap.max_usd,
        max_bytes=cap.max_bytes,
        planned_usd=cap.planned.usd,
        planned_bytes=cap.planned.bytes_scanned,
        kept_usd=cap.kept.usd,
        kept_bytes=cap.kept.bytes_scanned,
        unestimated=cap.unestimated,
        recorded=cap.recorded,
        cuts=tuple(CapCut(what=cut.what, models=cut.models, reached=cut.reached) for cut in cap.cuts),
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
        removed=model.fate is Fate.REMOVED,
        mixed=model.mixed,
        base_run=base.recorded,
        delta_percent=model.percent,
        noise_usd=model.band_usd,
        movement=model.movement,
    )


def _summary(cost: CostDelta) -> CostSummary:
    cadence, ledger = cost.cadence, cost.ledger
    return CostSummary(
        models_skipped_via_copy=sum(model.left_alone for model in cost.models),
        total_base_cost_usd=cost.base_usd,
        total_branch_cost_usd=cost.head_usd,
        delta_usd=cost.delta_usd,
        savings_from_copy_usd=cost.savings_usd,
        total_branch_duration_ms=sum(_figures(model)[1].duration_ms or 0 for model in cost.models),
        total_branch_bytes_scanned=cost.head_bytes_scanned,
        preview_duration_ms=cost.preview_duration_ms,
        delta_percent=cost.percent,
        delta_usd_per_month=cost.monthly_usd,
        runs_per_month=(cadence.lowest, cadence.highest) if cadence else None,
        full_build_cost_usd=ledger.full_usd if ledger else None,
        full_build_unknown=ledger.full_unknown if ledger else None,
        preview_cost_usd=ledger.preview_usd if ledger else None,
        preview_parts_usd={part.work: part.figures.usd for part in ledger.spent} if ledger else {},
        net_savings_usd=ledger.net_usd if ledger else None,
    )


def _breach(breach: BudgetBreach) -> dict[str, Any]:
    return {
        "limit_type": breach.limit_type,
        "limit": breach.limit,
        "actual": breach.actual,
        "on_breach": breach.on_breach,
        "blame": breach.blame,
        "before": breach.before,
        "message": breach_words(breach),
    }


def _gate(gate: Gate, message: str, *, added: float | None, at_most: float | None = None) -> GateEntry:
    return GateEntry(
        gate=gate.name, limit=gate.limit, added=added, added_at_most=at_most, origin=gate.origin, message=message
    )
