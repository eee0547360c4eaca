"""One step of a workflow, and how its result is published: files, summary, outputs, annotations, the comment."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import assert_never

from rocky_action import documents
from rocky_action.domain.findings import Impact
from rocky_action.domain.pull_request import PullRequest
from rocky_action.domain.report import Report
from rocky_action.errors import ForgeError, InputError, PreviewError, SupersededError, UserError
from rocky_action.forges.comments import (
    Body,
    CommentResult,
    Continued,
    NotPosted,
    OfRun,
    Outdated,
    Posted,
    upsert_comment,
    withdraw_report,
)
from rocky_action.forges.github_actions import Event
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.pull_requests import refuse_strangers_sql, resolve_pull_request
from rocky_action.forges.refusals import BadCredentialsError
from rocky_action.forges.runner import Runner
from rocky_action.forges.spoken import Declined, asked_for
from rocky_action.forges.stamps import Stamp, stamp_of
from rocky_action.looks import Looks
from rocky_action.place import Place, project_folder
from rocky_action.remembering import Memory
from rocky_action.rendering import render_comment, render_failure, render_withdrawn
from rocky_action.rendering.cutting import cut
from rocky_action.settings import Mode, Settings
from rocky_action.wire.strangers import why_not_taken

LAST_WORDS = "last words"
_SECONDS_AT_THE_END = 4.0
"""GitHub kills a job ten seconds after its first signal, and statements have been cancelled by then."""


@dataclass(frozen=True)
class Job:
    """What a step was asked to do, for which event, and where. ``github`` is None without a token."""

    settings: Settings
    event: Event
    place: Place
    workspace: Path
    runner: Runner
    github: GitHub | None

    @cached_property
    def asked(self) -> PullRequest | Declined | None:
        """What a comment asks for; None for every event but a comment."""
        if self.event.said is None:
            return None
        if self.settings.pr_number not in {None, self.event.said.number}:
            raise InputError(
                f"pr_number is {self.settings.pr_number}, but the comment is on #{self.event.said.number}",
                advice="Leave pr_number out: a comment asks for the pull request that it is on.",
            )
        return asked_for(self.event, self.event.said, github=self._github)

    @cached_property
    def pull_request(self) -> PullRequest | None:
        """The pull request that this is about, None if there is none."""
        refuse_strangers_sql(self.event, builds=self.settings.mode is Mode.PREVIEW)
        number = self.settings.pr_number
        if isinstance(self.asked, PullRequest):
            return self.asked
        if self.github is None and number is None:
            return self.event.pull_request
        return resolve_pull_request(self.event, self._github, number=number)

    @cached_property
    def memory(self) -> Memory | None:
        """What the comment remembers; None where none is wanted, or nobody to comment for."""
        settings, pull_request = self.settings, self.pull_request
        if not settings.history or self.github is None or pull_request is None:
            return None
        return Memory(self.github, pull_request, settings.comment_marker, settings.history_key)

    @property
    def known_pull_request(self) -> PullRequest | None:
        """The same, as far as nobody has to be asked any more."""
        found = vars(self).get("pull_request") or vars(self).get("asked") or self.event.pull_request
        return found if isinstance(found, PullRequest) else None

    def stamp(self, pull_request: PullRequest) -> Stamp | None:
        """Which run this is, and of which commit."""
        return stamp_of(self.place.environ.get("GITHUB_RUN_ID"), pull_request.head_commit)

    @property
    def _github(self) -> GitHub:
        if self.github is None:
            raise InputError("github_token is empty", advice="Leave it out: the job's own token is the default.")
        return self.github

    @property
    def output_folder(self) -> Path:
        """Where the documents go."""
        return self.place.folder / self.settings.output_dir

    def path_of(self, name: str) -> str:
        """A document's path for later steps, which run outside of this container: relative to the workspace."""
        path = self.output_folder / name
        return str(path.relative_to(self.workspace) if path.is_relative_to(self.workspace) else path)


