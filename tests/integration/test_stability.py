"""Columns that are never the same twice, on real DuckDB files: by the models' texts, and by two builds of base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from rocky_action.domain.diff import ModelDiff, Unstable
from rocky_action.domain.execution import Execution, Failed, Succeeded
from rocky_action.domain.options import Baseline, DiffOptions, ModelOptions, PreviewOptions, RunOptions
from rocky_action.domain.permits import Permits
from rocky_action.domain.project import Projects, Relation
from rocky_action.stages.diff import diff_models
from rocky_action.stages.stability import mark_unstable
from tests.support.previews import NAME, Lab, Ran, Spec, open_lab, project_of

KEYED = '[[tests]]\ntype = "unique"\ncolumn = "id"\n'
MERGE = '[strategy]\ntype = "merge"\nunique_key = ["id"]\n'
INCREMENTAL = '[strategy]\ntype = "incremental"\ntimestamp_column = "id"\n'
VIEW = '[strategy]\ntype = "view"\n'
EPHEMERAL = '[strategy]\ntype = "ephemeral"\n'
NOT_MEASURED = "whether two builds of base are the same was not measured because "
CLOCK = "differs each time: now()"
TIES = "may differ: row_number() takes rows that are equal in `day` in any order"

BASE: dict[str, Spec] = {
    "orders": ("SELECT id, kind, day, amount, now()::TIMESTAMP AS loaded_at FROM raw", KEYED),
    "ranked": "SELECT id, kind, row_number() OVER (PARTITION BY kind ORDER BY day) AS place FROM orders",
    "kinds": "SELECT kind, string_agg(id::VARCHAR, ',') AS ids FROM orders GROUP BY kind",
    "plain": "SELECT kind, sum(amount) AS total FROM orders GROUP BY kind",
}
HEAD = BASE | {"orders": ("SELECT id, kind, day, amount * 2 AS amount, now()::TIMESTAMP AS loaded_at FROM raw", KEYED)}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(
        tmp_path,
        "CREATE TABLE raw AS SELECT i AS id, i % 5 AS kind, i % 7 AS day, i AS amount FROM range(200) AS t(i)",
    ) as lab:
        yield lab


@dataclass(frozen=True)
class Seen:
    """One preview and its marked diffs by model."""

    ran: Ran
    diffs: Mapping[str, ModelDiff]

    def unstable(self, model: str) -> tuple[Unstable, ...]:
        return self.diffs[model].unstable


def look(
    lab: Lab,
    base: Mapping[str, Spec],
    head: Mapping[str, Spec],
    *,
    run: RunOptions | None = None,
    model_options: ModelOptions | None = None,
) -> Seen:
    """Builds, compares and marks; production is compared before and after."""
    projects = Projects(project_of(base), project_of(head))
    options = PreviewOptions(NAME, run or ONCE)
    options = replace(options, diff=DiffOptions(project=model_options or ModelOptions()))
    ran = lab.preview(projects.base, projects.head, run=options.run)
    diffs = diff_models(
        ran.execution, ran.plan, head=projects.head, base=projects.base, warehouse=lab.database, options=options
    )
    marked = mark_unstable(
        diffs, ran.execution, plan=ran.plan, projects=projects, warehouse=lab.database, options=options
    )
    assert [one.model for one in marked] == [one.model for one in diffs]
    for before, after in zip(diffs, marked, strict=True):
        assert replace(after, unstable=(), notes=before.notes) == before, "nothing else of a diff is touched"
    return Seen(ran, {one.model: one for one in marked})


ONCE = RunOptions(Baseline.REBUILD, threads=2)
TWICE = replace(ONCE, stability=True)


class TestByTheText:
    def test_what_models_say_and_what_follows_from_it(self, lab: Lab) -> None:
        seen = look(lab, BASE, HEAD)
        assert seen.unstable("orders") == (Unstable("loaded_at", CLOCK),)
        assert seen.unstable("ranked") == (Unstable("place", TIES),)
        assert seen.unstable("kinds") == (Unstable("ids", "may differ: string_agg() takes values in any order"),)
        assert seen.unstable("plain") == ()
        assert seen.ran.execution.again_runs is None
        assert lab.names("branch__x__twice__base") == set()
        assert not any("measured" in note for diff in seen.diffs.values() for note in diff.notes)

    def test_a_reader_of_a_column_that_differs(self, lab: Lab) -> None:
        readers: dict[str, Spec] = {
            "late": "SELECT id, loaded_at AS at, loaded_at > TIMESTAMP '2020-01-01' AS new FROM orders",
            "later": "SELECT *, upper('x') AS x FROM late",
            "few": "SELECT kind, count(*) AS n FROM orders WHERE loaded_at > TIMESTAMP '2020-01-01' GROUP BY kind",
            "fewer": "SELECT n FROM few",
            "without": "SELECT * EXCLUDE (loaded_at), id + 1 AS n FROM orders",
            "distinct_ones": "SELECT DISTINCT kind, loaded_at FROM orders",
        }
        seen = look(lab, BASE | readers, HEAD | readers)
        there = ", in `orders.loaded_at`"
        assert seen.unstable("late") == (Unstable("at", CLOCK + there), Unstable("new", f"may differ: now(){there}"))
        assert seen.unstable("later") == seen.unstable("late")
        assert seen.unstable("without") == ()
        assert [one.column for one in seen.unstable("few")] == [None]
        assert seen.unstable("few")[0].why == f"may differ: now(){there}"
        assert seen.unstable("fewer") == (Unstable(None, f"may differ: now(){there}"),)
        assert seen.unstable("distinct_ones") == (Unstable("loaded_at", CLOCK + there),)

    def test_a_table_that_is_added_to_has_more_than_one_moment(self, lab: Lab) -> None:
        base: dict[str, Spec] = {
            "log": ("SELECT id, kind, now()::TIMESTAMP AS at FROM raw", INCREMENTAL),
            "days": "SELECT DISTINCT kind, at FROM log",
        }
        head = base | {"log": ("SELECT id, kind, now()::TIMESTAMP AS at FROM raw WHERE id > 3", INCREMENTAL)}
        assert {one.column for one in look(lab, base, head).unstable("days")} == {None, "at"}

    def test_views_and_ephemeral_models_are_computed_when_they_are_read(self, lab: Lab) -> None:
        base: dict[str, Spec] = {
            "seen": ("SELECT id, random() AS r FROM raw", VIEW),
            "inlined": ("SELECT id, now()::TIMESTAMP AS n FROM raw", EPHEMERAL),
            "table_of_it": "SELECT id, uuid() AS u FROM raw",
            "reader": "SELECT s.id, s.r, i.n, t.u FROM seen s JOIN inlined i USING (id) JOIN table_of_it t USING (id)",
        }
        lab.sql("CREATE VIEW seen AS SELECT id, 0.5 AS r FROM raw")  # production must hold still while it is watched
        lab.sql("CREATE TABLE table_of_it AS SELECT id, uuid() AS u FROM raw")
        head = base | {"reader": f"{base['reader']} WHERE id > 3"}
        assert look(lab, base, head).unstable("reader") == (
            Unstable("r", "differs each time: random(), in `seen.r`"),
            Unstable("n", "differs each time: now(), in `inlined.n`"),
        )

    def test_what_only_base_has(self, lab: Lab) -> None:
        base: dict[str, Spec] = {"m": "SELECT id, random() AS r, uuid() AS gone FROM raw"}
        seen = look(lab, base, {"m": "SELECT id, kind AS r FROM raw"})
        assert seen.unstable("m") == (
            Unstable("r", "differs each time: random(), on base"),
            Unstable("gone", "differs each time: uuid(), on base"),
        )

    def test_a_new_model(self, lab: Lab) -> None:
        seen = look(lab, {"m": "SELECT 1 AS id"}, {"m": "SELECT 1 AS id", "n": "SELECT random() AS r"})
        assert seen.unstable("n") == (Unstable("r", "differs each time: random()"),)
        assert seen.diffs["n"].notes == ()

    def test_ignored_columns_are_nobodys_worry(self, lab: Lab) -> None:
        seen = look(lab, BASE, HEAD, model_options=ModelOptions(ignore_columns=("LOADED_AT",)))
        assert seen.unstable("orders") == ()

    def test_names_as_the_warehouse_spells_them(self, lab: Lab) -> None:
        unnamed = "list(kind) OVER (), string_agg(id, '') OVER ()"
        base: dict[str, Spec] = {"m": f"SELECT id, random() AS Chance, {unnamed} FROM raw"}
        head = {"m": f"{base['m']} WHERE id > 1"}
        assert [one.column for one in look(lab, base, head).unstable("m")] == [
            "Chance",
            "list(kind) OVER ()",
            "string_agg(id, '') OVER ()",
        ]

    def test_a_column_without_a_name_of_a_model_that_was_not_built(self, lab: Lab) -> None:
        base: dict[str, Spec] = {"m": "SELECT id FROM raw"}
        seen = look(lab, base, {"m": "SELECT id, uuid() FROM raw WHERE nobody_knows = 1"})
        assert isinstance(seen.ran.head("m"), Failed)
        assert seen.unstable("m") == (Unstable("column 2", "differs each time: uuid()"),)

    def test_sql_that_cannot_be_read_is_not_spoken_of(self, lab: Lab) -> None:
        seen = look(lab, {"m": "SELECT id FROM raw"}, {"m": "SELECT id, FROM WHERE random("})
        assert seen.unstable("m") == ()

    def test_a_declared_key_of_what_is_read_settles_an_order(self, lab: Lab) -> None:
        model = "SELECT id, row_number() OVER (PARTITION BY kind ORDER BY day, id) AS place FROM orders"
        assert look(lab, BASE | {"ranked": model}, HEAD | {"ranked": model}).unstable("ranked") == ()
        sidecar = f"{KEYED}filter = 'id > 5'\n"
        base: dict[str, Spec] = BASE | {"orders": (BASE["orders"][0], sidecar), "ranked": model}
        head: dict[str, Spec] = base | {"orders": (HEAD["orders"][0], sidecar)}
        assert [one.column for one in look(lab, base, head).unstable("ranked")] == ["place"]

    def test_a_sum_of_floating_point_numbers_is_known_by_its_type(self, lab: Lab) -> None:
        lab.sql("CREATE TABLE measured AS SELECT id, kind, id / 7 AS f, id::DECIMAL(9, 2) AS d FROM raw")
        sums: dict[str, Spec] = {
            "sums": "WITH s AS (SELECT kind, sum(f) AS f, sum(d) AS d, sum(id) AS i FROM measured GROUP BY kind),"
            " final AS (SELECT *, i / 2 AS half FROM s) SELECT kind, f AS g, d, i, half FROM final",
            "reader": "SELECT kind, g * 2 AS twice FROM sums",
        }
        head = sums | {"sums": f"{sums['sums']} WHERE kind > 0"}
        seen = look(lab, sums, head)
        why = "may differ: sum() takes numbers in any order, which shows in the last digits"
        assert seen.unstable("sums") == (Unstable("g", why),)
        assert seen.unstable("reader") == (Unstable("twice", f"{why}, in `sums.g`"),)
        one_by_one = {"sums": "SELECT sum(f) OVER (PARTITION BY kind) AS g FROM measured"}
        assert look(lab, sums, one_by_one).unstable("sums") == (Unstable("g", why),)

    def test_a_surrogate_key_of_it(self, lab: Lab) -> None:
        sidecar = '[[surrogate_key]]\nname = "key"\ncolumns = ["id", "place"]\n'
        with_key: dict[str, Spec] = {"ranked": (str(BASE["ranked"]), sidecar)}
        found = look(lab, BASE | with_key, HEAD | with_key).unstable("ranked")
        assert [one.column for one in found] == ["place", "key"]


class TestByTwoBuilds:
    def test_rows_are_counted_by_column_where_there_is_a_key(self, lab: Lab) -> None:
        seen = look(lab, BASE, HEAD, run=TWICE)
        assert seen.unstable("orders") == (Unstable("loaded_at", CLOCK, 200),)
        assert not any("two builds" in note for note in seen.diffs["orders"].notes)
        assert lab.names("branch__x__twice__base") == {"orders", "ranked", "kinds", "plain"}

    def test_what_may_differ_and_did_not(self, lab: Lab) -> None:
        seen = look(lab, BASE, HEAD, run=TWICE)
        assert seen.unstable("ranked") == (Unstable("place", TIES, 0),)
        assert "two builds of base are the same" in seen.diffs["ranked"].notes
        assert "two builds of base are the same" in seen.diffs["plain"].notes

    def test_one_doubted_column_without_a_key(self, lab: Lab) -> None:
        base: dict[str, Spec] = {"m": "SELECT kind, random() AS r FROM raw"}
        seen = look(lab, base, {"m": "SELECT kind + 1 AS kind, random() AS r FROM raw"}, run=TWICE)
        assert seen.unstable("m") == (Unstable("r", "differs each time: random()", 200),)

    def test_several_doubted_columns_without_a_key(self, lab: Lab) -> None:
        base: dict[str, Spec] = {"m": "SELECT kind, random() AS r, uuid() AS u FROM raw"}
        seen = look(lab, base, {"m": "SELECT kind + 1 AS kind, random() AS r, uuid() AS u FROM raw"}, run=TWICE)
        assert seen.unstable("m") == (
            Unstable("r", "differs each time: random()"),
            Unstable("u", "differs each time: uuid()"),
            Unstable(None, "differs between two builds of base, in nothing but `r`, `u`", 200),
        )

    def test_what_no_text_tells(self, lab: Lab) -> None:
        """A macro of the warehouse's: nobody knows it here, and two builds show it."""
        lab.sql("CREATE MACRO dice(x) AS random() * x")
        base: dict[str, Spec] = {"m": ("SELECT id, dice(id + 1) AS Cast_ FROM raw", KEYED)}
        head: dict[str, Spec] = {"m": ("SELECT id, dice(id + 2) AS Cast_ FROM raw", KEYED)}
        permits = Permits.of(["dice"])
        once, twice = replace(ONCE, permits=permits), replace(TWICE, permits=permits)
        assert look(lab, base, head, run=once).unstable("m") == ()
        assert look(lab, base, head, run=twice).unstable("m") == (
            Unstable("Cast_", "differs between two builds of base", 200),
        )
        keyless: dict[str, Spec] = {"m": "SELECT dice(id + 1) AS c, random() AS r FROM raw"}
        seen = look(lab, keyless, {"m": "SELECT dice(id + 2) AS c, random() AS r FROM raw"}, run=twice)
        assert seen.unstable("m") == (
            Unstable("r", "differs each time: random()"),
            Unstable(None, "differs between two builds of base", 200),
        )

    def test_what_only_head_does_was_not_measured(self, lab: Lab) -> None:
        head = {"m": "SELECT id, random() AS r FROM raw"}
        seen = look(lab, {"m": "SELECT id, kind AS r FROM raw"}, head, run=TWICE)
        assert seen.unstable("m") == (Unstable("r", "differs each time: random()"),)
        assert "two builds of base are the same" in seen.diffs["m"].notes

    def test_the_second_build_stands_on_second_builds(self, lab: Lab) -> None:
        base: dict[str, Spec] = {
            "first": ("SELECT id, random() AS r FROM raw", KEYED),
            "second": ("SELECT id, r + 1 AS s FROM first", KEYED),
        }
        head = base | {"first": ("SELECT id, random() + 1 AS r FROM raw", KEYED)}
        assert look(lab, base, head, run=TWICE).unstable("second") == (
            Unstable("s", "may differ: random(), in `first.r`", 200),
        )

    @pytest.mark.parametrize("sidecar", [MERGE, INCREMENTAL])
    @pytest.mark.parametrize("in_production", [True, False])
    def test_models_that_continue_a_table(self, lab: Lab, sidecar: str, *, in_production: bool) -> None:
        """Both builds start from the same copy: what was there before does not look like a difference."""
        if in_production:
            lab.sql("CREATE TABLE main.m AS SELECT id, kind FROM raw WHERE id < 50")
        base: dict[str, Spec] = {"m": ("SELECT id, kind FROM raw", sidecar)}
        seen = look(lab, base, {"m": ("SELECT id, kind + 1 AS kind FROM raw", sidecar)}, run=TWICE)
        assert "two builds of base are the same" in seen.diffs["m"].notes
        assert seen.unstable("m") == ()

    def test_no_run_counts_the_second_build(self, lab: Lab) -> None:
        execution = look(lab, BASE, HEAD, run=TWICE).ran.execution
        assert [run.model for run in execution.again_runs or ()] == [run.model for run in execution.base_runs]
        twice = [run.outcome.relation for run in execution.again_runs or () if isinstance(run.outcome, Succeeded)]
        assert {one.schema for one in twice} == {"branch__x__twice__base"}
        assert "a second time, base: orders" in lab.progress
        adapter = TypeAdapter(Execution)
        assert adapter.validate_json(adapter.dump_json(execution)) == execution

    def test_the_next_preview_leaves_nothing_of_it(self, lab: Lab) -> None:
        look(lab, BASE, HEAD, run=TWICE)
        look(lab, BASE, HEAD)
        assert lab.names("branch__x__twice__base") == set()


