"""Carrying out a plan on real DuckDB files: who reads what from where, what stops whom, what is left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pytest

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
    RunStatus,
    Succeeded,
)
from rocky_action.domain.options import Baseline, CopyMode
from rocky_action.domain.project import Relation
from rocky_action.domain.pull_request import ChangedPath, PathStatus
from rocky_action.domain.usage import Usage
from rocky_action.warehouses.duckdb import DuckDB
from tests.support import five_models
from tests.support.previews import (
    BASE,
    HEAD,
    Lab,
    Ran,
    Spec,
    make_database,
    open_lab,
    options,
    production,
    project_of,
    read,
    relation_of,
)
from tests.support.projects import ROCKY_TOML
from tests.support.repositories import GitRepository, isolated_environ

ROOT = Path(__file__).parents[2]
VIEW, EPHEMERAL = '[strategy]\ntype = "view"\n', '[strategy]\ntype = "ephemeral"\n'
INCREMENTAL = '[strategy]\ntype = "incremental"\ntimestamp_column = "a"\n'
SLOW = "SELECT count(*) AS a FROM range(1000000) AS x, range(1000000) AS y WHERE x.range % 7 = y.range % 11"

CHAIN: dict[str, Spec] = {
    "a": "SELECT a, 'built' AS via FROM raw.src",
    "b": "SELECT a, via || '>b' AS via FROM a",
    "c": "SELECT a, via || '>c' AS via FROM b",
    "d": "SELECT a, via || '>d' AS via FROM c",
}
CHANGED = CHAIN | {"c": "SELECT a, via || '>C' AS via FROM b"}


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, "CREATE SCHEMA raw", "CREATE TABLE raw.src AS SELECT 1 AS a") as lab:
        yield lab


@pytest.fixture
def built(bare: Lab) -> Lab:
    """A production whose tables say that they are its own."""
    bare.sql(*(f"CREATE TABLE main.{name} AS SELECT 1 AS a, 'production {name}' AS via" for name in CHAIN))
    return bare


def clones(ran: Ran) -> dict[str, Cloned | NotCloned]:
    return {clone.model: clone for clone in ran.execution.clones}


def side(ran: Ran, model: str) -> BaseSide:
    found = ran.execution.base_side(model)
    assert found is not None
    return found


# Where models are read


def test_the_prune_set_reads_itself_from_the_preview_and_the_rest_from_a_clone(built: Lab) -> None:
    ran = built.preview(project_of(CHAIN), project_of(CHANGED)).succeeded()
    assert ran.plan.prune_names == ("c", "d")
    assert ran.plan.copy_names == ("b",)
    assert built.rows(f"{HEAD}.c") == [(1, "production b>C")]
    assert built.rows(f"{HEAD}.d") == [(1, "production b>C>d")]
    assert built.names(HEAD) == {"b", "c", "d"}
    assert built.names(BASE) == set()
    there = Relation("shop", HEAD, "b")
    assert clones(ran) == {"b": Cloned("b", Relation("shop", "main", "b"), there, CloneMethod.VIEW)}
    assert side(ran, "d") == BaseSide("d", BaselineKind.EXISTING, Relation("shop", "main", "d"))
    assert ran.execution.status is RunStatus.SUCCEEDED
    assert ran.execution.run_id == "run-20240201-061500-000"


def test_models_read_the_clone_and_not_what_it_was_cloned_from(built: Lab) -> None:
    built.preview(project_of(CHAIN), project_of(CHAIN | {"c": ("SELECT a, via FROM b", VIEW)})).succeeded()
    definition = built.database.query(
        f"SELECT sql FROM duckdb_views() WHERE schema_name = '{HEAD}' AND view_name = 'c'"
    )
    assert HEAD in str(definition[0][0])
    assert "main" not in str(definition[0][0])


@pytest.mark.parametrize(
    ("copy", "cloned"), [(CopyMode.NEEDED, {"b"}), (CopyMode.ALL, {"a", "b"}), (CopyMode.NONE, set[str]())]
)
def test_copies(built: Lab, copy: CopyMode, cloned: set[str]) -> None:
    ran = built.preview(project_of(CHAIN), project_of(CHANGED), run=options(copy=copy)).succeeded()
    assert set(clones(ran)) == cloned
    assert built.names(HEAD) == cloned | {"c", "d"}
    assert built.rows(f"{HEAD}.d") == [(1, "production b>C>d")]


@pytest.mark.parametrize("copy", list(CopyMode))
def test_on_a_bare_runner_base_is_built_up_to_what_is_read(bare: Lab, copy: CopyMode) -> None:
    more: dict[str, Spec] = {"other": "SELECT 1 AS unrelated"}
    ran = bare.preview(project_of(CHAIN | more), project_of(CHANGED | more), run=options(copy=copy)).succeeded()
    assert bare.rows(f"{HEAD}.d") == [(1, "built>b>C>d")]
    assert bare.rows(f"{BASE}.d") == [(1, "built>b>c>d")]
    wanted = {"a", "b", "c", "d"} | ({"other"} if copy is CopyMode.ALL else set())
    assert {run.model for run in ran.execution.base_runs} == bare.names(BASE) == wanted
    assert {name for name, clone in clones(ran).items() if isinstance(clone, Cloned)} == {
        CopyMode.NEEDED: {"b"},
        CopyMode.ALL: {"a", "b", "other"},
        CopyMode.NONE: set(),
    }[copy]


def test_a_rebuilt_base_is_built_on_production_for_what_did_not_change(built: Lab) -> None:
    ran = built.preview(project_of(CHAIN), project_of(CHANGED), run=options(Baseline.REBUILD)).succeeded()
    assert [run.model for run in ran.execution.base_runs] == ["c", "d"]
    assert built.rows(f"{BASE}.c") == [(1, "production b>c")]
    assert built.rows(f"{BASE}.d") == [(1, "production b>c>d")], "reads the rebuilt c and not production's"
    assert built.rows(f"{HEAD}.d") == [(1, "production b>C>d")]
    assert built.names(BASE) == {"c", "d"}


def test_only_what_production_lacks_is_built_for_base(built: Lab) -> None:
    built.sql("DROP TABLE main.d", "DROP TABLE main.b")
    ran = built.preview(project_of(CHAIN), project_of(CHANGED)).succeeded()
    assert [run.model for run in ran.execution.base_runs] == ["b", "d"]
    assert built.rows(f"{BASE}.b") == [(1, "production a>b")]
    assert built.rows(f"{BASE}.d") == [(1, "production c>d")], "c exists and base reads it as it is"
    assert built.rows(f"{HEAD}.c") == [(1, "production a>b>C")]
    assert (side(ran, "c").kind, side(ran, "d").kind) == (BaselineKind.EXISTING, BaselineKind.REBUILT)


def test_with_an_existing_baseline_nothing_is_built_for_base(built: Lab) -> None:
    built.sql("DROP TABLE main.d", "DROP TABLE main.b")
    ran = built.preview(project_of(CHAIN), project_of(CHANGED), run=options(Baseline.EXISTING))
    assert ran.execution.base_runs == ()
    assert clones(ran) == {"b": NotCloned("b", "shop.main.b does not exist")}
    assert ran.head("c") == NotRun("b, which it reads, could not be cloned: shop.main.b does not exist")
    assert ran.head("d") == NotRun("c, which it reads, was not run")
    assert side(ran, "d") == BaseSide("d", BaselineKind.NONE, note="base has no relation shop.main.d")
    assert ran.execution.status is RunStatus.FAILED
    assert built.names(HEAD) == set()


def test_ephemeral_models_are_looked_through(built: Lab) -> None:
    between: dict[str, Spec] = {
        "e1": ("SELECT a, via FROM b", EPHEMERAL),
        "e2": ("SELECT a, via || '>e' AS via FROM e1", EPHEMERAL),
    }
    base = project_of(CHAIN | between | {"c": "SELECT a, via FROM e2"})
    head = project_of(CHAIN | between | {"c": "SELECT a, via || '!' AS via FROM e2"})
    ran = built.preview(base, head, run=options(Baseline.REBUILD)).succeeded()
    assert ran.plan.copy_names == ("b",)
    assert built.rows(f"{HEAD}.c") == [(1, "production b>e!")]
    assert built.rows(f"{BASE}.c") == [(1, "production b>e")]
    built.sql("DROP TABLE main.b")
    built.preview(base, head).succeeded()
    assert built.rows(f"{HEAD}.c") == [(1, "production a>b>e!")]


def test_a_changed_ephemeral_model_reaches_its_readers(bare: Lab) -> None:
    base = project_of({"e": ("SELECT a FROM raw.src", EPHEMERAL), "m": "SELECT a FROM e"})
    head = project_of({"e": ("SELECT a + 1 AS a FROM raw.src", EPHEMERAL), "m": "SELECT a FROM e"})
    ran = bare.preview(base, head).succeeded()
    assert ran.head("e") == Inlined()
    assert side(ran, "e").note == "base has no relation for it: it is ephemeral there"
    assert (bare.rows(f"{HEAD}.m"), bare.rows(f"{BASE}.m")) == ([(2,)], [(1,)])


def test_an_ephemeral_model_that_is_no_query_fails_though_nobody_reads_it(bare: Lab) -> None:
    base = project_of({"m": "SELECT 1 AS a", "e": ("SELECT a FROM m", EPHEMERAL), "r": "SELECT a FROM e"})
    head = project_of({"m": "SELECT 1 AS a", "e": ("SELECT a + b AS a FROM m", EPHEMERAL)})
    failed = bare.preview(base, head).head("e")
    assert isinstance(failed, Failed)
    assert '"b" not found' in failed.message


def test_ephemeral_models_in_a_circle_fail_whoever_inlines_them(bare: Lab) -> None:
    circle: dict[str, Spec] = {"e1": ("SELECT a FROM e2", EPHEMERAL), "e2": ("SELECT a FROM e1", EPHEMERAL)}
    base = project_of(circle | {"m": "SELECT a FROM e1"})
    head = project_of(circle | {"m": "SELECT a + 1 AS a FROM e1"})
    outcome = bare.preview(base, head).head("m")
    assert isinstance(outcome, Failed)
    assert "e1, which it inlines, reads itself in a circle" in outcome.message


def test_a_model_that_becomes_ephemeral_and_back(built: Lab) -> None:
    plain = project_of(CHAIN)
    folded = project_of(CHAIN | {"c": ("SELECT a, via || '>c' AS via FROM b", EPHEMERAL)})
    ran = built.preview(plain, folded).succeeded()
    assert ran.head("c") == Inlined()
    assert built.rows(f"{HEAD}.d") == [(1, "production b>c>d")]
    back = built.preview(folded, plain, run=options(Baseline.REBUILD)).succeeded()
    assert side(back, "c").kind is BaselineKind.NONE
    assert built.rows(f"{HEAD}.c") == [(1, "production b>c")]
    assert built.rows(f"{BASE}.d") == built.rows(f"{HEAD}.d")


def test_every_spelling_of_a_model_reads_the_preview_and_sources_stay(built: Lab) -> None:
    built.sql("CREATE TABLE raw.b AS SELECT 'source' AS via")
    spellings = "SELECT via FROM {} UNION ALL SELECT via FROM raw.b"
    for name in ("b", "B", "main.b", 'shop.main."b"', '"SHOP".MAIN.B'):
        head = project_of(
            CHAIN | {"b": "SELECT a, 'head' AS via FROM a", "c": spellings.format(name), "d": "SELECT 1 AS a"}
        )
        built.preview(project_of(CHAIN), head).succeeded()
        assert built.rows(f"{HEAD}.c") == [("head",), ("source",)], name


def test_models_of_other_schemas_fold_into_the_preview(built: Lab) -> None:
    built.sql("CREATE SCHEMA mart", "CREATE TABLE mart.b AS SELECT 1 AS a, 'production mart' AS via")
    mart = '[target]\nschema = "mart"\n'
    base = project_of({"b": ("SELECT a, via FROM raw.src", mart), "c": "SELECT a, via FROM mart.b"})
    head = project_of({"b": ("SELECT a, via FROM raw.src", mart), "c": "SELECT a, upper(via) AS via FROM mart.b"})
    built.preview(base, head).succeeded()
    assert built.rows(f"{HEAD}.c") == [(1, "PRODUCTION MART")]
    assert built.names(HEAD) == {"b", "c"}


def test_a_renamed_model_is_compared_with_its_old_relation(built: Lab) -> None:
    renamed = [ChangedPath(PathStatus.RENAMED, "models/new.sql", "models/c.sql")]
    head = {name: spec for name, spec in CHAIN.items() if name not in "cd"}
    ran = built.preview(
        project_of(CHAIN), project_of(head | {"new": CHAIN["c"], "d": "SELECT a FROM new"}), renamed=renamed
    ).succeeded()
    assert str(side(ran, "new").relation) == "shop.main.c"
    assert built.names(HEAD) == {"b", "new", "d"}


def test_a_catalog_that_only_base_names_is_no_obstacle(built: Lab) -> None:
    wrong = '[target]\ncatalog = "typo"\n'
    ran = built.preview(project_of(CHAIN | {"c": ("SELECT a, via FROM b", wrong)}), project_of(CHAIN))
    assert built.rows(f"{HEAD}.c") == [(1, "production b>c")]
    assert isinstance(ran.base("c"), Failed)
    assert "typo" in (side(ran, "c").note or "")


def test_an_empty_catalog_means_the_databases_own(built: Lab) -> None:
    plain = {"models/_defaults.toml": '[target]\ncatalog = ""\nschema = "main"\n'}
    built.preview(project_of(CHAIN, plain), project_of(CHANGED, plain), run=options(Baseline.REBUILD)).succeeded()
    assert built.rows(f"{HEAD}.d") == [(1, "production b>C>d")]
    assert built.rows(f"{BASE}.d") == [(1, "production b>c>d")]


@pytest.mark.parametrize("catalog", ["", "shop", "SHOP"])
def test_what_an_earlier_run_left_is_dropped_and_another_projects_preview_is_not(built: Lab, catalog: str) -> None:
    """A warehouse has many catalogs, and in another one the same name is another project's."""
    built.sql("ATTACH ':memory:' AS elsewhere", f"CREATE SCHEMA elsewhere.{HEAD}", f"CREATE SCHEMA {HEAD}")
    built.sql(f"CREATE TABLE {HEAD}.stale AS SELECT 1 AS a")
    plain = {"models/_defaults.toml": f'[target]\ncatalog = "{catalog}"\nschema = "main"\n'}
    built.preview(project_of(CHAIN, plain), project_of(CHANGED, plain)).succeeded()
    assert "stale" not in built.names(HEAD)
    assert ("elsewhere", HEAD) in built.database.schemas(HEAD)


