"""The choices a person can make about a preview, as one value; defaults are the documented ones."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from rocky_action.domain.cost import CutWhat
from rocky_action.domain.limits import Gate
from rocky_action.domain.naming import AGAIN_SUFFIX, AUDIT_SUFFIX, BASE_SUFFIX, SCHEMA_PREFIX, TWICE_SUFFIX
from rocky_action.domain.permits import Permits
from rocky_action.domain.prices import PriceChoice
from rocky_action.domain.usage import Usage


class Baseline(StrEnum):
    """Where the base side comes from: production as it is, a rebuild of the merge base, or whichever exists."""

    AUTO = "auto"
    EXISTING = "existing"
    REBUILD = "rebuild"


class CopyMode(StrEnum):
    """Which unchanged models are cloned: what the prune set reads, all of them, or none (read production)."""

    NEEDED = "needed"
    ALL = "all"
    NONE = "none"


class Algorithm(StrEnum):
    """How rows are compared."""

    AUTO = "auto"
    EXHAUSTIVE = "exhaustive"
    BISECTION = "bisection"
    SAMPLED = "sampled"


class SampleOrder(StrEnum):
    """Which keys a sample takes: the smallest ones, or some of all, by their hash."""

    FIRST = "first"
    RANDOM = "random"


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may be apart and still count as equal: ``absolute``, or ``relative`` to the larger one.

    The larger of the two allowances counts; a relative one is a share, 0.01 for one per cent.
    """

    absolute: float = 0.0
    relative: float = 0.0


TOLERANCE_TEXTS = 'a number, a share such as "0.1%", or both: "0.01 + 0.1%"'
_ALLOWANCE = r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_TOLERANCE = re.compile(rf"{_ALLOWANCE}|{_ALLOWANCE} ?%|{_ALLOWANCE} ?\+ ?{_ALLOWANCE} ?%")


def tolerance_of(text: str) -> Tolerance | None:
    """A tolerance as people write it: ``0.01`` apart, ``0.1%`` of the larger one, or ``0.01 + 0.1%``.

    With both, what allows more counts. None for anything else; TOLERANCE_TEXTS says in words what is understood.
    """
    match = _TOLERANCE.fullmatch(text.strip())
    if match is None:
        return None
    alone, share_alone, both, both_share = (float(group) if group else 0.0 for group in match.groups())
    found = Tolerance(alone + both, (share_alone + both_share) / 100)
    return found if math.isfinite(found.absolute) and math.isfinite(found.relative) else None


@dataclass(frozen=True)
class Allowance:
    """What one model's diff may take before ``auto`` turns to a sample; None is no limit.

    ``seconds`` are for one statement, ``bytes`` are those read from tables.
    """

    seconds: float | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class ModelOptions:
    """How one model is compared: from its sidecar's ``[preview]`` table or the project file.

    ``key`` None means: find one; empty: compare whole rows. ``tolerances`` are by column name, for numbers only;
    ``json_columns`` hold JSON that is compared by value.
    """

    key: tuple[str, ...] | None = None
    ignore_columns: tuple[str, ...] = ()
    mask_columns: tuple[str, ...] = ()
    tolerances: tuple[tuple[str, Tolerance], ...] = ()
    where: str | None = None
    ignore_case: tuple[str, ...] = ()
    ignore_trailing_blanks: tuple[str, ...] = ()
    json_columns: tuple[str, ...] = ()

    def over(self, fallback: ModelOptions) -> ModelOptions:
        """These options where they say something, ``fallback``'s elsewhere; lists of columns add up."""
        own = dict(self.tolerances)
        return ModelOptions(
            fallback.key if self.key is None else self.key,
            tuple(dict.fromkeys(self.ignore_columns + fallback.ignore_columns)),
            tuple(dict.fromkeys(self.mask_columns + fallback.mask_columns)),
            tuple(sorted({**dict(fallback.tolerances), **own}.items())),
            fallback.where if self.where is None else self.where,
            tuple(dict.fromkeys(self.ignore_case + fallback.ignore_case)),
            tuple(dict.fromkeys(self.ignore_trailing_blanks + fallback.ignore_trailing_blanks)),
            tuple(dict.fromkeys(self.json_columns + fallback.json_columns)),
        )


@dataclass(frozen=True)
class ProjectFile:
    """What ``rocky-preview.yml`` says.

    ``inputs`` are values by the name of the input that would say the same, as text; ``lines`` says where each stands.
    ``project`` is for all models, ``models`` for one each; ``mask_classifications`` are tags of columns.
    ``allow_functions`` count only where the file is base's.
    """

    path: str = "rocky-preview.yml"
    inputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    project: ModelOptions = ModelOptions()
    models: tuple[tuple[str, ModelOptions], ...] = ()
    mask_classifications: tuple[str, ...] = ()
    allow_functions: tuple[str, ...] = ()


@dataclass(frozen=True)
class DiffOptions:
    """How relations are compared. ``max_samples`` bounds example rows per model, ``sample_size`` a sampled diff.

    With ``every_row`` no model's ``where`` counts. ``mask_classifications`` are tags of columns to be masked, besides
    those that rocky.toml masks. Where ``max_samples`` is 0 no value is shown at all.
    """

    algorithm: Algorithm = Algorithm.AUTO
    sample_size: int = 1000
    max_samples: int = 5
    project: ModelOptions = ModelOptions()
    models: tuple[tuple[str, ModelOptions], ...] = ()
    every_row: bool = False
    sample_order: SampleOrder = SampleOrder.RANDOM
    allowance: Allowance = Allowance()
    mask_classifications: tuple[str, ...] = ()

    def for_model(self, model: str, sidecar: ModelOptions) -> ModelOptions:
        """The sidecar's word first, then the project file's for this model, then its word for all models."""
        found = sidecar.over(dict(self.models).get(model, ModelOptions())).over(self.project)
        return replace(found, where=None) if self.every_row else found


