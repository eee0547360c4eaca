"""What was planned and what became of it, for tests that only price it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from rocky_action.domain.execution import (
    Cloned,
    CloneMethod,
    Execution,
    Failed,
    ModelRun,
    RunOutcome,
    Side,
    Succeeded,
)
from rocky_action.domain.plan import LeftModel, Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage

SOMEWHERE = Relation("c", "s", "t")
FAILED = Failed("no")


def ran(duration_ms: int | None, bytes_scanned: int | None = None) -> Succeeded:
    """A model that was built."""
    return Succeeded(SOMEWHERE, Usage(duration_ms, 1, bytes_scanned))


def planned(runs: Iterable[str], *, new: Collection[str] = (), removed: Iterable[str] = ()) -> Plan:
    """A plan that runs these models."""
    return Plan(
        tuple(PlannedModel(name, PruneReason.CHANGED, "", base_model=None if name in new else name) for name in runs),
        removed=tuple(LeftModel(name, "removed") for name in removed),
    )


def carried_out(
    runs: Mapping[str, RunOutcome],
    *,
    base: Mapping[str, RunOutcome] | None = None,
    copied: Iterable[str] = (),
    duration_ms: int = 0,
) -> Execution:
    """What came of head's runs, of base's, and of the clones."""
    return Execution(
        "run-1",
        "branch__x",
        tuple(ModelRun(name, Side.HEAD, outcome) for name, outcome in runs.items()),
        tuple(ModelRun(name, Side.BASE, outcome) for name, outcome in (base or {}).items()),
        tuple(Cloned(name, SOMEWHERE, SOMEWHERE, CloneMethod.VIEW) for name in copied),
        duration_ms=duration_ms,
    )
