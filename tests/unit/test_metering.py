"""What went through a connection is added up: nothing twice, nothing left out, unknown stays unknown."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rocky_action.domain.usage import NO_USAGE, Usage
from rocky_action.warehouses.metering import Meter

TOLD = Usage(1, 2, 3, 4, 5, 0.5)


def test_nothing_was_sent_and_nothing_spent() -> None:
    assert Meter().spent() == NO_USAGE


def test_many_threads_lose_nothing() -> None:
    meter, together = Meter(), threading.Barrier(8)

    def many(_: int) -> None:
        together.wait()
        for _ in range(2_000):
            meter.add(TOLD)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(many, range(8)))
    assert meter.spent() == Usage(16_000, 32_000, 48_000, 64_000, 80_000, 8_000.0)


def test_statements_at_the_same_time_count_each_for_itself() -> None:
    meter, together = Meter(), threading.Barrier(4)

    def one(_: int) -> None:
        with meter.clocked():
            together.wait()
            time.sleep(0.05)

    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    spent, passed = meter.spent().duration_ms, (time.monotonic() - started) * 1000
    assert spent is not None
    assert 200 <= spent <= 4 * passed


def test_parts_of_a_millisecond_add_up() -> None:
    meter = Meter()
    for _ in range(100):
        with meter.clocked():
            time.sleep(0.0002)
    assert (meter.spent().duration_ms or 0) >= 20


def test_a_statement_that_fails_has_taken_its_time() -> None:
    meter = Meter()

    def failing() -> None:
        with meter.clocked():
            time.sleep(0.02)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  it is ours
        failing()
    assert (meter.spent().duration_ms or 0) >= 20


def test_waiting_is_not_running() -> None:
    meter = Meter()
    with meter.clocked() as waits:
        time.sleep(0.1)
        waits()
        time.sleep(0.01)
    assert 10 <= (meter.spent().duration_ms or 0) < 100


def test_of_what_is_clocked_only_the_time_is_known() -> None:
    meter = Meter()
    meter.add(TOLD)
    with meter.clocked():
        pass
    assert meter.spent() == Usage(1)


def test_a_reading_less_an_earlier_one() -> None:
    assert Usage(5, 5, 5, 5, 5, 5.0).since(TOLD) == Usage(4, 3, 2, 1, 0, 4.5)
    assert TOLD.since(NO_USAGE) == TOLD
    assert Usage(5).since(TOLD) == Usage(4)
    assert TOLD.since(Usage(1)) == Usage(0)
