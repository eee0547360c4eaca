"""The diff stage: which models are compared, by which key, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, RowDiff, Sampled
from rocky_action.domain.execution import (
    BaselineKind,
    BaseSide,
    Execution,
    Failed,
    Inlined,
    ModelRun,
    NotRun,
    RunOutcome,
    Side,
    Succeeded,
)
from rocky_action.domain.options import Algorithm, DiffOptions, ModelOptions, PreviewOptions, RunOptions, SampleOrder
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Adapter, DataTest, Merge, Model, NoReads, Project, Relation, SurrogateKey
from rocky_action.domain.usage import Usage
from rocky_action.errors import PreviewError, StatementTimeoutError, WarehouseError
from rocky_action.ports import Row
from rocky_action.rowdiff.request import KeyCandidate
from rocky_action.stages.diff import diff_models, key_candidates
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb

ORDERS, REVENUE = "orders", "revenue"
DEFAULTS = PreviewOptions("x")


@dataclass(frozen=True)
class Refusing(DuckDB):
    """A DuckDB that will not run statements with this text in them."""

    refused: str = ""

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        if self.refused in sql:
            raise StatementTimeoutError("the statement was interrupted after 1 s\nand more", advice="")
        return super().query(sql, timeout=timeout)

    @classmethod
    def of(cls, database: DuckDB, refused: str) -> Refusing:
        return cls(database.connection, database.catalog, database.file, refused=refused)


def model(name: str) -> Model:
    return Model(name, f"models/{name}.sql", "SELECT 1", Relation("", "main", name))


def keyed(name: str) -> Model:
    return replace(model(name), strategy=Merge(("id",)))


def project(*models: Model) -> Project:
    return Project(".", "duckdb", Adapter("local", "duckdb"), {each.name: each for each in models}, NoReads())


def built(name: str) -> Succeeded:
    return Succeeded(Relation("", "branch__x", name), Usage())


@dataclass(frozen=True)
class Scene:
    """A warehouse with schemas main (base) and branch__x (head), and what was run in it."""

    warehouse: DuckDB

    def table(self, name: str, base: str | None, head: str | None) -> None:
        for schema, query in (("main", base), ("branch__x", head)):
            if query is not None:
                self.warehouse.execute([f"CREATE TABLE {schema}.{name} AS {query}"])

    def diff(
        self,
        outcomes: Mapping[str, RunOutcome],
        *models: Model,
        sides: tuple[BaseSide, ...] = (),
        in_base: tuple[str, ...] | None = None,
        options: PreviewOptions = DEFAULTS,
    ) -> tuple[ModelDiff, ...]:
        head = project(*(models or [model(name) for name in outcomes]))
        given = {side.model: side for side in sides}
        execution = Execution(
            "run",
            "branch__x",
            head_runs=tuple(ModelRun(name, Side.HEAD, outcome) for name, outcome in sorted(outcomes.items())),
            base_sides=tuple(
                given.get(name, BaseSide(name, BaselineKind.EXISTING, Relation("", "main", name))) for name in outcomes
            ),
        )
        plan = Plan(tuple(PlannedModel(name, PruneReason.CHANGED, "edited") for name in outcomes))
        base = project(*(model(name) for name in (outcomes if in_base is None else in_base)))
        return diff_models(execution, plan, head=head, base=base, warehouse=self.warehouse, options=options)


@pytest.fixture
def scene() -> Iterator[Scene]:
    database = open_duckdb(None)
    database.execute(["CREATE SCHEMA branch__x"])
    try:
        yield Scene(database)
    finally:
        database.close()


def test_candidates_are_taken_from_options_then_declarations_then_tests() -> None:
    declared = replace(
        keyed("m"),
        tests=(
            DataTest("not_null", ("x",)),
            DataTest("unique", ("a",)),
            DataTest("unique", ("b",), filter="b > 0"),
            DataTest("composite", ("c", "d")),
        ),
        surrogate_keys=(SurrogateKey("sk", ("a", "b")),),
    )
    assert key_candidates(declared, ModelOptions(key=("k", "l"))) == (
        KeyCandidate(("k", "l"), "key of the preview's options"),
        KeyCandidate(("id",), "unique_key"),
        KeyCandidate(("a",), "unique test"),
        KeyCandidate(("c", "d"), "composite test"),
        KeyCandidate(("sk",), "surrogate key"),
    )
    assert key_candidates(model("m"), ModelOptions()) == ()


def test_models_are_compared_in_run_order_each_by_its_own_key(scene: Scene) -> None:
    scene.table(REVENUE, "SELECT range AS day FROM range(5)", "SELECT range AS day FROM range(4)")
    scene.table(ORDERS, "SELECT 1 AS id, 1 AS v", "SELECT 1 AS id, 2 AS v")
    outcomes = {REVENUE: built(REVENUE), ORDERS: built(ORDERS)}
    found = scene.diff(outcomes, model(REVENUE), keyed(ORDERS))
    assert [diff.model for diff in found] == [REVENUE, ORDERS]
    assert [diff.coverage for diff in found] == [Exhaustive("multiset"), Exhaustive("keyed")]
    assert [(diff.rows.removed, diff.rows.changed) for diff in found] == [(1, None), (0, 1)]


def test_options_of_project_file_and_sidecar_reach_the_diff(scene: Scene) -> None:
    scene.table(
        ORDERS,
        "SELECT range AS id, 1 AS v, 'x' AS w FROM range(10)",
        "SELECT range AS id, 2 AS v, 'y' AS w FROM range(10)",
    )
    chosen = DiffOptions(
        algorithm=Algorithm.SAMPLED,
        sample_size=3,
        sample_order=SampleOrder.FIRST,
        max_samples=1,
        project=ModelOptions(ignore_columns=("v",)),
        models=((ORDERS, ModelOptions(key=("id",))),),
    )
    options = PreviewOptions("x", RunOptions(threads=1), chosen)
    (found,) = scene.diff(
        {ORDERS: built(ORDERS)}, replace(model(ORDERS), options=ModelOptions(mask_columns=("w",))), options=options
    )
    assert found.coverage == Sampled(3, 10, ("id",))
    assert found.ignored_columns == ("v",)
    assert [[(cell.column, cell.masked) for cell in example.cells] for example in found.rows.examples] == [
        [("w", True)]
    ]


def test_a_new_model_is_new_and_counted(scene: Scene) -> None:
    scene.table(ORDERS, None, "SELECT range AS id FROM range(7)")
    none = BaseSide(ORDERS, BaselineKind.NONE, note="the model is new")
    (found,) = scene.diff({ORDERS: built(ORDERS)}, sides=(none,), in_base=())
    assert found.new
    assert found.rows == RowDiff(None, 7)
    assert found.coverage == NotCompared("the model is new: base has nothing to compare with")


def test_a_base_that_could_not_be_built_is_not_called_new(scene: Scene) -> None:
    scene.table(ORDERS, None, "SELECT range AS id FROM range(7)")
    none = BaseSide(ORDERS, BaselineKind.NONE, note="base failed: no such column")
    (found,) = scene.diff({ORDERS: built(ORDERS)}, sides=(none,))
    assert not found.new
    assert found.coverage == NotCompared("base failed: no such column")


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Failed("no such column"), "head was not built: no such column"),
        (NotRun("orders failed"), "head was not built: orders failed"),
    ],
)
def test_a_head_that_was_not_built_is_not_compared(scene: Scene, outcome: RunOutcome, reason: str) -> None:
    scene.table(ORDERS, "SELECT range AS id FROM range(7)", None)
    (found,) = scene.diff({ORDERS: outcome})
    assert found.coverage == NotCompared(reason)
    assert found.rows == RowDiff(7, None)
    assert not found.new
    none = BaseSide(ORDERS, BaselineKind.NONE)
    assert [diff.new for diff in scene.diff({ORDERS: outcome}, sides=(none,), in_base=())] == [True]


def test_an_inlined_model_has_no_diff(scene: Scene) -> None:
    assert scene.diff({ORDERS: Inlined()}) == ()


def test_what_makes_the_base_side_doubtful_is_noted(scene: Scene) -> None:
    scene.table(ORDERS, "SELECT 1 AS id", "SELECT 1 AS id")
    side = BaseSide(ORDERS, BaselineKind.EXISTING, Relation("", "main", ORDERS), note="production is two days old")
    (found,) = scene.diff({ORDERS: built(ORDERS)}, sides=(side,))
    assert found.notes == ("production is two days old",)


def test_one_refusal_leaves_the_other_models_alone(scene: Scene) -> None:
    scene.table(ORDERS, "SELECT 1 AS id", "SELECT 1 AS id")
    outcomes = {ORDERS: built(ORDERS), REVENUE: built(REVENUE)}
    first, second = scene.diff(outcomes)
    assert first.coverage == Exhaustive("keyed")
    assert second.coverage == NotCompared("main.revenue does not exist")


@pytest.mark.parametrize(
    ("refused", "rows"), [("POSITIONAL JOIN", (2, 2)), ("count(", (None, None)), ("duckdb_columns", (None, None))]
)
def test_a_refusal_of_the_warehouse_becomes_a_reason(
    scene: Scene, refused: str, rows: tuple[int | None, int | None]
) -> None:
    scene.table(ORDERS, "SELECT range AS id FROM range(2)", "SELECT range AS id FROM range(2)")
    refusing = Scene(Refusing.of(scene.warehouse, refused))
    (found,) = refusing.diff({ORDERS: built(ORDERS)}, keyed(ORDERS))
    assert found.coverage == NotCompared("the warehouse refused: the statement was interrupted after 1 s")
    assert (found.rows.rows_base, found.rows.rows_head) == rows


def test_counts_survive_the_loss_of_the_examples(scene: Scene) -> None:
    scene.table(ORDERS, "SELECT 1 AS id, 1 AS v", "SELECT 1 AS id, 2 AS v")
    refusing = Scene(Refusing.of(scene.warehouse, "LIMIT"))
    (found,) = refusing.diff({ORDERS: built(ORDERS)}, keyed(ORDERS))
    assert isinstance(found.coverage, Exhaustive)
    assert (found.rows.changed, found.rows.removed) == (1, 0)
    assert found.rows.examples == ()
    assert found.notes[-1].startswith("example rows could not be read: the warehouse refused: the statement")


def test_a_new_model_that_cannot_be_counted_is_still_reported(scene: Scene) -> None:
    none = BaseSide(ORDERS, BaselineKind.NONE)
    (found,) = scene.diff({ORDERS: built(ORDERS)}, sides=(none,), in_base=())
    assert found.rows == RowDiff(None, None)


def test_a_planned_model_without_a_run_is_our_bug(scene: Scene) -> None:
    plan = Plan((PlannedModel(ORDERS, PruneReason.CHANGED, "edited"),))
    nothing = project(model(ORDERS))
    with pytest.raises(PreviewError, match="has no run") as caught:
        diff_models(
            Execution("run", "s"),
            plan,
            head=nothing,
            base=nothing,
            warehouse=scene.warehouse,
            options=PreviewOptions("x"),
        )
    assert not isinstance(caught.value, WarehouseError)
