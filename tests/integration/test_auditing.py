"""Audits on real DuckDB files: wrong plans are found out, right ones are not accused, and production is left alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from rocky_action.domain.audit import Audit, AuditedModel, Confirmed, Escaped, NotAudited
from rocky_action.domain.diff import ModelDiff
from rocky_action.domain.gate import FailOn
from rocky_action.domain.options import (
    Algorithm,
    AuditOptions,
    Baseline,
    DiffOptions,
    ModelOptions,
    PreviewOptions,
    RunOptions,
)
from rocky_action.domain.plan import LeftModel, Plan
from rocky_action.domain.project import Projects
from rocky_action.domain.pull_request import ChangedPath, Comparison, PathStatus
from rocky_action.domain.report import Report, Severity, Verdict
from rocky_action.pipeline import carry_out
from rocky_action.projects.rocky import RockyLoader
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from rocky_action.state import open_records
from rocky_action.study import Connection, Study, World
from tests.support.previews import NOW, Lab, Spec, open_lab, options, project_of, untouched
from tests.support.trees import tree

ALL = AuditOptions(100, percent=True)
VIEW = '[strategy]\ntype = "view"\n'
EPHEMERAL = '[strategy]\ntype = "ephemeral"\n'
INCREMENTAL = '[strategy]\ntype = "incremental"\ntimestamp_column = "id"\n'
MERGE = '[strategy]\ntype = "merge"\nunique_key = ["id"]\n'
PARTITIONS = '[strategy]\ntype = "delete_insert"\npartition_by = ["kind"]\n'

BASE: dict[str, Spec] = {
    "orders": "SELECT id, amount, kind FROM raw.orders",
    "priced": "SELECT id, kind, amount AS price FROM orders",
    "totals": "SELECT kind, sum(price) AS total FROM priced GROUP BY kind",
    "kinds": "SELECT DISTINCT kind FROM priced",
}
HEAD = BASE | {"priced": "SELECT id, kind, amount * 2 AS price FROM orders"}
"""Only ``totals`` uses the price: a plan that knows columns may leave ``kinds`` alone and must run ``totals``."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(
        tmp_path,
        "CREATE SCHEMA raw",
        "CREATE TABLE raw.orders AS SELECT i AS id, i * 10 AS amount, 'k' || i % 3 AS kind FROM range(9) AS t(i)",
    ) as made:
        yield made


def production(lab: Lab, models: Mapping[str, Spec]) -> None:
    """Builds the models as tables of production, in their order."""
    for name, spec in models.items():
        lab.sql(f"CREATE TABLE main.{name} AS {spec if isinstance(spec, str) else spec[0]}")


@dataclass(frozen=True)
class Audited:
    """A report with an audit."""

    report: Report

    @property
    def audit(self) -> Audit:
        assert self.report.audit is not None
        return self.report.audit

    def names(self, kind: type[Confirmed | Escaped | NotAudited]) -> list[str]:
        return [one.model for one in self.audit.models if isinstance(one.outcome, kind)]

    def of(self, model: str) -> AuditedModel:
        return next(one for one in self.audit.models if one.model == model)

    def why(self, model: str) -> str:
        outcome = self.of(model).outcome
        assert not isinstance(outcome, Confirmed)
        return outcome.because

    def diff(self, model: str) -> ModelDiff:
        outcome = self.of(model).outcome
        assert not isinstance(outcome, NotAudited)
        assert outcome.diff is not None
        return outcome.diff


def audited(
    lab: Lab,
    base: Mapping[str, Spec],
    head: Mapping[str, Spec],
    *,
    left_alone: tuple[str, ...] = (),
    chosen: PreviewOptions | None = None,
    renamed: tuple[ChangedPath, ...] = (),
) -> Audited:
    """The preview of a pull request with an audit; the plan is wrong to skip the models in ``left_alone``."""
    projects = Projects(project_of(base), project_of(head))
    changes = detect_changes(projects, renamed)
    chosen = chosen or PreviewOptions("x", options(), audit=ALL)
    plan = without(make_plan(projects, changes, copy=chosen.run.copy), left_alone)

    @contextmanager
    def connect(_: Projects) -> Iterator[Connection]:
        yield Connection(lab.database, open_records(lab.database))

    comparison = Comparison("main", "1" * 40, "topic", "2" * 40)
    world = World(comparison, tree({}), tree({}), RockyLoader(environ={}), connect, NOW, progress=lab.progress.append)
    with untouched(lab.database.connection):
        return Audited(carry_out(world, chosen, known=Study(projects, changes, plan)))


