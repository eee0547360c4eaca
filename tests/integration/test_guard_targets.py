"""No pull request gets at a table of production's by a model that claims to build it, or by a condition on rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from rocky_action.domain.diff import Exhaustive, NotCompared
from rocky_action.domain.execution import NotRun, Succeeded
from tests.integration.test_guard import BASE, FILE, desk, head_of

TARGET = 'name = "pay"\n[target]\nschema = "hr"\ntable = "pay"\n'
INCREMENTAL = '[strategy]\ntype = "incremental"\ntimestamp_column = "a"\n'
MERGE = '[strategy]\ntype = "merge"\nunique_key = ["a"]\n'
EDIT = {"models/m.sql": "SELECT a + 1 AS a FROM raw.src"}
CLAIMS = [
    (TARGET, "SELECT a, euros FROM hr.pay"),
    (TARGET + INCREMENTAL, "SELECT 2 AS a, 3 AS euros"),
    (TARGET + MERGE, "SELECT 2 AS a, 3 AS euros"),
]


@pytest.mark.parametrize(("sidecar", "sql"), CLAIMS)
def test_a_table_that_base_does_not_know_is_not_read_by_the_model_that_claims_it(
    tmp_path: Path, sidecar: str, sql: str
) -> None:
    head = {"models/pay.sql": sql, "models/pay.toml": sidecar}
    made = desk(tmp_path, BASE | {FILE: "strict_sources: true\n"}, head)
    report = made.preview()
    outcome = head_of(report, "pay")
    assert isinstance(outcome, NotRun), outcome
    assert "hr.pay" in outcome.because
    assert "`strict_sources` is on" in outcome.because


@pytest.mark.parametrize(("sidecar", "sql"), CLAIMS)
def test_without_strict_sources_it_is(tmp_path: Path, sidecar: str, sql: str) -> None:
    made = desk(tmp_path, BASE, {"models/pay.sql": sql, "models/pay.toml": sidecar})
    assert isinstance(head_of(made.preview(), "pay"), Succeeded)


@pytest.mark.parametrize(("sidecar", "sql"), CLAIMS)
def test_what_base_builds_it_goes_on_building(tmp_path: Path, sidecar: str, sql: str) -> None:
    base = BASE | {FILE: "strict_sources: true\n", "models/pay.sql": sql, "models/pay.toml": sidecar}
    made = desk(tmp_path, base, {"models/pay.sql": f"{sql} WHERE 1 = 1"})
    assert isinstance(head_of(made.preview(), "pay"), Succeeded)


@pytest.mark.parametrize(
    "where", ["a > (SELECT max(euros) FROM hr.pay)", "EXISTS (FROM hr.pay)", "a IN (SELECT a FROM raw.src)"]
)
def test_a_condition_on_rows_reads_no_table(tmp_path: Path, where: str) -> None:
    made = desk(tmp_path, BASE, EDIT | {"models/m.toml": f"[preview]\nwhere = '{where}'\n"})
    (diff,) = made.preview().diffs
    assert isinstance(diff.coverage, NotCompared), diff
    assert "it may only look at the row" in diff.coverage.reason


def test_a_condition_on_rows_may_look_into_a_list_in_the_row(tmp_path: Path) -> None:
    where = "EXISTS (SELECT 1 FROM unnest([a, 2]) AS x(b) WHERE b > 1)"
    made = desk(tmp_path, BASE, EDIT | {"models/m.toml": f"[preview]\nwhere = '{where}'\n"})
    (diff,) = made.preview().diffs
    assert isinstance(diff.coverage, Exhaustive), diff
