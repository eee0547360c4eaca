"""Which models run, which are cloned, which are left alone."""

from __future__ import annotations

import pytest

from rocky_action.domain.options import CopyMode
from rocky_action.domain.plan import MovedModel, Plan, PruneReason
from rocky_action.domain.project import Ephemeral, Model, Projects, Strategy
from rocky_action.domain.pull_request import ChangedPath, PathStatus
from rocky_action.errors import PlanError
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from tests.support.sql_models import model, project

EPHEMERAL = Ephemeral()


def reading(name: str, *others: str, edit: str = "", strategy: Strategy | None = None) -> Model:
    """A model that reads others; ``edit`` is a condition that its head has."""
    tables = " CROSS JOIN ".join(others) or "raw"
    return model(name, f"SELECT 1 AS id FROM {tables} WHERE TRUE{edit}", strategy=strategy)


def plan(base: list[Model], head: list[Model], copy: CopyMode = CopyMode.NEEDED, *paths: ChangedPath) -> Plan:
    projects = Projects(project(base), project(head))
    return make_plan(projects, detect_changes(projects, paths), copy=copy)


def edited(models: list[Model], *names: str, copy: CopyMode = CopyMode.NEEDED) -> Plan:
    """The plan for a pull request that adds a condition to some models."""
    head = [
        model(one.name, f"{one.sql} AND 1 = 1", strategy=one.strategy) if one.name in names else one for one in models
    ]
    return plan(models, head, copy)


SHOP = [
    reading("raw_orders"),
    reading("raw_customers"),
    reading("stg_orders", "raw_orders"),
    reading("dim_customers", "raw_customers"),
    reading("fct_revenue", "stg_orders", "dim_customers"),
    reading("report", "fct_revenue"),
    reading("other"),
]


def names(found: Plan) -> tuple[list[str], list[str], list[str], list[str]]:
    copied, skipped, removed = (
        [one.model for one in group] for group in (found.copy_set, found.skipped, found.removed)
    )
    return list(found.prune_names), copied, skipped, removed


def test_nothing_changed() -> None:
    assert names(edited(SHOP)) == ([], [], sorted(one.name for one in SHOP), [])


def test_what_is_downstream_runs_and_what_that_reads_is_cloned() -> None:
    found = edited(SHOP, "stg_orders")
    assert names(found) == (
        ["stg_orders", "fct_revenue", "report"],
        ["dim_customers", "raw_orders"],
        ["other", "raw_customers"],
        [],
    )
    reasons = {one.model: (one.reason, one.after, one.base_model) for one in found.prune_set}
    assert reasons == {
        "stg_orders": (PruneReason.CHANGED, (), "stg_orders"),
        "fct_revenue": (PruneReason.DOWNSTREAM, ("stg_orders",), "fct_revenue"),
        "report": (PruneReason.DOWNSTREAM, ("fct_revenue",), "report"),
    }
    assert {one.model: one.why for one in found.copy_set} == {
        "dim_customers": "read by `fct_revenue`",
        "raw_orders": "read by `stg_orders`",
    }


def test_a_model_that_changed_itself_says_so_though_it_is_downstream_too() -> None:
    found = edited(SHOP, "stg_orders", "fct_revenue")
    assert [one.reason for one in found.prune_set] == [PruneReason.CHANGED, PruneReason.CHANGED, PruneReason.DOWNSTREAM]


def test_a_cosmetic_edit_runs_nothing() -> None:
    head = [model(one.name, f"{one.sql} -- the same") for one in SHOP]
    found = plan(SHOP, head)
    assert names(found)[:2] == ([], [])
    assert {one.why for one in found.skipped} == {"its SQL is written differently and means the same"}


def test_ties_are_alphabetical_whatever_does_not_run() -> None:
    models = [reading("z"), reading("a", "z"), reading("b")]
    assert edited(models, "a", "b").prune_names == ("a", "b")


def test_depends_on_is_followed() -> None:
    models = [model("a"), model("b", depends_on=("a",))]
    assert plan(models, [model("a", "SELECT 2 AS id"), models[1]]).prune_names == ("a", "b")


def test_a_model_that_reads_its_own_target() -> None:
    models = [reading("inc", "inc", "raw_orders"), reading("raw_orders")]
    assert names(edited(models, "inc")) == (["inc"], ["raw_orders"], [], [])


