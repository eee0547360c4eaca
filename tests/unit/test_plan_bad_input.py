"""Models that nobody expected: huge, deep, unreadable. Each is contained, and the rest is planned as ever."""

from __future__ import annotations

import time

import pytest

from rocky_action.domain.changes import ChangeKind
from rocky_action.domain.options import CopyMode
from rocky_action.domain.project import Model, Projects
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from tests.support.sql_models import model, project

MOST_SECONDS = 60
"""For each plan, on a machine that does other things as well; what hangs would take hours."""


def many(count: int, item: str, by: str = ", ") -> str:
    return by.join(item.format(at=at) for at in range(count))


HUGE = {
    "0.8 MB of columns": f"SELECT id, {many(20_000, 'coalesce(amount, {at}) AS column_{at}')} FROM stg",
    "1 MB of text": f"SELECT id, amount, '{'x' * 1_000_000}' AS note FROM stg",
    "1 MB of comment": f"SELECT id, amount FROM stg -- {'x' * 1_000_000}",
    "10,000 terms": f"SELECT id, {many(10_000, 'amount', ' + ')} AS amount FROM stg",
    "10,000 conditions": f"SELECT id, amount FROM stg WHERE {many(10_000, 'amount > {at}', ' AND ')}",
    "10,000 values": f"SELECT id, amount FROM stg WHERE id IN ({many(10_000, '{at}')})",
    "10,000 texts": f"SELECT id, {many(10_000, 'amount', ' || ')} AS amount FROM stg",
    "5,000 columns": f"SELECT {many(5_000, 'amount AS column_{at}')}, id FROM stg",
    "500 branches": many(500, "SELECT id, amount + {at} AS amount FROM stg", " UNION ALL "),
    "300 CTEs": f"WITH c0 AS (SELECT * FROM stg), {many(300, 'c{at}_ AS (SELECT * FROM c0)')} SELECT * FROM c0",
}
DEEP = {
    "parentheses": f"SELECT {'(' * 3000}amount{')' * 3000} AS amount, id FROM stg",
    "functions": f"SELECT {'abs(' * 3000}amount{')' * 3000} AS amount, id FROM stg",
    "functions called like types": f"SELECT {'date(' * 40}amount{')' * 40} AS amount, id FROM stg",
    "cases": f"SELECT {'CASE WHEN id > 1 THEN ' * 1000}1{' END' * 1000} AS amount, id FROM stg",
    "queries": f"{'SELECT * FROM (' * 500}SELECT * FROM stg{') AS q' * 500}",
    "CTEs": f"{'WITH c AS (' * 200}SELECT * FROM stg{') SELECT * FROM c' * 200}",
    "casts": f"SELECT id, amount{'::INTEGER' * 3000} AS amount FROM stg",
    "signs": f"SELECT id, {'- ' * 3000}amount AS amount FROM stg",
    "negations": f"SELECT id, amount FROM stg WHERE {'NOT ' * 3000}id > 1",
    "lists": f"SELECT id, {'[' * 3000}amount{']' * 3000} AS amount FROM stg",
    "structs": "SELECT id, " + "{'a': " * 1000 + "amount" + "}" * 1000 + " AS amount FROM stg",
    "joins": f"SELECT * FROM {'(' * 500}stg{' JOIN raw ON TRUE)' * 500}",
}
UNREADABLE = {
    "that breaks off": "SELECT id, amount FROM stg WHERE (",
    "that no parser here knows": "SELECT id, amount FROM stg WHERE id ¿ 1 ? 2",
    "that sqlglot trips over": "SELECT id, amount FROM stg WHERE id = ,",
    "of an open string": "SELECT id, 'amount FROM stg",
    "of nothing": "",
    "of zeros": "SELECT id FROM stg\x00\x00",
    "of no query": "stg stg stg",
}
CASES = {
    f"{kind} {name}": sql
    for kind, of in (("huge", HUGE), ("deep", DEEP), ("a text", UNREADABLE))
    for name, sql in of.items()
}
BASE = [
    model("raw", "SELECT 1 AS id, 2 AS amount"),
    model("stg", "SELECT id, amount FROM raw"),
    model("fct", "SELECT id, amount FROM stg"),
    model("by_id", "SELECT id FROM stg"),
    model("other", "SELECT 1 AS one"),
]


def plan(base: list[Model], head: list[Model]) -> tuple[dict[str, ChangeKind], list[str], float]:
    """What became of each model, what runs, and how long it took to say so."""
    began = time.monotonic()
    projects = Projects(project(base), project(head))
    changes = detect_changes(projects, ())
    planned = make_plan(projects, changes, copy=CopyMode.NEEDED)
    took = time.monotonic() - began
    return {one.model: one.kind for one in changes.changes}, list(planned.prune_names), took


@pytest.mark.parametrize("name", CASES)
def test_it_is_new(name: str) -> None:
    """And somebody reads it."""
    head = [*BASE, model("strange", CASES[name]), model("reader", "SELECT * FROM strange")]
    changes, runs, took = plan(BASE, head)
    assert changes == {"strange": ChangeKind.ADDED, "reader": ChangeKind.ADDED}
    assert runs == ["strange", "reader"]
    assert took < MOST_SECONDS


SLOW = tuple(
    f"huge {what}"
    for what in (
        "0.8 MB of columns",
        "10,000 conditions",
        "10,000 texts",
        "10,000 terms",
        "5,000 columns",
        "500 branches",
    )
)
MARKED = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in CASES]


@pytest.mark.parametrize("name", MARKED)
def test_it_is_edited_and_read(name: str) -> None:
    sql = CASES[name]
    base = [*BASE, model("strange", sql), model("reader", "SELECT id FROM strange")]
    head = [*BASE, model("strange", sql.replace("SELECT", "SELECT 1 AS n,", 1)), base[-1]]
    changes, runs, took = plan(base, head)
    assert set(changes) == ({"strange"} if "SELECT" in sql else set())
    assert {*changes} <= {*runs} <= {"strange", "reader"}
    assert took < MOST_SECONDS


@pytest.mark.parametrize("name", MARKED)
def test_it_reads_what_was_edited(name: str) -> None:
    base = [*BASE, model("strange", CASES[name])]
    head = [*base]
    head[1] = model("stg", "SELECT id, -amount AS amount FROM raw")
    changes, runs, took = plan(base, head)
    assert changes == {"stg": ChangeKind.COLUMNS}
    assert [one for one in runs if one != "strange"] == ["stg", "fct"]
    if "stg" in CASES[name]:
        assert "strange" in runs
    assert took < MOST_SECONDS


def test_what_cannot_be_read_is_a_change_of_every_row() -> None:
    base, head = (
        [*BASE, model("strange", sql)] for sql in ("SELECT id, amount FROM stg WHERE (", "SELECT id FROM stg (")
    )
    changes, runs, _ = plan(base, head)
    assert (changes, runs) == ({"strange": ChangeKind.ROWS}, ["strange"])
