"""The verdict, and what the reader must know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from rocky_action.domain.audit import Audit, AuditedModel, AuditOutcome, Confirmed, Escaped, NotAudited
from rocky_action.domain.changes import ChangeSet
from rocky_action.domain.cost import CostDelta
from rocky_action.domain.diff import Column, Coverage, Exhaustive, ModelDiff, NotCompared, RowDiff, Sampled, SchemaDiff
from rocky_action.domain.execution import (
    BaselineKind,
    BaseSide,
    Execution,
    Failed,
    Inlined,
    ModelRun,
    NotCloned,
    NotRun,
    RunOutcome,
    RunStatus,
    Side,
    Succeeded,
)
from rocky_action.domain.gate import FailOn
from rocky_action.domain.limit_words import breach_words, gate_words, lifted_words, undecided_words
from rocky_action.domain.limits import Blame, BudgetBreach, Gate, GateBreach, Lifted, Measure, Undecided
from rocky_action.domain.plan import LeftModel, MovedModel, Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Adapter, Projects, Relation
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.report import Caveat, Edge, Provenance, Report, Severity, Verdict
from rocky_action.domain.usage import Usage
from rocky_action.errors import MissingCredentialsError
from rocky_action.stages.report import Evidence, make_report, unchecked_evidence, verdict
from tests.support.sql_models import model, project

MODELS = project([model("a", "SELECT * FROM c"), model("b", "SELECT * FROM a"), model("c")])
PROJECTS = Projects(MODELS, MODELS)
BUILT = Succeeded(Relation("c", "s", "t"), Usage())
EQUAL = RowDiff(5, 5, 0, 0, 0)
FULLY = Exhaustive("keyed")


def diff(
    name: str, rows: RowDiff = EQUAL, coverage: Coverage = FULLY, *, schema: SchemaDiff | None = None
) -> ModelDiff:
    return ModelDiff(name, schema or SchemaDiff(), rows, coverage)


def evidence(
    runs: dict[str, RunOutcome] | None = None,
    diffs: Iterable[ModelDiff] = (),
    *,
    removed: tuple[LeftModel, ...] = (),
    breaches: tuple[BudgetBreach, ...] = (),
    sides: tuple[BaseSide, ...] = (),
) -> Evidence:
    runs = runs or {}
    planned = tuple(PlannedModel(name, PruneReason.CHANGED, "", base_model=name) for name in runs)
    execution = Execution(
        "r", "s", tuple(ModelRun(*one) for one in ((name, Side.HEAD, run) for name, run in runs.items()))
    )
    return Evidence(
        ChangeSet(),
        Plan(planned, removed=removed),
        replace(execution, base_sides=sides),
        tuple(diffs),
        CostDelta(breaches=breaches),
    )


def report(found: Evidence, projects: Projects = PROJECTS, caveats: Iterable[Caveat] = ()) -> Report:
    comparison = Comparison("main", "1" * 40, "topic", "2" * 40)
    provenance = Provenance("0", "x", "2024-01-01T00:00:00Z", "DuckDB")
    return make_report(found, projects, comparison=comparison, provenance=provenance, caveats=caveats)


def said(found: Evidence, projects: Projects = PROJECTS) -> list[tuple[Severity, str | None, str]]:
    return [(caveat.severity, caveat.model, caveat.message) for caveat in report(found, projects).caveats]


def an_audit(*outcomes: AuditOutcome) -> Audit:
    return Audit("seed", 9, tuple(AuditedModel(name, outcome) for name, outcome in zip("abc", outcomes, strict=False)))


class TestAudit:
    CONFIRMED, ESCAPED, UNKNOWN = Confirmed(diff("a")), Escaped("1 row changed"), NotAudited("it is volatile")
    LEFT = tuple(LeftModel(name, "reads nothing that changed") for name in "abc")

    @pytest.mark.parametrize(
        ("outcomes", "expected"),
        [
            ((), Verdict.UNCHANGED),
            ((CONFIRMED,), Verdict.UNCHANGED),
            ((CONFIRMED, UNKNOWN), Verdict.UNCHANGED),
            ((UNKNOWN,), Verdict.INCOMPLETE),
            ((UNKNOWN, ESCAPED), Verdict.FAILED),
            ((CONFIRMED, CONFIRMED, ESCAPED), Verdict.FAILED),
        ],
    )
    def test_one_escape_fails_and_what_is_not_known_confirms_nothing(
        self, outcomes: tuple[AuditOutcome, ...], expected: Verdict
    ) -> None:
        assert verdict(replace(evidence(), audit=an_audit(*outcomes))) is expected

    def test_an_escape_is_no_better_for_other_findings(self) -> None:
        found = evidence({"b": NotRun("x")})
        assert verdict(replace(found, audit=an_audit(self.ESCAPED))) is Verdict.FAILED
        assert verdict(replace(found, audit=an_audit(self.CONFIRMED))) is Verdict.INCOMPLETE

    def test_what_is_said(self) -> None:
        found = replace(evidence(), plan=Plan(skipped=self.LEFT), audit=an_audit(self.ESCAPED, self.UNKNOWN))
        (general, escape, unknown) = said(found)
        assert general[:2] == (Severity.ERROR, None)
        assert "report this as a bug" in general[2]
        assert "s__audit and s__audit__base" in general[2]
        assert escape[:2] == (Severity.ERROR, "a")
        assert escape[2].endswith("differs: 1 row changed")
        assert unknown == (Severity.NOTE, "b", "it was not audited: it is volatile")
        assert said(replace(found, audit=an_audit(self.CONFIRMED))) == []


class TestVerdict:
    def test_nothing_happened(self) -> None:
        assert verdict(evidence()) is Verdict.UNCHANGED

    def test_everything_was_compared_and_is_equal(self) -> None:
        assert verdict(evidence({"a": BUILT}, [diff("a")])) is Verdict.UNCHANGED

    @pytest.mark.parametrize(
        "found",
        [
            diff("a", RowDiff(5, 6, 1, 0, 0)),
            diff("a", RowDiff(5, 5, 0, 0, 1)),
            diff("a", schema=SchemaDiff(added=(Column("x", "INTEGER"),))),
            diff("a", schema=SchemaDiff(reordered=True)),
            replace(diff("a", RowDiff(None, 5), NotCompared("new")), new=True),
        ],
    )
    def test_a_difference(self, found: ModelDiff) -> None:
        assert verdict(evidence({"a": BUILT}, [found])) is Verdict.CHANGED

    @pytest.mark.parametrize("rows", [EQUAL, RowDiff(5, 6, 1, 0, 0)])
    @pytest.mark.parametrize("coverage", [Sampled(3, 5, ("id",)), NotCompared("no")])
    def test_what_was_not_looked_at_is_not_known(self, coverage: Coverage, rows: RowDiff) -> None:
        assert verdict(evidence({"a": BUILT}, [diff("a", rows, coverage)])) is Verdict.INCOMPLETE

    def test_built_and_never_compared(self) -> None:
        assert verdict(evidence({"a": BUILT, "b": BUILT}, [diff("b")])) is Verdict.INCOMPLETE

    def test_planned_and_never_run(self) -> None:
        found = evidence()
        planned = Plan((PlannedModel("a", PruneReason.CHANGED, "", base_model="a"),))
        assert verdict(replace(found, plan=planned)) is Verdict.INCOMPLETE

    def test_an_inlined_model_has_nothing_to_compare(self) -> None:
        assert verdict(evidence({"a": Inlined(), "b": BUILT}, [diff("b")])) is Verdict.UNCHANGED

    def test_not_run(self) -> None:
        assert verdict(evidence({"a": NotRun("no")}, [diff("a", coverage=NotCompared("no"))])) is Verdict.INCOMPLETE

    def test_failed_outweighs_everything(self) -> None:
        found = evidence({"a": Failed("no"), "b": BUILT}, [diff("a", coverage=NotCompared("no")), diff("b")])
        assert verdict(found) is Verdict.FAILED

    def test_a_removed_model(self) -> None:
        assert verdict(evidence(removed=(LeftModel("a", "removed"),))) is Verdict.CHANGED

    def test_a_renamed_model_though_its_rows_are_the_same(self) -> None:
        found = evidence({"a": BUILT}, [diff("a")])
        renamed = Plan((PlannedModel("a", PruneReason.CHANGED, "", base_model="old"),))
        assert verdict(replace(found, plan=renamed)) is Verdict.CHANGED

    @pytest.mark.parametrize("outcome", [BUILT, Inlined()])
    def test_a_relation_that_is_left_behind_though_its_rows_are_the_same(self, outcome: RunOutcome) -> None:
        found = evidence({"a": outcome}, [] if isinstance(outcome, Inlined) else [diff("a")])
        moved = Plan((replace(found.plan.prune_set[0], former="shop.main.a"),))
        assert verdict(found) is Verdict.UNCHANGED
        assert verdict(replace(found, plan=moved)) is Verdict.CHANGED

    def test_a_seed_whose_change_nothing_shows(self) -> None:
        assert verdict(replace(evidence(), unseen=("data/seed.sql",))) is Verdict.INCOMPLETE
        assert report(replace(evidence(), unseen=("data/seed.sql",))).unseen == ("data/seed.sql",)

    @pytest.mark.parametrize(("on_breach", "expected"), [("error", Verdict.FAILED), ("warn", Verdict.UNCHANGED)])
    def test_a_budget(self, on_breach: str, expected: Verdict) -> None:
        breach = BudgetBreach("max_usd", 1, 2, "error" if on_breach == "error" else "warn")
        assert verdict(evidence(breaches=(breach,))) is expected

    @pytest.mark.parametrize("blame", [Blame.BASE, Blame.UNKNOWN])
    def test_a_budget_that_this_change_did_not_exceed(self, blame: Blame) -> None:
        breach = BudgetBreach("max_usd", 1, 2, "error", blame=blame)
        assert verdict(evidence(breaches=(breach,))) is Verdict.UNCHANGED

    def test_a_gate(self) -> None:
        cost = CostDelta(gates=(GateBreach(Gate(Measure.USD, 1), 2),))
        assert verdict(replace(evidence(), cost=cost)) is Verdict.FAILED
        cost = CostDelta(undecided=(Undecided(Gate(Measure.USD, 1), "no"),))
        assert verdict(replace(evidence(), cost=cost)) is Verdict.UNCHANGED


class TestCaveats:
    def test_failed_and_not_run_say_why_and_where(self) -> None:
        found = report(evidence({"a": Failed("no column x"), "b": NotRun("a, which it reads, failed")}))
        assert found.caveats == (
            Caveat(Severity.ERROR, "it failed: no column x", "a", "models/a.sql"),
            Caveat(Severity.WARNING, "it was not run: a, which it reads, failed", "b", "models/b.sql"),
        )

    def test_the_heaviest_first(self) -> None:
        extra = [Caveat(Severity.NOTE, "n"), Caveat(Severity.ERROR, "e", "z")]
        found = report(evidence({"b": NotRun("no"), "a": Failed("no")}), caveats=extra)
        assert [(caveat.severity, caveat.model) for caveat in found.caveats] == [
            (Severity.ERROR, "a"),
            (Severity.ERROR, "z"),
            (Severity.WARNING, "b"),
            (Severity.NOTE, None),
        ]

    def test_a_table_that_became_empty(self) -> None:
        empty = RowDiff(1200, 0, 0, 1200, 0)
        assert said(evidence({"a": BUILT}, [diff("a", empty)])) == [
            (Severity.WARNING, "a", "it became empty: 1,200 rows in base, none in head")
        ]
        assert said(evidence({"a": BUILT}, [diff("a", RowDiff(0, 0, 0, 0, 0))])) == []
        assert said(evidence({"a": BUILT}, [diff("a", RowDiff(5, None), NotCompared("no"))])) == []

    def test_a_table_that_doubled_or_lost_half_of_its_rows(self) -> None:
        doubled, halved = diff("a", RowDiff(1200, 2400, 1200, 0, 0)), diff("b", RowDiff(1200, 599, 0, 601, 0))
        assert said(evidence({"a": BUILT, "b": BUILT}, [doubled, halved])) == [
            (Severity.WARNING, "a", "it has at least twice its rows: 1,200 rows in base, 2,400 in head"),
            (Severity.WARNING, "b", "it lost more than half of its rows: 1,200 rows in base, 599 in head"),
        ]
        assert said(evidence({"a": BUILT}, [diff("a", RowDiff(1200, 600, 0, 600, 0))])) == []
        assert said(evidence({"a": BUILT}, [diff("a", RowDiff(1200, 2399, 1199, 0, 0))])) == []

    def test_a_model_that_could_not_be_cloned(self) -> None:
        found = evidence()
        execution = replace(found.execution, clones=(NotCloned("c", "it does not exist"),))
        assert said(replace(found, execution=execution)) == [
            (Severity.WARNING, "c", "it could not be cloned: it does not exist")
        ]

    def test_a_removed_model_that_is_still_read(self) -> None:
        gone = (LeftModel("c", "removed, but still read by a: nothing will refresh it after the merge", ("a",)),)
        ((severity, name, message),) = said(evidence(removed=gone))
        assert (severity, name) == (Severity.WARNING, "c")
        assert "still read by a" in message
        assert said(evidence(removed=(LeftModel("c", "removed"),))) == []

    def test_a_moved_model_whose_old_relation_is_still_read(self) -> None:
        plan = Plan(moved=(MovedModel("a", "c.s.old", ("b", "c")),))
        ((severity, name, message),) = said(replace(evidence(), plan=plan))
        assert (severity, name) == (Severity.WARNING, "a")
        assert message.startswith(
            "`b`, `c` still read `c.s.old`, where it was built until now: nothing will refresh that"
        )

    def test_production_as_base(self) -> None:
        sides = (BaseSide("a", BaselineKind.EXISTING, Relation("c", "s", "t")),)
        ((severity, name, message),) = said(evidence({"a": BUILT}, [diff("a")], sides=sides))
        assert (severity, name) == (Severity.NOTE, None)
        assert "production as it stands" in message

    def test_a_base_that_could_not_be_built(self) -> None:
        sides = (BaseSide("a", BaselineKind.NONE, note="base could not be built: no column x"),)
        built = evidence({"a": BUILT}, [diff("a", coverage=NotCompared("no base"))], sides=sides)
        assert said(built) == [
            (Severity.WARNING, "a", "it was built but not compared: base could not be built: no column x")
        ]

    def test_a_new_model_needs_no_caveat(self) -> None:
        sides = (BaseSide("a", BaselineKind.NONE, note="the model is new"),)
        assert said(evidence({"a": BUILT}, [diff("a")], sides=sides)) == []

    def test_budgets(self) -> None:
        breaches = (BudgetBreach("max_usd", 1, 2.5, "error"), BudgetBreach("max_duration_ms", 1000, 2000, "warn", "a"))
        project, own = breaches
        assert said(evidence(breaches=breaches)) == [
            (Severity.ERROR, None, breach_words(project)),
            (Severity.WARNING, "a", breach_words(own)),
        ]

    def test_gates(self) -> None:
        over = GateBreach(Gate(Measure.USD, 1), 2)
        unsure, lifted = Undecided(Gate(Measure.BYTES, 1), "no"), Lifted(BudgetBreach("max_usd", 1, 2))
        cost = CostDelta(gates=(over,), undecided=(unsure,), lifted=(lifted,))
        assert said(replace(evidence(), cost=cost)) == [
            (Severity.ERROR, None, gate_words(over, None)),
            (Severity.WARNING, None, undecided_words(unsure)),
            (Severity.NOTE, None, lifted_words(lifted)),
        ]

    def test_settings_and_warnings_of_the_project(self) -> None:
        head = replace(MODELS, adapter=Adapter("default", "duckdb", {"path": "x"}), warnings=("unknown key",))
        for found, seen in (
            (evidence(), "what that does to the data is not shown"),
            (evidence({"a": BUILT}), "both sides were read through head's"),
        ):
            assert [(severity, message) for severity, _, message in said(found, Projects(MODELS, head))] == [
                (Severity.WARNING, f"The adapter's settings changed; {seen}."),
                (Severity.NOTE, "unknown key"),
            ]


def test_edges_lead_to_what_runs() -> None:
    assert report(evidence({"a": BUILT, "b": BUILT})).edges == (Edge("c", "a"), Edge("a", "b"))


# Without credentials


NO_LOGIN = MissingCredentialsError("TOKEN is not set", advice="Set it.")


def unchecked() -> Evidence:
    planned = (
        PlannedModel("a", PruneReason.CHANGED, "", base_model="a"),
        PlannedModel("b", PruneReason.DOWNSTREAM, ""),
    )
    removed = (LeftModel("c", "removed"),)
    return unchecked_evidence(ChangeSet(), Plan(planned, removed=removed), schema="branch__x", err=NO_LOGIN)


def test_what_nobody_could_check_is_never_a_success() -> None:
    found = unchecked()
    assert verdict(found) is Verdict.NOT_CHECKED
    assert Verdict.INCOMPLETE.rank < Verdict.NOT_CHECKED.rank < Verdict.FAILED.rank
    assert found.execution.status is RunStatus.PLANNED
    assert [isinstance(run.outcome, NotRun) for run in found.execution.head_runs] == [True, True]
    assert [isinstance(diff.coverage, NotCompared) for diff in found.diffs] == [True, True]
    assert [(diff.new, diff.rows.rows_base, diff.rows.rows_head) for diff in found.diffs] == [
        (False, None, None),
        (True, None, None),
    ]
    assert found.cost.unknown == ("a", "b")


def test_and_one_caveat_says_why() -> None:
    (caveat,) = report(unchecked()).caveats
    assert caveat == Caveat(Severity.WARNING, "Nothing was run and nothing was compared: TOKEN is not set. Set it.")


@pytest.mark.parametrize("gate", FailOn)
def test_no_gate_fails_it(gate: FailOn) -> None:
    assert not gate.fails(Verdict.NOT_CHECKED)
    assert gate.fails(Verdict.FAILED) is (gate is not FailOn.NEVER)
