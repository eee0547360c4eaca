"""What models would take, by the warehouse's own word and without running them; what it does not say is left out.

A query is estimated over what is there: production's relations. So a model that reads a column, or a table, that only
head has cannot be estimated before that is built.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from rocky_action.building import Site, query_of
from rocky_action.dag import walk
from rocky_action.domain.cost import CostSource, Figures
from rocky_action.domain.permits import Permits
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import (
    DeleteInsert,
    Ephemeral,
    FullRefresh,
    Incremental,
    Merge,
    Microbatch,
    Model,
    Project,
    Projects,
    Relation,
    TimeInterval,
    View,
    WarehouseOnly,
)
from rocky_action.domain.usage import Usage
from rocky_action.errors import SqlError, WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.sql import intervals
from rocky_action.sql.references import Targets, problem_of


@dataclass(frozen=True)
class Estimator:
    """Asks a warehouse; ``exists`` says whether production has a relation, ``now`` decides partitions, in UTC."""

    warehouse: WarehouseAdapter
    now: datetime
    exists: Callable[[Relation], bool]
    permits: Permits = Permits()

    def of_base(self, base: Project, names: Collection[str]) -> Mapping[str, Figures]:
        """Some of base's models, as production would run them."""
        places = {
            name: model.target for name, model in base.models.items() if not isinstance(model.strategy, Ephemeral)
        }
        return self._all(base, names, places=places)

    def of_head(self, projects: Projects, plan: Plan) -> Mapping[str, Figures]:
        """The prune set, over what production has of what it reads: under the former name, where that changed."""
        head, base = projects.head.models, projects.base.models
        places = {name: model.target for name, model in head.items() if not isinstance(model.strategy, Ephemeral)}
        for one in plan.prune_set:
            if one.model in places and one.base_model not in (None, one.model) and not self.exists(places[one.model]):
                places[one.model] = base[one.base_model or ""].target
        return self._all(projects.head, plan.prune_names, places=places)

    def _all(
        self, project: Project, names: Collection[str], *, places: Mapping[str, Relation]
    ) -> Mapping[str, Figures]:
        permits = replace(self.permits, strict_sources=False)  # what is estimated is not run
        site = Site(self.warehouse, project, "", places, self.now, Targets.of(project.models), permits=permits)
        found: dict[str, Figures] = {}

        def work(name: str) -> None:
            try:
                usage = self._usage(site, project.models[name])
            except (SqlError, WarehouseError):  # such as a column that is not there yet: nobody knows
                return
            if usage is not None:
                found[name] = Figures(
                    usage.duration_ms,
                    usage.bytes_scanned,
                    source=CostSource.ESTIMATED,
                    bytes_billed=usage.bytes_billed,
                    slot_ms=usage.slot_ms,
                )

        threads = min(len(names), self.warehouse.concurrency)
        walk(dict.fromkeys(names, ()), work, threads=threads)
        return found

    def _usage(self, site: Site, model: Model) -> Usage | None:
        """What the statements that build a model would take; None for those that read more than the model's query."""
        if model.problem is not None or problem_of(model, site.project.dialect) is not None:
            return None
        window, strategy = intervals.EMPTY_WINDOW, model.strategy
        match strategy:
            case Ephemeral() | Merge():  # one is part of what reads it; the other reads its own table once more
                return None
            case TimeInterval() | DeleteInsert() if self.exists(model.target):  # which partitions, the data decides
                return None
            case TimeInterval():
                window = intervals.whole_window(strategy, self.now)
            case FullRefresh() | View() | WarehouseOnly() | Incremental() | Microbatch() | DeleteInsert():
                pass
            case _:
                assert_never(strategy)
        found = self.warehouse.estimate(query_of(site, model, window=window).text)
        return Usage(bytes_scanned=0) if found is not None and isinstance(strategy, View) else found