def publish(job: Job, report: Report) -> int:
    """Everything a finished preview leaves; the step's exit code as far as the comment has a say in it.

    Nothing else of it depends on whether the comment could be posted. The comment comes before the annotations, for
    which there is only so much room.
    """
    marker = job.settings.comment_marker
    texts = documents.all_documents(report, marker=marker)
    documents.write_documents(job.output_folder, texts)
    job.runner.append_summary(texts[documents.SUMMARY])
    for name, value in _outputs(job, report).items():
        job.runner.set_output(name, value)

    def said(limit: int) -> str:
        return render_comment(report, marker=marker, limit=limit)

    done = _upserted(job, job.pull_request, body=job.memory.comment_on(report) if job.memory else said)
    code = _told(job, done)
    if because := why_not_taken(texts[documents.REPORT].encode()):
        job.runner.annotate("notice", f"report.json {because}: `mode: comment` in another run would not post it.")
    _looks(job, outdated=isinstance(done, Outdated)).show(report)
    return code


def publish_failure(job: Job, error: PreviewError) -> None:
    """Overwrites the comment and the files, so that what an earlier, better run said does not stay."""

    def page(pull_request: PullRequest | None) -> str:
        commit = pull_request.head_commit if pull_request else job.event.sha
        marker, run_url = job.settings.comment_marker, job.event.run_url
        return render_failure(error, marker=marker, commit=commit or None, run_url=run_url)

    def leave_files() -> None:
        body = page(job.known_pull_request)
        job.runner.set_output("verdict", "failed")
        job.runner.append_summary(body)
        documents.write_documents(job.output_folder, {documents.COMMENT: body})
        job.runner.set_output("body_path", job.path_of(documents.COMMENT))

    def say_so() -> None:
        if isinstance(error, SupersededError):  # comment, check and labels are the other run's to write
            withdraw(job, because=error.message)
            return
        shown = partial(cut, page(job.pull_request), run_url=job.event.run_url)
        done = _upserted(job, job.pull_request, body=job.memory.instead(shown) if job.memory else shown)
        _told(job, done)
        _looks(job, outdated=isinstance(done, Outdated)).fail(shown, forgiven=is_forgiven(job, error))

    tell(job.runner, error)
    for leave in (leave_files, say_so):  # where one place cannot be written, the other can
        try:
            leave()
        except PreviewError as err:
            if err.message != error.message:  # the first one has been told already
                tell(job.runner, err)


def comment(job: Job, pull_request: PullRequest | None, *, body: Body | Continued) -> int:
    """Upserts the comment. That it cannot be posted is a warning, and never the step's verdict.

    Returns 0, or the exit code for a token that GitHub does not know.
    """
    return _told(job, _upserted(job, pull_request, body=body))


def _upserted(
    job: Job, pull_request: PullRequest | None, *, body: Body | Continued
) -> CommentResult | BadCredentialsError | None:
    """What became of the comment, None where there is none to write."""
    if pull_request is None:
        job.runner.say("There is no pull request to comment on; the report is in the job summary.")
        return None
    if job.github is None:
        job.runner.annotate("warning", "No comment: github_token is empty.")
        return None
    try:
        return upsert_comment(
            job.github,
            owner=pull_request.owner,
            repository=pull_request.repository,
            number=pull_request.number,
            marker=job.settings.comment_marker,
            body=OfRun(body, job.stamp(pull_request)),
        )
    except BadCredentialsError as err:
        return err


def _told(job: Job, result: CommentResult | BadCredentialsError | None) -> int:
    """Says what became of the comment, and what exit code that is worth."""
    match result:
        case None:
            pass
        case BadCredentialsError():
            tell(job.runner, result)
            return result.exit_code
        case Posted(url=url):
            job.runner.say(f"Comment: {url}")
            job.runner.set_output("comment_url", url)
        case NotPosted(reason=reason, advice=advice):
            job.runner.annotate("warning", f"The comment was not posted: {reason}\n{advice}")
        case Outdated(url=url, commit=commit):
            job.runner.annotate(
                "notice",
                f"The comment is about {commit[:7]}, which is later than this run's commit, so it stays as it is:"
                f" {url}\nThis run's report is in the job summary.",
            )
        case _:
            assert_never(result)
    return 0


