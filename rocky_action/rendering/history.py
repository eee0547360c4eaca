"""What a push has changed, in one line under the totals, and whose approval is of other data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rocky_action.domain.history import (
    Approval,
    ModelSince,
    NewlyAffected,
    NewlyRemoved,
    NoLongerAffected,
    NoLongerRemoved,
    NotKnown,
    Other,
    OtherCounts,
    Same,
    SameCounts,
    Since,
)
from rocky_action.rendering.figures import count, listing, names, plural
from rocky_action.rendering.text import Md, code, join

_NAMED = 5


def _nothing(limit: int) -> str:
    del limit
    return ""


@dataclass(frozen=True)
class Told:
    """What a comment says of the one before, and what it keeps for the next: a hidden last line."""

    lines: tuple[Md, ...] = ()
    kept: Callable[[int], str] = _nothing


NOTHING_TOLD = Told()


def since_lines(since: Since, approvals: Sequence[Approval] = ()) -> tuple[Md, ...]:
    """One line, and one more if somebody approved other data; none where there is nothing to tell."""
    return (*_since(since), *_approved(approvals))


def _since(since: Since) -> Iterator[Md]:
    parts = list(_parts(since.models) if since.models is not None else _overall(since.data_differ))
    differs = since.data_differ or any(not isinstance(one, Same | SameCounts | NotKnown) for one in since.models or ())
    if not parts or (since.rerun and not differs):
        return
    if differs and since.base_moved:
        parts.append(Md("base is another commit, too"))
    if since.verdict_then != since.verdict_now:
        parts.append(Md(f"the verdict was {code(since.verdict_then)}"))
    commit = code(since.commit[:7])
    title = Md(f"**Run again** on {commit}") if since.rerun else Md(f"**Since the last preview** ({commit})")
    yield Md(f"{title}: {join('; ', parts)}.")


def _parts(models: Sequence[ModelSince]) -> Iterator[Md]:
    if models and all(isinstance(one, NotKnown) for one in models):
        return
    if other := [one for one in models if isinstance(one, Other)]:
        verb = "holds" if len(other) == 1 else "hold"
        yield Md(
            f"{plural(len(other), 'model')} {verb} other data ({listing([_resized(one) for one in other], _NAMED)})"
        )
    for kind, words in (
        (OtherCounts, "other counts against base for"),
        (NewlyAffected, "newly affected:"),
        (NoLongerAffected, "no longer affected:"),
        (NewlyRemoved, "newly removed:"),
        (NoLongerRemoved, "no longer removed:"),
        (NotKnown, "not known for"),
    ):
        if found := [one.model for one in models if isinstance(one, kind)]:
            yield Md(f"{words} {names(found, _NAMED)}")
    if found := [one.model for one in models if isinstance(one, SameCounts)]:
        who = f"all {count(len(found))} models" if 1 < len(found) == len(models) else names(found, _NAMED)
        yield Md(f"the same counts for {who} (whether the values are the same is not known)")
    same = [one for one in models if isinstance(one, Same)]
    if same:
        yield _same(same, models)


def _same(same: Sequence[Same], models: Sequence[ModelSince]) -> Md:
    apart = ", as far as they are compared" if any(one.in_part for one in same) else ""
    if len(same) < len(models):
        verb = "holds" if len(same) == 1 else "hold"
        return Md(f"{plural(len(same), 'other model')} {verb} the same data{apart}")
    holder = "the one model holds" if len(same) == 1 else f"all {count(len(same))} models hold"
    return Md(f"{holder} the same data{apart}")


def _resized(model: Other) -> Md:
    if model.rows_then == model.rows_now or model.rows_then is None or model.rows_now is None:
        return code(model.model)
    return Md(f"{code(model.model)} {count(model.rows_then)} → {plural(model.rows_now, 'row')}")


def _overall(data_differ: bool | None) -> Iterator[Md]:
    """Where a list of models was too long to be kept."""
    if data_differ is not None:
        data = "the data are others" if data_differ else "what differs from base holds the same data"
        yield Md(f"{data}; there were too many models to keep each one's")


def _approved(approvals: Sequence[Approval]) -> Iterator[Md]:
    given = [Md(f"{code(one.login)} at {code(one.commit[:7])}") for one in approvals]
    if given:
        yield Md(f"**Approved when the data were others**: {listing(given, _NAMED)}.")
