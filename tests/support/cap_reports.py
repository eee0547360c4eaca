"""Reports of previews that a cap kept from doing everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rocky_action.domain.cost import CapReport, CostDelta, CostSource, Cut, Figures, ModelCost
from rocky_action.domain.diff import ModelDiff, NotCompared, Proof, RowDiff, SchemaDiff
from rocky_action.domain.execution import BaselineKind, BaseSide, ModelRun, NotRun, Side
from rocky_action.domain.project import Relation
from rocky_action.domain.report import Caveat, Report, Severity, Unchecked, Verdict
from rocky_action.domain.text import with_advice
from rocky_action.stages.cap import EXCEEDED, REACHED, caveats, raising
from rocky_action.stages.report import nothing_done
from tests.support import reports
from tests.support.reports import SCHEMA, rebuilt, report_of, run, same, sampled


def planned(usd: float) -> Figures:
    return Figures(usd=usd, source=CostSource.ESTIMATED)


def cap_reached() -> Report:
    """Every step but the last: samples, a base not rebuilt, a run not made, and what came too late."""
    part = replace(sampled().diffs[0], proof=Proof("join", "comparing all rows would exceed the preview's cap"))
    note = f"compared with production as it stands, as base was not rebuilt: {EXCEEDED}"
    left = ModelDiff(
        "fct_sessions", SchemaDiff(), RowDiff(88_120, None), NotCompared(f"head was not built: {EXCEEDED}")
    )
    late = ModelDiff("rpt_weekly", SchemaDiff(), RowDiff(None, None), NotCompared(REACHED))
    cap = CapReport(
        max_usd=5.0,
        planned=planned(11.7),
        kept=planned(4.62),
        unestimated=("fct_orders", "rpt_weekly"),
        recorded=("fct_sessions",),
        cuts=(
            Cut("sampled"),
            Cut("not_rebuilt", ("dim_customers",)),
            Cut("not_run", ("fct_sessions",)),
            Cut("not_compared", ("rpt_weekly",), reached=True),
        ),
    )
    report = report_of(replace(same("dim_customers", 410), notes=(note,)), part, left, late, verdict=Verdict.INCOMPLETE)
    existing = BaseSide("dim_customers", BaselineKind.EXISTING, Relation("shop", "main", "dim_customers"), note)
    return replace(
        report,
        execution=replace(
            report.execution,
            head_runs=(
                *(run(name) for name in ("dim_customers", "fct_orders")),
                ModelRun("fct_sessions", Side.HEAD, NotRun(EXCEEDED)),
                run("rpt_weekly"),
            ),
            base_sides=(existing, *(rebuilt(name) for name in ("fct_orders", "fct_sessions", "rpt_weekly"))),
        ),
        cost=replace(reports.cost_of(*_costs()), cap=cap),
        caveats=(
            *caveats(cap),
            Caveat(Severity.WARNING, f"it was not run: {EXCEEDED}", "fct_sessions", "models/fct_sessions.sql"),
        ),
    )


def _costs() -> tuple[ModelCost, ...]:
    dear, unmade = reports.figures(1.84), ModelCost("fct_sessions", reports.figures(2.1), None)
    return (
        unmade,
        *(ModelCost(name, reports.figures(0.4), dear) for name in ("dim_customers", "fct_orders", "rpt_weekly")),
    )


def cap_plan_only() -> Report:
    """Nothing at all, as not even the smallest part of it would fit."""
    whole = reports.breaking()
    cap = CapReport(max_bytes=50_000_000_000, planned=Figures(bytes_scanned=812_000_000_000), cuts=(Cut("plan_only"),))
    unchecked = Unchecked(
        f"{EXCEEDED}: 812,000,000,000 bytes by estimate, and 50,000,000,000 are allowed", raising(cap), kind="capped"
    )
    evidence = nothing_done(whole.changes, whole.plan, schema=SCHEMA, unchecked=unchecked, because=unchecked.because)
    why = with_advice(unchecked.because, unchecked.advice)
    return replace(
        whole,
        verdict=Verdict.NOT_CHECKED,
        execution=evidence.execution,
        diffs=evidence.diffs,
        cost=CostDelta(unknown=evidence.cost.unknown, cap=cap),
        unchecked=unchecked,
        caveats=(Caveat(Severity.WARNING, f"Nothing was run and nothing was compared: {why}"),),
    )


CAP_SCENARIOS: dict[str, Callable[[], Report]] = {one.__name__: one for one in (cap_reached, cap_plan_only)}