def withdraw(job: Job, *, because: str) -> None:
    """Says in the comment that this run has no report, if a report about an earlier commit stands there.

    Takes seconds at most, also where GitHub does not answer: whoever has been told to stop is killed soon.
    """
    pull_request, github = job.known_pull_request, job.github
    stamp = job.stamp(pull_request) if pull_request else None
    if pull_request is None or github is None or stamp is None:
        return
    done: list[str] = []

    def write() -> None:
        hasty = github.in_haste(_SECONDS_AT_THE_END)
        try:
            url = withdraw_report(
                hasty,
                pull_request,
                marker=job.settings.comment_marker,
                stamp=stamp,
                body=lambda head: render_withdrawn(
                    stamp.commit, because, head=head, marker=job.settings.comment_marker, run_url=job.event.run_url
                ),
            )
        except ForgeError as err:
            done.append(f"Whether the comment is still about an earlier commit is not known: {err.message}")
        else:
            done.extend([f"Comment: {url}, where an earlier commit's report stood"] if url else [])
        finally:
            hasty.close()

    thread = threading.Thread(target=write, name=LAST_WORDS, daemon=True)
    thread.start()
    thread.join(_SECONDS_AT_THE_END)
    for what in done:
        job.runner.say(what)


def tell(runner: Runner, error: PreviewError) -> None:
    """A failure as an annotation."""
    title = "rocky-preview" if isinstance(error, UserError) else "rocky-preview: not this pull request's doing"
    runner.annotate("error", f"{error.message}\n{error.advice}".strip(), title=title)


def _outputs(job: Job, report: Report) -> Mapping[str, str]:
    compared = [diff.rows for diff in report.diffs]
    delta = report.cost.delta_usd
    return {
        "verdict": report.verdict.value,
        "body_path": job.path_of(documents.COMMENT),
        "report_json": job.path_of(documents.REPORT),
        "branch_schema": report.execution.schema,
        "prune_set_size": str(len(report.plan.prune_set)),
        "breaking_findings": str(sum(finding.severity is Impact.BREAKING for finding in report.findings)),
        "delta_usd": "" if delta is None else f"{delta:.6f}",
        "audit_escapes": str(len(report.audit.escaped)) if report.audit and report.audit.decided else "",
        "rows_added": _total(rows.added for rows in compared),
        "rows_removed": _total(rows.removed for rows in compared),
        "rows_changed": _total(rows.changed for rows in compared),
    }


def _total(counts: Iterable[int | None]) -> str:
    """The sum of what is known, empty where nothing is."""
    known = [count for count in counts if count is not None]
    return str(sum(known)) if known else ""


def cancel(job: Job) -> None:
    """What a cancelled preview leaves."""
    if job.settings.mode is Mode.PREVIEW and job.settings.check_run:
        try:
            _looks(job).cancel()
        except PreviewError as err:  # that nobody can say whose check it would be changes nothing for the run
            tell(job.runner, err)


def is_forgiven(job: Job, error: PreviewError) -> bool:
    """Whether the step ends well although there is no preview; a bug of ours is never forgiven."""
    return not job.settings.fail_on_preview_error and error.exit_code != PreviewError.exit_code


def _looks(job: Job, *, outdated: bool = False) -> Looks:
    """Where this step may leave something; of ``outdated`` reports the pull request as such does not speak."""
    folder = project_folder(job.settings, job.place)
    inside = folder.relative_to(job.workspace) if folder.is_relative_to(job.workspace) else Path()
    within = posixpath.normpath(inside.as_posix())
    return Looks(job.settings, job.place, job.runner, job.github, job.pull_request, within, outdated)
