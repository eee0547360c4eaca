"""``plan``: which models would run, and why. Imports neither what builds and compares nor what prints the other way."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rocky_action.commands.calls import called
from rocky_action.stages.refusals import refused_models
from rocky_action.study import study


def plan(namespace: argparse.Namespace) -> int:
    """The change set and the plan."""
    with called(namespace, Path.cwd()) as call:
        world, options = call.assembled()
        known = study(world, options)
        refused = refused_models(known.plan, known.projects.head, permits=options.run.permits)
    if call.as_json:
        from rocky_action.wire.document import to_json
        from rocky_action.wire.plan import plan_document

        caveats = (*known.caveats, *refused)
        document = plan_document(
            world.comparison, known.plan, changes=known.changes, caveats=caveats, findings=known.findings
        )
        sys.stdout.write(to_json(document))
    else:
        from rocky_action.console.tables import show_study

        show_study(known, refused)
    return 0
