"""What is written to the state schema in tests: executions of a preview, and runs of production."""

from __future__ import annotations

from datetime import UTC, datetime

from rocky_action.domain.execution import (
    BaselineKind,
    BaseSide,
    Cloned,
    CloneMethod,
    Execution,
    Failed,
    Inlined,
    ModelRun,
    NotCloned,
    NotRun,
    Side,
    Succeeded,
)
from rocky_action.domain.production import BuiltModel, ProductionRun
from rocky_action.domain.project import Relation
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.usage import Usage

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COMPARISON = Comparison("main", "b" * 40, "feature", "h" * 40)
_SOME, _OTHER = Usage(1), Usage(7)
SCHEMAS = (("shop", "branch__x"), ("shop", "branch__x__base"))


def execution(run_id: str = "run-1", *runs: ModelRun, schema: str = "branch__x") -> Execution:
    """One with an outcome of each kind on head, and ``runs`` besides."""
    return Execution(
        run_id,
        schema,
        head_runs=(
            ModelRun("a", Side.HEAD, Succeeded(Relation("shop", schema, "a"), Usage(3, 2, 1), note="it's")),
            ModelRun("b", Side.HEAD, Failed('no "such"\ncolumn')),
            ModelRun("c", Side.HEAD, NotRun("b, which it reads, failed")),
            ModelRun("d", Side.HEAD, Inlined()),
            *(run for run in runs if run.side is Side.HEAD),
        ),
        base_runs=tuple(run for run in runs if run.side is Side.BASE),
        clones=(
            Cloned("e", Relation("", "main", "e"), Relation("shop", schema, "e"), CloneMethod.VIEW),
            NotCloned("f", "it is gone"),
        ),
        base_sides=(
            BaseSide("a", BaselineKind.EXISTING, Relation("shop", "main", "a"), "a note"),
            BaseSide("b", BaselineKind.NONE, note="new"),
        ),
        duration_ms=12,
        built_from="abc",
    )


def rebuilt(model: str, usage: Usage = _SOME, *, sql_hash: str | None = "same") -> ModelRun:
    """A rebuild of one of base's models."""
    outcome = Succeeded(Relation("shop", "branch__x__base", model), usage)
    return ModelRun(model, Side.BASE, outcome, sql_hash, "full_refresh")


def produced(run_id: str, when: datetime, *models: str, usage: Usage = _OTHER) -> ProductionRun:
    """A run of production that built some models."""
    return ProductionRun(run_id, "c" * 40, when, tuple(BuiltModel(model, usage, "other", "merge") for model in models))
