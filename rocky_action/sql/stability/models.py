"""What of a project's models need not be the same again, through the models that are built anew."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from sqlglot import exp

from rocky_action.domain.lineage import ModelRead, Reference, SourceRead
from rocky_action.domain.project import Ephemeral, FullRefresh, Merge, Model, Project, View
from rocky_action.errors import SqlError
from rocky_action.sql.lineage import Surroundings
from rocky_action.sql.model_lineage import ModelLineages
from rocky_action.sql.parse import Query, parse_model
from rocky_action.sql.references import Targets, problem_of
from rocky_action.sql.rewrite import with_surrogate_keys
from rocky_action.sql.stability import Doubts, Known, doubts_of

_UNIQUE_TESTS = frozenset({"unique", "composite"})


Floating = Callable[[str, str], bool]
"""Whether a model's column, by its folded name, holds floating-point numbers."""


def _nobody_knows(model: str, column: str) -> bool:
    del model, column
    return False


class ModelDoubts:
    """The doubts about some models of one project, each found once.

    What they read is doubted as well where it is ``built`` with them, or has no rows of its own: a view and an
    ephemeral model are computed when they are read. Any other table is the same for everybody who reads it.
    """

    def __init__(self, project: Project, built: Collection[str], *, floating: Floating = _nobody_knows) -> None:
        self._project = project
        self._built = frozenset(built)
        self._floating = floating
        self._targets = Targets.of(project.models)
        self._lineages = ModelLineages(project, self._built)
        self._found: dict[str, Doubts] = {}

    def of(self, name: str) -> Doubts:
        """What of one model is doubted; nothing for one that is not understood."""
        waiting, met = [name], set[str]()
        while waiting:  # no recursion: models can stand on models for as long as a project is deep
            top = waiting[-1]
            more = [] if top in met else self._upstreams(top)
            met.add(top)
            more = [one for one in more if one not in met and one not in self._found]
            if more:
                waiting += more
            else:
                waiting.pop()
                if top not in self._found:
                    self._found[top] = self._look(self._project.models[top])
        return self._found[name]

    def _upstreams(self, name: str) -> list[str]:
        models = self._project.models
        reads = (read.model for read in self._project.reads[name] if isinstance(read, ModelRead))
        return [
            read
            for read in reads
            if read != name and (read in self._built or isinstance(models[read].strategy, (Ephemeral, View)))
        ]

    def _look(self, model: Model) -> Doubts:
        query = self._query(model)
        if query is None:
            return Doubts()

        def resolve(table: exp.Table) -> Reference:
            other = self._targets.model_of(table, model.name)
            return SourceRead(".".join(part.name for part in table.parts)) if other is None else ModelRead(other)

        surroundings = Surroundings(resolve, self._lineages.columns)
        inherited: dict[Reference, Doubts] = {
            ModelRead(name): _of_a_relation(self._found[name], self._project.models[name])
            for name in self._upstreams(model.name)
            if name in self._found
        }
        return doubts_of(query, Known(surroundings, inherited, self._keys, partial(self._floating, model.name)))

    def _query(self, model: Model) -> Query | None:
        if problem_of(model, self._project.dialect) is not None:
            return None
        try:
            return with_surrogate_keys(parse_model(model, self._project.dialect), model)
        except SqlError:
            return None

    def _keys(self, reference: Reference) -> tuple[frozenset[str], ...]:
        if not isinstance(reference, ModelRead):
            return ()
        return tuple(
            frozenset(name.lower() for name in key) for key in _declared(self._project.models[reference.model])
        )


def _of_a_relation(doubts: Doubts, model: Model) -> Doubts:
    """A table that is added to holds what several runs have made: nothing in it is the same for all rows."""
    if isinstance(model.strategy, (Ephemeral, FullRefresh, View)):
        return doubts
    columns = {name: tuple(replace(why, steady=False) for why in whys) for name, whys in doubts.columns.items()}
    return Doubts(doubts.rows, columns)


def _declared(model: Model) -> list[tuple[str, ...]]:
    """The columns that a model is declared to have once only."""
    tests = [one.columns for one in model.tests if one.type in _UNIQUE_TESTS and one.columns and one.filter is None]
    return [
        *([model.options.key] if model.options.key else []),
        *([model.strategy.unique_key] if isinstance(model.strategy, Merge) else []),
        *tests,
        *((key.name,) for key in model.surrogate_keys),
    ]