# What fails


WIDE: dict[str, Spec] = {
    "top": "SELECT a FROM raw.src",
    "left_": "SELECT a FROM top",
    "right_": "SELECT a FROM top",
    "under_left": "SELECT a FROM left_",
    "under_both": "SELECT l.a FROM left_ AS l, right_ AS r",
    "lowest": "SELECT a FROM under_left",
}


def wide(**changed: str) -> dict[str, Spec]:
    return WIDE | {"top": "SELECT a + 1 AS a FROM raw.src"} | changed


@pytest.mark.parametrize("threads", [1, 8])
def test_a_failing_model_stops_what_reads_it_and_nothing_else(bare: Lab, threads: int) -> None:
    head = project_of(wide(left_="SELECT 1 / 'x' AS a FROM top WHERE a > 0"))
    ran = bare.preview(project_of(WIDE), head, run=options(threads=threads))
    outcome = ran.head("left_")
    assert isinstance(outcome, Failed)
    assert "x" in outcome.message
    assert ran.head("under_left") == NotRun("left_, which it reads, failed")
    assert ran.head("under_both") == NotRun("left_, which it reads, failed")
    assert ran.head("lowest") == NotRun("under_left, which it reads, was not run")
    assert relation_of(ran.head("right_")) == f"shop.{HEAD}.right_"
    assert ran.execution.status is RunStatus.PARTIAL
    assert bare.names(HEAD) == {"top", "right_"}
    assert bare.names(BASE) == set(WIDE), "base is whole"


