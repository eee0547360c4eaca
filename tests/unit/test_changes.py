"""What every model of base and head has become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from rocky_action.domain.changes import ChangeKind, ChangeSet
from rocky_action.domain.limits import Budget
from rocky_action.domain.options import ModelOptions
from rocky_action.domain.project import DataTest, Ephemeral, Merge, Model, Problem, Projects, SurrogateKey, View
from rocky_action.domain.pull_request import ChangedPath, PathStatus
from rocky_action.stages.changes import detect_changes
from tests.support.projects import load, project_files
from tests.support.sql_models import model, project

BASE = {
    "raw_orders": "SELECT 1 AS id, 2 AS amount",
    "stg_orders": "SELECT id, amount FROM raw_orders",
    "fct_revenue": "SELECT sum(amount) AS revenue FROM stg_orders",
}


def files_changed(base: Mapping[str, str], head: Mapping[str, str]) -> ChangeSet:
    return detect_changes(Projects(load(base), load(head)), ())


def changed(base: list[Model], head: list[Model], *paths: ChangedPath) -> dict[str, ChangeKind]:
    found = detect_changes(Projects(project(base), project(head)), paths)
    return {change.model: change.kind for change in found.changes}


def one(**changes: object) -> dict[str, ChangeKind]:
    """How a model counts whose value differs in these fields."""
    before = model("m", "SELECT 1 AS id", target="memory.main.m")
    return changed([before], [Model(**{**vars(before), **changes})])


@pytest.mark.parametrize(
    ("base", "head", "why"),
    [
        ("SELECT * FROM raw", "SELECT * EXCLUDE (note) FROM raw", "column `note` is gone"),
        ("SELECT * EXCLUDE (note) FROM raw", "SELECT * FROM raw", "column `note` is new"),
        ("SELECT *, id + 1 AS n FROM raw", "SELECT * FROM raw", "column `n` is gone"),
        (
            "WITH c AS (SELECT id FROM raw) SELECT * FROM c",
            "WITH c AS (SELECT id, 1 AS n FROM raw) SELECT * FROM c",
            "column `n` is new",
        ),
        (
            "WITH c AS (SELECT id, a FROM raw) SELECT * FROM c",
            "WITH c AS (SELECT id, a + 1 AS a FROM raw) SELECT * FROM c",
            "column `a` is computed differently",
        ),
        (
            "WITH c AS (SELECT *, 1 AS n FROM raw) SELECT * FROM c",
            "WITH c AS (SELECT *, 2 AS n FROM raw) SELECT * FROM c",
            "column `n` is not the same",
        ),
        ("SELECT id FROM raw", "SELECT id FROM (", "its text changed and cannot be read: line 1, column 16: "),
    ],
)
def test_the_why_says_no_more_than_is_known(base: str, head: str, why: str) -> None:
    found = files_changed(project_files({"m": base}), project_files({"m": head}))
    assert [change.why[: len(why)] for change in found.changes] == [why]


def test_a_project_with_itself() -> None:
    assert files_changed(project_files(BASE), project_files(BASE)) == ChangeSet()


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT id, amount FROM raw_orders WHERE amount > 0", ChangeKind.ROWS),
        ("SELECT id, amount AS amount_eur FROM raw_orders", ChangeKind.COLUMNS),
        ("select id,\n  (amount)\nfrom raw_orders -- the same", ChangeKind.COSMETIC),
        ("SELECT id, amount FROM main.raw_orders", ChangeKind.ROWS),
        ("SELECT id, amount FROM (", ChangeKind.ROWS),
        ("SELECT id, amount FROM query('FROM raw_orders')", ChangeKind.ROWS),
    ],
)
def test_an_edit_of_the_sql(sql: str, kind: ChangeKind) -> None:
    found = files_changed(project_files(BASE), project_files(BASE | {"stg_orders": sql}))
    assert [(change.model, change.kind, change.path) for change in found.changes] == [
        ("stg_orders", kind, "models/stg_orders.sql")
    ]
    assert found.changes[0].affects_data is (kind is not ChangeKind.COSMETIC)


def test_added_and_removed() -> None:
    assert changed([model("a"), model("b")], [model("b"), model("c", "SELECT 3 AS id")]) == {
        "a": ChangeKind.REMOVED,
        "c": ChangeKind.ADDED,
    }


class TestRenamed:
    path = ChangedPath(PathStatus.RENAMED, "models/new.sql", "models/old.sql")

    def test_by_what_git_says(self) -> None:
        projects = Projects(project([model("old")]), project([model("new")]))
        (change,) = detect_changes(projects, [self.path]).changes
        assert (change.model, change.kind, change.renamed_from) == ("new", ChangeKind.RENAMED, "old")
        assert change.affects_data

    def test_and_edited(self) -> None:
        projects = Projects(project([model("old")]), project([model("new", "SELECT 2 AS id")]))
        (change,) = detect_changes(projects, [self.path]).changes
        assert change.kind is ChangeKind.RENAMED
        assert change.why.startswith("renamed from `old`; its SQL changed")

    @pytest.mark.parametrize("sql", ["SELECT 1 AS id", "select\n  1 as id -- the same"])
    def test_by_what_its_query_says(self, sql: str) -> None:
        projects = Projects(project([model("old")]), project([model("new", sql)]))
        (change,) = detect_changes(projects, ()).changes
        assert (change.kind, change.renamed_from, change.why) == (
            ChangeKind.RENAMED,
            "old",
            "renamed from `old`",
        )
        assert change.affects_data

    def test_not_when_its_query_says_something_else(self) -> None:
        assert changed([model("old")], [model("new", "SELECT 2 AS id")]) == {
            "new": ChangeKind.ADDED,
            "old": ChangeKind.REMOVED,
        }

    def test_one_by_git_and_one_by_its_query(self) -> None:
        base, head = (
            [model("old"), model("a", "SELECT 3 AS x")],
            [model("new", "SELECT 2 AS id"), model("b", "SELECT 3 AS x")],
        )
        assert changed(base, head, self.path) == {"new": ChangeKind.RENAMED, "b": ChangeKind.RENAMED}

    def test_git_goes_first(self) -> None:
        """Git's pair was edited; the other one has the old text and is new."""
        base, head = [model("old")], [model("new", "SELECT 2 AS id"), model("copy")]
        assert changed(base, head, self.path) == {"new": ChangeKind.RENAMED, "copy": ChangeKind.ADDED}

    def test_a_file_that_moved_with_its_name_kept(self) -> None:
        moved = replace(model("m"), path="models/sub/m.sql")
        path = ChangedPath(PathStatus.RENAMED, "models/sub/m.sql", "models/m.sql")
        assert changed([model("m")], [moved], path) == {"m": ChangeKind.COSMETIC}

    def test_not_while_the_old_name_lives_on_elsewhere(self) -> None:
        other = replace(model("old"), path="models/elsewhere.sql")
        assert changed([model("old")], [model("new"), other], self.path) == {
            "new": ChangeKind.ADDED,
            "old": ChangeKind.COSMETIC,
        }

    def test_two_names_swapped_are_two_edits(self) -> None:
        base, head = [model("a"), model("b", "SELECT 2 AS id")], [model("b"), model("a", "SELECT 2 AS id")]
        paths = [
            ChangedPath(PathStatus.RENAMED, "models/a.sql", "models/b.sql"),
            ChangedPath(PathStatus.RENAMED, "models/b.sql", "models/a.sql"),
        ]
        assert changed(base, head, *paths) == {"a": ChangeKind.COLUMNS, "b": ChangeKind.COLUMNS}


