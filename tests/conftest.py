"""What holds for every test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.statement_checker import watched

# How long an example takes is measured in benchmarks/, never asserted: a busy machine is no broken promise.
# A change is met with fewer examples than a night is: HYPOTHESIS_PROFILE=thorough.
settings.register_profile("house", deadline=None, print_blob=True, max_examples=60)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=400)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """As in a terminal: what a shell starts in the background ignores SIGINT, and so would a test of one."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def nothing_else_is_written() -> Iterator[None]:
    """Whatever the product executes on a DuckDB, in any test of this process, writes its own schemas only."""
    with watched():
        yield