class TestNotMeasured:
    def test_base_that_is_compared_as_it_is(self, lab: Lab) -> None:
        lab.sql("CREATE TABLE main.m AS SELECT id, random() AS r FROM raw")
        base: dict[str, Spec] = {"m": "SELECT id, random() AS r FROM raw"}
        run = RunOptions(Baseline.AUTO, threads=2, stability=True)
        seen = look(lab, base, {"m": "SELECT id + 1 AS id, random() AS r FROM raw"}, run=run)
        assert seen.unstable("m") == (Unstable("r", "differs each time: random()"),)
        because = "base was not rebuilt: shop.main.m exists, and is compared as it is"
        assert f"{NOT_MEASURED}{because}" in seen.diffs["m"].notes
        assert seen.ran.execution.again_runs == ()

    def test_base_that_could_not_be_built(self, lab: Lab) -> None:
        base: dict[str, Spec] = {"m": "SELECT nobody_knows FROM raw"}
        (note,) = look(lab, base, {"m": "SELECT id FROM raw"}, run=TWICE).diffs["m"].notes
        assert note.startswith(f"{NOT_MEASURED}base could not be built: ")

    def test_a_second_build_that_failed(self, lab: Lab) -> None:
        """A model that works until head has been built, and base is built a second time after that."""
        head = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'branch__x' AND table_name = 'm'"
        base: dict[str, Spec] = {"m": f"SELECT id, CASE WHEN ({head}) > 0 THEN error('no') ELSE 1 END AS n FROM raw"}
        seen = look(lab, base, {"m": "SELECT id + 1 AS id FROM raw"}, run=TWICE)
        (note,) = [note for note in seen.diffs["m"].notes if note.startswith(NOT_MEASURED)]
        assert note.startswith(f"{NOT_MEASURED}the second build failed: ")

    def test_a_second_build_that_cannot_be_compared(self, lab: Lab) -> None:
        base: dict[str, Spec] = {"m": "SELECT id FROM raw"}
        seen = look(lab, base, {"m": "SELECT id + 1 AS id FROM raw"}, run=TWICE)
        lost = Relation("shop", "branch__x__twice__base", "m")
        lab.sql(f"DROP TABLE {lost}")
        projects = Projects(project_of(base), project_of({"m": "SELECT id + 1 AS id FROM raw"}))
        (again,) = mark_unstable(
            (replace(seen.diffs["m"], notes=()),),
            seen.ran.execution,
            plan=seen.ran.plan,
            projects=projects,
            warehouse=lab.database,
            options=PreviewOptions(NAME, TWICE),
        )
        assert again.notes == (f"{NOT_MEASURED}{lost} does not exist",)
