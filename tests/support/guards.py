"""Takes one guarded behaviour away at a time, and sees which scenarios notice.

A guard is a piece of a named function; without it the function has the replacement there, or a constant has another
value. ``python -m tests.support.guards`` tries every guard of tests/integration/test_scenarios_guards.py against the
scenarios that it names and prints, as JSON, which of them failed; with ``--all`` against every scenario.
"""

from __future__ import annotations
import __future__ as future

import argparse
import functools
import importlib
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "integration"
PACKAGE = "rocky_action"


@dataclass(frozen=True)
class Guard:
    """``place`` is module:function or module:CONSTANT. For a constant ``new`` is its value, as Python."""

    place: str
    old: str
    new: str
    scenarios: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.place}  {self.old.strip()}  ->  {self.new.strip()}"


def target(guard: Guard) -> tuple[Any, str, Any]:
    """Where a guard's function or constant lives, its name there, and what it is."""
    module, _, path = guard.place.partition(":")
    owner: Any = importlib.import_module(f"{PACKAGE}.{module}")
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return owner, name, inspect.getattr_static(owner, name)


def function_of(found: Any) -> FunctionType:
    """The function behind a property, a generator-made context manager and the like."""
    if isinstance(found, functools.cached_property):
        found = found.func
    elif isinstance(found, property):
        found = found.fget
    found = inspect.unwrap(found)
    assert isinstance(found, FunctionType)
    return found


def source_of(guard: Guard) -> str | None:
    """The text of the guard's function, None for a constant."""
    found = target(guard)[2]
    return textwrap.dedent(inspect.getsource(function_of(found))) if guard.old else None


@contextmanager
def removed(guard: Guard) -> Iterator[None]:
    """The program without the guard."""
    owner, name, found = target(guard)
    source = source_of(guard)
    if source is None:
        setattr(owner, name, eval(guard.new))  # noqa: S307 - written in the table
        try:
            yield
        finally:
            setattr(owner, name, found)
        return
    assert source.count(guard.old) == 1, f"{guard} is there {source.count(guard.old)} times"
    function = function_of(found)
    changed = source.replace(guard.old, guard.new)
    changed = changed[changed.index("def ") :] if changed.startswith("@") else changed
    compiled = compile(changed, f"<without {guard.place}>", "exec", flags=future.annotations.compiler_flag)
    made: dict[str, Any] = {}
    exec(compiled, function.__globals__, made)  # noqa: S102 - written in the table
    before = function.__code__
    function.__code__ = made[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = before


class Failures:
    """Remembers the functions of which a test failed."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.ran: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        self.ran.add(name)
        if report.failed:
            self.names.add(name)


def scenarios() -> dict[str, str]:
    """Every scenario by name, with its file."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("test_scenarios_*.py")):
        if path.name != "test_scenarios_guards.py":
            text = path.read_text(encoding="utf-8")
            found |= {
                line[4:].partition("(")[0]: str(path) for line in text.splitlines() if line.startswith("def test_")
            }
    return found


def failing(guard: Guard | None, names: tuple[str, ...]) -> Failures:
    """What fails without a guard."""
    places = scenarios()
    ids = [f"{places[name]}::{name}" for name in names]
    failures = Failures()
    options = ["-q", "--no-header", "--no-summary", "--tb=no", "-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    if guard is None:
        pytest.main([*options, *ids], plugins=[failures])
    else:
        with removed(guard):
            pytest.main([*options, *ids], plugins=[failures])
    return failures


def main() -> None:
    """Prints what failed, guard by guard."""
    from tests.integration.test_scenarios_guards import GUARDS

    parser = argparse.ArgumentParser(description="Which scenarios notice that a guard is gone")
    parser.add_argument("--all", metavar="FILES", help="every scenario of the files whose names match this expression")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=len(GUARDS))
    options = parser.parse_args()
    out = sys.stdout
    sys.stdout = sys.stderr
    for number, guard in [*enumerate(GUARDS)][options.first : options.last]:
        names = guard.scenarios
        if options.all:
            names = tuple(name for name, path in scenarios().items() if re.search(options.all, path))
        failures = failing(guard, names)
        missing = sorted(set(names) - failures.ran)
        told = {"guard": number, "is": str(guard), "failed": sorted(failures.names), "not run": missing}
        print(json.dumps(told), file=out, flush=True)


if __name__ == "__main__":
    main()
