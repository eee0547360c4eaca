"""A job that is stopped: real processes, real signals, a statement of DuckDB's that would run for hours."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.checkout import ROOT, Checkout, coverage_environ
from tests.support.github_server import GitHubServer
from tests.support.process_runner import ProcessRunner
from tests.support.pull_request import NUMBER, PullRequest

SLOW = "SELECT {n} AS n, count(*) AS c FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3\n"
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
each_signal = pytest.mark.parametrize(("number", "code"), SIGNALS, ids=lambda value: getattr(value, "name", value))
NOT_FOREVER = 10
"""Seconds. GitHub kills what has not ended so long after its first signal."""


@contextmanager
def started(checkout: Checkout, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "rocky_action", *arguments],
        cwd=checkout.folder,
        env={**checkout.repository.environ, **coverage_environ(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What it has said, up to the line with these words."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it ended without saying {words!r}:\n{said}")


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, float]:
    """What it says after a signal, and how many seconds it takes to end."""
    time.sleep(1)  # so that the statement runs
    begin = time.monotonic()
    process.send_signal(number)
    rest, _ = process.communicate(timeout=60)
    return rest, time.monotonic() - begin


@each_signal
def test_running_statements_are_cancelled_and_no_other_model_is_begun(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    slow = {f"models/{name}.sql": SLOW.format(n=n) for n, name in enumerate(("slow_a", "slow_b", "slow_c"))}
    checkout = Checkout.new(tmp_path, slow | dict.fromkeys((f"{path[:-4]}.toml" for path in slow), ""))
    with started(checkout, "run", "--name", "x", "--threads", "2") as process:
        said = read_until(process, "head: slow_a")
        rest, seconds = stop(process, number)
    assert process.returncode == code, rest
    assert seconds < NOT_FOREVER
    assert "interrupted; the next run cleans up" in rest
    assert "head: slow_c" not in said + rest
    assert checkout.query("SELECT name FROM rocky_preview.leases") == [("x",)]
    assert checkout.query("SELECT count(*) FROM rocky_preview.runs") == [(0,)]
    assert not (checkout.folder / ".rocky-preview").exists()


@each_signal
def test_a_statement_of_the_main_thread_is_cancelled_too(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """It is in the driver for hours, and no handler of Python's runs meanwhile."""
    checkout = Checkout.new(tmp_path)
    for name in ("one", "two"):
        (checkout.folder / f"{name}.csv").write_text("a\n1\n2\n")
    forever = f"a > (SELECT max(c) FROM ({SLOW.format(n=1)}))"
    with started(checkout, "compare", "one.csv", "two.csv", "--where", forever) as process:
        read_until(process, "comparing one.csv")
        rest, seconds = stop(process, number)
    assert process.returncode == code, rest
    assert seconds < NOT_FOREVER
    assert "interrupted" in rest
    assert "Traceback" not in rest


@each_signal
def test_a_cancelled_job(
    tmp_path: Path, project: PullRequest, github: GitHubServer, number: signal.Signals, code: int
) -> None:
    runner = ProcessRunner(
        tmp_path / "runner", project.workspace.path, {**project.workspace.environ, **project.environ()}
    )
    project.push({"models/fct_revenue.sql": SLOW.format(n=1)})
    stale = f"<!-- rocky-preview -->\n<!-- rocky-preview run: 4000 {'b' * 40} -->\nan earlier commit's report"
    github.state.add_comment(NUMBER, "github-actions[bot]", stale)
    begun = runner.start({}, project.event("synchronize"))
    assert begun.process.stdout is not None
    for line in iter(begun.process.stdout.readline, b""):
        if b"head: fct_revenue" in line:
            break
    begin = time.monotonic()
    begun.process.send_signal(number)
    begun.process.send_signal(signal.SIGTERM)  # GitHub's second one must not stop the cancelling
    step = begun.end()
    assert step.exit_code == code, step.log
    assert time.monotonic() - begin < NOT_FOREVER
    assert "cancelled; the next run, or the clean-up, drops what this one has built" in step.log
    (comment,) = github.state.comments.values()
    assert "No preview of commit" in comment.body
    assert "the run was cancelled" in comment.body
