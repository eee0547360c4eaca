"""What is not doubted, against what really happens: random queries, over the same rows in another order."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.stability_oracle import Oracle, random_case

ORACLE = Oracle()


@settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(min_value=0, max_value=2**32))
def test_what_is_not_doubted_is_the_same(seed: int) -> None:
    rng = Random(seed)  # noqa: S311
    case = random_case(rng)
    verdict = ORACLE.judge(case, rng)
    assert not verdict.startswith("WRONG"), f"{verdict}\n{case.sql}"
