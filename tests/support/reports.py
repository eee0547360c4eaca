"""Reports for the renderer's tests: one function per scenario that a reviewer can meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from rocky_action.domain.audit import Audit, AuditedModel, Confirmed, Escaped, NotAudited
from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange, SomeColumns, Untouched
from rocky_action.domain.cost import NOTHING, Cadence, CostDelta, CostSource, Fate, Figures, ModelCost
from rocky_action.domain.diff import (
    NAMED,
    BisectionStats,
    CategoryChange,
    CellChange,
    Column,
    ColumnChange,
    Exhaustive,
    Histogram,
    Key,
    MaskedColumn,
    ModelDiff,
    NotCompared,
    Numbers,
    NumericChange,
    Profile,
    Proof,
    RowDiff,
    RowExample,
    Sampled,
    SchemaDiff,
    Slice,
    TypeChange,
    Unstable,
    Value,
    ValueMove,
)
from rocky_action.domain.execution import (
    BaselineKind,
    BaseSide,
    Cloned,
    CloneMethod,
    Execution,
    Failed,
    ModelRun,
    NotRun,
    RunOutcome,
    Side,
    Succeeded,
)
from rocky_action.domain.findings import Finding, FindingKind, Impact
from rocky_action.domain.limit_words import (
    HOW_TO_KNOW,
    all_undecided_words,
    breach_words,
    gate_words,
    lifted_words,
)
from rocky_action.domain.limits import Blame, BudgetBreach, Gate, GateBreach, Lifted, Measure, Most, Undecided
from rocky_action.domain.plan import LeftModel, Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Relation
from rocky_action.domain.pull_request import ChangedPath, Comparison, PathStatus
from rocky_action.domain.report import Caveat, Edge, Provenance, Report, Severity, Verdict
from rocky_action.domain.text import named
from rocky_action.domain.usage import Usage
from rocky_action.errors import MissingCredentialsError
from rocky_action.stages.cost.ledger import totals_of
from rocky_action.stages.report import unchecked_evidence, verdict

RUN_URL = "https://github.com/acme/shop/actions/runs/7301"
SCHEMA = "branch__refunds_pr42"

COMPARISON = Comparison(
    base_ref="main",
    merge_base="3f9c2ab1d04e7785b6a1c9e2f0d3b4a5968778c1",
    head_ref="exclude-refunds",
    head_commit="b81e90d7c2f34a6e5d10987654321fedcba98765",
    changed_paths=(ChangedPath(PathStatus.MODIFIED, "models/fct_revenue.sql"),),
    work_tree=False,
)
PROVENANCE = Provenance(
    tool_version="0.1.0",
    preview_name="refunds_pr42",
    started_at="2026-11-21T10:04:31+00:00",
    warehouse="DuckDB 2.0.0, shop.duckdb",
    run_url=RUN_URL,
)
EXHAUSTIVE = Exhaustive("keyed")
SKIPPED = tuple(
    LeftModel(name, "reads nothing that changed")
    for name in ("dim_dates", "dim_products", "fct_stock", "raw_products", "stg_products")
)
CUSTOMER_KEY = Key(("customer_id",), "unique_key", unique_base=True, unique_head=True)


def planned(
    model: str, why: str = "its SQL changed", *, columns: tuple[str, ...] = (), downstream: bool = False
) -> PlannedModel:
    reason = PruneReason.DOWNSTREAM if downstream else PruneReason.CHANGED
    return PlannedModel(model, reason, why, columns, base_model=model)


def below(model: str, *upstream: str) -> PlannedModel:
    """Downstream of models of which nothing is known to be the same."""
    return planned(model, f"reads {named(upstream)}, whose rows may differ", downstream=True)


def columns_edited(model: str, why: str, *columns: str, renamed: tuple[tuple[str, str], ...] = ()) -> ModelChange:
    effect = SomeColumns(frozenset(columns))
    path = f"models/{model}.sql"
    return ModelChange(model, ChangeKind.COLUMNS, path, why, columns, renamed_columns=renamed, effect=effect)


def run(model: str, outcome: RunOutcome | None = None) -> ModelRun:
    return ModelRun(model, Side.HEAD, outcome or Succeeded(Relation("shop", SCHEMA, model), Usage(41, 100, 20_480)))


def rebuilt(model: str) -> BaseSide:
    return BaseSide(model, BaselineKind.REBUILT, Relation("shop", f"{SCHEMA}__base", model))


def figures(usd: float | None, ms: int = 41, scanned: int = 20_480) -> Figures:
    return Figures(ms, scanned, usd, CostSource.MEASURED if usd is not None else CostSource.UNKNOWN)


def cost_of(*models: ModelCost, **more: object) -> CostDelta:
    return replace(totals_of(models), preview_duration_ms=12_340, **more)  # type: ignore[arg-type]


def report_of(*diffs: ModelDiff, verdict: Verdict, **parts: object) -> Report:
    """A report whose prune set is the models of ``diffs``; any part can be given instead."""
    prune = tuple(planned(diff.model) for diff in diffs)
    report = Report(
        verdict=verdict,
        comparison=COMPARISON,
        changes=ChangeSet(
            tuple(ModelChange(d.model, ChangeKind.ROWS, f"models/{d.model}.sql", "its SQL changed") for d in diffs)
        ),
        plan=Plan(prune, skipped=SKIPPED),
        execution=Execution(
            "run-1",
            SCHEMA,
            head_runs=tuple(run(diff.model) for diff in diffs),
            base_sides=tuple(rebuilt(diff.model) for diff in diffs),
            duration_ms=12_340,
        ),
        diffs=diffs,
        cost=cost_of(*(ModelCost(d.model, figures(0.02), figures(0.02)) for d in diffs)),
        provenance=PROVENANCE,
    )
    return replace(report, **parts)  # type: ignore[arg-type]


def same(model: str, rows: int) -> ModelDiff:
    return ModelDiff(model, SchemaDiff(), RowDiff(rows, rows, 0, 0, 0), EXHAUSTIVE, key=CUSTOMER_KEY)


def changed_row(key: str, *cells: tuple[str, Value, Value]) -> RowExample:
    return RowExample("changed", (("customer_id", key),), tuple(CellChange(*cell) for cell in cells))


def no_change() -> Report:
    return report_of(verdict=Verdict.UNCHANGED, cost=CostDelta())


def cosmetic() -> Report:
    edit = ModelChange("stg_orders", ChangeKind.COSMETIC, "models/stg_orders.sql", "only comments and layout changed")
    plan = Plan(skipped=(*SKIPPED, LeftModel("stg_orders", edit.why)))
    return report_of(verdict=Verdict.UNCHANGED, changes=ChangeSet((edit,)), plan=plan, cost=CostDelta())


def column_added() -> Report:
    """A column that is new: one reader hands it on by a star, the others cannot notice."""
    dim, everyone = (
        ModelDiff(
            model,
            SchemaDiff(added=(Column("loyalty_tier", "VARCHAR"),)),
            RowDiff(1_840, 1_840, 0, 0, 0),
            EXHAUSTIVE,
            key=CUSTOMER_KEY,
            compared_columns=("customer_id", "name", "country"),
        )
        for model in ("dim_customers", "rpt_customers")
    )
    why = "column `loyalty_tier` is new"
    plan = Plan(
        (
            planned("dim_customers", why, columns=("loyalty_tier",)),
            planned("rpt_customers", "uses `dim_customers.loyalty_tier`", columns=("loyalty_tier",), downstream=True),
        ),
        (LeftModel("stg_customers", "read by `dim_customers`"),),
        tuple(
            sorted(
                (
                    *SKIPPED,
                    LeftModel("fct_revenue", "reads `dim_customers`, but not its changed column `loyalty_tier`"),
                ),
                key=lambda left: left.model,
            )
        ),
    )
    return replace(
        report_of(dim, everyone, verdict=Verdict.CHANGED),
        changes=ChangeSet((columns_edited("dim_customers", why, "loyalty_tier"),)),
        plan=plan,
        edges=(Edge("stg_customers", "dim_customers"), Edge("dim_customers", "rpt_customers")),
    )


def columns_changed() -> Report:
    """One column is computed differently and one called otherwise; who does not use them is left, with reasons."""
    key = Key(("order_id",), "unique_key", unique_base=True, unique_head=True)
    orders = ModelDiff(
        "stg_orders",
        SchemaDiff(added=(Column("state", "VARCHAR"),), removed=(Column("status", "VARCHAR"),)),
        RowDiff(12_402, 12_402, 0, 0, 3_117, columns=(ColumnChange("amount", 3_117),)),
        EXHAUSTIVE,
        key=key,
    )
    revenue = ModelDiff(
        "fct_revenue",
        SchemaDiff(),
        RowDiff(1_840, 1_840, 0, 0, 902, columns=(ColumnChange("revenue", 902), ColumnChange("average", 902))),
        EXHAUSTIVE,
        key=CUSTOMER_KEY,
    )
    large = ModelDiff(
        "rpt_large_orders",
        SchemaDiff(),
        RowDiff(120, 118, added=1, removed=3, changed=0),
        EXHAUSTIVE,
        key=key,
    )
    broken = "head was not built: it failed"
    refunds = ModelDiff("rpt_refunds", SchemaDiff(), RowDiff(417, None), NotCompared(broken))
    message = 'Binder Error: Referenced column "status" not found in FROM clause!'
    why = "column `amount` is computed differently; column `status` is called `state` now"
    plan = Plan(
        (
            planned("stg_orders", why, columns=("amount", "state", "status")),
            planned(
                "fct_revenue",
                "uses `stg_orders.amount` in SUM and AVG",
                columns=("average", "revenue"),
                downstream=True,
            ),
            planned("rpt_large_orders", "uses `stg_orders.amount` in a filter", downstream=True),
            planned(
                "rpt_refunds", "uses `stg_orders.status` in a filter, `stg_orders.amount` and 1 more", downstream=True
            ),
        ),
        (
            LeftModel(
                "dim_customers",
                "read by `fct_revenue`; reads `stg_orders`, but not its changed columns `amount`, `state`, `status`",
            ),
            LeftModel("raw_orders", "read by `stg_orders`"),
        ),
        (
            LeftModel("dim_dates", "reads nothing that changed"),
            LeftModel("dim_products", "its SQL is written differently and means the same"),
            LeftModel("fct_stock", "reads nothing that changed"),
            LeftModel("rpt_countries", "reads `fct_revenue`, but not its changed columns `average`, `revenue`"),
            LeftModel(
                "rpt_order_counts", "reads `stg_orders`, but not its changed columns `amount`, `state`, `status`"
            ),
            LeftModel(
                "rpt_orders_by_day", "reads `stg_orders`, but not its changed columns `amount`, `state`, `status`"
            ),
        ),
    )
    cosmetic_edit = ModelChange(
        "dim_products", ChangeKind.COSMETIC, "models/dim_products.sql", plan.skipped[1].why, effect=Untouched()
    )
    edit = columns_edited("stg_orders", why, "amount", "state", "status", renamed=(("status", "state"),))
    report = report_of(orders, revenue, large, refunds, verdict=Verdict.FAILED)
    return replace(
        report,
        changes=ChangeSet((cosmetic_edit, edit)),
        plan=plan,
        execution=replace(
            report.execution,
            head_runs=(
                *(run(name) for name in plan.prune_names[:3]),
                run("rpt_refunds", Failed(message)),
            ),
            clones=tuple(
                Cloned(name, Relation("shop", "main", name), Relation("shop", SCHEMA, name), CloneMethod.VIEW)
                for name in plan.copy_names
            ),
        ),
        caveats=(Caveat(Severity.ERROR, f"it failed: {message}", "rpt_refunds", "models/rpt_refunds.sql"),),
        edges=(
            Edge("raw_orders", "stg_orders"),
            *(Edge("stg_orders", name) for name in plan.prune_names[1:]),
            Edge("dim_customers", "fct_revenue"),
        ),
    )


def rows_changed() -> Report:
    revenue = ModelDiff(
        "fct_revenue",
        SchemaDiff(type_changes=(TypeChange("discount", "INTEGER", "DECIMAL(10,2)"),)),
        RowDiff(
            1_840,
            1_720,
            added=0,
            removed=120,
            changed=312,
            columns=(ColumnChange("revenue", 312), ColumnChange("orders", 287), ColumnChange("last_refund", 1)),
            examples=(
                changed_row("1007", ("revenue", "184.50", "139.50"), ("orders", "4", "3")),
                changed_row("1013", ("revenue", "96.00", "72.25"), ("orders", "3", "2")),
                changed_row("1042", ("revenue", "18.90", None), ("last_refund", "", "2026-10-02")),
                RowExample(
                    "removed",
                    (("customer_id", "1003"),),
                    tuple(
                        CellChange(name, value, None)
                        for name, value in (("orders", "1"), ("revenue", "25.00"), ("note", None))
                    ),
                ),
                RowExample(
                    "removed",
                    (("customer_id", "1019"),),
                    (
                        CellChange("orders", "1", None),
                        CellChange("revenue", "8.75", None),
                        CellChange("note", "", None),
                    ),
                ),
            ),
        ),
        EXHAUSTIVE,
        key=CUSTOMER_KEY,
        compared_columns=("customer_id", "orders", "revenue", "discount", "last_refund"),
    )
    top = ModelDiff(
        "rpt_top_customers",
        SchemaDiff(),
        RowDiff(
            100,
            100,
            added=7,
            removed=7,
            changed=41,
            columns=(ColumnChange("revenue", 41),),
            examples=(changed_row("1007", ("revenue", "184.50", "139.50")),),
        ),
        EXHAUSTIVE,
        key=CUSTOMER_KEY,
    )
    plan = Plan(
        (
            planned("fct_revenue"),
            below("rpt_top_customers", "fct_revenue"),
            below("rpt_weekly", "fct_revenue"),
        ),
        (LeftModel("dim_customers", "read by `fct_revenue`"), LeftModel("stg_orders", "read by `fct_revenue`")),
        SKIPPED,
    )
    edges = (
        Edge("dim_customers", "fct_revenue"),
        Edge("stg_orders", "fct_revenue"),
        Edge("fct_revenue", "rpt_top_customers"),
        Edge("fct_revenue", "rpt_weekly"),
    )
    report = report_of(revenue, top, same("rpt_weekly", 53), verdict=Verdict.CHANGED)
    clones = tuple(
        Cloned(name, Relation("shop", "main", name), Relation("shop", SCHEMA, name), CloneMethod.VIEW)
        for name in plan.copy_names
    )
    cost = cost_of(
        ModelCost("fct_revenue", figures(0.42, 1_840, 48_300_000), figures(0.37, 1_610, 42_100_000)),
        ModelCost("rpt_top_customers", figures(0.03), figures(0.03)),
        ModelCost("rpt_weekly", None, figures(0.01, 12)),
        *(ModelCost(name, figures(0.11), None, Fate.COPIED) for name in plan.copy_names),
        savings_usd=0.22,
        head_duration_ms=1_663,
        head_bytes_scanned=42_140_960,
    )
    return replace(
        report,
        plan=plan,
        edges=edges,
        cost=cost,
        execution=replace(report.execution, clones=clones),
        caveats=(Caveat(Severity.NOTE, "the sidecar of rpt_weekly has an unknown key `owner_team`", "rpt_weekly"),),
    )


def no_credentials() -> Report:
    """A pull request from a fork, which has no secrets."""
    whole = breaking()
    error = MissingCredentialsError(
        "[adapter.default] takes settings from environment variables that are not set: SNOWFLAKE_USER, SNOWFLAKE_PAT",
        advice="Set them where this runs, from the repository's secrets.",
    )
    evidence = unchecked_evidence(whole.changes, whole.plan, schema=SCHEMA, err=error)
    return replace(
        whole,
        verdict=verdict(evidence),
        execution=evidence.execution,
        diffs=evidence.diffs,
        cost=evidence.cost,
        unchecked=evidence.unchecked,
        caveats=(
            Caveat(Severity.WARNING, f"Nothing was run and nothing was compared: {error.message}. {error.advice}"),
            Caveat(Severity.NOTE, "The whole project is new: the merge base does not have it."),
        ),
        provenance=replace(PROVENANCE, warehouse="a warehouse that was not opened"),
    )


def clone_fallbacks() -> Report:
    """Two of five copies are full ones, for two reasons, and one is dearer than a clone."""
    whole = breaking()
    ways = [(CloneMethod.ZERO_COPY, None)] * 2 + [
        (CloneMethod.CTAS, "it is a view"),
        (CloneMethod.CTAS, "it is a view"),
        (CloneMethod.TABLE_COPY, "it is in another `region`"),
    ]
    names = [f"stg_{name}" for name in ("customers", "orders", "prices", "rates", "stock")]
    clones = tuple(
        Cloned(name, Relation("shop", "main", name), Relation("shop", SCHEMA, name), method, because)
        for name, (method, because) in zip(names, ways, strict=True)
    )
    plan = replace(whole.plan, copy_set=tuple(LeftModel(name, "read by `fct_orders`") for name in names))
    return replace(whole, plan=plan, execution=replace(whole.execution, clones=clones))


def failed() -> Report:
    message = (
        'Binder Error: Referenced column "amuont" not found in FROM clause!\n'
        'Candidate bindings: "amount", "amount_usd"\n\n'
        "LINE 4:   sum(amuont) AS revenue\n"
        "              ^"
    )
    models = ("fct_revenue", "rpt_top_customers", "rpt_weekly")
    outcomes: tuple[RunOutcome, ...] = (Failed(message), *(NotRun("fct_revenue failed") for _ in models[1:]))
    diffs = tuple(
        ModelDiff(model, SchemaDiff(), RowDiff(1_840, None), NotCompared("head was not built: it failed"))
        for model in models
    )
    report = report_of(*diffs, verdict=Verdict.FAILED)
    plan = Plan(
        (planned("fct_revenue"), *(below(name, "fct_revenue") for name in models[1:])),
        (LeftModel("stg_orders", "read by `fct_revenue`"),),
        SKIPPED,
    )
    execution = replace(
        report.execution, head_runs=tuple(run(model, outcome) for model, outcome in zip(models, outcomes, strict=True))
    )
    caveats = (
        Caveat(Severity.ERROR, f"it failed: {message}", "fct_revenue", "models/fct_revenue.sql"),
        Caveat(Severity.WARNING, "it was not run: fct_revenue failed", "rpt_weekly"),
    )
    edges = (Edge("stg_orders", "fct_revenue"), *(Edge("fct_revenue", name) for name in models[1:]))
    cost = cost_of(*(ModelCost(name, figures(0.2), None) for name in models))
    return replace(report, plan=plan, execution=execution, caveats=caveats, edges=edges, cost=cost)


def emptied() -> Report:
    empty = ModelDiff(
        "fct_revenue", SchemaDiff(), RowDiff(12_402, 0, added=0, removed=12_402, changed=0), EXHAUSTIVE, CUSTOMER_KEY
    )
    caveat = Caveat(Severity.WARNING, "it became empty: 12,402 rows in base, none in head", "fct_revenue")
    return report_of(empty, same("rpt_weekly", 53), verdict=Verdict.CHANGED, caveats=(caveat,))


def sixty_models() -> Report:
    def diff(number: int) -> ModelDiff:
        model = f"mart_{number:02}_daily_summary"
        if number % 3:
            return same(model, 1000 + number)
        examples = tuple(
            changed_row(str(10_000 * number + at), ("total", f"{number}.{at:02}", f"{number}.{at + 1:02}"))
            for at in range(5)
        )
        columns = (ColumnChange("total", 10 * number + 10),)
        rows = RowDiff(9_000, 9_000, 0, 0, 10 * number + 10, columns, examples)
        return ModelDiff(model, SchemaDiff(), rows, EXHAUSTIVE, key=CUSTOMER_KEY)

    diffs = tuple(diff(number) for number in range(60))
    edges = tuple(Edge(diffs[0].model, diff.model) for diff in diffs[1:])
    report = report_of(*diffs, verdict=Verdict.CHANGED, edges=edges)
    first, *rest = report.plan.prune_set
    downstream = tuple(below(model.model, first.model) for model in rest)
    return replace(report, plan=replace(report.plan, prune_set=(first, *downstream)))


def numbers_of(rows: int, *figures: str | None, nulls: int = 0, distinct: int = 1_000) -> Numbers:
    total, mean, least, most = figures
    return Numbers(rows, nulls, distinct, total, mean, least, most)


HOSTILE = (
    "@everyone @acme/data-team",
    "pipe | in | a | name",
    "``` `code` ``",
    "</details><script>alert(1)</script><img src=x onerror=1>",
    "<!-- rocky-preview --> --> fixes #12 and acme/shop#3, GH-4",
    "https://evil.example/x?a=1&b=2 www.evil.example a@evil.example",
    ":tada: :x: **bold** _it_ ~~no~~ [link](https://evil.example) ![i](https://evil.example/i.png)",
    "line one\nline two\r\n| - | - |\n# heading\n> [!CAUTION]",
    "\x1b[31mred\x00\u202egnp.exe\u2066\u200b\ud800\U000e0041",
    "b81e90d7c2f34a6e5d10987654321fedcba98765 deadbeef",
    "  two  leading and trailing spaces  ",
    "NULL",
    "",
    "x" * 5000 + "@end",
    "\\u202e \\| \\`",
    "$x$ $$\\frac{1}{2}$$ &lt;b&gt; &#64;user",
)


def hostile() -> Report:
    names = HOSTILE[:6]
    diffs = tuple(
        ModelDiff(
            name,
            SchemaDiff(added=(Column(HOSTILE[at + 2], HOSTILE[at]),), removed=(Column(HOSTILE[at + 1], "INT"),)),
            RowDiff(
                len(HOSTILE),
                len(HOSTILE),
                0,
                0,
                len(HOSTILE),
                columns=(ColumnChange(HOSTILE[at + 3], len(HOSTILE)),),
                examples=tuple(
                    RowExample(
                        "changed", ((HOSTILE[at + 4], key),), (CellChange(HOSTILE[at + 3], key, HOSTILE[-place]),)
                    )
                    for place, key in enumerate(HOSTILE, 1)
                ),
            ),
            EXHAUSTIVE,
            key=Key((HOSTILE[at + 4],), HOSTILE[0], unique_base=True, unique_head=True),
            ignored_columns=HOSTILE[:3],
            notes=HOSTILE[:9],
            proof=Proof("checksums", HOSTILE[at + 5], 1e-12),
            profile=Profile(
                1,
                2,
                tuple(
                    NumericChange(
                        text,
                        numbers_of(len(HOSTILE), text, "1", text, text),
                        numbers_of(len(HOSTILE), "1", text, None, HOSTILE[at]),
                        Histogram(0, 1, (1, 2), (2, 1)),
                    )
                    for text in HOSTILE
                ),
                tuple(CategoryChange(text, (ValueMove(text, 1, 2),)) for text in HOSTILE),
                tuple(Slice(text, text, 1, 0.5, 0.25) for text in HOSTILE),
            ),
            unstable=tuple(Unstable(text, text) for text in HOSTILE),
        )
        for at, name in enumerate(names)
    )
    report = report_of(*diffs, verdict=Verdict.FAILED)
    execution = replace(report.execution, head_runs=(run(names[0], Failed("\n".join(HOSTILE))), *map(run, names[1:])))
    plan = Plan(
        tuple(planned(name, f"reads {name}") for name in names),
        tuple(LeftModel(name, name) for name in HOSTILE[6:9]),
        tuple(LeftModel(name, name) for name in HOSTILE[9:12]),
        tuple(LeftModel(name, name) for name in HOSTILE[12:15]),
    )
    return replace(
        report,
        execution=execution,
        plan=plan,
        edges=tuple(Edge(one, other) for one, other in pairwise(names)),
        caveats=tuple(Caveat(severity, text) for severity in Severity for text in HOSTILE),
        findings=tuple(
            Finding(name, FindingKind.COLUMN_DROPPED, impact, f"column `{text}` is dropped", text, 1, text)
            for impact in Impact
            for name in names
            for text in HOSTILE
        ),
        comparison=replace(COMPARISON, head_ref=HOSTILE[3], base_ref=HOSTILE[0]),
        provenance=replace(PROVENANCE, warehouse=HOSTILE[5], preview_name=HOSTILE[6], started_at=HOSTILE[7]),
    )


def sampled() -> Report:
    key = Key(("order_id",), "unique_key", unique_base=True, unique_head=True)
    quiet = ModelDiff(
        "fct_orders",
        SchemaDiff(),
        RowDiff(2_400_000, 2_400_000, 0, 0, 0),
        Sampled(1_000, 2_400_000, ("order_id",)),
        key=key,
    )
    found = ModelDiff(
        "fct_order_lines",
        SchemaDiff(),
        RowDiff(9_100_000, 9_100_250, 2, 0, 17, columns=(ColumnChange("quantity", 17),)),
        Sampled(1_000, 9_100_250, ("order_id", "line")),
        key=replace(key, columns=("order_id", "line")),
    )
    return report_of(quiet, found, verdict=Verdict.INCOMPLETE)


def not_compared() -> Report:
    reason = "base could not be built: Catalog Error: Table with name raw_events does not exist"
    diff = ModelDiff("fct_sessions", SchemaDiff(), RowDiff(None, 88_120), NotCompared(reason))
    caveat = Caveat(Severity.WARNING, f"it was built but not compared: {reason}", "fct_sessions")
    cost = cost_of(ModelCost("fct_sessions", None, figures(None)), ModelCost("rpt_weekly", figures(0.1), figures(0.1)))
    report = report_of(diff, same("rpt_weekly", 53), verdict=Verdict.INCOMPLETE, caveats=(caveat,), cost=cost)
    base_sides = (BaseSide("fct_sessions", BaselineKind.NONE, note=reason), rebuilt("rpt_weekly"))
    return replace(report, execution=replace(report.execution, base_sides=base_sides))


DEARER = (
    ModelCost("fct_revenue", figures(0.42, 31_000, 4_830_000_000), figures(0.912, 94_300, 9_100_000_000)),
    ModelCost("rpt_weekly", figures(0.1, 4_100, 900_000_000), figures(0.1, 4_000, 900_000_000)),
)


def limited(cost: CostDelta, verdict: Verdict) -> Report:
    """A change that makes one of two models dearer, and what became of the limits."""
    found = replace(same("fct_revenue", 12_402), rows=RowDiff(12_402, 12_402, 0, 0, 12_401))
    caveats = [
        *(
            Caveat(Severity.ERROR if one.fails else Severity.WARNING, breach_words(one), one.model, one.path)
            for one in cost.breaches
        ),
        *(Caveat(Severity.ERROR, gate_words(one, cost.cadence)) for one in cost.gates),
        *(Caveat(Severity.WARNING, words) for words in all_undecided_words(cost.undecided)),
        *(Caveat(Severity.NOTE, lifted_words(one), one.former.model) for one in cost.lifted),
    ]
    return report_of(found, same("rpt_weekly", 53), verdict=verdict, cost=cost, caveats=tuple(caveats))


def budget_breached() -> Report:
    """By this change, which fails; the project's only warns. A limit that the change itself raises is a note."""
    raised = BudgetBreach("max_bytes_scanned", 5_000_000_000, 9_100_000_000, "error", "fct_revenue", before=4.83e9)
    breaches = (
        BudgetBreach("max_usd", 0.50, 0.912, "error", "fct_revenue", before=0.42, path="models/fct_revenue.toml"),
        BudgetBreach("max_duration_ms", 60_000, 98_300, before=35_100, most=Most("fct_revenue", 63_300)),
    )
    cost = cost_of(*DEARER, breaches=breaches, lifted=(Lifted(raised, 10_000_000_000),))
    return limited(cost, Verdict.FAILED)