def without(plan: Plan, names: tuple[str, ...]) -> Plan:
    """The plan with some models of the prune set, or of the copy set, among the skipped."""
    kept = tuple(
        replace(one, after=tuple(other for other in one.after if other not in names))
        for one in plan.prune_set
        if one.model not in names
    )
    skipped = tuple(LeftModel(name, "does not use what changed") for name in names)
    copied = tuple(one for one in plan.copy_set if one.model not in names)
    return replace(plan, prune_set=kept, copy_set=copied, skipped=(*plan.skipped, *skipped))


# Right plans


@pytest.mark.parametrize("baseline", list(Baseline))
@pytest.mark.parametrize("built", [False, True])
def test_a_right_plan_has_no_escape(lab: Lab, baseline: Baseline, built: bool) -> None:
    if built:
        production(lab, BASE)
    chosen = PreviewOptions("x", options(baseline), audit=ALL)
    found = audited(lab, BASE, HEAD, left_alone=("kinds",), chosen=chosen)
    assert found.names(Confirmed) == ["kinds", "orders"]
    assert (found.audit.eligible, found.audit.decided, found.audit.escaped) == (2, 2, ())
    assert lab.database.schemas("branch__x__a") == (), "nothing of the audit is left"


def test_stale_production_is_no_escape(lab: Lab) -> None:
    production(lab, BASE)
    lab.sql("INSERT INTO raw.orders VALUES (100, 1000, 'new')", "DELETE FROM main.priced", "DELETE FROM main.kinds")
    found = audited(lab, BASE, HEAD, left_alone=("kinds",))
    assert found.names(Confirmed) == ["kinds", "orders"]
    assert found.diff("kinds").rows.rows_head == 4, "built over what is there now, not over what production had"


@pytest.mark.parametrize("sidecar", [VIEW, INCREMENTAL, MERGE, PARTITIONS], ids=["view", "append", "merge", "replace"])
@pytest.mark.parametrize("built", [False, True])
def test_every_strategy_comes_out_the_same_twice(lab: Lab, sidecar: str, built: bool) -> None:
    base = BASE | {"kinds": ("SELECT id, kind FROM priced", sidecar)}
    if built:
        production(lab, base)
        lab.sql("DELETE FROM main.kinds WHERE id > 5")
    found = audited(lab, base, base | {"priced": HEAD["priced"]}, left_alone=("kinds",))
    assert found.names(Confirmed) == ["kinds", "orders"]


def test_an_ephemeral_model_on_the_way_is_inlined_and_not_audited(lab: Lab) -> None:
    base = BASE | {"priced": (str(BASE["priced"]), EPHEMERAL)}
    head = base | {"priced": (str(HEAD["priced"]), EPHEMERAL)}
    found = audited(lab, base, head, left_alone=("kinds", "totals"))
    assert (found.names(Confirmed), found.names(Escaped)) == (["kinds", "orders"], ["totals"])


def test_a_drawn_model_is_built_before_what_reads_it_through_an_ephemeral_one(lab: Lab) -> None:
    base = BASE | {"passed_on": ("SELECT * FROM totals", EPHEMERAL), "a_reader": "SELECT * FROM passed_on"}
    assert audited(lab, base, base).names(Confirmed) == ["a_reader", "kinds", "orders", "priced", "totals"]


def test_models_that_read_each_other_are_not_audited(lab: Lab) -> None:
    base = BASE | {"hen": "SELECT * FROM egg", "egg": "SELECT * FROM hen"}
    found = audited(lab, base, base)
    assert (found.names(NotAudited), found.names(Escaped)) == (["egg", "hen"], [])
    assert found.audit.decided == 4


