"""No text, whatever it is, makes the warehouse do anything but what building a model is."""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.guard_fuzz import DIALECTS, STRATEGIES, judge, produced

SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Where DuckDB's own parser is asked."""
    with duckdb.connect() as opened:
        yield opened


@given(seed=SEEDS, dialect=st.sampled_from(DIALECTS), strategy=st.sampled_from(STRATEGIES))
def test_what_is_sent_because_of_a_text_has_an_allowed_shape(
    connection: duckdb.DuckDBPyConnection, seed: int, dialect: str, strategy: object
) -> None:
    sql = produced(random.Random(seed))  # noqa: S311  nothing secret
    judge(sql, dialect, strategy=strategy, connection=connection)


@settings(max_examples=20)
@given(text=st.text(max_size=60), dialect=st.sampled_from(DIALECTS))
def test_nor_does_text_that_is_no_sql_at_all(connection: duckdb.DuckDBPyConnection, text: str, dialect: str) -> None:
    judge(f"SELECT {text}", dialect, connection=connection)


@pytest.mark.slow
def test_nor_do_thousands_of_texts(connection: duckdb.DuckDBPyConnection) -> None:
    sent = 0
    for seed in range(6_000):
        choice = random.Random(seed)  # noqa: S311  nothing secret
        dialect = "duckdb" if seed % 2 else DIALECTS[seed // 2 % 4]
        sent += judge(produced(choice), dialect, strategy=choice.choice(STRATEGIES), connection=connection)
    assert sent > 500