class TestConfiguration:
    """A sidecar's change counts as what it changes of the model."""

    @pytest.mark.parametrize(
        "field",
        [
            {"strategy": View()},
            {"strategy": Ephemeral()},
            {"target": model("m", target="memory.other.m").target},
            {"target": model("m", target="memory.main.m2").target},
            {"surrogate_keys": (SurrogateKey("key", ("id",)),)},
        ],
    )
    def test_what_can_change_data(self, field: dict[str, object]) -> None:
        assert one(**field) == {"m": ChangeKind.CONFIG}

    @pytest.mark.parametrize(
        "field",
        [
            {"metadata": (("tags", "x"),)},
            {"tests": (DataTest("unique", ("id",)),)},
            {"budget": Budget(max_usd=1.0)},
            {"options": ModelOptions(key=("id",))},
        ],
    )
    def test_what_cannot(self, field: dict[str, object]) -> None:
        assert one(**field) == {"m": ChangeKind.COSMETIC}

    def test_settings_of_one_strategy(self) -> None:
        before, after = Merge(("id",)), Merge(("id", "day"))
        assert changed([model("m", strategy=before)], [model("m", strategy=after)]) == {"m": ChangeKind.CONFIG}

    def test_depends_on_orders_runs_and_changes_no_data(self) -> None:
        base, head = model("m"), model("m", depends_on=("a",))
        assert changed([model("a"), base], [model("a"), head]) == {"m": ChangeKind.COSMETIC}
        assert changed([model("a"), head], [model("a"), base]) == {"m": ChangeKind.COSMETIC}

    def test_an_sql_edit_outweighs_it_and_both_are_said(self) -> None:
        base, head = model("m"), model("m", "SELECT 2 AS id", strategy=View())
        (change,) = detect_changes(Projects(project([base]), project([head])), ()).changes
        assert change.kind is ChangeKind.ROWS
        assert "its SQL changed" in change.why
        assert "from `full_refresh` to `view`" in change.why

    def test_another_warehouse_is_a_change_of_everything(self) -> None:
        head = replace(project([model("m")]), dialect="snowflake")
        (change,) = detect_changes(Projects(project([model("m")]), head), ()).changes
        assert change.kind is ChangeKind.CONFIG