@dataclass(frozen=True)
class RunOptions:
    """How models are built. ``timeout_seconds`` is per statement; ``threads`` bounds models built at once.

    With ``stability`` base, where it is rebuilt, is built twice, to see what differs without any change.
    """

    baseline: Baseline = Baseline.AUTO
    copy: CopyMode = CopyMode.NEEDED
    timeout_seconds: float | None = 3600.0
    threads: int = 4
    lease_hours: int = 72
    stability: bool = False
    permits: Permits = Permits()


@dataclass(frozen=True)
class AuditOptions:
    """How many of the models that the plan leaves alone are rebuilt all the same: a number, or ``percent`` of them.

    ``seed`` decides which; None means head's commit.
    """

    size: int = 0
    percent: bool = False
    seed: str | None = None

    def of(self, population: int) -> int:
        """How many of so many models; a share is rounded up, so that it is never none of some."""
        wanted = -(-population * self.size // 100) if self.percent else self.size
        return min(wanted, population)


@dataclass(frozen=True)
class Cap:
    """The most that a preview itself may take: US dollars, and bytes read. None is no limit."""

    usd: float | None = None
    bytes: int | None = None

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return self.usd is not None or self.bytes is not None


def _go_on(what: CutWhat, model: str) -> str | None:
    del what, model
    return None


def _unspared() -> str | None:
    return None


def _uncounted(usage: Usage) -> None:
    del usage


@dataclass(frozen=True)
class Restraint:
    """What a preview leaves undone to stay within its cap.

    ``base`` and ``head`` are the models that are not built on that side, each with the reason; ``sampled`` is why
    samples are compared, None if all rows may be. ``halt`` is asked before each model is built or compared, and says
    why it must not be; ``took`` is told what each build has used. ``spare`` says why nothing should begin that nobody
    would miss, and counts it as nothing that was left out.
    """

    base: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    head: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sampled: str | None = None
    halt: Callable[[CutWhat, str], str | None] = _go_on
    took: Callable[[Usage], None] = _uncounted
    spare: Callable[[], str | None] = _unspared

    def counted_as(self, what: CutWhat) -> Restraint:
        """The same for another part of the work: what is not done of it counts as that."""
        return replace(self, halt=lambda _, model: self.halt(what, model))

    def base_refusal(self, model: str) -> str | None:
        """Why base's model is not to be built now, None if it may be."""
        return self.base.get(model) or self.halt("not_rebuilt", model)

    def head_refusal(self, model: str) -> str | None:
        """Why head's model is not to be built now, None if it may be."""
        return self.head.get(model) or self.halt("not_run", model)


class Fingerprinted(StrEnum):
    """Of which models the content is fingerprinted: of none, of those whose values may be shown, or of all.

    A fingerprint that is published without a secret lets anybody check a guess of what a model holds.
    """

    NONE = "none"
    SHOWN = "shown"
    ALL = "all"


@dataclass(frozen=True)
class PreviewOptions:
    """Everything the pipeline needs to know besides its ports.

    ``runs_per_month`` is how often production runs, from the lowest to the highest; None means: find out.
    ``restraint`` is what follows from ``cap``. With ``self_test`` the diff must find differences planted for it.
    """

    name: str
    run: RunOptions = RunOptions()
    diff: DiffOptions = field(default_factory=DiffOptions)
    audit: AuditOptions = AuditOptions()
    prices: PriceChoice = PriceChoice()
    runs_per_month: tuple[float, float] | None = None
    gates: tuple[Gate, ...] = ()
    cap: Cap = Cap()
    restraint: Restraint = field(default_factory=Restraint)
    fingerprinted: Fingerprinted = Fingerprinted.NONE
    self_test: bool = True

    @property
    def schema(self) -> str:
        """The preview schema; every schema this program makes begins so, or is the state schema."""
        return f"{SCHEMA_PREFIX}{self.name}"

    @property
    def base_schema(self) -> str:
        """Where base is rebuilt, beside the preview schema."""
        return f"{self.schema}{BASE_SUFFIX}"

    @property
    def audits(self) -> tuple[PreviewOptions, PreviewOptions]:
        """Two previews beside this one, in which an audit builds: both sides on the same inputs, every row compared."""
        run = replace(self.run, baseline=Baseline.REBUILD, stability=False)
        diff = replace(self.diff, algorithm=Algorithm.EXHAUSTIVE, every_row=True)
        restraint = replace(self.restraint.counted_as("not_audited"), base={}, head={}, sampled=None)
        both = replace(self, run=run, diff=diff, restraint=restraint)
        return replace(both, name=f"{self.name}{AUDIT_SUFFIX}"), replace(both, name=f"{self.name}{AGAIN_SUFFIX}")

    @property
    def twice(self) -> PreviewOptions:
        """A preview beside this one, in which base is built a second time."""
        restraint = self.restraint.counted_as("not_measured")
        return replace(self, name=f"{self.name}{TWICE_SUFFIX}", restraint=restraint)

    @property
    def schemas(self) -> tuple[str, ...]:
        """Every schema that a preview of this name may make."""
        return tuple(schema for one in (self, self.twice, *self.audits) for schema in (one.schema, one.base_schema))