def test_a_failing_base_is_told_and_head_is_built(bare: Lab) -> None:
    base = project_of(WIDE | {"left_": "SELECT nothing FROM top"})
    ran = bare.preview(base, project_of(WIDE)).execution
    assert all(isinstance(run.outcome, Succeeded) for run in ran.head_runs)
    found = {one.model: (one.kind, one.note) for one in ran.base_sides}
    assert found["left_"][0] is BaselineKind.NONE
    assert "nothing" in (found["left_"][1] or "")
    assert found["under_left"] == (BaselineKind.NONE, "base could not be built: left_, which it reads, failed")


def test_a_copied_model_that_cannot_be_built_stops_its_readers(bare: Lab) -> None:
    broken = WIDE | {"left_": "SELECT nothing FROM top"}
    ran = bare.preview(
        project_of(broken), project_of(broken | {"under_both": "SELECT r.a + 1 AS a FROM left_, right_ AS r"})
    )
    clone = clones(ran)["left_"]
    assert isinstance(clone, NotCloned)
    assert clone.because.startswith("base does not have it and it could not be built: ")
    outcome = ran.head("under_both")
    assert isinstance(outcome, NotRun)
    assert outcome.because.startswith("left_, which it reads, could not be cloned: base does not have it")


def test_a_view_on_something_that_is_gone_cannot_be_cloned(built: Lab) -> None:
    built.sql(
        "DROP TABLE main.b", "CREATE TABLE raw.t AS SELECT 1 AS a, 'x' AS via", "CREATE VIEW main.b AS FROM raw.t"
    )
    built.sql("DROP TABLE raw.t")
    projects = project_of(CHAIN), project_of(CHANGED)
    with pytest.raises(duckdb.Error):
        built.rows("main.b")
    built.sql("CREATE TABLE raw.t AS SELECT 1 AS a, 'y' AS via")  # so that production can be looked at
    assert isinstance(clones(built.preview(*projects))["b"], Cloned)
    built.sql("DROP TABLE raw.t", "CREATE TABLE raw.t AS SELECT 1 AS other")
    built.sql("DROP VIEW main.b", "CREATE VIEW main.b AS SELECT other::INTEGER AS a FROM raw.t")
    ran = built.preview(*projects)
    outcome = ran.head("c")
    assert isinstance(outcome, Failed)
    assert "via" in outcome.message


