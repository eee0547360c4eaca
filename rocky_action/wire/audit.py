"""What an audit has shown, as a field of ``preview-diff``. Ours; the contract knows no audit."""

from __future__ import annotations

from typing import Literal, assert_never

from rocky_action.domain.audit import Audit, AuditedModel, Confirmed, Escaped, NotAudited
from rocky_action.wire.document import Part


class AuditedEntry(Part):
    """One audited model. ``drawn`` is false for one that was rebuilt because a drawn model reads it."""

    model_name: str
    outcome: Literal["confirmed", "escaped", "not_audited"]
    reason: str | None
    drawn: bool


class AuditSummary(Part):
    """``escapes`` of ``decided`` models differ; ``eligible`` is how many were left alone in all."""

    seed: str
    eligible: int
    decided: int
    escapes: int
    duration_ms: int
    models: tuple[AuditedEntry, ...]


def audit_summary(audit: Audit) -> AuditSummary:
    """The audit as the wire says it."""
    return AuditSummary(
        seed=audit.seed,
        eligible=audit.eligible,
        decided=audit.decided,
        escapes=len(audit.escaped),
        duration_ms=audit.duration_ms,
        models=tuple(_entry(one) for one in audit.models),
    )


def _entry(one: AuditedModel) -> AuditedEntry:
    match one.outcome:
        case Confirmed():
            return AuditedEntry(model_name=one.model, outcome="confirmed", reason=None, drawn=one.drawn)
        case Escaped(because=because):
            return AuditedEntry(model_name=one.model, outcome="escaped", reason=because, drawn=one.drawn)
        case NotAudited(because=because):
            return AuditedEntry(model_name=one.model, outcome="not_audited", reason=because, drawn=one.drawn)
        case _:
            assert_never(one.outcome)
