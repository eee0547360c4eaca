"""Where reviewers look besides the comment: edited lines, checks of the commit, labels. They decide nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType

from rocky_action.assembly import at_pull_head
from rocky_action.domain.annotations import Annotation, annotations_of, in_folder
from rocky_action.domain.labels import Label, labels_of
from rocky_action.domain.pull_request import PullRequest
from rocky_action.domain.report import Report, Severity, Verdict
from rocky_action.errors import ForgeError, PreviewError
from rocky_action.forges.check_runs import CheckRun, Conclusion, conclude
from rocky_action.forges.comments import Body
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.labels import relabel
from rocky_action.forges.refusals import is_missing_permission, permissions_block
from rocky_action.forges.runner import Level, Runner
from rocky_action.place import Place
from rocky_action.rendering import render_check, render_title
from rocky_action.settings import Settings

_LEVELS: Mapping[Severity, Level] = MappingProxyType(
    {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
)
NAME = "rocky-preview"
PREFIX = "rocky"
LONGEST_NAME = 100
LONGEST_LABEL = 50
"""Characters; GitHub takes no more for a label."""


@dataclass(frozen=True)
class Looks:
    """Where one step may leave something. ``folder`` is the project's, from the root of the repository.

    ``outdated``: a later commit's report is there already, so the labels, which say of no commit, are not this run's.
    """

    settings: Settings
    place: Place
    runner: Runner
    github: GitHub | None
    pull_request: PullRequest | None
    folder: str
    outdated: bool = False

    def show(self, report: Report) -> None:
        """What a finished preview has found. A line has its annotation once: on the check run, or by the runner."""
        found = in_folder(self._annotations(report), self.folder)
        on_lines = tuple(one for one in found if one.path)
        body = partial(_summary, report)
        shown = self._check(
            conclusion(report.gated, self.settings), render_title(report), body=body, annotations=on_lines
        )
        for one in found:
            if not (shown and one.path):
                self.runner.annotate(
                    _LEVELS[one.severity],
                    one.message,
                    file=one.path,
                    line=one.line,
                    title=f"{NAME}: breaking" if one.breaking else NAME,
                )
        self._label(labels_of(report))

    def _annotations(self, report: Report) -> tuple[Annotation, ...]:
        """With the lines that the pull request's head has: what is checked out may be a merge of it."""
        found = annotations_of(report)
        if self.pull_request is None:
            return found
        try:
            pull_head = self.pull_request.head_commit
            return at_pull_head(found, self.settings, place=self.place, report=report, pull_head=pull_head)
        except PreviewError as err:
            self.runner.say(f"Lines are those of the merge: {err.message}")
            return found

    def fail(self, body: Body, *, forgiven: bool) -> None:
        """That there is no preview. Nothing is known then, so nothing is said of costs or of readers."""
        marker = self.settings.comment_marker
        self._check(
            "neutral" if forgiven else "failure",
            "No preview: nothing is known",
            body=lambda limit: body(limit).removeprefix(marker).lstrip(),
        )
        self._label((Label.FAILED,))

    def cancel(self) -> None:
        """That the run was told to stop; whatever an earlier one has found on the same commit stays on its lines."""
        said = "The run was cancelled before it had an answer."
        self._check("cancelled", "Cancelled", body=lambda _: said, annotations=None)

    def _check(
        self, found: Conclusion, title: str, *, body: Body, annotations: tuple[Annotation, ...] | None = ()
    ) -> bool:
        """Whether a check run says so now."""
        if not self.settings.check_run or self.pull_request is None:
            return False
        if self.github is None:
            return self._warn("check run", "github_token is empty")
        where = self.pull_request
        check = CheckRun(
            self.name,
            _hashed(f"{self.settings.comment_marker}\n{self.folder}"),
            where.head_commit,
            found,
            title,
            body,
            annotations,
            self.place.run_url,
        )
        try:
            posted = conclude(self.github, owner=where.owner, repository=where.repository, check=check)
        except ForgeError as err:
            return self._warn("check run", err.message, advice=self._advice(err))
        self.runner.say(f"Check run: {posted.url}")
        return True

    def _label(self, wanted: Sequence[Label]) -> None:
        if not self.settings.labels or self.outdated or self.pull_request is None:
            return
        if self.github is None:
            self._warn("labels", "github_token is empty")
            return
        where = self.pull_request
        try:
            done = relabel(
                self.github,
                owner=where.owner,
                repository=where.repository,
                number=where.number,
                wanted=self._spelled(wanted),
                ours=self._spelled([*Label]),
            )
        except ForgeError as err:
            self._warn("labels", err.message, advice=self._advice(err))
            return
        for verb, names in (("added", done.added), ("removed", done.removed)):
            if names:
                self.runner.say(f"Labels {verb}: {', '.join(names)}")

    def _warn(self, what: str, reason: str, *, advice: str = "") -> bool:
        verb = "were" if what == "labels" else "was"
        self.runner.annotate("warning", f"The {what} {verb} not written: {reason}\n{advice}".strip())
        return False

    def _advice(self, err: ForgeError) -> str:
        if "via a github app" in err.message.lower():
            return (
                "A personal access token cannot write check runs. Leave `github_token` out, for the job's own token"
                " can, or take a GitHub App's."
            )
        if not (is_missing_permission(err.message) or "permission to create labels" in err.message):
            return err.advice
        return (
            "The token may not do this. The inputs of this step need, in the job of the workflow:\n"
            f"{permissions_block(self.permissions)}\n"
            "Pull requests from forks and from Dependabot get a read-only token whatever the workflow says."
        )

    @property
    def permissions(self) -> str:
        """What the inputs need besides the comment's, spelled as GitHub's header does."""
        wanted = (("checks=write", self.settings.check_run), ("issues=write", self.settings.labels))
        return ",".join(permission for permission, on in wanted if on)

    @cached_property
    def _instance(self) -> str:
        """What tells this preview from others of the same pull request: its marker, else its folder."""
        inner = self.settings.comment_marker.removeprefix("<!--").removesuffix("-->").strip()
        own = re.sub(r"^rocky-preview\b[\s:/-]*", "", inner)
        instance = own or ("" if self.folder == "." else self.folder)
        return re.sub(r"[^\w .:/+-]+", "-", instance).strip()

    @property
    def name(self) -> str:
        """The check run's name."""
        return _cut(f"{NAME}: {self._instance}" if self._instance else NAME, LONGEST_NAME)

    def _spelled(self, labels: Collection[Label]) -> tuple[str, ...]:
        longest = LONGEST_LABEL - max(len(one) for one in Label) - 2
        prefix = _cut(f"{PREFIX} {self._instance}" if self._instance else PREFIX, longest)
        return tuple(f"{prefix}: {one}" for one in labels)


def conclusion(verdict: Verdict, settings: Settings) -> Conclusion:
    """A failure only where the step fails too, and a success only where all was compared and nothing differs."""
    if settings.fail_on.fails(verdict):
        return "failure"
    return "success" if verdict is Verdict.UNCHANGED else "neutral"


def _summary(report: Report, limit: int) -> str:
    return render_check(report, limit=limit)


def _hashed(text: str) -> str:
    return f"{NAME}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _cut(name: str, longest: int) -> str:
    """The name, with a hash of it where it had to be cut, so that two long ones stay two."""
    if len(name) <= longest:
        return name
    return f"{name[: longest - 9].rstrip()} {hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