class TestShared:
    """What stands in one file for many models reaches the models it changes, and no other."""

    def test_defaults_of_a_folder(self) -> None:
        base = project_files(BASE)
        base["models/stg_orders.toml"] = '[target]\nschema = "staging"\n'
        head = base | {"models/_defaults.toml": '[target]\ncatalog = "shop"\nschema = "other"\n'}
        found = files_changed(base, head)
        kinds = {change.model: change.kind for change in found.changes}
        assert kinds["raw_orders"] is kinds["fct_revenue"] is ChangeKind.CONFIG
        assert kinds.get("stg_orders") is not ChangeKind.CONFIG

    def test_a_variable(self) -> None:
        files = project_files(BASE | {"stg_orders": "SELECT id FROM raw_orders WHERE amount > @var(least, 5)"})
        base, head = load(files, variables={"least": "5"}), load(files, variables={"least": "6"})
        found = detect_changes(Projects(base, head), ())
        assert [(change.model, change.kind) for change in found.changes] == [("stg_orders", ChangeKind.ROWS)]
        assert detect_changes(Projects(base, load(files)), ()) == ChangeSet()


class TestResolution:
    """The same text can read something else."""

    reader = model("reader", "SELECT id FROM events")

    def test_a_new_model_captures_what_was_a_source(self) -> None:
        new = model("events", target="memory.staging.events")
        assert changed([self.reader], [self.reader, new]) == {"events": ChangeKind.ADDED, "reader": ChangeKind.ROWS}

    def test_a_removed_model_leaves_a_table_behind(self) -> None:
        gone = model("events")
        assert changed([self.reader, gone], [self.reader]) == {"events": ChangeKind.REMOVED, "reader": ChangeKind.ROWS}

    def test_another_model_takes_the_name_over(self) -> None:
        base = [self.reader, model("events", target="memory.staging.events"), model("other")]
        head = [self.reader, base[1], model("other", target="memory.main.events")]
        assert changed(base, head)["reader"] is ChangeKind.ROWS

    def test_why_says_what_became_of_it(self) -> None:
        head = project([self.reader, model("events", target="memory.staging.events")])
        change = detect_changes(Projects(project([self.reader]), head), ()).of("reader")
        assert change is not None
        assert change.why == "what it reads changed: the table events became events"


