"""Models that still use a column that this pull request drops or calls otherwise: said before they fail, and after."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from rocky_action.domain.findings import Finding, FindingKind
from rocky_action.domain.lineage import Lineage, ModelRead, OutputColumn, Reference
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Project
from rocky_action.domain.report import Caveat, Severity
from rocky_action.sql.model_lineage import ModelLineages


def lost_columns(plan: Plan, head: Project, *, findings: Iterable[Finding]) -> tuple[Caveat, ...]:
    """One caveat for each model and column, in run order; only models that read one with a lost column are asked.

    It stands on the line where the column was lost: that is what was edited.
    """
    lost = {
        (finding.model, finding.column.lower()): finding
        for finding in findings
        if finding.kind is FindingKind.COLUMN_DROPPED and finding.column is not None
    }
    if not lost:
        return ()
    losers = {model for model, _ in lost}
    lineages = ModelLineages(head, plan.prune_names)
    found: list[Caveat] = []
    for name in plan.prune_names:
        if any(isinstance(read, ModelRead) and read.model in losers for read in head.reads[name]):
            lineage = lineages.of(name)
            used = [] if lineage is None else [one for one in _used(lineage, lineages) if one in lost]
            for model, column in dict.fromkeys(used):
                cause = lost[model, column]
                path = head.models[name].path if cause.line is None else cause.path
                message = f"it reads `{model}`, whose {cause.message}"
                found.append(Caveat(Severity.ERROR, message, name, path, cause.line))
    return tuple(found)


def _used(lineage: Lineage, lineages: ModelLineages) -> Iterator[tuple[str, str]]:
    """Models and columns of them that a query names, each with a name that can mean nothing else.

    Lineage counts a bare name as a read of every relation in sight, since any of them may gain or lose that column.
    """
    outputs = (output.reads for output in lineage.outputs or () if isinstance(output, OutputColumn))
    reads = dict.fromkeys(itertools.chain(lineage.rows, lineage.mentions, *outputs))
    meanings: dict[str, set[Reference]] = {}
    for read in reads:
        if read.column is not None:
            meanings.setdefault(read.column, set()).add(read.reference)
    for read in reads:
        if isinstance(read.reference, ModelRead) and read.column is not None:
            others = meanings[read.column] - {read.reference}
            if not any(_may_have(lineages.columns(other), read.column) for other in others):
                yield read.reference.model, read.column


def _may_have(columns: tuple[str, ...] | None, column: str) -> bool:
    return columns is None or column in columns