def budget_breached_before() -> Report:
    """By base already, or by nobody knows whom: a warning, and the verdict is that of the data."""
    base, unknown = Blame.BASE, Blame.UNKNOWN
    most = Most("fct_revenue", 63_300)
    breaches = (
        BudgetBreach("max_duration_ms", 30_000, 98_300, "error", blame=base, before=35_100, most=most),
        BudgetBreach("max_bytes_scanned", 4_000_000_000, 9_100_000_000, "error", "fct_revenue", unknown),
    )
    return limited(cost_of(*DEARER, breaches=breaches), Verdict.CHANGED)


def gate_exceeded() -> Report:
    """One gate of a run, one of a month with a guess how often production runs, and three that nobody can judge."""
    where = "rocky-preview.yml, line 3"
    guess = "nobody said how often, and most projects run once a day to once an hour"
    cadence = Cadence(30.44, 730.5, guess)
    cost = cost_of(
        *DEARER,
        cadence=cadence,
        gates=(
            GateBreach(Gate(Measure.PERCENT, 10, origin=where), 94.615, 94.615, (), Most("fct_revenue", 94.615)),
            GateBreach(
                Gate(Measure.USD, 5, per_month=True, origin=where),
                0.492 * 30.44,
                0.492 * 730.5,
                ("rpt_daily",),
                Most("fct_revenue", 0.492 * 30.44),
            ),
        ),
        undecided=(
            Undecided(Gate(Measure.BYTES, 1e9), f"what `rpt_daily` would add is unknown; {HOW_TO_KNOW}"),
            Undecided(Gate(Measure.USD, 1), f"what `rpt_daily` would add is unknown; {HOW_TO_KNOW}"),
            Undecided(
                Gate(Measure.SECONDS, 1e4, per_month=True),
                f"this pull request adds 32 min to 12 h a month, depending on how often production runs: {guess}",
                1_926.0,
            ),
        ),
    )
    return limited(cost, Verdict.FAILED)


