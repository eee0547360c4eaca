"""Looks for broken promises in many random cases, makes what it finds small, and counts how tight the planner was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rocky_action.errors import PreviewError
from tests.support.random_projects.cases import Case, Kept, random_case, written
from tests.support.random_projects.oracle import Broken, Database, TooLargeError, open_database
from tests.support.random_projects.properties import (
    Executed,
    Planned,
    Planner,
    Violation,
    execute,
    in_vain,
    product,
    violations,
)
from tests.support.random_projects.reduction import reduced

_CRASHES = (PreviewError, RecursionError, LookupError, TypeError, ValueError, AttributeError, AssertionError)
"""What a planner can die of; a case it dies of is worth keeping."""


@dataclass
class Tightness:
    """For cases of one edit, by its kind: how many, how many models ran, how many of those came out the same."""

    cases: int = 0
    ran: int = 0
    in_vain: int = 0
    models: int = 0

    def add(self, other: Tightness) -> None:
        """Counts the other's too."""
        self.cases += other.cases
        self.ran += other.ran
        self.in_vain += other.in_vain
        self.models += other.models


@dataclass
class Found:
    """What a search has seen. ``broken`` counts the cases in which a head's model fails on its own account."""

    cases: int = 0
    skipped: int = 0
    broken: int = 0
    differing: int = 0
    failures: list[Failure] = field(default_factory=list)
    tightness: dict[str, Tightness] = field(default_factory=dict)

    def add(self, other: Found) -> None:
        """Counts the other's too."""
        self.cases += other.cases
        self.skipped += other.skipped
        self.broken += other.broken
        self.differing += other.differing
        self.failures += other.failures
        for kind, tightness in other.tightness.items():
            self.tightness.setdefault(kind, Tightness()).add(tightness)


@dataclass(frozen=True)
class Failure:
    """A broken promise: where it was found, and the case made small, as a file of kept cases."""

    seed: int
    violations: tuple[Violation, ...]
    text: str

    def __str__(self) -> str:
        lines = [f"{one.promise}: {one.model}: {one.detail}" for one in self.violations]
        head = f"seed {self.seed} breaks a promise; keep this case in tests/fixtures/pruning/:"
        return "\n".join([head, *(f"  {line}" for line in lines), "", self.text])


def search(seeds: Iterable[int], database: Database, *, planner: Planner = product) -> Found:
    """Runs the cases of these seeds."""
    found = Found()
    for seed in seeds:
        case = random_case(seed, database)
        try:
            _count(found, case, (seed, database, planner))
        except TooLargeError:
            found.skipped += 1
    return found


def search_range(seeds: tuple[int, int]) -> Found:
    """The same for a range of seeds, in a process of its own."""
    with open_database() as database:
        return search(range(*seeds), database)


def broken_promises(case: Case, database: Database, *, planner: Planner = product) -> tuple[Violation, ...]:
    """What a planner gets wrong about one case."""
    return _judged(case, database, planner=planner).violations


@dataclass(frozen=True)
class _Judged:
    """``planned`` is None if there is no plan, which is a broken promise too."""

    executed: Executed
    planned: Planned | None
    violations: tuple[Violation, ...]


def _judged(case: Case, database: Database, *, planner: Planner) -> _Judged:
    executed = execute(case, database)
    try:
        planned = planner(executed.projects, executed.columns)
    except _CRASHES as err:
        return _Judged(executed, None, (Violation("a plan can be made", "", f"{type(err).__name__}: {err}"),))
    return _Judged(executed, planned, violations(executed, planned, database=database))


def _count(found: Found, case: Case, what: tuple[int, Database, Planner]) -> None:
    seed, database, planner = what
    judged = _judged(case, database, planner=planner)
    executed, planned = judged.executed, judged.planned
    found.cases += 1
    found.differing += bool(executed.differs)
    found.broken += any(isinstance(one, Broken) and not one.because for one in executed.head.values())
    if judged.violations or planned is None:
        found.failures.append(_failure(seed, case, (judged.violations, database, planner)))
    elif len(case.edits) == 1:
        vain = len(in_vain(executed, planned))
        counted = Tightness(1, len(planned[1].prune_set), vain, len(executed.head))
        found.tightness.setdefault(case.edits[0][0], Tightness()).add(counted)


def _failure(seed: int, case: Case, what: tuple[tuple[Violation, ...], Database, Planner]) -> Failure:
    broken, database, planner = what
    promise = broken[0].promise

    def fails(smaller: Case) -> bool:
        try:
            return promise in [one.promise for one in broken_promises(smaller, database, planner=planner)]
        except (TooLargeError, PreviewError):
            return False

    small = replace(reduced(case, fails), name="")
    executed = execute(small, database)
    planned_wrong = broken_promises(small, database, planner=planner)
    kept = Kept(f"{promise} (seed {seed}).", small, executed.differs, executed.differs)
    return Failure(seed, planned_wrong, written(kept))
