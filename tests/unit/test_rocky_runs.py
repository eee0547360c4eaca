"""What is understood of a run as Rocky prints it: tested against Rocky's own schema, as its Python SDK has it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rocky_sdk.types_generated.run_schema import RunOutput

from rocky_action.domain.usage import Usage
from rocky_action.errors import InputError
from rocky_action.wire.run import BuiltTable, RockyRun, parse_run
from tests.support.rocky_runs import materialized, printed, run_of


def parsed(document: dict[str, Any], *, bills_bytes: bool = False) -> RockyRun:
    text = printed(document)
    RunOutput.model_validate_json(text)
    return parse_run(text, bills_bytes=bills_bytes)


def test_what_was_built_and_what_it_took() -> None:
    run = parsed(
        run_of(
            materialized("shop.marts.Fct", duration_ms=1500, started_at="2026-11-20T02:00:01Z", strategy="merge"),
            materialized(".raw.src", duration_ms=0, rows_copied=12, bytes_scanned=34),
        )
    )
    assert run.built == (
        BuiltTable("shop.marts.fct", "merge", Usage(1500)),
        BuiltTable("raw.src", "full_refresh", Usage(0, 12, 34)),
    )
    assert run.finished_at == datetime(2026, 11, 20, 2, 0, 2, 500_000, tzinfo=UTC)
    assert (run.failed, run.left_out, run.shadow) == ((), frozenset(), False)


def test_a_table_without_a_full_name_goes_by_its_key() -> None:
    one = materialized("shop.marts.fct")
    del one["metadata"]["target_table_full_name"]
    assert [table.target for table in parsed(run_of(one)).built] == ["shop.marts.fct"]


def test_what_bigquery_scans_is_what_it_bills() -> None:
    run = parsed(run_of(materialized("p.d.t", duration_ms=5, bytes_scanned=10_485_760)), bills_bytes=True)
    assert run.built[0].usage == Usage(5, bytes_billed=10_485_760)


def test_partitions_of_a_table_are_one_run_of_it() -> None:
    partitions = [
        materialized("shop.marts.daily", duration_ms=number, bytes_scanned=scanned, strategy="time_interval")
        for number, scanned in ((1, 10), (2, 20), (3, 30))
    ]
    assert parsed(run_of(*partitions)).built == (BuiltTable("shop.marts.daily", "time_interval", Usage(6, None, 60)),)
    del partitions[1]["bytes_scanned"]
    assert parsed(run_of(*partitions)).built[0].usage == Usage(6), "unknown plus known is unknown"


def test_a_table_of_which_a_part_failed_was_not_built() -> None:
    run = parsed(
        run_of(
            materialized("shop.marts.daily"),
            materialized("shop.marts.fct"),
            errors=[{"asset_key": ["shop", "marts", "daily"], "error": "no"}],
        )
    )
    assert [table.target for table in run.built] == ["shop.marts.fct"]
    assert run.failed == ("shop.marts.daily",)


def test_models_that_were_not_run_or_not_all_of_them() -> None:
    decisions = [
        {"model": model, "decision": decision, "reason": "it is so"}
        for model, decision in (("a", "build"), ("b", "skip"), ("c", "reused"))
    ]
    partitions = [
        {"model": model, "partitions_planned": 2, "partitions_succeeded": 2 - failed - skipped}
        | {"partitions_failed": failed, "partitions_skipped": skipped}
        for model, failed, skipped in (("d", 0, 0), ("e", 1, 0), ("f", 0, 1))
    ]
    run = parsed(run_of(model_decisions=decisions, partition_summaries=partitions))
    assert run.left_out == {"b", "c", "e", "f"}


def test_a_run_has_one_name_however_it_is_written() -> None:
    one, two = materialized("a.b.c", duration_ms=1), materialized("a.b.d", duration_ms=1)
    name = parsed(run_of(one, two)).run_id
    assert name.startswith("production-20261120-020000-")
    shifted = materialized("a.b.c", duration_ms=1, started_at="2026-11-20T05:00:00+03:00")
    assert parsed(run_of(two, shifted, version="2.0.0")).run_id == name
    others = [
        run_of(one),
        run_of(one, materialized("a.b.d", duration_ms=2)),
        run_of(one, materialized("a.b.e", duration_ms=1)),
        run_of(one, materialized("a.b.d", duration_ms=1, started_at="2026-11-20T02:00:00.001Z")),
    ]
    names = {parsed(other).run_id for other in others}
    assert len(names | {name}) == 5


def test_a_run_that_built_nothing() -> None:
    run = parsed(run_of(status="SkippedIdempotent", skipped_by_run_id="run-1"))
    assert (run.built, run.finished_at) == ((), None)
    assert parsed(run_of(shadow=True)).shadow


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "the document"),
        ("[]", "the document"),
        ("INFO starting\n{}", "the document"),
        ("{}", "materializations: Field required"),
        ('{"materializations": {}}', "materializations: Input should be"),
        (json.dumps(run_of({"asset_key": ["a"], "duration_ms": 1})), "materializations.0.started_at: Field required"),
        (json.dumps(run_of(materialized("a.b.c", duration_ms=-1))), "materializations.0.duration_ms"),
        (json.dumps(run_of(materialized("a.b.c", started_at="2026-11-20T02:00:00"))), "materializations.0.started_at"),
        (json.dumps(run_of(materialized("a.b.c", bytes_scanned="many"))), "materializations.0.bytes_scanned"),
    ],
)
def test_anything_else_is_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(InputError, match="not what a run of Rocky prints") as caught:
        parse_run(text, bills_bytes=False)
    assert place in caught.value.message
    assert "rocky run --output json" in caught.value.advice
