"""Reports as Markdown: the comment, the job summary, and what stands in their place when there is no report.

The only home of Jinja. Results become views (frozen values of safe Markdown), templates lay the views out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rocky_action.domain.diff import ModelDiff
from rocky_action.domain.report import Report
from rocky_action.errors import OutsideError, PreviewError, UserError
from rocky_action.rendering.budget import Detail, fit
from rocky_action.rendering.comparison import comparison
from rocky_action.rendering.figures import names
from rocky_action.rendering.headline import headline
from rocky_action.rendering.hearsay import Hearsay, Origin, hearsay
from rocky_action.rendering.history import NOTHING_TOLD, Told
from rocky_action.rendering.page import page, run_link
from rocky_action.rendering.planned import planned_headline
from rocky_action.rendering.results import gather
from rocky_action.rendering.text import Md, code, fence, first_line, prose

if TYPE_CHECKING:
    from jinja2 import Environment

COMMENT_LIMIT = 65_000
"""Code points. GitHub's message says 65,536; a few are left for what GitHub may count otherwise."""

SUMMARY_LIMIT = 1_000_000
"""Bytes in UTF-8. GitHub drops a summary of more than 1 MiB as a whole."""

CHECK_LIMIT = 65_000
"""Bytes in UTF-8. GitHub's description says 65,535 characters for the summary of a check run."""

_SMALLEST_SECTION = 150
_SMALLEST_ROW = 50


def render_comment(report: Report, *, marker: str, limit: int = COMMENT_LIMIT, told: Told = NOTHING_TOLD) -> str:
    """The sticky comment, at most ``limit`` code points, ``marker`` on line one, what it keeps on the last."""
    tail = kept_line(told.kept, limit)
    text = _fitted(
        "comment.md.j2", report, limit=limit - len(tail), size=len, around=_Around(marker, history=told.lines)
    )
    return f"{text}{tail}"