def test_text_that_nobody_understands_is_downstream_of_what_it_mentions() -> None:
    models = [*SHOP, model("broken", "SELEC * FROM stg_orders (")]
    assert "broken" in edited(models, "raw_orders").prune_names


class TestCopyModes:
    def test_none(self) -> None:
        assert names(edited(SHOP, "report", copy=CopyMode.NONE)) == (
            ["report"],
            [],
            ["dim_customers", "fct_revenue", "other", "raw_customers", "raw_orders", "stg_orders"],
            [],
        )

    def test_all(self) -> None:
        prune, copied, skipped, _ = names(edited(SHOP, "report", copy=CopyMode.ALL))
        assert (prune, skipped) == (["report"], [])
        assert copied == ["dim_customers", "fct_revenue", "other", "raw_customers", "raw_orders", "stg_orders"]

    def test_all_of_nothing(self) -> None:
        assert edited(SHOP, copy=CopyMode.ALL).copy_set == ()

    @pytest.mark.parametrize("copy", CopyMode)
    def test_an_ephemeral_model_is_never_cloned(self, copy: CopyMode) -> None:
        models = [reading("a"), reading("e", "a", strategy=EPHEMERAL), reading("b", "e")]
        assert "e" not in edited(models, "b", copy=copy).copy_names


class TestEphemeral:
    models = (
        reading("a"),
        reading("e1", "a", strategy=EPHEMERAL),
        reading("e2", "e1", strategy=EPHEMERAL),
        reading("b", "e2"),
    )

    def test_what_it_reads_is_cloned_in_its_place(self) -> None:
        found = edited(list(self.models), "b")
        assert names(found) == (["b"], ["a"], ["e1", "e2"], [])
        assert found.skipped[0].why == "ephemeral and unchanged"

    def test_what_it_reads_is_cloned_when_it_runs_itself(self) -> None:
        assert names(edited(list(self.models), "e2")) == (["e2", "b"], ["a"], ["e1"], [])

    def test_a_change_goes_through_it(self) -> None:
        assert edited(list(self.models), "a").prune_names == ("a", "e1", "e2", "b")


class TestAddedRemovedRenamed:
    def test_a_new_model_has_no_base(self) -> None:
        (new,) = plan(SHOP, [*SHOP, reading("new", "other")]).prune_set
        assert (new.model, new.base_model) == ("new", None)

    def test_a_renamed_model_has_its_old_self_for_base(self) -> None:
        path = ChangedPath(PathStatus.RENAMED, "models/renamed.sql", "models/other.sql")
        found = plan(SHOP, [*SHOP[:-1], reading("renamed")], CopyMode.NEEDED, path)
        assert [(one.model, one.base_model) for one in found.prune_set] == [("renamed", "other")]
        assert found.removed == ()

    def test_a_removed_model_that_nobody_reads(self) -> None:
        (gone,) = plan(SHOP, SHOP[:-1]).removed
        assert gone.why == "removed; its relation stays in the warehouse until somebody drops it"

    def test_its_readers_run(self) -> None:
        found = plan(SHOP, [one for one in SHOP if one.name != "fct_revenue"])
        assert found.prune_names == ("report",)
        assert found.removed[0].why.startswith("removed, but still read by report:")

    @pytest.mark.parametrize("table", ["gone", "main.gone", "memory.gone", "memory.main.gone", "GONE", "main.Gone"])
    def test_a_new_reader_counts_too(self, table: str) -> None:
        found = plan([model("gone")], [model("new", f"SELECT * FROM {table}")])
        assert "still read by new" in found.removed[0].why

    @pytest.mark.parametrize("table", ["t_gone", "main.t_gone", "gone"])
    def test_by_its_name_or_its_tables(self, table: str) -> None:
        removed = model("gone", target="memory.main.t_gone")
        assert "still read by new" in plan([removed], [model("new", f"SELECT * FROM {table}")]).removed[0].why

    def test_a_table_of_that_name_in_another_schema_is_another_table(self) -> None:
        found = plan([model("gone")], [model("new", "SELECT * FROM elsewhere.gone")])
        assert "still read" not in found.removed[0].why

    def test_a_reader_that_stopped_reading_it_is_no_reader(self) -> None:
        head = [*SHOP[:4], reading("fct_revenue", "stg_orders"), *SHOP[5:]]
        head = [one for one in head if one.name != "dim_customers"]
        assert "still read" not in plan(SHOP, head).removed[0].why