def test_a_cosmetic_edit_is_built_as_head_writes_it(lab: Lab) -> None:
    found = audited(lab, BASE, BASE | {"kinds": "select distinct kind /* which */ from priced"})
    assert found.report.verdict is Verdict.UNCHANGED
    assert found.report.execution.head_runs == ()
    assert found.names(Confirmed) == ["kinds", "orders", "priced", "totals"]


def test_without_anything_to_run_or_to_audit_no_warehouse_is_opened(lab: Lab) -> None:
    base: dict[str, Spec] = {"m": ("SELECT 1 AS a", EPHEMERAL)}
    found = audited(lab, base, base)
    assert (found.audit.eligible, found.audit.models, found.report.verdict) == (0, (), Verdict.UNCHANGED)
    assert lab.database.schemas("rocky_preview") == ()


def test_an_audit_alone_is_leased_before_it_builds(lab: Lab) -> None:
    audited(lab, BASE, BASE)
    (lease,) = lab.rows("rocky_preview.leases")
    assert "branch__x__audit__base" in str(lease)
    assert lab.rows("rocky_preview.runs") == [], "there is no preview that diff or cost could look at"


def test_the_base_of_a_renamed_model_is_the_model_it_was(lab: Lab) -> None:
    production(lab, BASE)
    lab.sql("DELETE FROM main.priced")
    head = {name: spec for name, spec in BASE.items() if name != "priced"} | {
        "prices": BASE["priced"],
        "totals": "SELECT kind, sum(price) AS total FROM prices GROUP BY kind",
        "kinds": "SELECT DISTINCT kind FROM prices",
    }
    moved = ChangedPath(PathStatus.RENAMED, "models/prices.sql", "models/priced.sql")
    found = audited(lab, BASE, head, left_alone=("kinds", "totals"), renamed=(moved,))
    assert found.names(Confirmed) == ["kinds", "orders", "totals"]
    assert found.diff("totals").rows.rows_base == 3


# Wrong plans


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("baseline", list(Baseline))
def test_a_model_that_should_have_run_escapes(lab: Lab, baseline: Baseline, built: bool) -> None:
    if built:
        production(lab, BASE)
    chosen = PreviewOptions("x", options(baseline), audit=ALL)
    found = audited(lab, BASE, HEAD, left_alone=("kinds", "totals"), chosen=chosen)
    assert (found.names(Confirmed), found.names(Escaped)) == (["kinds", "orders"], ["totals"])
    assert found.report.verdict is Verdict.FAILED
    assert FailOn.FAILED.fails(found.report.verdict), "exit code 1"
    errors = [caveat for caveat in found.report.caveats if caveat.severity is Severity.ERROR]
    assert [(caveat.model, caveat.path) for caveat in errors] == [(None, None), ("totals", "models/totals.sql")]
    assert errors[1].message == (
        "it was left alone (does not use what changed), and the audit found that it differs: 3 rows changed"
    )
    assert lab.rows("branch__x__audit.totals") != lab.rows("branch__x__audit__base.totals"), "left to be looked at"


def test_a_changed_model_that_is_called_cosmetic_escapes_and_so_does_what_reads_it(lab: Lab) -> None:
    found = audited(lab, BASE, HEAD, left_alone=("priced", "kinds", "totals"))
    assert found.report.execution.head_runs == ()
    assert (found.names(Confirmed), found.names(Escaped)) == (["kinds", "orders"], ["priced", "totals"])


def rank(seed: str, name: str) -> str:
    """Where a model stands in the order of drawing."""
    return hashlib.sha256(f"{seed}\0{name}".encode()).hexdigest()