def test_a_rocky_model_is_built_from_what_it_reads_and_read_by_others(bare: Lab) -> None:
    models: dict[str, Spec] = {"a": "SELECT a, a + i AS b FROM raw.src, range(4) AS t(i)", "m": "SELECT b, k FROM r"}
    base = {"models/r.rocky": "from a\n", "models/r.toml": ""}
    base |= {"models/e.rocky": "from a as x\nselect { x.b }", "models/e.toml": '[strategy]\ntype = "ephemeral"'}
    head = base | {
        "models/r.rocky": "from a\nderive { k: a.b * 2 }\njoin e on b\nwhere a.b > 1 or k is null\nselect { a.b, k }\n"
    }
    ran = bare.preview(
        project_of(models, {**base, "models/r.rocky": "from a derive { k: 1 }"}), project_of(models, head)
    )
    assert isinstance(ran.head("m"), Succeeded), ran.head("m")
    assert bare.rows("branch__x.m") == [(2, 4), (3, 6), (4, 8)]
    assert bare.rows("branch__x__base.m") == [(1, 1), (2, 1), (3, 1), (4, 1)]


def test_a_rocky_time_interval_model_has_its_window(bare: Lab) -> None:
    bare.sql("CREATE TABLE raw.days AS SELECT DATE '2024-01-30' + i::INTEGER AS d, i AS v FROM range(3) AS t(i)")
    sidecar = (
        '[strategy]\ntype = "time_interval"\ntime_column = "d"\ngranularity = "day"\nfirst_partition = "2024-01-31"\n'
    )
    text = 'from raw.days\nwhere d >= "@start_date" and d < "@end_date"\nselect { d, v }\n'
    base = project_of({}, {"models/r.rocky": text, "models/r.toml": sidecar})
    head = project_of({}, {"models/r.rocky": text.replace("where d", "where v < 9 and d"), "models/r.toml": sidecar})
    ran = bare.preview(base, head)
    assert isinstance(ran.head("r"), Succeeded), ran.head("r")
    assert [row[1] for row in bare.rows("branch__x__base.r")] == [1, 2]
    assert [row[1] for row in bare.rows("branch__x.r")] == [1, 2]


