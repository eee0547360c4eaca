"""A preview belongs to the run that has leased it last: any other run stops before it builds or reports any more.

GitHub cancels a pull request's older run only where the workflow says so, and two workflows know nothing of each
other. So two runs may be at work on one preview at once, in every warehouse but a DuckDB file. The later one drops what
it finds and builds anew; what the earlier one would still build, or has read since, is neither's preview.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from rocky_action.domain.cost import CutWhat
from rocky_action.domain.options import PreviewOptions
from rocky_action.errors import SupersededError
from rocky_action.ports import Holder
from rocky_action.study import Connection, Study, World

SECONDS_BETWEEN_LOOKS = 2.0
"""While models are built. More often is more than it is good for where each query is billed."""


def lease(
    world: World, options: PreviewOptions, *, known: Study, connection: Connection, until: datetime | None = None
) -> None:
    """Say, before anything is built, whose the schemas are and until when: for the lease hours, if nothing is said."""
    schemas = [(catalog, schema) for catalog in known.projects.catalogs for schema in options.schemas]
    until = until or world.now + timedelta(hours=options.run.lease_hours)
    connection.records.lease(options.name, schemas, comparison=world.comparison, until=until)


def check(world: World, options: PreviewOptions, *, known: Study, connection: Connection) -> None:
    """Raises SupersededError if the preview is no longer this run's.

    Where it was dropped meanwhile, this run may have built something since. So it is leased once more, until now: the
    next sweep finds that.
    """
    holder = connection.records.holder(options.name)
    if holder is Holder.NOBODYS:
        lease(world, options, known=known, connection=connection, until=world.now)
    refuse(holder, options.name)


def watched(options: PreviewOptions, check: Callable[[], None]) -> PreviewOptions:
    """The options of a run that checks before it builds a model, if the last time is some seconds ago."""
    halt, looked = options.restraint.halt, time.monotonic()

    def check_and(what: CutWhat, model: str) -> str | None:
        nonlocal looked
        if time.monotonic() - looked >= SECONDS_BETWEEN_LOOKS:
            looked = time.monotonic()
            check()
        return halt(what, model)

    return replace(options, restraint=replace(options.restraint, halt=check_and))


def refuse(holder: Holder, name: str) -> None:
    """Raises SupersededError for a preview that is another run's, or nobody's."""
    match holder:
        case Holder.OURS:
            return
        case Holder.ANOTHERS:
            raise SupersededError(
                f"superseded by another run, which has begun to build the preview {name} anew",
                advice="Its report is the one that counts. Give all workflows that preview a pull request one"
                " `concurrency` group.",
            )
        case Holder.NOBODYS:
            raise SupersededError(
                f"the preview {name} was dropped while this run was at work on it",
                advice="Its pull request was closed, or somebody has cleaned up. Run it again if it is still wanted.",
            )
        case _ as never:
            assert_never(never)
