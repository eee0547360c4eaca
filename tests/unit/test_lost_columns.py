"""Models that still use a column that is dropped or called otherwise now."""

from __future__ import annotations

import pytest

from rocky_action.domain.findings import Finding, FindingKind, Impact
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.report import Severity
from rocky_action.stages.lost_columns import lost_columns
from tests.support.sql_models import model, project

STAGING = model("stg", "SELECT id, amount FROM raw")
OTHER = model("other", "SELECT id, note FROM raw")
LOST = (
    Finding(
        "stg", FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `amt` is called `amount` now", "", column="Amt"
    ),
    Finding("stg", FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `note` is dropped", "", column="note"),
    Finding("stg", FindingKind.COLUMN_ADDED, Impact.INFO, "column `amount` was called `amt`", "", column="amount"),
)


def said(sql: str) -> list[str]:
    head = project([STAGING, OTHER, model("all_of_it", "SELECT * FROM stg"), model("m", sql)])
    names = ("stg", "other", "all_of_it", "m")
    plan = Plan(tuple(PlannedModel(name, PruneReason.CHANGED, "") for name in names))
    caveats = lost_columns(plan, head, findings=LOST)
    assert all(
        (caveat.severity, caveat.model, caveat.path) == (Severity.ERROR, "m", "models/m.sql") for caveat in caveats
    )
    return [caveat.message for caveat in caveats]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT amt FROM stg",
        "SELECT sum(s.AMT) AS n FROM memory.main.stg AS s",
        "SELECT id FROM stg WHERE amt > 1",
        "SELECT id FROM stg ORDER BY amt LIMIT 1",
        "WITH x AS (SELECT amt FROM stg) SELECT 1 AS a FROM x",
        "SELECT * EXCLUDE (amt) FROM stg",
        "SELECT amt FROM stg JOIN other USING (id)",
    ],
)
def test_still_used(sql: str) -> None:
    assert said(sql) == ["it reads `stg`, whose column `amt` is called `amount` now"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT amount FROM stg",
        "SELECT * FROM stg",
        "SELECT note FROM other",
        "SELECT amount, note FROM stg JOIN other USING (id)",
        "SELECT amount, note FROM stg JOIN elsewhere USING (id)",
        "SELECT amount AS amt FROM stg",
        "SELECT amt FROM (",
    ],
)
def test_not_used(sql: str) -> None:
    assert said(sql) == []


def test_each_once() -> None:
    assert said("SELECT amt, amt + 1 AS more, upper(note) AS n FROM stg WHERE amt > 1") == [
        "it reads `stg`, whose column `amt` is called `amount` now",
        "it reads `stg`, whose column `note` is dropped",
    ]
