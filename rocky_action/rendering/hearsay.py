"""What stands around a report that the pull request's own run has made: whose it is, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

from rocky_action.domain.report import Verdict
from rocky_action.rendering.headline import ICONS
from rocky_action.rendering.page import run_link
from rocky_action.rendering.text import Md, code, join


@dataclass(frozen=True)
class Origin:
    """Where such a report comes from, by GitHub's word and not by its own; ``posted_by`` is the run that posts it."""

    commit: str
    run_url: str
    posted_by: str | None = None


@dataclass(frozen=True)
class Hearsay:
    """``title`` is HTML for the fold that holds the report itself."""

    heading: Md
    lines: tuple[Md, ...]
    title: Md
    footer: Md


def hearsay(origin: Origin) -> Hearsay:
    """The words around a report from there. Nothing in them depends on what it says."""
    commit = code(origin.commit[:7])
    run = run_link(origin.run_url, "the pull request's run") or Md("the pull request's run")
    parts = [Md(f"Said of commit {commit} by {run}")]
    if mine := run_link(origin.posted_by, "this repository's own"):
        parts.append(Md(f"posted by {mine}, which has checked nothing of it"))
    return Hearsay(
        heading=Md(f"{ICONS[Verdict.NOT_CHECKED]} Not checked: what the pull request's own run says of {commit}"),
        lines=(
            Md(
                "**Nobody has checked this report.** The pull request's own run has made it, without credentials, and"
                " the pull request may change that run and all that it says."
            ),
            Md("Rely on none of it: read the change, then start the preview by hand."),
        ),
        title=Md("<b>What that run says</b>, unchecked"),
        footer=join(" · ", parts),
    )
