"""Which line a finding is shown on: the one that causes it if it was edited, else the edited line nearest to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rocky_action.domain.findings import Finding
from rocky_action.domain.project import Model, Projects, Setting
from rocky_action.domain.pull_request import Hunk


@dataclass(frozen=True)
class Anchor:
    """Where a finding's cause is to be looked for: a setting of the model, or a line of its file on one side."""

    setting: Setting = ()
    base_line: int | None = None
    head_line: int | None = None


Found = tuple[Finding, Anchor]
Locate = Callable[[Sequence[tuple[Model, Setting]]], Sequence[tuple[str, int] | None]]


@dataclass(frozen=True)
class Places:
    """How to find lines: where a setting stands in base and in head, and which lines of head's files are edited."""

    in_base: Locate
    in_head: Locate
    hunks: Callable[[Collection[str]], Mapping[str, tuple[Hunk, ...]]]


@dataclass(frozen=True)
class _Spot:
    """A finding's cause on the side that has it. ``path`` is its file in head."""

    path: str
    base_line: int | None = None
    head_line: int | None = None


def placed(
    found: Sequence[Found], places: Places, *, projects: Projects, renamed: Mapping[str, str]
) -> Iterator[Finding]:
    """The findings with their lines. Each side, and git, is asked once for all of them."""
    head = _located(places.in_head, found, models=projects.head.models)
    lost = [
        (finding, anchor) for finding, anchor in found if anchor.setting and (finding.model, anchor.setting) not in head
    ]
    former = {finding.model: renamed.get(finding.model, finding.model) for finding, _ in lost}
    models = {name: projects.base.models[old] for name, old in former.items() if old in projects.base.models}
    base = _located(places.in_base, lost, models=models)
    spots = [
        _spot(finding, anchor, head=head, base=base, former=models.get(finding.model)) for finding, anchor in found
    ]
    hunks = places.hunks({spot.path for spot in spots}) if spots else {}
    for (finding, _), spot in zip(found, spots, strict=True):
        yield replace(finding, path=spot.path, line=_line(spot, hunks.get(spot.path, ())))


_Located = Mapping[tuple[str, Setting], tuple[str, int]]


def _located(locate: Locate, found: Sequence[Found], *, models: Mapping[str, Model]) -> _Located:
    """File and line by model and setting, of those that stand somewhere on this side."""
    asked = dict.fromkeys(
        (finding.model, anchor.setting) for finding, anchor in found if anchor.setting and finding.model in models
    )
    answers = locate([(models[name], setting) for name, setting in asked]) if asked else ()
    return {about: at for about, at in zip(asked, answers, strict=True) if at is not None}


def _spot(finding: Finding, anchor: Anchor, *, head: _Located, base: _Located, former: Model | None) -> _Spot:
    if not anchor.setting:
        return _Spot(finding.path, anchor.base_line, anchor.head_line)
    at = head.get((finding.model, anchor.setting))
    if at is not None:
        return _Spot(at[0], head_line=at[1])
    before = base.get((finding.model, anchor.setting))
    if before is None or former is None:
        return _Spot(finding.path)
    # A setting that is gone was in base's file, which head may call by another name or not have at all.
    own = before[0] in {former.path, former.sidecar_path}
    return _Spot(finding.path if own else before[0], base_line=before[1])


def _line(spot: _Spot, hunks: Sequence[Hunk]) -> int | None:
    if not hunks:
        return spot.head_line
    if spot.head_line is not None:
        return _of_head(spot.head_line, hunks)
    if spot.base_line is not None:
        return _after(spot.base_line, hunks)
    return max(hunks[0].head_line, 1)


def _of_head(line: int, hunks: Sequence[Hunk]) -> int:
    """The edited line that is nearest to a line of head."""
    hunk = min(hunks, key=lambda hunk: (_distance(line, start=hunk.head_line, count=hunk.head_count), hunk.head_line))
    last = hunk.head_line + max(hunk.head_count, 1) - 1
    return max(min(max(line, hunk.head_line), last), 1)


def _after(line: int, hunks: Sequence[Hunk]) -> int:
    """The edited line that stands where a line of base was."""
    hunk = min(hunks, key=lambda hunk: (_distance(line, start=hunk.base_line, count=hunk.base_count), hunk.base_line))
    offset = max(min(line - hunk.base_line, hunk.head_count - 1), 0)
    return max(hunk.head_line + offset, 1)


def _distance(line: int, *, start: int, count: int) -> int:
    """How far a line is from a range of lines, 0 inside it."""
    return max(start - line, line - (start + max(count, 1) - 1), 0)