class TestWhy:
    """The sentences that docs/why.md has no example for."""

    def sentence(self, sql: str, *columns: str, reader: str = "reader") -> str:
        """What is said of a model that reads orders, when these columns of it are computed differently."""
        base = model("orders", f"SELECT {', '.join(f'raw.{name}' for name in 'abcdef')} FROM raw")
        edits = (f"raw.{name}{' + 1 AS ' + name if name in columns else ''}" for name in "abcdef")
        head = model("orders", f"SELECT {', '.join(edits)} FROM raw")
        found = plan([base, model(reader, sql)], [head, model(reader, sql)])
        whys = {one.model: one.why for one in found.prune_set} | {one.model: one.why for one in found.skipped}
        return whys[reader]

    def test_a_column_is_named_once_with_all_its_places(self) -> None:
        assert self.sentence("SELECT SUM(a) AS s, AVG(a) AS m FROM orders", "a") == "uses `orders.a` in SUM and AVG"
        many = "SELECT SUM(a) AS s, AVG(a) AS m, MIN(a) AS l, MAX(a) AS h FROM orders"
        assert self.sentence(many, "a") == "uses `orders.a` in SUM, AVG and 2 more"

    def test_a_place_that_says_nothing_is_left_out(self) -> None:
        assert self.sentence("SELECT a, SUM(a) OVER () AS s FROM orders", "a") == "uses `orders.a` in SUM"

    def test_many_columns_are_cut(self) -> None:
        assert self.sentence("SELECT a, b, c FROM orders", "a", "b", "c") == "uses `orders.a`, `orders.b` and 1 more"
        unused = self.sentence("SELECT f FROM orders", "a", "b", "c", "d")
        assert unused == "reads `orders`, but not its changed columns `a`, `b`, `c` and 1 more"

    def test_a_name_that_nothing_comes_of(self) -> None:
        assert self.sentence("SELECT * EXCLUDE (a) FROM orders", "a") == "needs `orders.a` to be there"


class TestMoved:
    """What base built stays in the warehouse under its old name, and is an ordinary table to head."""

    RENAME = ChangedPath(PathStatus.RENAMED, "models/renamed.sql", "models/other.sql")

    def test_a_renamed_model_that_is_still_read_by_its_old_name(self) -> None:
        reader = reading("late", "memory.main.other")
        found = plan([*SHOP, reader], [*SHOP[:-1], reading("renamed"), reader], CopyMode.NEEDED, self.RENAME)
        assert found.moved == (MovedModel("renamed", "memory.main.other", ("late",)),)
        assert found.removed == ()
        assert "late" in found.prune_names, "it reads a table now that nobody refreshes"

    def test_by_content_too(self) -> None:
        found = plan([model("old", "SELECT 7 AS x")], [model("new", "SELECT 7 AS x"), reading("late", "old")])
        assert found.moved == (MovedModel("new", "memory.main.old", ("late",)),)

    def test_nobody_reads_the_old_one(self) -> None:
        found = plan(SHOP, [*SHOP[:-1], reading("renamed"), reading("late", "renamed")], CopyMode.NEEDED, self.RENAME)
        assert found.moved == ()

    def test_a_renamed_model_that_is_built_where_it_was(self) -> None:
        head = [*SHOP[:-1], model("renamed", SHOP[-1].sql, target="memory.main.other"), reading("late", "other")]
        assert plan(SHOP, head, CopyMode.NEEDED, self.RENAME).moved == ()
        was, now = (model(name, "SELECT 7 AS x", target="memory.main.t") for name in ("old", "new"))
        assert plan([was], [now, reading("late", "old")]).moved == (), "nothing was ever built under that name"

    def test_another_target_under_the_same_name(self) -> None:
        head = [*SHOP[:-1], model("other", SHOP[-1].sql, target="memory.archive.other"), reading("late", "main.other")]
        assert plan(SHOP, head).moved == (MovedModel("other", "memory.main.other", ("late",)),)

    def test_a_model_that_took_the_old_name_is_what_is_read(self) -> None:
        head = [*SHOP[:-1], reading("renamed"), model("fresh", "SELECT 1 AS y", target="memory.main.other")]
        assert plan(SHOP, [*head, reading("late", "main.other")], CopyMode.NEEDED, self.RENAME).moved == ()


