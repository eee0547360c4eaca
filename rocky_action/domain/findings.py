"""Findings: what a change means for whoever relies on a model's columns, place and way of being built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType


class FindingKind(StrEnum):
    """What has become different; the spelling is Rocky's (docs/rocky-format.md, 7.4).

    Two of Rocky's kinds are missing. ``replication_columns_changed`` is about pipelines that have no models, and
    ``column_nullability_changed`` about something that a table made from a query does not tell.
    """

    MODEL_REMOVED = "model_removed"
    MODEL_ADDED = "model_added"
    COLUMN_DROPPED = "column_dropped"
    COLUMN_ADDED = "column_added"
    COLUMN_TYPE_CHANGED = "column_type_changed"
    COLUMN_REORDERED = "column_reordered"
    MATERIALIZATION_STRATEGY_CHANGED = "materialization_strategy_changed"
    MATERIALIZATION_KEY_CHANGED = "materialization_key_changed"
    SOURCE_CHANGED = "source_changed"
    PARTITION_BY_CHANGED = "partition_by_changed"
    LAKEHOUSE_FORMAT_CHANGED = "lakehouse_format_changed"
    COLUMN_MASK_CHANGED = "column_mask_changed"
    TARGET_RENAMED = "target_renamed"
    SQL_BODY_CHANGED = "sql_body_changed"

    @property
    def is_of_a_column(self) -> bool:
        """True for what a comparison of the real columns also sees, and sees better."""
        return self in _OF_COLUMNS


_OF_COLUMNS = frozenset(
    {
        FindingKind.COLUMN_DROPPED,
        FindingKind.COLUMN_ADDED,
        FindingKind.COLUMN_TYPE_CHANGED,
        FindingKind.COLUMN_REORDERED,
    }
)


class Impact(StrEnum):
    """How bad a finding is for a reader of the model, the worst first."""

    BREAKING = "breaking"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Impact).index(self)


USUAL_IMPACT = MappingProxyType(
    {
        FindingKind.MODEL_REMOVED: Impact.BREAKING,
        FindingKind.MODEL_ADDED: Impact.INFO,
        FindingKind.COLUMN_DROPPED: Impact.BREAKING,
        FindingKind.COLUMN_ADDED: Impact.INFO,
        FindingKind.COLUMN_TYPE_CHANGED: Impact.BREAKING,
        FindingKind.COLUMN_REORDERED: Impact.WARNING,
        FindingKind.MATERIALIZATION_STRATEGY_CHANGED: Impact.BREAKING,
        FindingKind.MATERIALIZATION_KEY_CHANGED: Impact.BREAKING,
        FindingKind.SOURCE_CHANGED: Impact.BREAKING,
        FindingKind.PARTITION_BY_CHANGED: Impact.BREAKING,
        FindingKind.LAKEHOUSE_FORMAT_CHANGED: Impact.BREAKING,
        FindingKind.COLUMN_MASK_CHANGED: Impact.WARNING,
        FindingKind.TARGET_RENAMED: Impact.BREAKING,
        FindingKind.SQL_BODY_CHANGED: Impact.INFO,
    }
)
"""Rocky's severities. Three kinds have another one too: a type that only widens is info, a mask that is gone is
breaking, and a changed ``target_lag`` is a warning."""


@dataclass(frozen=True)
class Finding:
    """One thing that a reader of a model may stumble over.

    ``message`` completes "MODEL: …". ``path`` and ``line`` are where it comes from in head, as far as that can be told
    (a removed model's path is base's). ``column`` is the column it is about, if it is about one.
    """

    model: str
    kind: FindingKind
    severity: Impact
    message: str
    path: str
    line: int | None = None
    column: str | None = None

    @property
    def weight(self) -> tuple[int, str, int, str, str]:
        """Sorts the worst to the top, then by model and kind."""
        return self.severity.rank, self.model, list(FindingKind).index(self.kind), self.column or "", self.message


def told_together(findings: Iterable[Finding]) -> Iterator[tuple[Finding, tuple[str, ...]]]:
    """What is more than information, the worst first; one line says it once for all the models that it is about.

    A model further down that loses a column in the same words, in a file that nobody edited, is named where it is lost.
    """
    told = [finding for finding in findings if finding.severity is not Impact.INFO]
    of_columns = [finding for finding in told if finding.kind.is_of_a_column and finding.line is not None]
    causes = {(finding.kind, finding.message): finding for finding in reversed(of_columns)}
    models: dict[Finding, list[str]] = {}
    for finding in told:
        cause = None if finding.line is not None else causes.get((finding.kind, finding.message))
        models.setdefault(replace(cause or finding, model=""), []).append(finding.model)
    for finding, named in models.items():
        yield finding, tuple(named)