def added_removed_renamed() -> Report:
    new = ModelDiff(
        "fct_refunds",
        SchemaDiff(added=(Column("refund_id", "BIGINT"), Column("amount", "DOUBLE"))),
        RowDiff(None, 1_204),
        NotCompared("the model is new: base has nothing to compare with"),
        new=True,
    )
    report = report_of(new, same("dim_clients", 1_840), verdict=Verdict.CHANGED)
    changes = ChangeSet(
        (
            ModelChange(
                "dim_clients", ChangeKind.RENAMED, "models/dim_clients.sql", "renamed", renamed_from="dim_customers"
            ),
            ModelChange("fct_refunds", ChangeKind.ADDED, "models/fct_refunds.sql", "the model is new"),
            ModelChange("rpt_daily", ChangeKind.REMOVED, "models/rpt_daily.sql", "the model is gone"),
            ModelChange("stg_refunds", ChangeKind.REMOVED, "models/stg_refunds.sql", "the model is gone"),
        )
    )
    still = "removed, but still read by rpt_weekly: nothing will refresh it after the merge"
    plan = Plan(
        (planned("dim_clients", "renamed from dim_customers"), planned("fct_refunds", "the model is new")),
        (),
        SKIPPED,
        (
            LeftModel("rpt_daily", "removed; its relation stays in the warehouse until somebody drops it"),
            LeftModel("stg_refunds", still),
        ),
    )
    cost = cost_of(
        ModelCost("dim_clients", figures(0.1), figures(0.1)),
        ModelCost("fct_refunds", NOTHING, figures(0.004), Fate.NEW),
    )
    caveats = (Caveat(Severity.WARNING, f"it is {still}", "stg_refunds", "models/stg_refunds.sql"),)
    return replace(report, changes=changes, plan=plan, cost=cost, caveats=caveats)