def test_a_rocky_model_that_cannot_be_read_fails_with_its_place(bare: Lab) -> None:
    more = {"models/r.rocky": "from a\n", "models/r.toml": ""}
    changed = {"models/r.rocky": "\n\nfrom a\nwhre a == 5\n", "models/r.toml": ""}
    models: dict[str, Spec] = {"a": "SELECT a FROM raw.src", "m": "SELECT * FROM r"}
    ran = bare.preview(project_of(models, more), project_of(models, changed))
    outcome = ran.head("r")
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("line 4, column 1: expected a step")
    assert "did you mean `where`?" in outcome.message
    assert ran.head("m") == NotRun("r, which it reads, failed")
    assert isinstance(ran.base("r"), Succeeded)


def test_a_rocky_model_whose_sql_cannot_be_read_says_so(bare: Lab) -> None:
    models: dict[str, Spec] = {"a": "SELECT a FROM raw.src"}
    more = {"models/r.rocky": "from a\n", "models/r.toml": ""}
    changed = {"models/r.rocky": "from a\nselect { case }\n", "models/r.toml": ""}
    outcome = bare.preview(project_of(models, more), project_of(models, changed)).head("r")
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("the SQL that this file stands for cannot be read: line 1")


def test_sql_that_cannot_be_read_fails_with_its_place(bare: Lab) -> None:
    ran = bare.preview(project_of({"m": "SELECT 1 AS a"}), project_of({"m": "SELECT a,,b FROM\nWHERE"}))
    outcome = ran.head("m")
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("line 2, column 5: ")


UNREADABLE = "SELECT x'41' AS bytes"
"""What DuckDB reads and the parser here does not."""


@pytest.mark.parametrize("strategy", ["full_refresh", "view"])
def test_sql_that_only_the_warehouse_reads_is_run_as_it_is_written(built: Lab, strategy: str) -> None:
    sidecar = f'[strategy]\ntype = "{strategy}"\n'
    base = project_of({"m": (f"{UNREADABLE}, 1 AS a", sidecar)})
    head = project_of({"m": (f"{UNREADABLE}, a /* really */ FROM raw.src;", sidecar)})
    ran = built.preview(base, head, run=options(Baseline.REBUILD))
    outcome = ran.head("m")
    assert isinstance(outcome, Succeeded)
    assert outcome.note is not None
    assert outcome.note.startswith("run as it is written, as it cannot be read here (line 1, column ")
    assert built.rows(f"{HEAD}.m") == [(b"A", 1)]
    assert built.rows(f"{BASE}.m") == [(b"A", 1)]


def test_sql_that_only_the_warehouse_reads_is_not_run_where_a_name_in_it_would_mean_production(built: Lab) -> None:
    base = {"up": "SELECT a FROM raw.src", "m": f"{UNREADABLE}, a FROM up"}
    ran = built.preview(project_of(base), project_of(base | {"up": "SELECT a + 1 AS a FROM raw.src"}))
    outcome = ran.head("m")
    assert isinstance(outcome, NotRun)
    assert outcome.because.endswith("and it mentions up, which this preview has in another place")


def test_sql_that_only_the_warehouse_reads_may_read_what_was_only_copied(built: Lab) -> None:
    built.sql("CREATE TABLE main.up AS SELECT 7 AS a")
    base = {"up": "SELECT 7 AS a", "m": f"{UNREADABLE} FROM up"}
    ran = built.preview(project_of(base), project_of(base | {"m": f"{UNREADABLE}, a FROM up"}))
    assert isinstance(ran.head("m"), Succeeded)
    assert built.rows(f"{HEAD}.m") == [(b"A", 7)]


@pytest.mark.parametrize(
    "sql",
    [
        f"{UNREADABLE}; DROP TABLE raw.src",
        f"WITH x AS (INSERT INTO raw.src VALUES (2) RETURNING a) {UNREADABLE}, a FROM x",
        f"{UNREADABLE} FROM query('SELECT 1')",
        f"{UNREADABLE} FROM \"query\"('SELECT 1')",
        f"COPY ({UNREADABLE}) TO '/tmp/x.csv'",
        f"{UNREADABLE} FROM nowhere",
        f"{UNREADABLE}, nextval('s')",
        "PIVOT raw.src ON a USING sum(a), x'41'",
    ],
)
def test_sql_that_cannot_be_read_and_is_more_than_a_query_fails(built: Lab, sql: str) -> None:
    built.sql("CREATE SEQUENCE s")
    ran = built.preview(project_of({"m": "SELECT 1 AS a"}), project_of({"m": sql}))
    assert isinstance(ran.head("m"), Failed)
    assert "m" not in built.names(HEAD)


