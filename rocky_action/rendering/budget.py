"""One size budget, one ladder: what goes first when a report is too long for the place it is written to.

Rungs, from the top: example rows, profiles, details of the least important models, the diagram, rows of the tables,
names in lists. Whole parts are left out and the page says which; nothing is ever cut in the middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Detail:
    """How much to show.

    Example rows per model, models with details, table rows, names and lines in lists; the lineage, and profiles.
    """

    examples: int
    sections: int
    rows: int
    names: int
    graph: bool = True
    profile: bool = True


def fit(render: Callable[[Detail], str], fits: Callable[[str], bool], *, most: Detail, last: str) -> str:
    """The page with as much detail as fits; ``last`` if not even the smallest one does."""
    bare = replace(most, examples=0)
    plain = replace(bare, profile=False)
    for detail in (most, replace(most, examples=min(most.examples, 2)), bare, plain):
        if fits(text := render(detail)):
            return text
    folded = _most(lambda number: render(replace(plain, sections=number)), fits, upper=plain.sections)
    if folded is not None:
        return folded
    short = replace(plain, sections=0, names=min(plain.names, 10), graph=False)
    listed = _most(lambda number: render(replace(short, rows=number)), fits, upper=short.rows)
    if listed is not None:
        return listed
    for names in (3, 0):
        if fits(text := render(replace(short, rows=0, names=names))):
            return text
    return last


def _most(render: Callable[[int], str], fits: Callable[[str], bool], *, upper: int) -> str | None:
    """The rendering for the largest number up to ``upper`` that fits, found by halving; None if not even 0 does."""
    best = render(0)
    if not fits(best):
        return None
    low, high = 0, upper
    while low < high:
        middle = (low + high + 1) // 2
        if fits(text := render(middle)):
            low, best = middle, text
        else:
            high = middle - 1
    return best