def multiset_and_duplicates() -> Report:
    events = ModelDiff(
        "raw_events_clean",
        SchemaDiff(),
        RowDiff(
            5_000,
            5_004,
            added=6,
            removed=2,
            examples=(
                RowExample("removed", (), (CellChange("event", "click", None), CellChange("page", "/home", None)), 2),
                RowExample("added", (), (CellChange("event", None, "click"), CellChange("page", None, "/Home")), 2),
                RowExample(
                    "added",
                    (),
                    (CellChange("event", None, "view"), CellChange("page", None, "secret", masked=True)),
                    4,
                ),
            ),
        ),
        Exhaustive("multiset"),
    )
    key = Key(
        ("order_id",),
        "unique_key",
        unique_base=True,
        unique_head=False,
        null_rows_base=1,
        null_rows_head=3,
        duplicate_keys_head=12,
    )
    orders = ModelDiff(
        "stg_orders",
        SchemaDiff(),
        RowDiff(900, 912, added=12, removed=0),
        Exhaustive("multiset"),
        key=key,
        ignored_columns=("loaded_at",),
        notes=("unique_key (order_id) is not unique: 0 values more than once in base, 12 values in head",),
    )
    return report_of(events, orders, verdict=Verdict.CHANGED)


def audit_confirmed() -> Report:
    """What was drawn is equal, but for one model of which nothing can be shown."""
    models = (
        AuditedModel("dim_dates", Confirmed(same("dim_dates", 3_652))),
        AuditedModel(
            "fct_stock", NotAudited("it is not deterministic: on both sides, building it twice gives two results")
        ),
        AuditedModel("stg_products", Confirmed(replace(same("stg_products", 214), ignored_columns=("loaded_at",)))),
    )
    report = report_of(same("fct_revenue", 12_402), verdict=Verdict.UNCHANGED)
    caveat = Caveat(
        Severity.NOTE,
        "it was not audited: it is not deterministic: on both sides, building it twice gives two results",
        "fct_stock",
    )
    audit = Audit("b81e90d7c2f3", eligible=5, models=models, duration_ms=1_840)
    return replace(report, audit=audit, caveats=(caveat,))


