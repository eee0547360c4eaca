"""The tables outside the project that base knows: what its sidecars declare as sources, and what its models read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rocky_action.domain.lineage import SourceRead
from rocky_action.domain.project import Project, Relation


@dataclass(frozen=True, eq=False)
class KnownSources:
    """Those of one side, which should be base: what a pull request declares, it could declare to read anything.

    ``catalog`` is what a name without one means.
    """

    project: Project
    catalog: str

    def has(self, parts: Sequence[str]) -> bool:
        """Whether a table's name, given in its parts, means one of them, whether or not both name the catalog."""
        wanted = self._full(parts)
        return wanted in self._declared or any(wanted == self._full(read) for read in self._read_like(parts[-1]))

    def builds(self, target: Relation) -> bool:
        """Whether one of the models is what builds a relation."""
        wanted = self._full([part for part in (target.catalog, target.schema, target.name) if part])
        return wanted in self._built

    @cached_property
    def _built(self) -> frozenset[tuple[str, ...]]:
        targets = (model.target for model in self.project.models.values())
        return frozenset(self._full([part for part in (one.catalog, one.schema, one.name) if part]) for one in targets)

    def _read_like(self, name: str) -> Iterator[tuple[str, ...]]:
        """What those of the models read whose text mentions a name: only these are parsed."""
        for model in self.project.models.values():
            if name.lower() in model.sql.lower():
                for read in self.project.reads[model.name]:
                    if isinstance(read, SourceRead):
                        yield tuple(read.name.split("."))

    @cached_property
    def _declared(self) -> frozenset[tuple[str, ...]]:
        found = set()
        for model in self.project.models.values():
            text = dict(model.metadata).get("sources")
            declared = json.loads(text) if text else []
            for one in declared if isinstance(declared, list) else []:
                if isinstance(one, dict):
                    parts = (str(one.get(part) or "") for part in ("catalog", "schema", "table"))
                    found.add(self._full([part for part in parts if part]))
        return frozenset(found)

    def _full(self, parts: Sequence[str]) -> tuple[str, ...]:
        """All three parts in lower case, if there are two; a bare name stays one, as nobody knows its schema."""
        lower = tuple(part.lower() for part in parts)
        return (self.catalog.lower(), *lower) if len(lower) == 2 else lower
