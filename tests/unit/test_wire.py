"""Rocky's own SDK reads what we write, field by field, and what we do not know is null or named as unknown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rocky_sdk.types_generated.preview_cost_schema import PreviewCostOutput
from rocky_sdk.types_generated.preview_create_schema import PreviewCreateOutput
from rocky_sdk.types_generated.preview_diff_schema import (
    PreviewDiffOutput,
    PreviewModelDiff,
    PreviewModelDiffAlgorithm1,
    PreviewModelDiffAlgorithm2,
)

from rocky_action import __version__
from rocky_action.domain.audit import Audit, AuditedModel, Confirmed, Escaped, NotAudited
from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange
from rocky_action.domain.cost import NOTHING, CostDelta, CostSource, Fate, Figures, ModelCost, RecordedIn
from rocky_action.domain.diff import (
    BisectionStats,
    CategoryChange,
    CellChange,
    Column,
    ColumnChange,
    Coverage,
    Exhaustive,
    Histogram,
    Key,
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
    ValueMove,
)
from rocky_action.domain.execution import (
    BaselineKind,
    BaseSide,
    Cloned,
    CloneMethod,
    Execution,
    Failed,
    Inlined,
    ModelRun,
    NotCloned,
    NotRun,
    Side,
    Succeeded,
)
from rocky_action.domain.findings import Finding, FindingKind, Impact
from rocky_action.domain.limits import BudgetBreach
from rocky_action.domain.plan import LeftModel, Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Relation
from rocky_action.domain.pull_request import ChangedPath, Comparison, PathStatus
from rocky_action.domain.report import Caveat, Edge, Provenance, Report, Severity, Verdict
from rocky_action.domain.usage import Usage
from rocky_action.errors import InputError
from rocky_action.wire.compare import compare_document
from rocky_action.wire.cost import cost_document
from rocky_action.wire.create import create_document
from rocky_action.wire.diff import Told, diff_document
from rocky_action.wire.document import to_json
from rocky_action.wire.plan import plan_document
from rocky_action.wire.report import parse_report, report_json

COMPARISON = Comparison("main", "b" * 40, "fix/price", "c" * 40, (ChangedPath(PathStatus.RENAMED, "é.sql", "e.sql"),))
CHANGES = ChangeSet(
    (
        ModelChange("dim", ChangeKind.COLUMNS, "models/dim.sql", "one column is new", columns=("cohort",)),
        ModelChange("fct", ChangeKind.ROWS, "models/fct.sql", "WHERE differs"),
        ModelChange("new_name", ChangeKind.RENAMED, "models/new_name.sql", "was old_name", renamed_from="old_name"),
        ModelChange("stg", ChangeKind.COSMETIC, "models/stg.sql", "layout"),
    )
)
PLAN = Plan(
    prune_set=(
        PlannedModel("dim", PruneReason.CHANGED, "a column is new", ("cohort",)),
        PlannedModel("fct", PruneReason.CHANGED, "its rows change"),
        PlannedModel("clv", PruneReason.DOWNSTREAM, "reads fct.revenue", ("revenue",), after=("fct",)),
        PlannedModel("part", PruneReason.DOWNSTREAM, "reads fct"),
    ),
    copy_set=(
        LeftModel("orders", "fct reads it"),
        LeftModel("refused", "fct reads it"),
        LeftModel("untried", "clv reads it"),
    ),
    skipped=(LeftModel("daily", "nothing it reads changed"),),
    removed=(LeftModel("gone", "deleted"),),
)
PREVIEW = "branch__fix_price_pr7"
EXECUTION = Execution(
    run_id="run-1",
    schema=PREVIEW,
    head_runs=(
        ModelRun("dim", Side.HEAD, Succeeded(Relation("shop", PREVIEW, "dim"), Usage(5, 360, None), "all partitions")),
        ModelRun("fct", Side.HEAD, Failed('column "x" not found')),
        ModelRun("clv", Side.HEAD, NotRun("fct failed")),
        ModelRun("part", Side.HEAD, Inlined()),
    ),
    base_runs=(ModelRun("dim", Side.BASE, Succeeded(Relation("", f"{PREVIEW}__base", "dim"), Usage())),),
    clones=(
        Cloned("orders", Relation("shop", "staging", "orders"), Relation("shop", PREVIEW, "orders"), CloneMethod.VIEW),
        NotCloned("refused", "it does not exist"),
    ),
    base_sides=(
        BaseSide("dim", BaselineKind.REBUILT, Relation("", f"{PREVIEW}__base", "dim")),
        BaseSide("fct", BaselineKind.NONE, note="new"),
    ),
    duration_ms=1234,
)

KEY = Key(("id",), "unique_key", unique_base=True, unique_head=True, null_rows_base=1, null_rows_head=2)
PAIR = Key(("id", "month"), "test", unique_base=True, unique_head=True)
SCHEMA = SchemaDiff(
    added=(Column("cohort", "VARCHAR"),),
    removed=(Column("old", "DATE"),),
    type_changes=(TypeChange("amount", "INTEGER", "DECIMAL(12,2)"),),
    reordered=True,
)
EXAMPLES = (
    RowExample("changed", (("id", "7"),), (CellChange("revenue", "1.50", None), CellChange("email", "a", "b", True))),
    RowExample("changed", (("id", None), ("month", "2025-01")), (CellChange("revenue", "", "2"),)),
    RowExample("removed", (("id", "8"),), (CellChange("revenue", "9", None),)),
    RowExample("added", (), (CellChange("revenue", None, "3"),), count=2),
)
KEYED = ModelDiff(
    model="keyed",
    schema=SCHEMA,
    rows=RowDiff(100, 99, 2, 3, 4, (ColumnChange("revenue", 4),), EXAMPLES),
    coverage=Exhaustive("keyed"),
    key=KEY,
    compared_columns=("id", "revenue"),
    ignored_columns=("loaded_at",),
    notes=("the clock moved",),
)
MULTISET = ModelDiff("multiset", SchemaDiff(), RowDiff(10, 10, 1, 1), Exhaustive("multiset"))
SAMPLED = ModelDiff("sampled", SchemaDiff(), RowDiff(900, 900, 0, 0, 0), Sampled(50, 900, ("id", "month")), key=PAIR)
NOT_COMPARED = ModelDiff("refused", SchemaDiff(), RowDiff(None, 10), NotCompared("base could not be rebuilt"))
NEW = ModelDiff("new", SCHEMA, RowDiff(None, 12), NotCompared("base does not have it"), new=True)
EQUAL = ModelDiff("equal", SchemaDiff(), RowDiff(5, 5, 0, 0, 0), Exhaustive("keyed"), key=PAIR)
PROFILED = replace(
    KEYED,
    proof=Proof("checksums", "16 columns", 1e-12),
    profile=Profile(
        3,
        9,
        (
            NumericChange(
                "revenue",
                Numbers(100, 0, 40, "9.5", "1", "0", "9.5"),
                Numbers(99, 99, 0, None, None, None, None, distinct_exact=True),
                Histogram(0.0, 9.5, (1, 2), (2, 1)),
            ),
        ),
        (CategoryChange("status", (ValueMove(None, 3, 0),)),),
        (Slice("country", "DE", 3, 1.0, 0.25),),
    ),
    unstable=(Unstable("at", "now()", 4), Unstable(None, "LIMIT without an order")),
)

COST = CostDelta(
    models=(
        ModelCost("dim", Figures(10, 100, 0.5, CostSource.RECORDED), Figures(20, 300, 0.75, CostSource.MEASURED)),
        ModelCost("fct", None, Figures(7, None, None, CostSource.MEASURED)),
        ModelCost("orders", Figures(40, None, 0.25, CostSource.RECORDED), None, Fate.COPIED),
        ModelCost("clv", Figures(3, None, None, CostSource.RECORDED), None),
        ModelCost("fresh", NOTHING, Figures(0, None, 0.0, CostSource.MEASURED), Fate.NEW),
    ),
    base_usd=0.5,
    head_usd=0.75,
    delta_usd=0.25,
    savings_usd=0.25,
    head_bytes_scanned=300,
    head_duration_ms=27,
    unknown=("fct",),
    breaches=(
        BudgetBreach("max_usd", 0.5, 0.75, "error"),
        BudgetBreach("max_duration_ms", 10, 20, "warn", model="dim"),
    ),
    recorded=(RecordedIn("run-0", "2026-11-20T03:00:00+00:00"),),
    preview_duration_ms=4321,
)
DROPPED = Finding("dim", FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `x` is dropped", "models/dim.sql", 3, "x")
REPORT = Report(
    verdict=Verdict.FAILED,
    comparison=COMPARISON,
    changes=CHANGES,
    plan=PLAN,
    execution=EXECUTION,
    diffs=(KEYED, MULTISET, SAMPLED, NOT_COMPARED, NEW),
    cost=COST,
    provenance=Provenance("0.1.0", "fix_price_pr7", "2025-07-01T09:00:00Z", "DuckDB 2.0.0"),
    caveats=(Caveat(Severity.ERROR, "fct failed", model="fct"),),
    edges=(Edge("fct", "clv"),),
    findings=(DROPPED,),
)


AUDIT = Audit(
    "seed",
    eligible=9,
    models=(
        AuditedModel("a", Confirmed(REPORT.diffs[0])),
        AuditedModel("b", Escaped("1 row changed", REPORT.diffs[1])),
        AuditedModel("c", Escaped("it fails, and base's does not: no"), drawn=False),
        AuditedModel("d", NotAudited("it is not deterministic")),
    ),
    duration_ms=12,
)


def diff_json(*diffs: ModelDiff) -> dict[str, Any]:
    document = diff_document(COMPARISON, diffs, name="n", markdown="# md")
    parsed: dict[str, Any] = json.loads(to_json(document))
    return parsed


def read_by_sdk(diff: ModelDiff) -> PreviewModelDiff:
    return PreviewDiffOutput.model_validate(diff_json(diff)).models[0]


class TestAudit:
    def test_the_sdk_reads_a_diff_with_an_audit(self) -> None:
        document = json.loads(to_json(diff_document(COMPARISON, [KEYED], name="n", markdown="", told=Told(AUDIT))))
        assert PreviewDiffOutput.model_validate(document).models[0].model_name == KEYED.model
        audit = document["audit"]
        assert (audit["seed"], audit["eligible"], audit["decided"], audit["escapes"]) == ("seed", 9, 3, 2)
        assert [(one["model_name"], one["outcome"], one["reason"], one["drawn"]) for one in audit["models"]] == [
            ("a", "confirmed", None, True),
            ("b", "escaped", "1 row changed", True),
            ("c", "escaped", "it fails, and base's does not: no", False),
            ("d", "not_audited", "it is not deterministic", True),
        ]

    def test_without_one_it_is_null(self) -> None:
        assert diff_json(KEYED)["audit"] is None

    def test_the_report_survives_the_round_trip(self) -> None:
        report = replace(REPORT, audit=AUDIT)
        assert parse_report(report_json(report)) == report


class TestCreate:
    document = create_document(COMPARISON, PLAN, changes=CHANGES, execution=EXECUTION, name="fix_price_pr7")
    raw = json.loads(to_json(document))

    def test_the_sdk_reads_every_field(self) -> None:
        read = PreviewCreateOutput.model_validate(self.raw)
        assert (read.version, read.command) == (__version__, "preview-create")
        assert (read.branch_name, read.branch_schema) == ("fix_price_pr7", PREVIEW)
        assert (read.base_ref, read.head_ref) == ("main", "fix/price")
        assert [(pruned.model_name, pruned.reason, pruned.changed_columns) for pruned in read.prune_set] == [
            ("dim", "changed", ["cohort"]),
            ("fct", "changed", []),
            ("clv", "downstream_of_changed", None),
            ("part", "downstream_of_changed", None),
        ]
        assert [copied.model_dump() for copied in read.copy_set] == [
            {"model_name": "orders", "source_schema": "staging", "target_schema": PREVIEW, "copy_strategy": "view"}
        ]
        assert read.skipped_set == ["daily"]
        assert (read.run_id, read.run_status, read.duration_ms) == ("run-1", "partial", 1234)

    def test_findings_are_a_list_of_our_own(self) -> None:
        document = create_document(COMPARISON, PLAN, changes=CHANGES, execution=EXECUTION, name="n", findings=[DROPPED])
        text = to_json(document)
        assert PreviewCreateOutput.model_validate_json(text).branch_name == "n"
        of_diff = to_json(diff_document(COMPARISON, (), name="n", markdown="", told=Told(findings=[DROPPED])))
        assert PreviewDiffOutput.model_validate_json(of_diff).branch_name == "n"
        of_plan = to_json(plan_document(COMPARISON, PLAN, changes=CHANGES, findings=[DROPPED]))
        expected = {
            "model_name": "dim",
            "kind": "column_dropped",
            "severity": "breaking",
            "message": "column `x` is dropped",
            "path": "models/dim.sql",
            "line": 3,
            "column": "x",
        }
        assert [json.loads(one)["findings"] for one in (text, of_diff, of_plan)] == [[expected]] * 3

    def test_an_unknown_usage_is_null(self) -> None:
        runs = {(run["model_name"], run["side"]): run for run in self.raw["runs"]}
        assert runs["dim", "head"] == {
            "model_name": "dim",
            "side": "head",
            "outcome": "succeeded",
            "relation": f"shop.{PREVIEW}.dim",
            "duration_ms": 5,
            "rows": 360,
            "bytes_scanned": None,
            "bytes_billed": None,
            "slot_ms": None,
            "credits": None,
            "reason": "all partitions",
        }
        assert runs["dim", "base"]["duration_ms"] is None
        assert runs["dim", "base"]["rows"] is None
        assert runs["dim", "base"]["relation"] == f"{PREVIEW}__base.dim"

    def test_every_outcome_says_why(self) -> None:
        head = {run["model_name"]: (run["outcome"], run["reason"]) for run in self.raw["runs"] if run["side"] == "head"}
        assert head == {
            "dim": ("succeeded", "all partitions"),
            "fct": ("failed", 'column "x" not found'),
            "clv": ("not_run", "fct failed"),
            "part": ("inlined", None),
        }

    def test_what_we_know_beyond_the_contract_is_there(self) -> None:
        assert (self.raw["merge_base"], self.raw["head_commit"]) == ("b" * 40, "c" * 40)
        assert [(p["why"], p["change"], p["affected_columns"]) for p in self.raw["prune_set"]] == [
            ("a column is new", "columns", ["cohort"]),
            ("its rows change", "rows", []),
            ("reads fct.revenue", None, ["revenue"]),
            ("reads fct", None, []),
        ]
        assert self.raw["copy_set"][0]["why"] == "fct reads it"
        assert self.raw["copy_set"][0]["source"] == "shop.staging.orders"
        assert self.raw["not_copied"] == [
            {"model_name": "refused", "why": "it does not exist"},
            {"model_name": "untried", "why": "copying was not asked for"},
        ]
        assert self.raw["skipped"] == [{"model_name": "daily", "why": "nothing it reads changed"}]
        assert self.raw["removed_set"] == ["gone"]
        assert self.raw["removed"] == [{"model_name": "gone", "why": "deleted"}]
        assert self.raw["baselines"][1] == {"model_name": "fct", "kind": "none", "relation": None, "note": "new"}

    def test_a_preview_that_runs_nothing_has_no_run_id(self) -> None:
        nothing = create_document(
            COMPARISON, Plan(), changes=ChangeSet(), execution=Execution("run-2", PREVIEW), name="n"
        )
        read = PreviewCreateOutput.model_validate_json(to_json(nothing))
        assert (read.run_id, read.run_status, read.prune_set) == ("", "succeeded", [])


class TestDiff:
    def test_the_sdk_reads_a_keyed_diff(self) -> None:
        read = read_by_sdk(KEYED)
        assert read.model_name == "keyed"
        assert read.structural.model_dump(by_alias=True) == {
            "added_columns": ["cohort"],
            "removed_columns": ["old"],
            "type_changes": [{"name": "amount", "from": "INTEGER", "to": "DECIMAL(12,2)"}],
        }
        assert isinstance(read.algorithm, PreviewModelDiffAlgorithm2)
        rows = read.algorithm.diff
        assert (rows.rows_added, rows.rows_removed, rows.rows_changed) == (2, 3, 4)
        assert read.algorithm.bisection_stats.model_dump() == {
            "chunks_examined": 1,
            "leaves_materialized": 1,
            "depth_max": 0,
            "depth_capped": False,
            "split_strategy": "hash_bucket",
            "null_pk_rows_base": 1,
            "null_pk_rows_branch": 2,
        }

    def test_samples_are_the_changed_rows_as_text(self) -> None:
        algorithm = read_by_sdk(KEYED).algorithm
        assert isinstance(algorithm, PreviewModelDiffAlgorithm2)
        assert [sample.model_dump() for sample in algorithm.diff.samples or []] == [
            {
                "primary_key": "7",
                "changes": [
                    {"column": "revenue", "base_value": "1.50", "branch_value": "NULL"},
                    {"column": "email", "base_value": "(masked)", "branch_value": "(masked)"},
                ],
            },
            {
                "primary_key": "id=NULL, month=2025-01",
                "changes": [{"column": "revenue", "base_value": "", "branch_value": "2"}],
            },
        ]

    def test_examples_tell_null_from_text_and_show_all_kinds(self) -> None:
        examples = diff_json(KEYED)["models"][0]["examples"]
        assert [(e["kind"], e["count"]) for e in examples] == [
            ("changed", 1),
            ("changed", 1),
            ("removed", 1),
            ("added", 2),
        ]
        assert examples[0]["cells"] == [
            {"column": "revenue", "base_value": "1.50", "head_value": None, "masked": False},
            {"column": "email", "base_value": None, "head_value": None, "masked": True},
        ]
        assert examples[1]["key"] == [{"column": "id", "value": None}, {"column": "month", "value": "2025-01"}]

    def test_what_we_know_beyond_the_contract_is_there(self) -> None:
        raw = diff_json(KEYED)
        model = raw["models"][0]
        assert (raw["merge_base"], raw["head_ref"], raw["head_commit"]) == ("b" * 40, "fix/price", "c" * 40)
        assert model["coverage"] == {"kind": "exhaustive", "method": "keyed"}
        assert (model["rows_base"], model["rows_head"]) == (100, 99)
        assert model["columns"] == [{"name": "revenue", "rows_changed": 4}]
        assert model["key"] == {
            "columns": ["id"],
            "origin": "unique_key",
            "unique_base": True,
            "unique_head": True,
            "null_base": 1,
            "null_head": 2,
            "duplicates_base": 0,
            "duplicates_head": 0,
        }
        assert model["structural"]["added"] == [{"name": "cohort", "type": "VARCHAR"}]
        assert model["structural"]["reordered"] is True
        assert (model["compared_columns"], model["ignored_columns"]) == (["id", "revenue"], ["loaded_at"])
        assert model["notes"] == ["the clock moved"]
        assert model["not_compared_reason"] is None

    def test_a_multiset_says_that_changed_rows_are_not_known(self) -> None:
        raw = diff_json(MULTISET)
        algorithm = read_by_sdk(MULTISET).algorithm
        assert isinstance(algorithm, PreviewModelDiffAlgorithm2)
        assert (algorithm.diff.rows_added, algorithm.diff.rows_removed, algorithm.diff.rows_changed) == (1, 1, 0)
        assert raw["models"][0]["rows_changed_known"] is False
        assert raw["models"][0]["key"] is None
        assert raw["models"][0]["coverage"]["method"] == "multiset"
        assert raw["summary"]["rows_changed_known"] is False
        assert raw["summary"]["any_coverage_warning"] is False

    def test_a_composite_key_is_named_as_such(self) -> None:
        algorithm = read_by_sdk(EQUAL).algorithm
        assert isinstance(algorithm, PreviewModelDiffAlgorithm2)
        assert algorithm.bisection_stats.split_strategy == "composite"

    def test_a_sample_is_a_sample(self) -> None:
        read = read_by_sdk(SAMPLED)
        assert isinstance(read.algorithm, PreviewModelDiffAlgorithm1)
        assert read.algorithm.sampling_window.model_dump() == {
            "ordered_by": "id, month",
            "limit": 50,
            "coverage": "first_n_by_order",
            "coverage_warning": True,
        }
        assert (read.algorithm.sampled.rows_added, read.algorithm.sampled.rows_removed) == (0, 0)
        assert diff_json(SAMPLED)["models"][0]["coverage"] == {
            "kind": "sampled",
            "rows_compared": 50,
            "rows_total": 900,
            "ordered_by": ["id", "month"],
            "order": "first",
            "detectable_share": None,
        }

    def test_a_random_sample_is_the_first_keys_by_their_hash(self) -> None:
        drawn = replace(SAMPLED, coverage=Sampled(50, 900, ("id", "month"), "random", 0.058))
        read = read_by_sdk(drawn)
        assert isinstance(read.algorithm, PreviewModelDiffAlgorithm1)
        assert read.algorithm.sampling_window.model_dump() == {
            "ordered_by": "hash(id, month)",
            "limit": 50,
            "coverage": "first_n_by_order",
            "coverage_warning": True,
        }
        coverage = diff_json(drawn)["models"][0]["coverage"]
        assert (coverage["order"], coverage["detectable_share"]) == ("random", 0.058)

    def test_a_sample_is_never_complete(self) -> None:
        """However many rows it names: one that held all of them is reported as exhaustive where it was taken."""
        whole = replace(SAMPLED, coverage=Sampled(900, 900, ("id",)))
        read = PreviewDiffOutput.model_validate(diff_json(whole))
        assert isinstance(read.models[0].algorithm, PreviewModelDiffAlgorithm1)
        assert read.models[0].algorithm.sampling_window.coverage_warning is True
        assert read.summary.any_coverage_warning is True
        assert (read.summary.models_unchanged, read.summary.models_unknown) == (0, 1)

    def test_bisection_stats_are_those_of_the_bisection(self) -> None:
        stats = BisectionStats(129, 3, 2, depth_capped=True, split="int_range")
        algorithm = read_by_sdk(replace(KEYED, proof=Proof("bisection", "why", 1e-12, stats))).algorithm
        assert isinstance(algorithm, PreviewModelDiffAlgorithm2)
        assert algorithm.bisection_stats.model_dump() == {
            "chunks_examined": 129,
            "leaves_materialized": 3,
            "depth_max": 2,
            "depth_capped": True,
            "split_strategy": "int_range",
            "null_pk_rows_base": 1,
            "null_pk_rows_branch": 2,
        }

    def test_proof_profile_and_unstable_columns_are_there(self) -> None:
        model = diff_json(PROFILED)["models"][0]
        assert model["proof"] == {"way": "checksums", "why": "16 columns", "odds": 1e-12, "bisection": None}
        assert model["profile"]["rows_examined"] == 3
        assert model["profile"]["numbers"][0]["histogram"] == {"low": 0.0, "high": 9.5, "base": [1, 2], "head": [2, 1]}
        assert model["profile"]["numbers"][0]["head"]["sum"] is None
        assert model["profile"]["categories"][0]["values"] == [{"value": None, "base": 3, "head": 0}]
        assert model["profile"]["slices"][0]["share_of_table"] == 0.25
        assert model["unstable"] == [
            {"column": "at", "why": "now()", "rows_differing": 4},
            {"column": None, "why": "LIMIT without an order", "rows_differing": None},
        ]
        compared = json.loads(to_json(compare_document(PROFILED)))
        assert (compared["proof"], compared["profile"]) == (model["proof"], model["profile"])
        equal = diff_json(EQUAL)["models"][0]
        assert (equal["proof"]["way"], equal["profile"], equal["unstable"]) == ("nothing", None, [])

    @pytest.mark.parametrize(
        "diff",
        [
            replace(MULTISET, rows=RowDiff(10, 10, 1, 1, 2, paired=2)),
            replace(KEYED, key=replace(KEY, unique_head=False, duplicate_keys_head=1)),
        ],
    )
    def test_without_a_unique_key_changed_rows_are_not_all_known(self, diff: ModelDiff) -> None:
        raw = diff_json(diff)
        algorithm = read_by_sdk(diff).algorithm
        assert isinstance(algorithm, PreviewModelDiffAlgorithm2)
        assert algorithm.diff.rows_changed == diff.rows.changed
        assert raw["models"][0]["rows_changed_known"] is False
        assert raw["summary"]["rows_changed_known"] is False
        assert raw["models"][0]["rows_paired"] == diff.rows.paired
        compared = json.loads(to_json(compare_document(diff)))
        assert (compared["rows_changed"], compared["rows_paired"]) == (diff.rows.changed, diff.rows.paired)

    def test_not_compared_is_null_and_says_why(self) -> None:
        raw = diff_json(NOT_COMPARED)
        read = PreviewDiffOutput.model_validate(raw)
        algorithm = read.models[0].algorithm
        assert isinstance(algorithm, PreviewModelDiffAlgorithm1)
        assert (algorithm.sampled.rows_added, algorithm.sampled.rows_removed) == (None, None)
        assert algorithm.sampling_window.coverage == "not_yet_sampled"
        assert algorithm.sampling_window.coverage_warning is True
        assert raw["models"][0]["not_compared_reason"] == "base could not be rebuilt"
        assert raw["models"][0]["rows_base"] is None
        assert raw["models"][0]["algorithm"]["sampled"]["rows_added"] is None
        assert (read.summary.models_unknown, read.summary.models_unchanged, read.summary.models_with_changes) == (
            1,
            0,
            0,
        )

    @pytest.mark.parametrize("rows", [RowDiff(5, 5), RowDiff(5, 5, None, 0), RowDiff(5, 5, 0, None)])
    def test_an_exhaustive_diff_without_counts_claims_nothing(self, rows: RowDiff) -> None:
        broken = replace(EQUAL, rows=rows)
        read = PreviewDiffOutput.model_validate(diff_json(broken))
        assert isinstance(read.models[0].algorithm, PreviewModelDiffAlgorithm1)
        assert read.models[0].algorithm.sampled.rows_added == rows.added
        assert read.models[0].algorithm.sampled.rows_removed == rows.removed
        assert (read.summary.models_unknown, read.summary.any_coverage_warning) == (1, True)

    @pytest.mark.parametrize("coverage", [NotCompared("base does not have it"), Exhaustive("keyed")])
    def test_all_rows_of_a_new_model_are_added(self, coverage: Coverage) -> None:
        raw = diff_json(replace(NEW, coverage=coverage))
        read = PreviewDiffOutput.model_validate(raw)
        assert (read.summary.total_rows_added, read.summary.total_rows_removed) == (12, 0)
        assert (read.summary.models_with_changes, read.summary.any_coverage_warning) == (1, False)
        assert raw["models"][0]["new"] is True

    def test_not_compared_is_a_warning_whatever_is_claimed(self) -> None:
        claimed = replace(NOT_COMPARED, rows=RowDiff(5, 5, 0, 0, 0))
        summary = PreviewDiffOutput.model_validate(diff_json(claimed)).summary
        assert (summary.models_unknown, summary.any_coverage_warning) == (1, True)

    def test_a_new_model_that_nobody_counted_is_a_warning(self) -> None:
        read = PreviewDiffOutput.model_validate(diff_json(replace(NEW, rows=RowDiff(None, None))))
        assert read.summary.any_coverage_warning is True

    def test_the_summary_adds_up(self) -> None:
        raw = diff_json(KEYED, MULTISET, SAMPLED, NOT_COMPARED, NEW, EQUAL)
        summary = PreviewDiffOutput.model_validate(raw).summary
        assert summary.model_dump() == {
            "models_with_changes": 3,
            "models_unchanged": 1,
            "models_unknown": 2,
            "total_rows_added": 2 + 1 + 12,
            "total_rows_removed": 3 + 1,
            "total_rows_changed": 4,
            "any_coverage_warning": True,
        }

    def test_an_equal_model_is_unchanged_without_a_warning(self) -> None:
        summary = PreviewDiffOutput.model_validate(diff_json(EQUAL)).summary
        assert (summary.models_unchanged, summary.any_coverage_warning) == (1, False)

    def test_another_number_of_rows_is_a_change_though_nothing_was_compared(self) -> None:
        counted = replace(NOT_COMPARED, rows=RowDiff(9, 10))
        summary = PreviewDiffOutput.model_validate(diff_json(counted)).summary
        assert (summary.models_with_changes, summary.any_coverage_warning) == (1, True)


class TestCost:
    document = cost_document(COST, EXECUTION, name="n", markdown="# cost")
    raw = json.loads(to_json(document))

    def test_the_sdk_reads_every_field(self) -> None:
        read = PreviewCostOutput.model_validate(self.raw)
        assert (read.version, read.command, read.branch_name) == (__version__, "preview-cost", "n")
        assert (read.branch_run_id, read.base_run_id, read.markdown) == ("run-1", "run-0", "# cost")
        assert read.per_model[0].model_dump() == {
            "model_name": "dim",
            "skipped_via_copy": False,
            "base_duration_ms": 10,
            "branch_duration_ms": 20,
            "base_bytes_scanned": 100,
            "branch_bytes_scanned": 300,
            "base_cost_usd": 0.5,
            "branch_cost_usd": 0.75,
            "delta_usd": 0.25,
        }
        assert read.summary.model_dump() == {
            "models_skipped_via_copy": 1,
            "total_base_cost_usd": 0.5,
            "total_branch_cost_usd": 0.75,
            "delta_usd": 0.25,
            "savings_from_copy_usd": 0.25,
            "total_branch_duration_ms": 27,
            "total_branch_bytes_scanned": 300,
        }
        assert [breach.model_dump() for breach in read.projected_budget_breaches or []] == [
            {"limit_type": "max_usd", "limit": 0.5, "actual": 0.75}
        ]
        assert [breach.model_dump() for breach in read.projected_per_model_budget_breaches or []] == [
            {"model_name": "dim", "limit_type": "max_duration_ms", "limit": 10, "actual": 20, "on_breach": "warn"}
        ]

    def test_unknown_figures_are_null_and_unknown_durations_are_named(self) -> None:
        read = PreviewCostOutput.model_validate(self.raw)
        fct, orders, clv, fresh = read.per_model[1:]
        assert (fct.base_duration_ms, fct.base_cost_usd, fct.branch_cost_usd, fct.delta_usd) == (0, None, None, None)
        assert (orders.skipped_via_copy, orders.branch_duration_ms, orders.delta_usd) == (True, 0, None)
        assert (clv.base_duration_ms, clv.branch_duration_ms) == (3, 0)
        assert (fresh.base_duration_ms, fresh.base_cost_usd, fresh.delta_usd) == (0, 0.0, 0.0)
        assert [model["new"] for model in self.raw["per_model"]] == [False, False, False, False, True]
        assert self.raw["unknown"] == ["clv", "fct"]
        assert [(m["base_source"], m["branch_source"]) for m in self.raw["per_model"]] == [
            ("recorded", "measured"),
            ("unknown", "measured"),
            ("recorded", "unknown"),
            ("recorded", "unknown"),
            ("measured", "measured"),
        ]

    def test_no_total_is_null_and_not_zero(self) -> None:
        document = cost_document(CostDelta(), Execution("run-3", PREVIEW), name="n", markdown="")
        read = PreviewCostOutput.model_validate_json(to_json(document))
        assert read.branch_run_id == ""
        assert read.base_run_id is None
        assert read.summary.total_base_cost_usd is None
        assert read.summary.savings_from_copy_usd is None
        assert read.summary.total_branch_bytes_scanned is None

    def test_the_breach_of_the_project_says_what_follows(self) -> None:
        assert self.raw["projected_budget_breaches"][0]["on_breach"] == "error"
        assert self.raw["summary"]["preview_duration_ms"] == 4321


class TestPlanAndCompare:
    def test_the_plan_has_the_documented_fields(self) -> None:
        said = Caveat(Severity.WARNING, "line 2 of it", "clv", "models/clv.rocky")
        raw = json.loads(to_json(plan_document(COMPARISON, PLAN, changes=CHANGES, caveats=[said])))
        assert raw["warnings"] == [{"model_name": "clv", "path": "models/clv.rocky", "message": "line 2 of it"}]
        assert raw["command"] == "preview-plan"
        assert (raw["base_ref"], raw["merge_base"], raw["head_ref"]) == ("main", "b" * 40, "fix/price")
        assert raw["changes"][0] == {
            "model_name": "dim",
            "kind": "columns",
            "columns": ["cohort"],
            "path": "models/dim.sql",
            "why": "one column is new",
            "renamed_from": None,
            "renamed_columns": [],
        }
        assert raw["changes"][2]["renamed_from"] == "old_name"
        assert raw["prune_set"][2] == {
            "model_name": "clv",
            "reason": "downstream_of_changed",
            "changed_columns": ["revenue"],
            "why": "reads fct.revenue",
        }
        assert raw["copy_set"] == ["orders", "refused", "untried"]
        assert (raw["skipped_set"], raw["removed_set"]) == (["daily"], ["gone"])

    def test_every_model_has_its_why(self) -> None:
        raw = json.loads(to_json(plan_document(COMPARISON, PLAN, changes=CHANGES)))
        sets = (("copied", PLAN.copy_set), ("skipped", PLAN.skipped), ("removed", PLAN.removed))
        for key, models in sets:
            assert raw[key] == [{"model_name": left.model, "why": left.why} for left in models]
        assert all(one["why"] for one in raw["prune_set"])

    def test_columns_that_are_called_otherwise(self) -> None:
        change = replace(CHANGES.changes[0], renamed_columns=(("amt", "amount"),))
        raw = json.loads(to_json(plan_document(COMPARISON, PLAN, changes=ChangeSet((change,)))))
        assert raw["changes"][0]["renamed_columns"] == [{"old": "amt", "new": "amount"}]

    def test_compare_has_the_documented_fields(self) -> None:
        raw = json.loads(to_json(compare_document(KEYED)))
        assert raw["command"] == "preview-compare"
        assert raw["coverage"] == {"kind": "exhaustive", "method": "keyed"}
        counts = ("rows_base", "rows_head", "rows_added", "rows_removed", "rows_changed", "rows_unchanged")
        assert [raw[count] for count in counts] == [100, 99, 2, 3, 4, 93]
        assert raw["columns"] == [{"name": "revenue", "rows_changed": 4}]
        assert raw["structural"]["type_changes"] == [{"name": "amount", "from": "INTEGER", "to": "DECIMAL(12,2)"}]
        assert raw["key"]["null_head"] == 2
        assert [sample["kind"] for sample in raw["samples"]] == ["changed", "changed", "removed", "added"]

    @pytest.mark.parametrize(
        ("diff", "changed", "unchanged"),
        [(MULTISET, None, 9), (SAMPLED, 0, None), (NOT_COMPARED, None, None), (EQUAL, 0, 5)],
    )
    def test_what_is_not_known_is_null(self, diff: ModelDiff, changed: int | None, unchanged: int | None) -> None:
        raw = json.loads(to_json(compare_document(diff)))
        assert (raw["rows_changed"], raw["rows_unchanged"]) == (changed, unchanged)


class TestText:
    def test_it_is_indented_deterministic_and_ends_in_one_newline(self) -> None:
        text = to_json(diff_document(COMPARISON, (KEYED,), name="n", markdown="é"))
        assert text == to_json(diff_document(COMPARISON, (KEYED,), name="n", markdown="é"))
        assert text.startswith('{\n  "version": ')
        assert text.endswith("}\n")
        assert not text.endswith("\n\n")
        assert '"markdown": "é"' in text

    def test_a_file_name_that_is_not_utf8_does_not_break_the_document(self) -> None:
        odd = replace(CHANGES.changes[1], path="models/\udce9.sql")
        raw = json.loads(to_json(plan_document(COMPARISON, PLAN, changes=ChangeSet((odd,)))))
        assert raw["changes"][0]["path"] == "models/?.sql"

    def test_documents_are_frozen(self) -> None:
        document = compare_document(KEYED)
        with pytest.raises(ValueError, match="frozen"):
            document.rows_base = 1

    @given(text=st.text(), value=st.none() | st.text())
    def test_any_text_survives(self, text: str, value: str | None) -> None:
        example = RowExample("changed", ((text, value),), (CellChange(text, value, value),))
        diff = replace(KEYED, model=text, rows=replace(KEYED.rows, examples=(example,)), notes=(text,))
        read = PreviewDiffOutput.model_validate_json(
            to_json(diff_document(COMPARISON, (diff,), name=text, markdown=text))
        )
        assert (read.branch_name, read.markdown, read.models[0].model_name) == (text, text, text)
        algorithm = read.models[0].algorithm
        assert isinstance(algorithm, PreviewModelDiffAlgorithm2)
        assert [sample.primary_key for sample in algorithm.diff.samples or []] == ["NULL" if value is None else value]


COUNT = st.integers(0, 2**62)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SHARE = st.floats(0, 1)
STEPS = st.lists(COUNT, max_size=3).map(tuple)
st.register_type_strategy(Histogram, st.builds(Histogram, FINITE, FINITE, STEPS, STEPS))
st.register_type_strategy(Slice, st.builds(Slice, share_of_differing=SHARE, share_of_table=SHARE))
st.register_type_strategy(Proof, st.builds(Proof, odds=SHARE, bisection=st.none() | st.builds(BisectionStats)))
st.register_type_strategy(Sampled, st.builds(Sampled, detectable_share=st.none() | SHARE))
st.register_type_strategy(Usage, st.builds(Usage, credits=st.none() | FINITE))
FIGURES = st.builds(Figures, usd=st.none() | FINITE)
COSTS = st.builds(
    CostDelta,
    models=st.lists(st.builds(ModelCost, base=st.none() | FIGURES, head=st.none() | FIGURES), max_size=3).map(tuple),
    base_usd=st.none() | FINITE,
    head_usd=st.none() | FINITE,
    delta_usd=st.none() | FINITE,
    savings_usd=st.none() | FINITE,
    breaches=st.lists(st.builds(BudgetBreach, limit=FINITE, actual=FINITE), max_size=2).map(tuple),
)
DIFFS = st.builds(
    ModelDiff,
    rows=st.builds(
        RowDiff,
        rows_base=st.none() | COUNT,
        rows_head=st.none() | COUNT,
        added=st.none() | COUNT,
        removed=st.none() | COUNT,
        changed=st.none() | COUNT,
    ),
    coverage=st.builds(Exhaustive) | st.builds(Sampled, COUNT, COUNT) | st.builds(NotCompared),
    key=st.none() | st.builds(Key, null_rows_base=COUNT, null_rows_head=COUNT),
)


class TestPropertiesOfDiffs:
    @given(diffs=st.lists(DIFFS, max_size=4))
    def test_the_sdk_reads_any_diff_and_a_clean_summary_is_earned(self, diffs: list[ModelDiff]) -> None:
        read = PreviewDiffOutput.model_validate(diff_json(*diffs)).summary
        assert read.models_with_changes + read.models_unchanged + read.models_unknown == len(diffs)
        if not read.any_coverage_warning:
            assert read.models_unknown == 0
            for diff in diffs:
                assert diff.new or not isinstance(diff.coverage, NotCompared)
                assert diff.new or diff.rows.added is not None


class TestReport:
    def test_the_report_survives_the_round_trip(self) -> None:
        report = replace(REPORT, diffs=(*REPORT.diffs, PROFILED))
        assert parse_report(report_json(report)) == report
        assert json.loads(report_json(report))["diffs"][-1]["profile"]["slices"][0]["value"] == "DE"

    def test_it_has_everything_under_the_names_of_the_domain(self) -> None:
        raw = json.loads(report_json(REPORT))
        assert raw["verdict"] == "failed"
        assert raw["execution"]["head_runs"][1]["outcome"] == {"message": 'column "x" not found', "kind": "failed"}
        assert raw["diffs"][2]["coverage"]["rows_total"] == 900
        assert raw["diffs"][3]["rows"]["added"] is None
        assert raw["cost"]["models"][1]["base"] is None

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(execution=..., changes=..., plan=..., cost=COSTS, diffs=st.lists(st.from_type(ModelDiff), max_size=2))
    def test_any_report_survives_the_round_trip(
        self, execution: Execution, changes: ChangeSet, plan: Plan, cost: CostDelta, diffs: list[ModelDiff]
    ) -> None:
        report = replace(REPORT, execution=execution, changes=changes, plan=plan, cost=cost, diffs=tuple(diffs))
        assert parse_report(report_json(report)) == report

    @pytest.mark.parametrize(
        "text", ["", "{}", "[1]", report_json(REPORT).replace('"verdict": "failed"', '"verdict": "x"')]
    )
    def test_what_is_no_report_is_refused_with_a_place(self, text: str) -> None:
        with pytest.raises(InputError, match="not a report"):
            parse_report(text)