def audit_escaped() -> Report:
    """The plan was wrong about a model, and about one that it reads."""
    stock = replace(same("fct_stock", 96), rows=RowDiff(96, 97, 1, 0, 12))
    why = "1 row only in head, 12 rows changed"
    failed = 'it fails, and base\'s does not: Binder Error: Ambiguous reference to column name "region"'
    audit = Audit(
        "b81e90d7c2f3",
        eligible=5,
        models=(
            AuditedModel("dim_products", Escaped(failed), drawn=False),
            AuditedModel("fct_stock", Escaped(why, stock)),
            AuditedModel("raw_products", Confirmed(same("raw_products", 214))),
        ),
        duration_ms=2_410,
    )
    alone = "it was left alone (reads nothing that changed), and the audit found that it differs: "
    caveats = (
        Caveat(
            Severity.ERROR,
            "The plan was wrong, and other models that were left alone may differ as well. Please report this as a bug"
            " of rocky-preview, with the SQL of these models and the plan (create.json). Both sides are in the schemas"
            f" {SCHEMA}__audit and {SCHEMA}__audit__base.",
        ),
        Caveat(Severity.ERROR, alone + failed, "dim_products", "models/dim_products.sql"),
        Caveat(Severity.ERROR, alone + why, "fct_stock", "models/fct_stock.sql"),
    )
    return replace(report_of(same("fct_revenue", 12_402), verdict=Verdict.FAILED), audit=audit, caveats=caveats)