def kept_line(kept: Callable[[int], str], limit: int) -> str:
    """The end of a comment of at most ``limit`` code points: a hidden line, which may take an eighth of it; or none."""
    line = kept(limit // 8 - 2)
    return f"\n{line}\n" if line else ""


def render_hearsay(report: Report, origin: Origin, *, marker: str, limit: int = COMMENT_LIMIT) -> str:
    """The comment about what the pull request's own run says: that it is no more than that, and then what."""
    return _fitted("hearsay.md.j2", report, limit=limit, size=len, around=_Around(marker, hearsay(origin)))


def render_summary(report: Report, *, limit: int = SUMMARY_LIMIT) -> str:
    """The job summary, at most ``limit`` bytes in UTF-8: the same page with longer lists."""
    return _fitted("summary.md.j2", report, limit=limit, size=_utf8_size)


def render_check(report: Report, *, limit: int = CHECK_LIMIT) -> str:
    """The summary of a check run, at most ``limit`` bytes in UTF-8: the comment's page."""
    return _fitted("comment.md.j2", report, limit=limit, size=_utf8_size)


def render_title(report: Report) -> str:
    """The verdict in words, as in the page's heading; for a place that shows it as it is."""
    found = planned_headline(report) if report.unchecked else headline(report, gather(report))
    return str(found.heading)


def render_diff_markdown(report: Report, *, limit: int = COMMENT_LIMIT) -> str:
    """The diff alone, for the ``markdown`` field of the wire document."""
    return _fitted("diff.md.j2", report, limit=limit, size=len)


def render_cost_markdown(report: Report, *, limit: int = COMMENT_LIMIT) -> str:
    """The cost alone, for the ``markdown`` field of the wire document."""
    return _fitted("cost.md.j2", report, limit=limit, size=len)


def render_comparison(diff: ModelDiff, *, base: str, head: str) -> str:
    """The diff of any two things: what a model's section says, under a heading that answers whether they are equal."""
    most = Detail(examples=max(1, len(diff.rows.examples)), sections=1, rows=1, names=30)
    view = comparison(diff, base=base, head=head, detail=most)
    return _environment().get_template("comparison.md.j2").render(page=view).lstrip("\n")


def render_failure(
    error: PreviewError, *, marker: str = "", commit: str | None = None, run_url: str | None = None
) -> str:
    """What stands in the comment when there is no report: nothing is known, why, and what to do about it."""
    match error:
        case UserError():
            whose = Md("This is for the author to fix.")
        case OutsideError():
            whose = Md("Something outside the pull request failed; running it again may help.")
        case _:
            whose = Md("This is a bug in rocky-preview; please report it.")
    detailed = "\n" in error.message.strip() or len(error.message) > 200
    return (
        _environment()
        .get_template("failure.md.j2")
        .render(
            marker=Md(marker),
            commit=code(commit[:7]) if commit else None,
            summary=prose(first_line(error.message) or "No message.", 200),
            message=fence(error.message) if detailed else None,
            advice=prose(error.advice, 1000) if error.advice else None,
            whose=whose,
            run=run_link(run_url, "Log of the run"),
        )
    )


def render_withdrawn(
    commit: str, because: str, *, head: str | None, marker: str = "", run_url: str | None = None
) -> str:
    """What stands in the comment instead of an earlier commit's report, when a run was stopped before it had its own.

    ``head`` is the pull request's head commit, None where nobody knows.
    """
    newer = code(head[:7]) if head and head != commit else None
    return (
        _environment()
        .get_template("withdrawn.md.j2")
        .render(
            marker=Md(marker),
            commit=code(commit[:7]),
            because=Md(f"superseded by {newer}") if newer else prose(because, 200),
            newer=newer,
            run=run_link(run_url, "Log of the run"),
        )
    )


def render_cleanup(schemas: Sequence[str], *, because: str = "", expired: bool = False) -> str:
    """What the job summary says of a preview that was dropped, or ``because`` of what nothing could be.

    ``expired``: it was not about one preview but about all whose lease has expired.
    """
    listed = names(schemas, 10) if schemas else None
    reason = prose(because) if because else None
    return _environment().get_template("cleanup.md.j2").render(schemas=listed, because=reason, expired=expired)


@dataclass(frozen=True)
class _Around:
    """What a page stands between: its marker, whose word it is, what it says of the one before."""

    marker: str = ""
    said: Hearsay | None = None
    history: tuple[Md, ...] = ()

    @property
    def last_resort(self) -> str:
        heading = f"### {self.said.heading}\n\n" if self.said else ""
        return f"{self.marker}\n{heading}The report does not fit here.\n".lstrip("\n")


_NOTHING_AROUND = _Around()


def _fitted(
    template: str, report: Report, *, limit: int, size: Callable[[str], int], around: _Around = _NOTHING_AROUND
) -> str:
    results = gather(report)
    drawn = _environment().get_template(template)
    wide = size is not len
    most = Detail(
        examples=max((len(diff.rows.examples) for diff in report.diffs), default=0),
        sections=min(len(results), limit // _SMALLEST_SECTION),
        rows=min(len(results) + len(report.plan.removed), limit // _SMALLEST_ROW),
        names=1000 if wide else 30,
    )

    def at(detail: Detail) -> str:
        view = page(report, results, detail=detail, history=around.history)
        return drawn.render(page=view, marker=Md(around.marker), said=around.said).lstrip("\n")

    return fit(at, lambda text: size(text) <= limit, most=most, last=around.last_resort)


def _utf8_size(text: str) -> int:
    return len(text.encode())


@cache
def _environment() -> Environment:
    """Templates beside the package, as in a checkout and in the image, else where the wheel puts them."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  a plan renders nothing

    folders = (Path(__file__).parents[2] / "templates", Path(sys.prefix) / "share" / "rocky-preview" / "templates")
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=False,  # noqa: S701 - this is Markdown, where HTML's escaping does harm; _only_safe guards instead
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_only_safe,
    )


def _only_safe(printed: object) -> Md:
    """Refuses to print what nobody escaped."""
    if not isinstance(printed, Md):
        raise TypeError(f"a template prints {type(printed).__name__}, which nobody escaped: {printed!r}")
    return printed
