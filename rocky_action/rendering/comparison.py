"""Any two relations or files against each other: the answer, the counts, and what a model's section would say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, Sampled
from rocky_action.rendering.brief import answer
from rocky_action.rendering.budget import Detail
from rocky_action.rendering.figures import count
from rocky_action.rendering.results import ALARMING, compared_state
from rocky_action.rendering.sections import Section, diff_section
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import Md, code, html_text


@dataclass(frozen=True)
class ComparisonPage:
    """What the template places."""

    heading: Md
    what: Md
    counts: Table | None
    section: Section


def comparison(diff: ModelDiff, *, base: str, head: str, detail: Detail) -> ComparisonPage:
    """The page about one comparison."""
    counted = row_counts(diff)
    table = Table(tuple(map(Md, counted)), (tuple(map(count, counted.values())),), frozenset(range(len(counted))))
    return ComparisonPage(
        heading=Md(f"{icon(diff)} {html_text(answer(diff))}"),
        what=Md(f"Base is {code(base)}, head is {code(head)}."),
        counts=table if counted["Base"] is not None or counted["Head"] is not None else None,
        section=diff_section(diff, detail),
    )


def icon(diff: ModelDiff) -> str:
    """The answer at a glance: equal, different, lost or doubled, or not known."""
    if compared_state(diff) in ALARMING:
        return "🚨"
    match diff.coverage:
        case Exhaustive():
            return "✅" if diff.is_empty else "🔶"
        case Sampled():
            return "⚠️" if diff.is_empty else "🔶"
        case NotCompared():
            return "❌"
        case _ as never:
            assert_never(never)


def row_counts(diff: ModelDiff) -> dict[str, int | None]:
    """Rows of both sides, and how many differ: of all rows, or of the sample."""
    rows = diff.rows
    where = " (sample)" if isinstance(diff.coverage, Sampled) else ""
    return {
        "Base": rows.rows_base,
        "Head": rows.rows_head,
        f"Added{where}": rows.added,
        f"Removed{where}": rows.removed,
        f"Changed{where}": rows.changed,
        "Unchanged": diff.rows_unchanged,
    }