@pytest.mark.parametrize("strategy", ['type = "incremental"\ntimestamp_column = "a"', 'type = "ephemeral"'])
def test_sql_that_cannot_be_read_is_run_as_it_is_only_where_nothing_is_made_from_it(built: Lab, strategy: str) -> None:
    head = {"m": (UNREADABLE, f"[strategy]\n{strategy}\n")}
    ran = built.preview(project_of({"m": "SELECT 1 AS a"}), project_of(head))
    outcome = ran.head("m")
    assert isinstance(outcome, Failed)
    assert outcome.message.endswith(". A model is a single SELECT, with or without CTEs and set operations.")


def test_a_rocky_model_that_cannot_be_lowered_fails_with_the_way_out(built: Lab) -> None:
    text = "from raw.src\nderive { p: match a { _ => 1 } }"
    head = project_of({}, {"models/m.rocky": text, "models/m.toml": ""})
    outcome = built.preview(project_of({"m": "SELECT 1 AS a"}), head).head("m")
    assert isinstance(outcome, Failed)
    assert outcome.message.endswith("this has only `_`. Write the result without match.")


def test_a_timeout_fails_one_model_with_advice(bare: Lab) -> None:
    slow = wide(left_=SLOW)
    ran = bare.preview(project_of(WIDE), project_of(slow), run=options(timeout=0.5))
    assert ran.head("left_") == Failed(
        "the statement was interrupted after 0.5 s. Raise --timeout, or make the model cheaper."
    )
    assert ran.head("under_left") == NotRun("left_, which it reads, failed")
    assert isinstance(ran.head("right_"), Succeeded)


def test_too_little_memory_fails_one_model_with_advice(tmp_path: Path) -> None:
    with open_lab(tmp_path, "CREATE SCHEMA raw", "CREATE TABLE raw.src AS SELECT 1 AS a", memory_limit="64MB") as lab:
        big = wide(left_="SELECT len(list(range)) AS a FROM range(30000000)")
        ran = lab.preview(project_of(WIDE), project_of(big), run=options(threads=1))
        outcome = ran.head("left_")
        assert isinstance(outcome, Failed)
        assert "Out of Memory" in outcome.message
        assert outcome.message.endswith("Raise --memory-limit, or make the model cheaper.")
        assert isinstance(ran.head("right_"), Succeeded)


def test_a_pivot_runs_though_duckdb_does_not_tell_what_it_took(bare: Lab) -> None:
    outcome = bare.preview(project_of({}), project_of({"m": "SELECT * FROM (PIVOT raw.src ON a USING count(*))"})).head(
        "m"
    )
    assert isinstance(outcome, Succeeded)
    assert (outcome.usage.rows, outcome.usage.bytes_scanned) == (None, None)
    assert bare.rows(f"{HEAD}.m") == [(1,)]


# Threads


@dataclass(frozen=True)
class OneAtATime(DuckDB):
    """A warehouse that takes one statement at a time, and counts how many it was given."""

    running: list[str] = field(default_factory=list)
    most: list[int] = field(default_factory=list)

    @property
    def concurrency(self) -> int:
        return 1

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        self.running.append(str(model))
        self.most.append(len(self.running))
        time.sleep(0.02)
        try:
            return super().execute(statements, timeout=timeout, model=model)
        finally:
            self.running.remove(str(model))


def test_no_more_models_are_built_at_once_than_the_warehouse_takes(bare: Lab) -> None:
    database = OneAtATime(bare.database.connection, bare.database.catalog, bare.database.file)
    lab = replace(bare, database=database)
    lab.preview(project_of(WIDE), project_of(wide()), run=options(Baseline.REBUILD, threads=8)).succeeded()
    assert max(database.most) == 1


def without_measures(execution: Execution) -> Execution:
    def still(run: ModelRun) -> ModelRun:
        outcome = run.outcome
        if isinstance(outcome, Succeeded):
            outcome = replace(outcome, usage=Usage(None, outcome.usage.rows, outcome.usage.bytes_scanned))
        return replace(run, outcome=outcome)

    return replace(
        execution,
        duration_ms=0,
        head_runs=tuple(map(still, execution.head_runs)),
        base_runs=tuple(map(still, execution.base_runs)),
    )


