"""``plan`` says which models would not be run, without a warehouse, and says it of no other."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rocky_action.domain.permits import Permits
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Adapter, Model, Project, Relation
from rocky_action.sql.references import ReadsOf
from rocky_action.stages.refusals import refused_models
from tests.support import five_models
from tests.support.checkout import Checkout

REFUSED = [
    ("duckdb", "SELECT a,\n  getenv('HOME') AS b FROM t", "line 2 of models/m.sql: getenv() tells"),
    ("duckdb", "SELECT * FROM query('DELETE FROM t')", "hidden in a string"),
    ("duckdb", "FROM read_csv('x')", "reads files"),
    ("duckdb", "SELECT 1 FROM t WHERE a not readable, own(1)", "line 1 of models/m.sql: own() is not known"),
    ("snowflake", "SELECT x.y.z(a) FROM t", "x.y.z() is not known"),
    ("databricks", "SELECT date_trunc(own(1), a) FROM t", "own() is not known"),
    ("bigquery", "SELECT ML.PREDICT(a) FROM t", "asks a model"),
]
SILENT = [
    ("duckdb", "SELECT upper(a) FROM t"),
    ("duckdb", "SELECT * FROM data.csv"),  # the warehouse knows whether there is such a table
    ("duckdb", "SELECT FROM WHERE"),  # it fails, which is not a refusal
    ("snowflake", "SELECT allowed(a) FROM t"),
]


def planned(dialect: str, sql: str) -> list[str]:
    model = Model("m", "models/m.sql", sql, Relation("shop", "main", "m"))
    head = Project(".", dialect, Adapter("default", dialect), {"m": model}, ReadsOf({"m": model}, dialect))
    plan = Plan((PlannedModel("m", PruneReason.CHANGED, "it is new"),))
    permits = Permits.of(["allowed"], strict=True)
    return [caveat.message for caveat in refused_models(plan, head, permits=permits)]


@pytest.mark.parametrize(("dialect", "sql", "words"), REFUSED)
def test_what_would_not_be_run_is_told(dialect: str, sql: str, words: str) -> None:
    (message,) = planned(dialect, sql)
    assert message.startswith("it would not be run: ")
    assert words in message


@pytest.mark.parametrize(("dialect", "sql"), SILENT)
def test_of_what_would_be_run_or_is_not_known_nothing_is_told(dialect: str, sql: str) -> None:
    assert planned(dialect, sql) == []


def test_both_outputs_say_it_and_how_to_allow_it(tmp_path: Path) -> None:
    sql = "SELECT 1 AS id, getenv('HOME') AS home\n"
    checkout = Checkout.new(tmp_path, {"models/fct_revenue.sql": sql, "models/dim_customers.sql": "SELECT 1 AS id\n"})
    said = "it would not be run: line 1 of models/fct_revenue.sql: getenv() tells"
    warnings = checkout.run("plan", "--output", "json").json["warnings"]
    assert isinstance(warnings, list)
    told = [(one["model_name"], one["path"]) for one in warnings if said in one["message"]]
    assert told == [("fct_revenue", "models/fct_revenue.sql")]
    words = " ".join(checkout.run("plan").out.split())
    assert f"fct_revenue: {said}" in words
    assert "To allow it: `allow_functions: [getenv]`" in words


def test_it_takes_no_time_that_anybody_would_notice() -> None:
    base = five_models.base()["models/fct_revenue.sql"]
    models = {f"m{number}": f"{base}-- {number}" for number in range(100)}
    known = {name: Model(name, f"{name}.sql", sql, Relation("c", "s", name)) for name, sql in models.items()}
    head = Project(".", "duckdb", Adapter("default", "duckdb"), known, ReadsOf(known, "duckdb"))
    head.reads.foresee(known)  # as the plan has read all of them already
    plan = Plan(tuple(PlannedModel(name, PruneReason.CHANGED, "") for name in known))
    started = time.monotonic()
    assert refused_models(plan, head, permits=Permits()) == ()
    assert time.monotonic() - started < 1
