"""Which line a finding is shown on: the one that causes it if it was edited, else the edited line nearest to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rocky_action.domain.findings import Finding
from rocky_action.domain.project import Model, Projects
from rocky_action.domain.pull_request import Hunk


@dataclass(frozen=True)
class Anchor:
    """Where a finding's cause is to be looked for: a setting of the model, or a line of its file on one side."""

    setting: tuple[str, ...] = ()
    base_line: int | None = None
    head_line: int | None = None


Found = tuple[Finding, Anchor]
Locate = Callable[[Model, tuple[str, ...]], tuple[str, int] | None]


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
    """The findings with their lines. Git is asked once for all of them."""
    spots = [_spot(finding, anchor, places=places, projects=projects, renamed=renamed) for finding, anchor in found]
    hunks = places.hunks({spot.path for spot in spots}) if spots else {}
    for (finding, _), spot in zip(found, spots, strict=True):
        yield replace(finding, path=spot.path, line=_line(spot, hunks.get(spot.path, ())))


def _spot(finding: Finding, anchor: Anchor, *, places: Places, projects: Projects, renamed: Mapping[str, str]) -> _Spot:
    head = projects.head.models.get(finding.model)
    base = projects.base.models.get(renamed.get(finding.model, finding.model))
    if not anchor.setting:
        return _Spot(finding.path, anchor.base_line, anchor.head_line)
    at = None if head is None else places.in_head(head, anchor.setting)
    if at is not None:
        return _Spot(at[0], head_line=at[1])
    before = None if base is None else places.in_base(base, anchor.setting)
    if before is None:
        return _Spot(finding.path)
    # A setting that is gone was in base's file, which head may call by another name or not have at all.
    own = base is not None and before[0] in {base.path, base.sidecar_path}
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
