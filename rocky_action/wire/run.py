"""What ``rocky run --output json`` prints, as far as it says what was built and what it took (docs/rocky-format.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from pydantic import AwareDatetime, BaseModel, NonNegativeInt, ValidationError

from rocky_action.domain.usage import Usage
from rocky_action.errors import InputError

_ADVICE = "Give the standard output of `rocky run --output json` as it is; Rocky 1.11 or newer."


@dataclass(frozen=True)
class BuiltTable:
    """A table that a run of Rocky's has built, by its full name in lower case (an empty catalog is left out)."""

    target: str
    strategy: str
    usage: Usage


@dataclass(frozen=True)
class RockyRun:
    """One run: ``run_id`` is the same for the same run and no other, ``failed`` are tables by their full names.

    ``left_out`` are models by name whose figures say nothing about a run of them: rows were taken over from an earlier
    run, or a partition is missing. A ``shadow`` run writes beside production, not to it.
    """

    run_id: str
    finished_at: datetime | None
    built: tuple[BuiltTable, ...]
    failed: tuple[str, ...]
    left_out: frozenset[str]
    shadow: bool


class _Metadata(BaseModel):
    strategy: str
    target_table_full_name: str | None = None


class _Materialization(BaseModel):
    asset_key: list[str]
    duration_ms: NonNegativeInt
    started_at: AwareDatetime
    metadata: _Metadata
    rows_copied: NonNegativeInt | None = None
    bytes_scanned: NonNegativeInt | None = None

    @property
    def target(self) -> str:
        return _folded(self.metadata.target_table_full_name or ".".join(self.asset_key))

    @property
    def finished_at(self) -> datetime:
        return self.started_at + timedelta(milliseconds=self.duration_ms)


class _Error(BaseModel):
    asset_key: list[str]


class _Decision(BaseModel):
    model: str
    decision: str


class _Partitions(BaseModel):
    model: str
    partitions_failed: NonNegativeInt
    partitions_skipped: NonNegativeInt | None = None


class _Run(BaseModel):
    materializations: list[_Materialization]
    errors: list[_Error] | None = None
    model_decisions: list[_Decision] | None = None
    partition_summaries: list[_Partitions] | None = None
    shadow: bool | None = None

    @property
    def left_out(self) -> frozenset[str]:
        """Models that were not run, or not all of them."""
        taken_over = (one.model for one in self.model_decisions or () if one.decision != "build")
        partly = (
            one.model for one in self.partition_summaries or () if one.partitions_failed or one.partitions_skipped
        )
        return frozenset((*taken_over, *partly))


def parse_run(text: str, *, bills_bytes: bool) -> RockyRun:
    """The run that Rocky printed. Raises InputError for anything else.

    ``bills_bytes`` says that what Rocky calls bytes scanned are the bytes billed, as they are on BigQuery. A table of
    which a part failed is not among what was built.
    """
    try:
        run = _Run.model_validate_json(text)
    except ValidationError as err:
        first = err.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise InputError(f"this is not what a run of Rocky prints: {place}: {first['msg']}", advice=_ADVICE) from err
    failed = {_folded(".".join(error.asset_key)) for error in run.errors or ()}
    parts: dict[str, list[_Materialization]] = {}
    for one in run.materializations:
        if one.target not in failed:
            parts.setdefault(one.target, []).append(one)
    return RockyRun(
        _run_id(run.materializations),
        max((one.finished_at for one in run.materializations), default=None),
        tuple(_built(target, partitions, bills_bytes=bills_bytes) for target, partitions in parts.items()),
        tuple(sorted(failed)),
        run.left_out,
        bool(run.shadow),
    )


def _built(target: str, partitions: Sequence[_Materialization], *, bills_bytes: bool) -> BuiltTable:
    """All partitions of one table together; what is unknown of one of them is unknown of all."""
    usages = (
        Usage(one.duration_ms, one.rows_copied, bytes_billed=one.bytes_scanned)
        if bills_bytes
        else Usage(one.duration_ms, one.rows_copied, one.bytes_scanned)
        for one in partitions
    )
    return BuiltTable(target, partitions[0].metadata.strategy, reduce(Usage.plus, usages))


def _run_id(materializations: Sequence[_Materialization]) -> str:
    """Rocky prints no name of the run: it is what was built when, however the JSON is written."""
    built = sorted((one.started_at.timestamp(), one.duration_ms, one.target) for one in materializations)
    digest = hashlib.sha256(repr(built).encode()).hexdigest()[:12]
    first = min((one.started_at for one in materializations), default=None)
    return f"production-{digest}" if first is None else f"production-{first:%Y%m%d-%H%M%S}-{digest}"


def _folded(name: str) -> str:
    return name.lower().lstrip(".")
