"""The audit: what a rebuild of models that the plan left alone has shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rocky_action.domain.diff import ModelDiff


@dataclass(frozen=True)
class Confirmed:
    """Both sides were built, every row was compared, nothing differs. ``diff`` names the columns that were ignored."""

    diff: ModelDiff
    kind: Literal["confirmed"] = "confirmed"


@dataclass(frozen=True)
class Escaped:
    """The plan was wrong: the two sides differ, twice. ``because`` says in what; no ``diff`` where one failed."""

    because: str
    diff: ModelDiff | None = None
    kind: Literal["escaped"] = "escaped"


@dataclass(frozen=True)
class NotAudited:
    """Nothing was shown; ``because`` completes the sentence "not audited because …"."""

    because: str
    kind: Literal["not_audited"] = "not_audited"


AuditOutcome = Confirmed | Escaped | NotAudited


@dataclass(frozen=True)
class AuditedModel:
    """One audited model. ``drawn`` is false for one that had to be rebuilt because a drawn model reads it."""

    model: str
    outcome: AuditOutcome
    drawn: bool = True


@dataclass(frozen=True)
class Audit:
    """What became of each audited model, by name.

    ``eligible`` counts the models that the plan leaves alone and that have data to compare. The same ``seed``, models
    and size always draw the same sample.
    """

    seed: str
    eligible: int
    models: tuple[AuditedModel, ...] = ()
    duration_ms: int = 0

    @property
    def confirmed(self) -> tuple[AuditedModel, ...]:
        """The models that were shown to be the same."""
        return tuple(one for one in self.models if isinstance(one.outcome, Confirmed))

    @property
    def escaped(self) -> tuple[AuditedModel, ...]:
        """The models that differ although the plan left them alone."""
        return tuple(one for one in self.models if isinstance(one.outcome, Escaped))

    @property
    def not_audited(self) -> tuple[AuditedModel, ...]:
        """The models of which nothing was shown."""
        return tuple(one for one in self.models if isinstance(one.outcome, NotAudited))

    @property
    def decided(self) -> int:
        """How many models the escape rate is a share of."""
        return len(self.confirmed) + len(self.escaped)