@pytest.mark.parametrize("broken", [False, True])
def test_the_number_of_threads_changes_nothing_but_durations(bare: Lab, broken: bool) -> None:
    many: dict[str, Spec] = {f"m{n}": (f"SELECT a + {n} AS a FROM top", VIEW if n % 5 == 0 else "") for n in range(20)}
    many |= {f"i{n}": (f"SELECT a FROM m{n} JOIN m{n + 1} USING (a)", INCREMENTAL) for n in range(8)}
    bad = {"m3": "SELECT nothing FROM top", "m7": "SELECT 'x'::INTEGER AS a FROM top"} if broken else {}
    base, head = project_of(WIDE | many), project_of(wide(**bad) if not broken else WIDE | many | wide(**bad))
    if not broken:
        head = project_of(WIDE | many | wide())
    one, eight = (
        bare.preview(base, head, run=options(Baseline.REBUILD, threads=threads)).execution for threads in (1, 8)
    )
    assert without_measures(one) == without_measures(eight)
    assert len(one.head_runs) == len(WIDE) + len(many)


def test_models_that_do_not_depend_on_each_other_run_at_once(bare: Lab) -> None:
    """Each progress line waits for the other: with one thread this would never end."""
    meeting = threading.Barrier(2, timeout=20)

    class Meeting(list[str]):
        def append(self, line: str) -> None:
            super().append(line)
            if line in ("head: left_", "head: right_"):
                meeting.wait()

    lab = replace(bare, progress=Meeting())
    lab.preview(project_of(WIDE), project_of(wide()), run=options(threads=2)).succeeded()
    assert "base: top" in lab.progress


# Runs after runs


def test_running_again_replaces(built: Lab) -> None:
    base = project_of(CHAIN)
    built.preview(base, project_of(CHANGED), run=options(Baseline.REBUILD)).succeeded()
    built.preview(base, project_of(CHAIN | {"c": "SELECT a, 'second' AS via FROM a"})).succeeded()
    assert built.rows(f"{HEAD}.d") == [(1, "second>d")]
    assert built.names(HEAD) == {"a", "c", "d"}, "b is no longer read"
    assert built.names(BASE) == set(), "base was not rebuilt this time"
    for settings in (VIEW, "", VIEW):
        built.preview(base, project_of(CHAIN | {"c": ("SELECT a, 'third' AS via FROM b", settings)})).succeeded()
        assert built.rows(f"{HEAD}.d") == [(1, "third>d")]
    fewer = {name: spec for name, spec in CHAIN.items() if name != "d"}
    built.preview(base, project_of(fewer | {"c": "SELECT 1 AS a"})).succeeded()
    assert built.names(HEAD) == {"c"}


def test_whatever_else_was_in_the_previews_schemas_is_dropped(built: Lab) -> None:
    for schema in (HEAD, BASE, "branch__other", "branch__x2"):
        built.sql(f"CREATE SCHEMA {schema}", f"CREATE TABLE {schema}.left_over AS SELECT 1 AS a")
        built.sql(f"CREATE VIEW {schema}.c AS FROM raw.src", f"CREATE TYPE {schema}.e AS ENUM ('a')")
    built.preview(project_of(CHAIN), project_of(CHANGED)).succeeded()
    assert built.names(HEAD) == {"b", "c", "d"}
    assert ("shop", BASE) not in built.database.schemas("branch__")
    assert built.names("branch__other") == built.names("branch__x2") == {"left_over", "c"}


def test_stateful_models_do_not_pile_up_over_runs(built: Lab) -> None:
    base = project_of({"m": ("SELECT a FROM raw.src", INCREMENTAL)})
    head = project_of({"m": ("SELECT a + 1 AS a FROM raw.src", INCREMENTAL)})
    for _ in range(3):
        built.preview(base, head).succeeded()
        assert built.rows(f"{BASE}.m") == [(1,), (1,)]
        assert built.rows(f"{HEAD}.m") == [(1,), (2,)]
    built.sql("CREATE TABLE main.m AS SELECT 9 AS a")
    for _ in range(3):
        built.preview(base, head).succeeded()
        assert built.rows(f"{HEAD}.m") == [(2,), (9,)]


# Processes


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """The five models, built in production, and a branch whose fct_revenue takes hours."""
    made = GitRepository.new(tmp_path / "five", isolated_environ(tmp_path / "home"))
    made.commit(five_models.base() | {".gitignore": "*.duckdb*\n.rocky-preview/\n"})
    made.branch("slow")
    made.commit({"models/fct_revenue.sql": f"SELECT 1 AS customer_id, n.a FROM ({SLOW}) AS n, stg_orders"})
    made.branch("quick", "main")
    made.commit(five_models.pull_request())
    tables = [
        f"CREATE TABLE main.{name} AS {five_models.base()[f'models/{name}.sql']}"
        for name in ("raw_orders", "raw_customers", "stg_orders", "dim_customers", "fct_revenue")
    ]
    make_database(made.path / five_models.DATABASE, five_models.base()["data/seed.sql"], *tables)
    return made


COMMAND = (sys.executable, "-m", "rocky_action")


def environ(repository: GitRepository) -> Mapping[str, str]:
    return {**repository.environ, "PYTHONPATH": str(ROOT)}


