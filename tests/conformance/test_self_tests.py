"""The self-test on every warehouse: its statements are understood, and the diff finds what is planted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rocky_action.domain.options import Algorithm, ModelOptions, Tolerance
from rocky_action.domain.self_test import SelfTestPassed
from rocky_action.sql.quoting import quote
from tests.support.ground import Ground
from tests.support.self_tests import DEFAULTS, MODEL, tried

PREVIEW = "branch__self_test"
COLUMNS = {
    "id": "BIGINT",
    "Kind": "VARCHAR",
    "price": "DECIMAL(10, 2)",
    "ratio": "DOUBLE",
    "day": "DATE",
    "at": "TIMESTAMP",
    "paid": "BOOLEAN",
}
ROWS = [
    (
        str(at), f"'kind {at % 3}'", f"{at}.50" if at % 5 else "NULL", f"CAST({at} AS DOUBLE)",
        f"CAST('2026-01-{at + 1:02}' AS DATE)", f"CAST('2026-01-{at + 1:02} 10:00:00' AS TIMESTAMP)",
        "TRUE" if at % 2 else "FALSE",
    )
    for at in range(20)
]  # fmt: skip
KEYED = ModelOptions(key=("id",), tolerances=(("ratio", Tolerance(100.0)),))
ASKED = {
    "keyed": replace(DEFAULTS, diff=replace(DEFAULTS.diff, project=KEYED)),
    "bisection": replace(DEFAULTS, diff=replace(DEFAULTS.diff, project=KEYED, algorithm=Algorithm.BISECTION)),
    "whole rows": replace(DEFAULTS, diff=replace(DEFAULTS.diff, project=ModelOptions(key=()))),
}


@pytest.fixture
def preview(ground: Ground) -> Iterator[str]:
    ground.adapter.drop_schema(ground.catalog, PREVIEW)
    ground.adapter.create_schema(ground.catalog, PREVIEW)
    yield PREVIEW
    ground.adapter.drop_schema(ground.catalog, PREVIEW)


@pytest.mark.parametrize(
    "way",
    [
        "keyed",
        "whole rows",
        pytest.param("bisection", marks=pytest.mark.slow_on("bigquery", "snowflake", "databricks")),
    ],
)
def test_every_planted_difference_is_found(ground: Ground, preview: str, way: str) -> None:
    base = ground.make(ground.at("self_tested"), COLUMNS, ROWS)
    head = ground.at("self_tested", preview)
    key = quote("id", ground.adapter.dialect)
    ground.adapter.clone(base, head, writable=True)
    ground.adapter.execute([f"DELETE FROM {ground.named(head)} WHERE {key} = 7"])
    found = tried(ground.adapter, base, head, options=ASKED[way])
    assert (found.diff.rows.added, found.diff.rows.removed) == (0, 1), found.diff.coverage
    assert found.tested == SelfTestPassed(MODEL, 9)
    assert ground.adapter.columns(replace(head, name="rocky_self_test")) is None
    assert ground.adapter.columns(replace(head, name="rocky_self_test_head")) is None
