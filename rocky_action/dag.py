"""Order among models: the only home of networkx."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

import networkx as nx

from rocky_action.domain.lineage import ModelRead, Reference
from rocky_action.errors import PlanError


class Dag:
    """The model-level graph of one project, from the model that is read to the model that reads it."""

    def __init__(self, reads: Mapping[str, Iterable[Reference]], *, cut_cycles: bool = False) -> None:
        """Takes what each model reads; a model's read of itself is no edge. Raises PlanError naming a cycle.

        With ``cut_cycles`` models that read each other in a circle count as not reading each other at all: that is for
        base, whose circle a pull request may be about to break. They cannot be built, and the warehouse says so.
        """
        self._graph: nx.DiGraph[str] = nx.DiGraph()
        self._graph.add_nodes_from(sorted(reads))
        for reader, references in reads.items():
            for reference in references:
                if isinstance(reference, ModelRead) and reference.model != reader and reference.model in reads:
                    self._graph.add_edge(reference.model, reader)
        if cut_cycles:
            for tangle in [*nx.strongly_connected_components(self._graph)]:
                self._graph.remove_edges_from([*self._graph.subgraph(tangle).edges])
        if not nx.is_directed_acyclic_graph(self._graph):
            cycle = [upstream for upstream, _ in nx.find_cycle(self._graph)]
            start = cycle.index(min(cycle))
            path = " -> ".join([*cycle[start:], *cycle[:start], cycle[start]])
            raise PlanError(
                f"models read each other in a circle: {path} (each is read by the next)",
                advice="Break the circle: move the common part into a model that both can read.",
            )

    def upstreams(self, model: str) -> tuple[str, ...]:
        """The models that one model reads directly, sorted."""
        return tuple(sorted(self._graph.predecessors(model)))

    def downstreams(self, model: str) -> tuple[str, ...]:
        """The models that read one model directly, sorted."""
        return tuple(sorted(self._graph.successors(model)))

    def inputs(self, model: str, through: Collection[str]) -> tuple[str, ...]:
        """The models that one model reads, looking through those in ``through`` (ephemeral ones), sorted."""
        found: set[str] = set()
        open_ends = list(self.upstreams(model))
        while open_ends:
            upstream = open_ends.pop()
            if upstream in through:
                open_ends += self.upstreams(upstream)
            else:
                found.add(upstream)
        return tuple(sorted(found))

    def reached_from(self, models: Iterable[str]) -> frozenset[str]:
        """The models themselves and everything that reads them, directly or not."""
        reached: set[str] = set()
        for model in models:
            if model not in reached:
                reached |= {model, *nx.descendants(self._graph, model)}
        return frozenset(reached)

    def in_order(self, models: Collection[str]) -> tuple[str, ...]:
        """Models so that each comes after all it reads, directly or not; ties alphabetical."""
        wanted = set(models)
        order: nx.DiGraph[str] = nx.DiGraph()
        order.add_nodes_from(wanted)
        order.add_edges_from((model, after) for model in wanted for after in self._next(model, wanted))
        return tuple(nx.lexicographical_topological_sort(order))

    def _next(self, model: str, wanted: Collection[str]) -> set[str]:
        """The wanted models that read one model, directly or through models that are not wanted."""
        found: set[str] = set()
        passed: set[str] = set()
        open_ends = [model]
        while open_ends:
            for reader in self._graph.successors(open_ends.pop()):
                if reader in wanted:
                    found.add(reader)
                elif reader not in passed:
                    passed.add(reader)
                    open_ends.append(reader)
        return found


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
