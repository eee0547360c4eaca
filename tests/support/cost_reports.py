"""Reports about money: one function per state that the cost ledger can be in, each priced by the product's own code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange
from rocky_action.domain.cost import Cadence, CostSource, Figures, RecordedIn, Work
from rocky_action.domain.diff import NotCompared
from rocky_action.domain.execution import BaselineKind, BaseSide, Cloned, CloneMethod, Execution, ModelRun, Side
from rocky_action.domain.execution import Succeeded as Built
from rocky_action.domain.plan import LeftModel, Plan, PlannedModel
from rocky_action.domain.prices import PriceChoice
from rocky_action.domain.project import Adapter, Project, Projects, Relation
from rocky_action.domain.report import Report, Verdict
from rocky_action.domain.usage import Usage
from rocky_action.stages.cost import Terms, price, tariff_of
from tests.support import reports
from tests.support.sql_models import model, project

DAILY = Cadence(30.44, 30.44, "rocky.toml schedules it at `0 3 * * *`")
GUESS = Cadence(30.44, 730.5, "nobody says how often, and daily to hourly is usual (`runs_per_month` says it)")
PRODUCTION = RecordedIn("run-20261118-030000-000", "2026-11-18T03:12:40+00:00", production=True)
REBUILD = RecordedIn("run-20261120-161204-118", "2026-11-20T16:12:09+00:00")


def took(seconds: float, gigabytes: float) -> Usage:
    """What a statement took on Snowflake."""
    return Usage(round(seconds * 1000), 1, round(gigabytes * 1e9))


def figures(usage: Usage, recorded: RecordedIn | None = None) -> Figures:
    """The same, known from elsewhere: recorded, or else estimated."""
    source = CostSource.RECORDED if recorded else CostSource.ESTIMATED
    return Figures(usage.duration_ms, usage.bytes_scanned, source=source, recorded=recorded)


@dataclass(frozen=True)
class Scene:
    """What each side took, by model, and what is known from elsewhere."""

    head: Mapping[str, Usage]
    base: Mapping[str, Usage] = field(default_factory=lambda: MappingProxyType({}))
    history: Mapping[str, tuple[Figures, ...]] = field(default_factory=lambda: MappingProxyType({}))
    new: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ("dim_dates", "fct_stock")
    cadence: Cadence = DAILY
    spent: Mapping[Work, Usage] = field(
        default_factory=lambda: MappingProxyType({Work.BUILDING: took(512, 70), Work.COMPARING: took(41, 12)})
    )
    adapter: str = "snowflake"


def told(scene: Scene) -> Report:
    """The report of a pull request in which the rows of every model stayed the same, so that money is all there is."""
    plan = Plan(
        tuple(_planned(name, scene) for name in scene.head),
        tuple(LeftModel(name, f"read by `{next(iter(scene.head))}`") for name in scene.copied),
        tuple(LeftModel(name, "reads nothing that changed") for name in scene.skipped),
        tuple(LeftModel(name, "removed; its relation stays until somebody drops it") for name in scene.removed),
    )
    execution = Execution(
        "run-1",
        reports.SCHEMA,
        tuple(ModelRun(name, Side.HEAD, Built(_at(name), usage)) for name, usage in scene.head.items()),
        tuple(ModelRun(name, Side.BASE, Built(_at(name), usage)) for name, usage in scene.base.items()),
        tuple(Cloned(name, _at(name), _at(name), CloneMethod.ZERO_COPY) for name in scene.copied),
        tuple(_base_side(name, scene) for name in scene.head),
        553_000,
    )
    head = _project(scene, (*scene.head, *scene.copied, *scene.skipped))
    base = _project(scene, (*(set(scene.head) - set(scene.new)), *scene.removed, *scene.copied, *scene.skipped))
    cost = price(
        plan,
        execution,
        projects=Projects(base, head),
        history=scene.history,
        terms=Terms(tariff_of(head, PriceChoice()), scene.cadence),
        spent=scene.spent,
    )
    diffs = tuple(
        replace(reports.same(name, 1_840), new=True, coverage=NotCompared("the model is new"))
        if name in scene.new
        else reports.same(name, 1_840)
        for name in scene.head
    )
    return reports.report_of(
        *diffs,
        verdict=Verdict.CHANGED if scene.new or scene.removed else Verdict.UNCHANGED,
        plan=plan,
        execution=execution,
        cost=cost,
        provenance=replace(reports.PROVENANCE, warehouse="Snowflake 9.38.1, SHOP"),
        changes=ChangeSet(
            tuple(ModelChange(name, ChangeKind.ROWS, f"models/{name}.sql", "its SQL changed") for name in scene.head)
        ),
    )


def _planned(name: str, scene: Scene) -> PlannedModel:
    one = reports.planned(name, "the model is new" if name in scene.new else "its SQL changed")
    return replace(one, base_model=None) if name in scene.new else one


def _base_side(name: str, scene: Scene) -> BaseSide:
    if name in scene.new:
        return BaseSide(name, BaselineKind.NONE, note="the model is new")
    return BaseSide(name, BaselineKind.REBUILT if name in scene.base else BaselineKind.EXISTING, _at(name))


def _at(name: str) -> Relation:
    return Relation("SHOP", reports.SCHEMA, name)


def _project(scene: Scene, names: tuple[str, ...]) -> Project:
    return replace(project([model(name) for name in names]), adapter=Adapter("default", scene.adapter))


def _runs(*seconds: float, recorded: RecordedIn = PRODUCTION, gigabytes: float = 30.0) -> tuple[Figures, ...]:
    """A history: the newest run is ``recorded``, the others are older ones like it."""
    return tuple(figures(took(each, gigabytes), replace(recorded)) for each in seconds)


def cost_measured() -> Report:
    """Both sides measured in this preview: one model dearer, one cheaper, one moved by noise alone."""
    return told(
        Scene(
            head={"fct_revenue": took(94.3, 31), "rpt_daily": took(40, 4), "rpt_weekly": took(12.4, 0.4)},
            base={"fct_revenue": took(61, 30), "rpt_daily": took(55, 9), "rpt_weekly": took(11.8, 0.4)},
            history={
                "fct_revenue": _runs(61, 60.1, 62.4, 59.8, 61.7),
                "rpt_daily": _runs(55, 54.1, 56.2, 55.4, 53.9),
                "rpt_weekly": _runs(11.8, 12.9, 11.1, 12.2, 12.6),
                "dim_dates": _runs(600),
                "fct_stock": _runs(900),
                "dim_customers": _runs(300),
            },
            copied=("dim_customers",),
        )
    )


def cost_mixed() -> Report:
    """Head measured, base recorded by production, by a preview, or estimated: three sources in one table."""
    return told(
        Scene(
            head={"fct_revenue": took(94.3, 31), "rpt_daily": took(40, 4), "rpt_weekly": took(12.4, 0.4)},
            base={"rpt_weekly": took(11.8, 0.4)},
            history={"fct_revenue": _runs(61), "rpt_daily": _runs(55, recorded=REBUILD)},
            cadence=GUESS,
        )
    )


def cost_estimated() -> Report:
    """BigQuery, base never recorded: what a dry run says of it beside what head was billed."""
    estimate = figures(Usage(bytes_scanned=2_000_000_000_000))
    head = Usage(61_000, 1, 2_400_000_000_000, 2_400_000_000_000, 9_000_000)
    return told(
        Scene(
            head={"fct_revenue": head},
            history={"fct_revenue": (estimate,)},
            spent={Work.BUILDING: head, Work.COMPARING: Usage(9_000, None, 4 * 10**11, 4 * 10**11, 1)},
            adapter="bigquery",
        )
    )


def cost_no_base() -> Report:
    """Nobody has measured, recorded or estimated base."""
    return told(Scene(head={"fct_revenue": took(94.3, 31), "rpt_daily": took(40, 4)}))


def cost_cheaper() -> Report:
    """The pull request saves money."""
    return told(
        Scene(
            head={"fct_revenue": took(20, 8)},
            base={"fct_revenue": took(61, 30)},
            history={"fct_revenue": _runs(61, 60.1, 62.4, 59.8, 61.7)},
        )
    )


def cost_dearer() -> Report:
    """The pull request costs money, and nobody knows how often: a range."""
    return told(
        Scene(
            head={"fct_revenue": took(300, 90)},
            base={"fct_revenue": took(61, 30)},
            history={"fct_revenue": _runs(61, 60.1, 62.4, 59.8, 61.7), "dim_dates": _runs(2), "fct_stock": _runs(3)},
            cadence=GUESS,
        )
    )


def cost_new_model() -> Report:
    """A model that base does not have: all that it costs is added."""
    return told(
        Scene(
            head={"fct_refunds": took(30, 2), "fct_revenue": took(61, 30)},
            base={"fct_revenue": took(61, 30)},
            new=("fct_refunds",),
        )
    )


def cost_removed_model() -> Report:
    """Models that head no longer has: what one cost was recorded, of the other nobody knows."""
    return told(
        Scene(
            head={"fct_revenue": took(61, 30)},
            base={"fct_revenue": took(61, 30)},
            removed=("rpt_legacy", "stg_legacy"),
            history={"rpt_legacy": _runs(240)},
        )
    )


COST_SCENARIOS: dict[str, Callable[[], Report]] = {
    scenario.__name__: scenario
    for scenario in (
        cost_measured,
        cost_mixed,
        cost_estimated,
        cost_no_base,
        cost_cheaper,
        cost_dearer,
        cost_new_model,
        cost_removed_model,
    )
}