def test_what_a_drawn_model_reads_is_judged_with_it(lab: Lab) -> None:
    """Only ``totals`` is drawn, but its escape comes from ``priced``, which must be named."""
    names = ("priced", "kinds", "totals", "orders")
    seed = next(seed for seed in map(str, range(99)) if min(names, key=lambda name: rank(seed, name)) == "totals")
    chosen = PreviewOptions("x", options(), audit=AuditOptions(1, seed=seed))
    found = audited(lab, BASE, HEAD, left_alone=names[:3], chosen=chosen)
    assert [(one.model, one.drawn) for one in found.audit.models] == [("priced", False), ("totals", True)]
    assert found.names(Escaped) == ["priced", "totals"]


def test_a_column_that_is_new_upstream_and_makes_a_name_ambiguous(lab: Lab) -> None:
    base = BASE | {"both": "SELECT price, region FROM priced JOIN (SELECT 'k1' AS kind, 'eu' AS region) USING (kind)"}
    head = base | {"priced": "SELECT id, kind, amount AS price, 'x' AS region FROM orders"}
    found = audited(lab, base, head, left_alone=("both",))
    assert found.names(Escaped) == ["both"]
    assert found.why("both").startswith("it fails, and base's does not: ")
    assert "mbiguous" in found.why("both")


def test_a_model_that_works_only_since_the_change_escapes_too(lab: Lab) -> None:
    base = BASE | {"late": "SELECT region FROM priced"}
    head = base | {"priced": "SELECT id, kind, amount AS price, 'x' AS region FROM orders"}
    found = audited(lab, base, head, left_alone=("late",))
    assert found.why("late").startswith("base's fails, and head's does not: ")
    assert found.names(Escaped) == ["late"]


def test_order_and_types_of_columns_are_data_too(lab: Lab) -> None:
    base = BASE | {"wide": "SELECT * FROM priced"}
    head = base | {"priced": "SELECT kind, id, amount::VARCHAR AS price FROM orders"}
    found = audited(lab, base, head, left_alone=("wide",))
    assert "columns in another order" in found.why("wide")
    assert "price is VARCHAR, not BIGINT" in found.why("wide")


def test_a_condition_on_what_is_compared_does_not_hide_an_escape(lab: Lab) -> None:
    diff = DiffOptions(project=ModelOptions(where="1 = 0"))
    chosen = PreviewOptions("x", options(), diff, ALL)
    assert audited(lab, BASE, HEAD, left_alone=("totals",), chosen=chosen).names(Escaped) == ["totals"]


def test_a_sample_of_the_rows_is_not_enough_for_an_audit(lab: Lab) -> None:
    unique = '[[tests]]\ntype = "unique"\ncolumn = "id"\n'
    base = BASE | {"late": ("SELECT id, price FROM priced", unique)}
    head = base | {"priced": "SELECT id, kind, CASE id WHEN 8 THEN 0 ELSE amount END AS price FROM orders"}
    diff = DiffOptions(Algorithm.SAMPLED, sample_size=1)
    found = audited(lab, base, head, left_alone=("late",), chosen=PreviewOptions("x", options(), diff, ALL))
    assert found.why("late") == "1 row changed"


def test_masked_values_are_in_no_example(lab: Lab) -> None:
    diff = DiffOptions(project=ModelOptions(mask_columns=("total",)))
    found = audited(lab, BASE, HEAD, left_alone=("totals",), chosen=PreviewOptions("x", options(), diff, ALL))
    cells = [cell for example in found.diff("totals").rows.examples for cell in example.cells]
    assert {cell.masked for cell in cells if cell.column == "total"} == {True}
    assert {(cell.base, cell.head) for cell in cells if cell.column == "total"} == {(None, None)}


# What cannot be audited


@pytest.mark.parametrize("sidecar", ["", VIEW], ids=["table", "view"])
def test_a_volatile_model_is_not_audited(lab: Lab, sidecar: str) -> None:
    base = BASE | {"lucky": ("SELECT id, random() AS r FROM priced", sidecar)}
    found = audited(lab, base, base | {"priced": HEAD["priced"]}, left_alone=("lucky", "kinds"))
    assert found.names(NotAudited) == ["lucky"]
    assert "building it twice gives two results" in found.why("lucky")
    assert (found.audit.decided, found.report.verdict) == (2, Verdict.CHANGED)