def breaking() -> Report:
    orders = ModelDiff(
        "fct_orders",
        SchemaDiff(
            added=(Column("channel", "VARCHAR"),),
            removed=(Column("discount", "DECIMAL(10,2)"),),
            type_changes=(TypeChange("customer_id", "BIGINT", "INTEGER"),),
            reordered=True,
        ),
        RowDiff(1_840, 1_840, 0, 0, 0),
        EXHAUSTIVE,
        key=CUSTOMER_KEY,
    )
    report = report_of(orders, same("dim_customers", 410), verdict=Verdict.CHANGED)
    path, sidecar = "models/fct_orders.sql", "models/dim_customers.toml"
    findings = (
        Finding(
            "dim_customers",
            FindingKind.MATERIALIZATION_KEY_CHANGED,
            Impact.BREAKING,
            "its `unique_key` changes from `customer_id` to `customer_id`, `country`",
            sidecar,
            4,
        ),
        Finding(
            "fct_orders",
            FindingKind.COLUMN_DROPPED,
            Impact.BREAKING,
            "column `discount` (DECIMAL(10,2)) is dropped",
            path,
            7,
            "discount",
        ),
        Finding(
            "fct_orders",
            FindingKind.COLUMN_TYPE_CHANGED,
            Impact.BREAKING,
            "column `customer_id` narrows from BIGINT to INTEGER",
            path,
            3,
            "customer_id",
        ),
        Finding(
            "fct_orders_by_day",
            FindingKind.COLUMN_DROPPED,
            Impact.BREAKING,
            "column `discount` (DECIMAL(10,2)) is dropped",
            "models/fct_orders_by_day.sql",
        ),
        Finding(
            "rpt_discounts",
            FindingKind.COLUMN_DROPPED,
            Impact.BREAKING,
            "column `discount` (DECIMAL(10,2)) is dropped",
            "models/rpt_discounts.sql",
        ),
        Finding("rpt_old", FindingKind.MODEL_REMOVED, Impact.BREAKING, "it is removed", "models/rpt_old.sql"),
        Finding(
            "dim_customers",
            FindingKind.COLUMN_MASK_CHANGED,
            Impact.WARNING,
            "column `email` is masked now (hash)",
            sidecar,
            8,
            "email",
        ),
        Finding(
            "fct_orders", FindingKind.COLUMN_REORDERED, Impact.WARNING, "its columns are in another order", path, 2
        ),
        Finding("fct_orders", FindingKind.COLUMN_ADDED, Impact.INFO, "column `channel` (VARCHAR) is added", path, 5),
    )
    removed = (LeftModel("rpt_old", "removed; its relation stays in the warehouse until somebody drops it"),)
    return replace(report, findings=findings, plan=replace(report.plan, removed=removed))