def run(repository: GitRepository, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=repository.path,
        env=environ(repository),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def start_slow_run(repository: GitRepository) -> subprocess.Popen[str]:
    """A run that is busy with the slow model."""
    repository.switch("slow")
    process = subprocess.Popen(
        [*COMMAND, "run", "--name", "pr1", "--baseline", "rebuild"],
        cwd=repository.path,
        env=environ(repository),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if "head: fct_revenue" in line:
            return process
    raise AssertionError("".join(said))


def look(path: Path) -> dict[str, object]:
    connection = duckdb.connect(str(path), read_only=True)
    try:
        return production(connection, identity=False)
    finally:
        connection.close()


def test_a_killed_run_leaves_production_alone_and_the_next_one_cleans_up(repository: GitRepository) -> None:
    path = repository.path / five_models.DATABASE
    before = look(path)
    process = start_slow_run(repository)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL

    assert look(path) == before
    connection = duckdb.connect(str(path), read_only=True)
    leases = connection.execute("SELECT name, schemas FROM rocky_preview.leases").fetchall()
    runs = connection.execute("SELECT count(*) FROM rocky_preview.runs").fetchall()
    schemas = {name for (name,) in connection.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()}
    connection.close()
    suffixes = ("", "__base", "__twice", "__twice__base", "__audit", "__audit__base", "__again", "__again__base")
    assert leases == [("pr1", json.dumps([["five", f"branch__pr1{suffix}"] for suffix in suffixes]))]
    assert runs == [(0,)]
    assert {"branch__pr1", "branch__pr1__base"} <= schemas

    repository.switch("quick")
    done = run(repository, "run", "--name", "pr1", "--fail-on", "never")
    assert done.returncode == 0, done.stderr
    assert look(path) == before
    connection = duckdb.connect(str(path), read_only=True)
    rows = connection.execute("SELECT customer_id, orders, revenue FROM branch__pr1.fct_revenue").fetchall()
    schemas = {name for (name,) in connection.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()}
    connection.close()
    assert {key: (orders, revenue) for key, orders, revenue in rows} == five_models.REVENUE_HEAD
    assert "branch__pr1__base" not in schemas, "what the killed run left is gone"


def test_two_runs_at_once_on_one_file(repository: GitRepository) -> None:
    process = start_slow_run(repository)
    try:
        second = run(repository, "run", "--name", "pr1")
        assert second.returncode == 3, second.stderr
        assert "Could not set lock on file" in second.stderr
        assert "Another process has the database open" in second.stderr
        assert "Traceback" not in second.stderr
        cleanup = run(repository, "cleanup", "--name", "pr1")
        assert cleanup.returncode == 3
    finally:
        process.kill()
        process.communicate()


def test_memory_databases_hold_a_whole_preview(tmp_path: Path) -> None:
    made = GitRepository.new(tmp_path / "mem", isolated_environ(tmp_path / "home"))
    config = ROCKY_TOML.replace('path = "shop.duckdb"\n', "")
    files = {
        "rocky.toml": config,
        "models/_defaults.toml": '[target]\ncatalog = "memory"\nschema = "main"\n',
        "models/m.sql": "SELECT a FROM raw.src",
        "models/m.toml": "",
        "data/seed.sql": "CREATE SCHEMA raw; CREATE TABLE raw.src AS SELECT range AS a FROM range(10);",
        ".gitignore": ".rocky-preview/\n",
    }
    made.commit(files)
    made.branch("change")
    made.commit({"models/m.sql": "SELECT a FROM raw.src WHERE a > 3"})
    done = run(made, "run", "--output", "json", "--fail-on", "never")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    rows = report["diffs"][0]["rows"]
    assert (rows["rows_base"], rows["rows_head"]) == (10, 6)
    assert any("is in memory" in caveat["message"] for caveat in report["caveats"])
    assert not list(made.path.glob("*.duckdb*"))


def test_the_helper_sees_a_touched_production(bare: Lab) -> None:
    connection = bare.database.connection
    before = production(connection)
    for statement in (
        "CREATE OR REPLACE TABLE raw.src AS SELECT 1 AS a",
        "INSERT INTO raw.src VALUES (2)",
        "CREATE VIEW main.v AS FROM raw.src",
        "CREATE SCHEMA more",
        "CREATE TYPE main.e AS ENUM ('a')",
    ):
        bare.sql(statement)
        after = production(connection)
        assert after != before, statement
        before = after
    bare.sql("CREATE SCHEMA branch__y", "CREATE TABLE branch__y.t AS SELECT 1 AS a")
    assert production(connection) == before
    assert read(connection, "branch__y.t") == [(1,)]


def test_a_pull_request_that_breaks_a_circle_is_previewed(tmp_path: Path) -> None:
    with open_lab(tmp_path, "CREATE SCHEMA raw", "CREATE TABLE raw.src AS SELECT 1 AS id") as lab:
        base = project_of({"a": "SELECT * FROM b", "b": "SELECT * FROM a"})
        ran = lab.preview(base, project_of({"a": "SELECT * FROM raw.src", "b": "SELECT * FROM a"}))
        assert isinstance(ran.head("a"), Succeeded)
        assert isinstance(ran.head("b"), Succeeded)
        assert isinstance(ran.base("a"), Failed)
        side = ran.execution.base_side("a")
        assert side is not None
        assert side.relation is None, "nothing to compare with, and the report says so"