def test_what_differs_only_once_is_not_audited(lab: Lab) -> None:
    """Base is built first, when head has built nothing yet, and no later build finds it so."""
    there = "table_schema = 'branch__x__audit' AND table_name = 'orders'"
    heads = f"SELECT count(*) FROM information_schema.tables WHERE {there}"
    base = BASE | {"counted": f"SELECT id, ({heads}) > 0 AS later FROM orders"}
    found = audited(lab, base, base)
    assert found.names(NotAudited) == ["counted"]
    assert found.why("counted").endswith("and not when built again")


def test_a_model_that_reads_a_volatile_one_is_not_audited(lab: Lab) -> None:
    base = BASE | {"priced": "SELECT id, kind, random() AS price FROM orders"}
    head = base | {"priced": "SELECT id, kind, random() AS price, 1 AS one FROM orders"}
    found = audited(lab, base, head, left_alone=("totals", "kinds"))
    assert (found.names(NotAudited), found.names(Confirmed)) == (["totals"], ["kinds", "orders"])


def test_a_change_that_makes_a_model_volatile_is_an_escape(lab: Lab) -> None:
    head = BASE | {"priced": "SELECT id, kind, random() AS price FROM orders"}
    assert audited(lab, BASE, head, left_alone=("totals",)).names(Escaped) == ["totals"]
    assert audited(lab, head, BASE, left_alone=("totals",)).names(Escaped) == ["totals"]


def test_a_volatile_column_that_is_ignored_hides_nothing_else(lab: Lab) -> None:
    base = BASE | {"totals": "SELECT kind, sum(price) AS total, random() AS loaded FROM priced GROUP BY kind"}
    diff = DiffOptions(project=ModelOptions(ignore_columns=("loaded",)))
    chosen = PreviewOptions("x", options(), diff, ALL)
    assert audited(lab, base, base, chosen=chosen).names(Confirmed) == ["kinds", "orders", "priced", "totals"]
    found = audited(lab, base, base | {"priced": HEAD["priced"]}, left_alone=("totals",), chosen=chosen)
    assert found.names(Escaped) == ["totals"]


def test_what_fails_on_both_sides_or_is_not_reached_is_not_audited(lab: Lab) -> None:
    base = BASE | {"broken": "SELECT nothing FROM orders"}
    head = base | {"priced": "SELECT id, kind, nothing AS price FROM orders"}
    found = audited(lab, base, head, left_alone=("kinds",))
    assert (found.names(NotAudited), found.names(Confirmed)) == (["broken", "kinds"], ["orders"])
    assert found.why("broken").startswith("it fails on both sides: ")
    assert found.why("kinds") == "priced, which it reads, failed"


def test_an_audit_that_decides_nothing_is_said_plainly(lab: Lab) -> None:
    base: dict[str, Spec] = {"lucky": "SELECT random() AS r"}
    found = audited(lab, base, base)
    assert (found.audit.decided, found.report.verdict) == (0, Verdict.INCOMPLETE)
    assert [caveat.message for caveat in found.report.caveats if caveat.severity is Severity.WARNING] == [
        "The audit has shown nothing: none of its models could be audited."
    ]


def test_an_earlier_audits_leftovers_are_not_what_is_compared(lab: Lab) -> None:
    audited(lab, BASE, HEAD, left_alone=("totals",))
    found = audited(lab, BASE, BASE)
    assert found.names(Confirmed) == ["kinds", "orders", "priced", "totals"]
    assert {schema for _, schema in lab.database.schemas("branch__x")} == {"branch__x", "branch__x__base"}


def test_without_an_audit_nothing_is_said(lab: Lab) -> None:
    assert audited_or_none(lab, PreviewOptions("x", RunOptions())) is None
    assert audited_or_none(lab, PreviewOptions("x", RunOptions(), audit=AuditOptions(0, percent=True))) is None


def audited_or_none(lab: Lab, chosen: PreviewOptions) -> Audit | None:
    return audited(lab, BASE, BASE, chosen=chosen).report.audit