ORDER_KEY = Key(("order_id",), "unique_key", unique_base=True, unique_head=True)
IN_PLACE = "rows of both tables stand in the same order, so each was compared with its partner where it stands"
NARROWED = "rows stand in different orders, so checksums told which columns can differ, and a join by key read those"


def sampled_random() -> Report:
    """Drawn by the hash of the key: one sample with a finding, one without."""
    drawn = Sampled(1_000, 2_400_000, ("order_id",), "random", 0.002991)
    why = "a sample was asked for"
    quiet = ModelDiff(
        "fct_orders",
        SchemaDiff(),
        RowDiff(2_400_000, 2_400_000, 0, 0, 0),
        drawn,
        key=replace(ORDER_KEY, origin="inferred"),
        proof=Proof("join", why),
    )
    found = replace(
        quiet,
        model="fct_order_lines",
        rows=RowDiff(9_100_000, 9_100_250, 2, 0, 17, columns=(ColumnChange("quantity", 17),)),
        coverage=Sampled(1_000, 9_100_250, ("order_id", "line"), "random", 0.002991),
        key=replace(ORDER_KEY, columns=("order_id", "line")),
    )
    return report_of(quiet, found, verdict=Verdict.INCOMPLETE)


def bisection() -> Report:
    """Checksums of parts, where a join would move too much; what they leave to chance is said of equal tables, too."""
    stats = BisectionStats(4_160, 12, 2, depth_capped=False, split="hash_bucket")
    proof = Proof("bisection", "the two sides are in different databases, so a join would move every row", 2e-12, stats)
    rows = RowDiff(
        88_000_000,
        88_000_011,
        added=11,
        removed=0,
        changed=4,
        columns=(ColumnChange("amount", 4),),
        examples=(changed_row("80312", ("amount", "12.00", "-12.00")),),
    )
    found = ModelDiff("fct_payments", SchemaDiff(), rows, EXHAUSTIVE, key=ORDER_KEY, proof=proof)
    equal = replace(same("fct_payouts", 4_100_250), proof=replace(proof, odds=3e-14))
    return report_of(found, equal, verdict=Verdict.CHANGED)


def positions() -> Report:
    """Row by row where they stand, and what is not in order by checksums."""
    lines = ModelDiff(
        "fct_order_lines",
        SchemaDiff(),
        RowDiff(9_100_000, 9_100_000, 0, 0, 9_099_999, columns=(ColumnChange("tax", 9_099_999),)),
        EXHAUSTIVE,
        key=ORDER_KEY,
        proof=Proof("positions", IN_PLACE),
    )
    orders = ModelDiff(
        "fct_orders",
        SchemaDiff(),
        RowDiff(2_400_000, 2_399_998, 0, 2, 0),
        EXHAUSTIVE,
        key=ORDER_KEY,
        proof=Proof("checksums", NARROWED, 1e-12),
    )
    return report_of(lines, orders, verdict=Verdict.CHANGED)


def profile() -> Report:
    """What a difference looks like: numbers, a histogram, slices, categories, and what is read of a sample only."""
    revenue = NumericChange(
        "revenue",
        numbers_of(120_400, "4820133.50", "40.0343314", "0.00", "912.40", nulls=0, distinct=48_112),
        numbers_of(120_400, "4655310.25", "39.0198675", "-88.10", "912.40", nulls=2_950, distinct=47_902),
        Histogram(
            0.0,
            200.0,
            (412, 905, 1_870, 2_411, 1_930, 1_208, 655, 340, 171, 98),
            (1_490, 1_722, 2_004, 1_870, 1_310, 802, 431, 220, 151, 0),
        ),
    )
    orders = NumericChange(
        "orders",
        numbers_of(120_400, "361200", "3", "1", "41", distinct=38),
        numbers_of(120_400, "358811", "2.98015781", "0", "41", distinct=39),
    )
    ages = numbers_of(120_400, "5177200", "43", "18", "99", distinct=80)
    age = NumericChange("age", ages, ages)
    found = ModelDiff(
        "fct_revenue",
        SchemaDiff(),
        RowDiff(
            120_400,
            120_400,
            added=0,
            removed=0,
            changed=31_204,
            columns=(ColumnChange("revenue", 31_204), ColumnChange("orders", 2_389), ColumnChange("status", 412)),
            examples=(
                changed_row("1007", ("revenue", "184.50", "139.50"), ("orders", "4", "3")),
                changed_row("1042", ("revenue", "18.90", None), ("status", "paid", "refunded")),
            ),
        ),
        EXHAUSTIVE,
        key=CUSTOMER_KEY,
        proof=Proof("positions", IN_PLACE),
        profile=Profile(
            rows_examined=10_000,
            rows_differing=31_204,
            numbers=(revenue, orders, age),
            categories=(
                CategoryChange(
                    "status", (ValueMove("paid", 132, 0), ValueMove("refunded", 0, 120), ValueMove(None, 0, 12))
                ),
            ),
            slices=(Slice("country", "DE", 9_195, 0.9195, 0.1094), Slice("channel", None, 1_204, 0.1204, 0.0011)),
        ),
    )
    return report_of(found, verdict=Verdict.CHANGED)


