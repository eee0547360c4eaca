"""What the comment remembers from one push to the next: a digest on its last line, without any server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

from rocky_action.domain.history import Digest, Preview, commits_of_other_data, digest_of, since
from rocky_action.domain.options import Fingerprinted
from rocky_action.domain.pull_request import PullRequest
from rocky_action.domain.report import Report
from rocky_action.forges.comments import Body, Continued
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.reviews import approvals
from rocky_action.rendering import kept_line, render_comment
from rocky_action.rendering.history import Told, since_lines
from rocky_action.rendering.text import Md
from rocky_action.wire.digest import Seal, digest_line, line_in, read_digest


@dataclass(frozen=True)
class Memory:
    """The memory of one comment: of this pull request, with this marker, under this key if there is one."""

    github: GitHub
    pull_request: PullRequest
    marker: str
    key: str | None

    @cached_property
    def seal(self) -> Seal:
        """What binds a digest to this comment."""
        asked = self.pull_request
        return Seal(f"{asked.owner}/{asked.repository}", asked.number, self.marker, self.key)

    @property
    def fingerprinted(self) -> Fingerprinted:
        """Without a secret a fingerprint can be guessed at, so there are some only of what the comment may show."""
        return Fingerprinted.SHOWN if self.key is None else Fingerprinted.ALL

    def comment_on(self, report: Report) -> Continued:
        """The report's comment, with what has changed since the one that it takes the place of."""
        if report.unchecked is not None:  # nothing was looked at
            return self.instead(partial(render_comment, report, marker=self.marker))
        now = digest_of(_preview(report, self.pull_request), self.seal.fingerprint)
        return Continued(
            self._told(report, now, previous=None),
            lambda before: self._told(report, now, previous=read_digest(line_in(before), self.seal)),
        )

    def instead(self, body: Callable[..., str]) -> Continued:
        """What says nothing about data and stands in the comment's place: what is known of earlier commits is kept."""

        def after(before: str) -> Body:
            line = line_in(before)
            known = line if read_digest(line, self.seal) else ""

            def said(limit: int) -> str:
                tail = kept_line(lambda room: known if len(known) <= room else "", limit)
                return f"{body(limit=limit - len(tail))}{tail}"

            return said

        return Continued(lambda limit: body(limit=limit), after)

    def _told(self, report: Report, now: Digest, *, previous: Digest | None) -> Body:
        now = replace(now, earlier=now.after(previous))
        lines: tuple[Md, ...] = ()
        if previous is not None:
            others = commits_of_other_data(previous, now)
            given = approvals(self.github, self.pull_request) if others else ()
            lines = since_lines(since(previous, now), [one for one in given if one.commit in others])
        told = Told(lines, lambda room: digest_line(now, self.seal, limit=room))
        return lambda limit: render_comment(report, marker=self.marker, limit=limit, told=told)


def _preview(report: Report, pull_request: PullRequest) -> Preview:
    return Preview(
        pull_request.head_commit,  # and not the merge commit that is checked out, which nobody has approved
        report.comparison.merge_base,
        report.verdict.value,
        report.provenance.warehouse,
        report.diffs,
        report.contents,
        tuple(name for name in report.plan.prune_names if report.diff_of(name) is None),
        tuple(sorted(model.model for model in report.plan.removed)),
    )