class TestCollisions:
    """All schemas fold into one preview schema."""

    one = model("one", target="memory.a.events")
    other = model("other", "SELECT * FROM a.events", target="memory.b.Events")

    def test_two_that_are_built(self) -> None:
        with pytest.raises(PlanError, match=r"one \(memory.a.events\) and other \(memory.b.Events\)"):
            plan([], [self.one, self.other])

    def test_one_that_is_built_and_one_that_is_cloned(self) -> None:
        changed = model("other", "SELECT id FROM a.events", target="memory.b.Events")
        with pytest.raises(PlanError, match="the same table in the preview schema"):
            plan([self.one, self.other], [self.one, changed])

    def test_not_with_what_is_left_alone_nor_in_another_catalog(self) -> None:
        third = model("third", target="memory.c.events")
        edit = model("third", "SELECT 2 AS id", target="memory.c.events")
        assert plan([self.one, third], [self.one, edit]).prune_names == ("third",)
        assert len(plan([], [self.one, model("x", target="two.a.events")]).prune_set) == 2

    def test_an_ephemeral_model_takes_no_room(self) -> None:
        assert len(plan([], [self.one, model("e", target="memory.b.events", strategy=EPHEMERAL)]).prune_set) == 2


def test_a_cycle_is_printed() -> None:
    with pytest.raises(PlanError, match="a -> b -> a"):
        plan([], [reading("a", "b"), reading("b", "a")])


class TestColumns:
    """Models that are reached by a change of columns and not touched by it."""

    RAW = model("raw_orders", "SELECT 1 AS id, 2 AS amount")

    def edited(self, *others: Model) -> Plan:
        """The plan for a pull request that computes ``raw_orders.amount`` otherwise."""
        return plan([self.RAW, *others], [model("raw_orders", "SELECT 1 AS id, 3 AS amount"), *others])

    def test_an_ephemeral_model_between_two_that_run_is_waited_through(self) -> None:
        ids = model("ids", "SELECT id FROM raw_orders", strategy=EPHEMERAL)
        found = self.edited(ids, model("both", "SELECT o.amount, i.id FROM ids AS i, raw_orders AS o"))
        assert names(found) == (["raw_orders", "both"], [], ["ids"], [])
        assert [one.after for one in found.prune_set] == [(), ("raw_orders",)]
        only = self.edited(ids, model("amounts", "SELECT amount FROM raw_orders"), model("join_", "FROM ids, amounts"))
        assert {one.model: one.after for one in only.prune_set}["join_"] == ("amounts", "raw_orders")

    def test_a_table_between_two_that_run_is_cloned_and_not_waited_for(self) -> None:
        ids = model("ids", "SELECT id FROM raw_orders")
        found = self.edited(ids, model("both", "SELECT o.amount, i.id FROM ids AS i, raw_orders AS o"))
        assert names(found) == (["raw_orders", "both"], ["ids"], [], [])
        assert [one.why for one in found.copy_set] == [
            "read by `both`; reads `raw_orders`, but not its changed column `amount`"
        ]
        assert [one.after for one in found.prune_set] == [(), ("raw_orders",)]

    def test_what_is_only_declared_to_be_read_runs(self) -> None:
        found = self.edited(model("waits", "SELECT 1 AS one", depends_on=("raw_orders",)))
        assert {one.model: one.why for one in found.prune_set}["waits"] == (
            "its depends_on names `raw_orders`, which changed"
        )

    def test_a_model_that_reads_itself_has_all_rows_changed(self) -> None:
        itself = model("running", "SELECT amount, id FROM raw_orders UNION ALL SELECT amount, id FROM main.running")
        reader = model("reader", "SELECT id FROM running")
        assert list(self.edited(itself, reader).prune_names) == ["raw_orders", "running", "reader"]

    def test_a_renamed_model_that_was_edited_runs_with_all_that_read_it(self) -> None:
        reader = "SELECT id FROM {}"
        found = plan(
            [self.RAW, model("reader", reader.format("raw_orders"))],
            [model("orders", "SELECT 1 AS id, 3 AS amount"), model("reader", reader.format("orders"))],
            CopyMode.NEEDED,
            ChangedPath(PathStatus.RENAMED, "models/orders.sql", "models/raw_orders.sql"),
        )
        assert list(found.prune_names) == ["orders", "reader"]
