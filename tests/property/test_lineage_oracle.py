"""Column-level lineage against what really happens: random queries over random tables, one of which changes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.changes import Untouched
from tests.support.examples import examples
from tests.support.lineage_oracle import Case, Knowledge, Oracle, effect_of, random_case
from tests.support.lineage_queries import Change, Column, Table

ORACLE = Oracle()


@settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(min_value=0, max_value=2**32))
def test_what_lineage_promises_is_so(seed: int) -> None:
    case = random_case(Random(seed))  # noqa: S311
    verdict = ORACLE.judge(case)
    assert not verdict.startswith("WRONG"), f"{verdict}\n{case.sql}\n{case.change}\n{case.known}"


def numbers(name: str) -> Column:
    return Column(name, "INTEGER", ("1", "2", "3", "4", "NULL"))


def tables(**names: str) -> tuple[Table, ...]:
    """Tables of numbers: ``t="a b"``."""
    return tuple(Table(name, tuple(map(numbers, columns.split()))) for name, columns in names.items())


# Each of these was promised wrongly once, or would be by a simpler rule.
FOUND = [
    (
        "WITH RECURSIVE t AS (SELECT c AS n FROM t UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT n FROM t",
        "a c",
        "a x0",
    ),
    ("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE k = 1)", "a k", "a"),
    ("SELECT a, (SELECT max(c) FROM u) AS m FROM t", "a c", "a"),
    ("SELECT a AS b, b + 1 AS n FROM t", "a", "a b"),
    ("SELECT a + 1 AS k, count(*) AS n FROM t GROUP BY k", "a", "a k"),
    ("SELECT id FROM t, u", "a", "a id"),
    ("SELECT t.id FROM t JOIN u USING (id)", "a id", "a"),
    ("SELECT * FROM t NATURAL JOIN u", "a id", "a id y"),
    ("SELECT * FROM t, u", "a", "a id"),
    ("SELECT * FROM t UNION ALL SELECT * FROM t", "a b", "b a"),
    ("SELECT * FROM u UNION ALL BY NAME SELECT * FROM t", "a", "a id"),
    ("SELECT *, a + 1 AS n FROM t", "a", "a n"),
    ("SELECT id, id_1 FROM (SELECT * FROM t, u) AS q", "a id id_1", "a id"),
    ("SELECT id_1 FROM (SELECT * FROM t, u) AS q", "a id", "a"),
    ("SELECT n FROM t AS q(n)", "a b", "b a"),
    ("SELECT a FROM (SELECT a, b FROM t) AS q", "a b", "a"),
    ("SELECT q.a FROM (SELECT * FROM t) AS q", "a", "b"),
    ("SELECT count(q) AS n FROM t AS q", "a", "a q"),
    ("SELECT a.typeof() AS n FROM t", "a", "b"),
    ("SELECT * EXCLUDE (b) FROM t", "a b", "a"),
    ("SELECT * RENAME (b AS a) FROM t", "c", "b c"),
    ("SELECT * RENAME (id AS x0) FROM u, t", "a id", "a"),
    ("SELECT * REPLACE (id + 1 AS id) FROM u, t", "a id", "a"),
    ("SELECT COLUMNS('a') FROM t", "a b", "a ab"),
    ("(SELECT a FROM t) ORDER BY b LIMIT 2", "a b", "a"),
    ("SELECT (SELECT t.a FROM (SELECT 1 AS z) AS t) AS n FROM t", "a", "b"),
]


@pytest.mark.parametrize("known", ["nothing", "base", "head"])
@pytest.mark.parametrize(("sql", "base", "head"), FOUND)
def test_what_was_found_stays_found(sql: str, base: str, head: str, known: Knowledge) -> None:
    (old,), (new,) = tables(t=base), tables(t=head)
    moved = {*old.names, *new.names} if set(old.names) == set(new.names) else {*old.names} ^ {*new.names}
    case = Case(sql, (old, *tables(u="id y", w="e")), Change(old, new, frozenset(moved)), known)
    assert not isinstance(effect_of(case), Untouched)
    assert not ORACLE.judge(case).startswith("WRONG")
