"""Order among models: who reads whom, followed only as far as somebody asks. The only home of networkx."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush

from rocky_action.domain.lineage import ModelRead
from rocky_action.domain.project import Project
from rocky_action.errors import PlanError


class Dag:
    """The model-level graph of one project, from the model that is read to the model that reads it.

    A model's read of itself is no edge. Models that no question leads to are never parsed, so nobody notices here
    whether they read each other in a circle.
    """

    def __init__(self, project: Project, *, cut_cycles: bool = False) -> None:
        """With ``cut_cycles`` models that read each other in a circle count as not waiting for each other.

        That is for base, whose circle a pull request may be about to break. They cannot be built, and the warehouse
        says so.
        """
        self._models = project.models
        self._reads = project.reads
        self._cut_cycles = cut_cycles
        self._upstreams: dict[str, tuple[str, ...]] = {}

    def upstreams(self, model: str) -> tuple[str, ...]:
        """The models that one model reads directly, sorted."""
        if model not in self._upstreams:
            found = {one.model for one in self._reads[model] if isinstance(one, ModelRead)}
            self._upstreams[model] = tuple(sorted((found & self._models.keys()) - {model}))
        return self._upstreams[model]

    def inputs(self, model: str, through: Collection[str]) -> tuple[str, ...]:
        """The models that one model reads, looking through those in ``through`` (ephemeral ones), sorted."""
        seen: set[str] = set()
        open_ends = list(self.upstreams(model))
        while open_ends:
            upstream = open_ends.pop()
            if upstream not in seen:
                seen.add(upstream)
                open_ends += self.upstreams(upstream) if upstream in through else ()
        return tuple(sorted(name for name in seen if name not in through and name != model))

    def reached_from(self, models: Iterable[str]) -> frozenset[str]:
        """The models themselves and everything that reads them, directly or not."""
        reached: set[str] = set()
        new = set(models)
        while new:
            reached |= new
            could = self._reads.could_read([self._models[model] for model in new]) - reached
            self._reads.foresee(could)
            new = {reader for reader in could if not new.isdisjoint(self.upstreams(reader))}
        return frozenset(reached)

    def read_by(self, models: Iterable[str]) -> frozenset[str]:
        """The models themselves and everything that they read, directly or not."""
        read = set(models)
        open_ends = [*read]
        while open_ends:
            new = {upstream for upstream in self.upstreams(open_ends.pop()) if upstream not in read}
            read |= new
            open_ends += new
        return frozenset(read)

    def waits(self, models: Collection[str], *, through: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
        """For each of some models, sorted, those of them that it reads, looking through the others in ``through``.

        Raises PlanError naming a cycle, unless cycles are cut.
        """
        wanted = frozenset(models)
        between = frozenset(through) - wanted
        self._reads.foresee(wanted)
        after = {
            model: tuple(name for name in self.inputs(model, between) if name in wanted) for model in sorted(wanted)
        }
        try:
            TopologicalSorter(after).prepare()
        except CycleError as err:
            if not self._cut_cycles:
                raise PlanError(
                    f"models read each other in a circle: {_circle(err.args[1])} (each is read by the next)",
                    advice="Break the circle: move the common part into a model that both can read.",
                ) from err
            for tangle in _tangles(after):
                after |= {model: tuple(name for name in after[model] if name not in tangle) for model in tangle}
        return after

    def in_order(self, models: Collection[str], *, through: Collection[str] = ()) -> tuple[str, ...]:
        """Models so that each comes after all that it waits for; ties alphabetical. Raises PlanError naming a cycle."""
        sorter = TopologicalSorter(self.waits(models, through=through))
        sorter.prepare()
        ready = [*sorter.get_ready()]
        heapify(ready)
        order: list[str] = []
        while ready:
            order.append(heappop(ready))
            sorter.done(order[-1])
            for model in sorter.get_ready():
                heappush(ready, model)
        return tuple(order)


def _tangles(after: Mapping[str, Collection[str]]) -> list[set[str]]:
    """The groups of models that read each other in circles."""
    import networkx as nx  # noqa: PLC0415  circles are rare, and to import it takes longer than a small plan

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from((upstream, model) for model, upstreams in after.items() for upstream in upstreams)
    return [tangle for tangle in nx.strongly_connected_components(graph) if len(tangle) > 1]


def _circle(cycle: Sequence[str]) -> str:
    """A circle, whose first model is given again as its last, beginning with the first of its models by name."""
    models = [*cycle[1:]]
    start = models.index(min(models))
    return " -> ".join([*models[start:], *models[:start], models[start]])


def walk(after: Mapping[str, Collection[str]], work: Callable[[str], None], *, threads: int) -> None:
    """Calls ``work`` for every name, each after those it waits for, several at once. Names waited for must be keys."""
    sorter = TopologicalSorter(after)
    sorter.prepare()
    pool = ThreadPoolExecutor(max_workers=max(1, threads))
    try:
        running: dict[Future[None], str] = {}
        while sorter.is_active():
            running |= {pool.submit(work, name): name for name in sorted(sorter.get_ready())}
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
                sorter.done(running.pop(future))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # an interrupt must not wait for what runs for hours