def doubled() -> Report:
    """A join that finds two partners, one that finds none for most rows, and a table that is merely larger."""
    twice = ModelDiff(
        "fct_orders",
        SchemaDiff(),
        RowDiff(12_402, 24_804, added=12_402, removed=0),
        Exhaustive("multiset"),
        key=replace(ORDER_KEY, unique_head=False, duplicate_keys_head=12_402),
    )
    less = ModelDiff(
        "fct_refunds", SchemaDiff(), RowDiff(900, 417, added=0, removed=483, changed=0), EXHAUSTIVE, key=ORDER_KEY
    )
    more = ModelDiff(
        "dim_customers", SchemaDiff(), RowDiff(1_840, 1_990, added=150, removed=0, changed=0), EXHAUSTIVE, CUSTOMER_KEY
    )
    caveats = (
        Caveat(Severity.WARNING, "it has at least twice its rows: 12,402 rows in base, 24,804 in head", "fct_orders"),
        Caveat(Severity.WARNING, "it lost more than half of its rows: 900 rows in base, 417 in head", "fct_refunds"),
    )
    return report_of(more, less, twice, verdict=Verdict.CHANGED, caveats=caveats)


def unstable() -> Report:
    """What another build of the same SQL would bring about, too, measured and not, and what it would not."""
    chance = ModelDiff(
        "stg_events",
        SchemaDiff(),
        RowDiff(1_000, 1_000, 0, 0, 1_000, columns=(ColumnChange("loaded_at", 1_000),)),
        EXHAUSTIVE,
        key=ORDER_KEY,
        unstable=(Unstable("loaded_at", "differs each time: now()", 1_000),),
    )
    mixed = ModelDiff(
        "fct_sessions",
        SchemaDiff(),
        RowDiff(5_210, 5_210, 0, 0, 318, columns=(ColumnChange("first_page", 290), ColumnChange("pages", 41))),
        EXHAUSTIVE,
        key=ORDER_KEY,
        unstable=(
            Unstable("first_page", "may differ: `first_value()` over an order that leaves ties"),
            Unstable("pages", "may differ: `sum()` of floats adds them in any order", 0),
        ),
    )
    rows = ModelDiff(
        "rpt_sample",
        SchemaDiff(),
        RowDiff(100, 100, added=7, removed=7, changed=0),
        EXHAUSTIVE,
        key=ORDER_KEY,
        unstable=(Unstable(None, "may differ: LIMIT without an order"),),
    )
    equal = replace(same("dim_batches", 12), unstable=(Unstable("loaded_at", "now()"),))
    return report_of(chance, mixed, rows, equal, verdict=Verdict.CHANGED)


def paired() -> Report:
    """Rows without a key that belong together all the same, and duplicates among rows with one."""
    events = ModelDiff(
        "raw_events_clean",
        SchemaDiff(),
        RowDiff(
            5_000,
            5_001,
            added=4,
            removed=3,
            changed=12,
            columns=(ColumnChange("page", 12),),
            examples=(
                RowExample(
                    "changed", (), (CellChange("page", "/", "/Home"),), alike=(("visitor", "v-77"), ("at", None))
                ),
            ),
            paired=12,
        ),
        Exhaustive("multiset"),
        proof=Proof("groups", "there is no key"),
    )
    only = replace(events, model="raw_clicks", rows=RowDiff(80, 80, 0, 0, 9, paired=9))
    lines = ModelDiff(
        "stg_order_lines",
        SchemaDiff(),
        RowDiff(9_000, 9_001, added=2, removed=1, changed=40, columns=(ColumnChange("price", 40),), paired=1),
        EXHAUSTIVE,
        key=replace(ORDER_KEY, unique_base=False, duplicate_keys_base=3, unique_head=False, duplicate_keys_head=3),
        proof=Proof("positions", ""),
    )
    return report_of(events, only, lines, verdict=Verdict.CHANGED)


def masked() -> Report:
    """A tag upstream and `mask_columns` keep values back; an error that may quote one is not told."""
    customers = ModelDiff(
        "dim_customers",
        SchemaDiff(),
        RowDiff(
            1_840,
            1_840,
            added=0,
            removed=0,
            changed=312,
            columns=(ColumnChange("email", 312), ColumnChange("city", 12)),
            examples=(
                RowExample(
                    "changed",
                    (("customer_id", "1007"),),
                    (CellChange("email", None, None, masked=True), CellChange("city", "Ulm", "Bonn")),
                ),
            ),
        ),
        EXHAUSTIVE,
        key=CUSTOMER_KEY,
        masked_columns=(
            MaskedColumn("email", "tagged `pii` in `stg_customers`"),
            MaskedColumn("phone", NAMED),
            MaskedColumn("mobile", NAMED),
        ),
    )
    report = report_of(customers, verdict=Verdict.FAILED)
    broken = run("fct_calls", Failed("Conversion Error, whose text is not shown as it may quote values"))
    plan = replace(report.plan, prune_set=(*report.plan.prune_set, planned("fct_calls", "its SQL changed")))
    execution = replace(report.execution, head_runs=(*report.execution.head_runs, broken))
    return replace(report, plan=plan, execution=execution)


SCENARIOS: dict[str, Callable[[], Report]] = {
    scenario.__name__: scenario
    for scenario in (
        no_change,
        no_credentials,
        clone_fallbacks,
        cosmetic,
        column_added,
        columns_changed,
        rows_changed,
        failed,
        emptied,
        sixty_models,
        hostile,
        sampled,
        not_compared,
        budget_breached,
        budget_breached_before,
        gate_exceeded,
        added_removed_renamed,
        multiset_and_duplicates,
        audit_confirmed,
        audit_escaped,
        breaking,
        sampled_random,
        bisection,
        positions,
        profile,
        doubled,
        unstable,
        paired,
        masked,
    )
}
