"""Findings as the documents carry them. A list of our own; Rocky has one like it in its ``ci-diff``."""

from __future__ import annotations

from rocky_action.domain.findings import Finding, FindingKind, Impact
from rocky_action.wire.document import Part


class FoundIn(Part):
    """One finding; ``line`` is a line of head's file, null where none can be named."""

    model_name: str
    kind: FindingKind
    severity: Impact
    message: str
    path: str
    line: int | None
    column: str | None

    @classmethod
    def of(cls, finding: Finding) -> FoundIn:
        """The finding as the wire says it."""
        return cls(
            model_name=finding.model,
            kind=finding.kind,
            severity=finding.severity,
            message=finding.message,
            path=finding.path,
            line=finding.line,
            column=finding.column,
        )
