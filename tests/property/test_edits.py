"""Edits of queries against DuckDB: random queries, edited anywhere, over nasty tables."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from rocky_action.domain.changes import SomeColumns
from rocky_action.sql.edits import NOTHING, Edit
from tests.support.edit_oracle import EditOracle
from tests.support.edit_queries import Query, Writer

CASES = 300
TRIES = 30


def random_pair(seed: int, oracle: EditOracle) -> tuple[Query, Query] | None:
    """A query that is valid, and what an edit makes of it."""
    rng = Random(seed)  # noqa: S311
    for _ in range(TRIES):
        writer = Writer(rng)
        base = writer.query()
        if oracle.run(str(base)) is not None:
            return base, writer.edited(base)
    return None


@pytest.mark.parametrize("shard", range(3))
def test_an_edit_does_no_more_than_is_promised(shard: int) -> None:
    oracle, found = EditOracle(), Counter[str]()
    for seed in range(shard * CASES // 3, (shard + 1) * CASES // 3):
        pair = random_pair(seed, oracle)
        if pair is not None:
            verdict = oracle.judge(str(pair[0]), str(pair[1]))
            assert not verdict.startswith("WRONG"), f"seed {seed}: {verdict}\n{pair[0]}\n{pair[1]}"
            found[verdict if verdict in ("all rows", "untouched") else "columns"] += 1
    assert min(found["all rows"], found["untouched"], found["columns"]) >= 5, found


def test_the_oracle_catches_promises_that_are_not_kept() -> None:
    oracle, wrong = EditOracle(), Counter[str]()
    promises = {"untouched": NOTHING, "a": Edit(SomeColumns(frozenset({"a"})))}
    for seed in range(40):
        pair = random_pair(seed, oracle)
        for name, promise in promises.items():
            if pair is not None:
                verdict = oracle.verdict(str(pair[0]), str(pair[1]), edit=promise)
                wrong[name] += verdict.startswith("WRONG")
    assert min(wrong["untouched"], wrong["a"]) > 10, wrong