def test_text_that_nobody_understands_is_changed_when_it_differs() -> None:
    lost = Problem("not yet", unsupported=True)
    base, head = (model("m", sql, problem=lost) for sql in ("from a", "from  a"))
    assert changed([base], [head]) == {"m": ChangeKind.ROWS}
    assert changed([base], [base]) == {}


def test_sql_that_is_hidden_in_a_string_is_changed_when_its_text_differs() -> None:
    assert changed([model("m", "FROM query('FROM a')")], [model("m", "from query('FROM a')")]) == {"m": ChangeKind.ROWS}


def test_changes_are_sorted() -> None:
    found = detect_changes(Projects(project([model("b"), model("z")]), project([model("a"), model("c")])), ())
    assert [change.model for change in found.changes] == ["a", "b", "c", "z"]


ROCKY = "from raw_orders\nwhere amount > 0 and id > 1\nderive { net: amount - (id - 1) }\nselect { id, net }"
SAME_AS_SQL = "SELECT id, amount - (id - 1) AS net FROM raw_orders WHERE amount > 0 AND id > 1"


def rocky_files(text: str) -> dict[str, str]:
    """The project with stg_orders in the other language."""
    files = project_files(BASE)
    del files["models/stg_orders.sql"]
    return files | {"models/stg_orders.rocky": text}


@pytest.mark.parametrize(
    ("base", "head", "kind"),
    [
        (ROCKY, ROCKY.replace("\n", "  -- the same\n"), ChangeKind.COSMETIC),
        (ROCKY, ROCKY.replace("amount > 0", "(amount > 0)"), ChangeKind.COSMETIC),
        (ROCKY, ROCKY.replace("> 0", ">= 0"), ChangeKind.ROWS),
        (ROCKY, ROCKY.replace("where", "wher"), ChangeKind.ROWS),
        # Here both mean the same, and in Rocky, which leaves parentheses out, they do not.
        ("from t where a or b where c", "from t where (a or b) and c", ChangeKind.ROWS),
        ("from t where (a or b) and (c)", "from t where a or b where c", ChangeKind.ROWS),
        ("from t where a or b where c", "from t\nwhere a or b\nwhere c -- the same", ChangeKind.COSMETIC),
    ],
)
def test_an_edit_of_a_rocky_file(base: str, head: str, kind: ChangeKind) -> None:
    found = files_changed(rocky_files(base), rocky_files(head))
    assert [(change.model, change.kind) for change in found.changes] == [("stg_orders", kind)]


@pytest.mark.parametrize(
    ("rocky", "sql", "kind"),
    [
        (ROCKY, SAME_AS_SQL, ChangeKind.COSMETIC),
        (ROCKY, SAME_AS_SQL + " LIMIT 5", ChangeKind.ROWS),
        ("from t derive { x: a - (b + c) }", "SELECT *, a - (b + c) AS x FROM t", ChangeKind.ROWS),
        ("from raw_orders", "FROM raw_orders", ChangeKind.COSMETIC),  # a query in DuckDB too, and the same
        ("from raw_orders as x take 5", "from raw_orders as x take 5", ChangeKind.ROWS),
    ],
)
def test_a_model_that_moves_to_the_other_language(rocky: str, sql: str, kind: ChangeKind) -> None:
    files = rocky_files(rocky), project_files(BASE | {"stg_orders": sql})
    for base, head in (files, files[::-1]):
        assert [(change.model, change.kind) for change in files_changed(base, head).changes] == [("stg_orders", kind)]
