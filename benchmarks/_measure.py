"""Processes measured from outside, the machine they ran on, and tables of what came out."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "bench"
CORES = 2


class FailedError(Exception):
    """A process that gave no result; the message says why, in one line."""


@dataclass(frozen=True)
class Sample:
    """One process: seconds of the work alone and of the whole process, seconds on cores, megabytes at the peak.

    ``inside`` processes measure themselves, so their processor time is the work's and not the whole process's.
    """

    seconds: float
    whole: float
    processor: float
    megabytes: float
    found: Mapping[str, Any]


def run_ours(arguments: Sequence[str], *, folder: Path, codes: Sequence[int] = (0,), limit: float = 600) -> Sample:
    """This Python with this checkout's modules. Raises FailedError."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return run([sys.executable, *arguments], folder=folder, limit=limit, codes=codes, environ=environ)


def run(
    command: Sequence[str],
    *,
    folder: Path,
    limit: float = 600,
    codes: Sequence[int] = (0,),
    environ: Mapping[str, str] | None = None,
) -> Sample:
    """A command from start to end; the last line of its output, or all of it, is JSON. Raises FailedError."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=output, stderr=errors)
        alarm = threading.Timer(limit, process.kill)
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        in_time = alarm.is_alive()
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        printed, complaint = output.read().decode(errors="replace"), errors.read().decode(errors="replace")
    if not in_time:
        raise FailedError(f"gave up after {limit:.0f} s")
    found = _json(printed)
    if process.returncode not in codes or found is None:
        last = [line.strip() for line in (complaint or printed).splitlines() if line.strip()]
        raise FailedError(last[-1][:160] if last else f"ended with {process.returncode}")
    unit = 1 if platform.system() == "Darwin" else 1024
    return Sample(
        seconds=found.get("seconds", seconds),
        whole=seconds,
        processor=found.get("processor", usage.ru_utime + usage.ru_stime),
        megabytes=found.get("megabytes", usage.ru_maxrss * unit / 1e6),
        found=found.get("found", found),
    )


def in_turns(rounds: int, works: Mapping[str, Callable[[], Sample]]) -> tuple[dict[str, list[Sample]], dict[str, str]]:
    """Everything once a round, so that a slow moment of the machine meets all; what fails is not tried again."""
    taken: dict[str, list[Sample]] = {name: [] for name in works}
    failed: dict[str, str] = {}
    for _ in range(rounds):
        for name, work in works.items():
            if name in failed:
                continue
            try:
                taken[name].append(work())
            except FailedError as error:
                failed[name] = str(error)
    return taken, failed


def middle(samples: Sequence[Sample], of: str) -> float:
    """The median of one of the figures."""
    return statistics.median(float(getattr(sample, of)) for sample in samples)


def pin() -> None:
    """Two cores for this process and those that it starts, where the system can say so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def machine() -> str:
    """What was measured, when and on what, for a reader."""
    cpu = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, check=False, capture_output=True, text=True
    ).stdout.strip()
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} at {commit or 'an unknown commit'}: {CORES} cores ({cpu}),"
        f" {memory:.0f} GiB of memory, load average {os.getloadavg()[0]:.1f} at the start,"
        f" {platform.system()}, Python {platform.python_version()}, DuckDB {version('duckdb')}."
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that can be read as it is."""
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (header, *rows)]
    widths = [max(3, *(len(line[at]) for line in lines)) for at in range(len(header))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def _json(printed: str) -> dict[str, Any] | None:
    """The JSON object that an output is, or that its last line is."""
    for text in (printed, printed.strip().rpartition("\n")[2]):
        with suppress(ValueError):
            found = json.loads(text)
            if isinstance(found, dict):
                return found
    return None
