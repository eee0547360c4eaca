"""A self-test over two tables that are already there, as a run that has built and compared them would do it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rocky_action.domain.diff import ModelDiff
from rocky_action.domain.execution import BaselineKind, BaseSide, Execution, ModelRun, Side, Succeeded
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Projects, Relation
from rocky_action.domain.self_test import SelfTest
from rocky_action.domain.usage import Usage
from rocky_action.ports import WarehouseAdapter
from rocky_action.selftesting import self_test
from rocky_action.stages.diff import diff_models
from tests.support.previews import Spec, project_of

MODEL = "orders"
DEFAULTS = PreviewOptions("x")
PATIENCE = 1e6
"""Seconds that the run is said to have taken so far, so that its share is enough on any machine."""


@dataclass(frozen=True)
class Trial:
    """The model's diff, and whether the diff can be trusted."""

    diff: ModelDiff
    tested: SelfTest


def tried(
    warehouse: WarehouseAdapter,
    base: Relation,
    head: Relation,
    *,
    options: PreviewOptions = DEFAULTS,
    spec: Spec = "SELECT 1 AS id",
    patience: float = PATIENCE,
) -> Trial:
    """Compares the two as base and head of one model, then tests the diff; scratch tables go beside ``head``."""
    projects = Projects(project_of({MODEL: spec}), project_of({MODEL: spec}))
    execution = Execution(
        "run",
        head.schema,
        head_runs=(ModelRun(MODEL, Side.HEAD, Succeeded(head, Usage())),),
        base_sides=(BaseSide(MODEL, BaselineKind.EXISTING, base),),
    )
    plan = Plan((PlannedModel(MODEL, PruneReason.CHANGED, "its SQL changed", base_model=MODEL),))
    diffs = diff_models(execution, plan, head=projects.head, base=projects.base, warehouse=warehouse, options=options)
    started = time.monotonic() - patience
    tested = self_test(diffs, execution, projects=projects, warehouse=warehouse, options=options, started=started)
    return Trial(diffs[0], tested)
