"""One step of a workflow, and how its result is published: files, summary, outputs, annotations, the comment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

from rocky_action import documents
from rocky_action.domain.findings import Impact, told_together
from rocky_action.domain.pull_request import PullRequest
from rocky_action.domain.report import Report, Severity
from rocky_action.errors import InputError, PreviewError, UserError
from rocky_action.forges.comments import NotPosted, Posted, upsert_comment
from rocky_action.forges.github_actions import Event
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.pull_requests import resolve_pull_request
from rocky_action.forges.runner import Level, Runner
from rocky_action.place import Place, project_folder
from rocky_action.rendering import render_failure
from rocky_action.settings import Settings

_LEVELS: Mapping[Severity, Level] = MappingProxyType(
    {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
)
_MOST_MODELS = 3


@dataclass(frozen=True)
class Job:
    """What a step was asked to do, for which event, and where. ``github`` is None without a token."""

    settings: Settings
    event: Event
    place: Place
    workspace: Path
    runner: Runner
    github: GitHub | None

    def pull_request(self) -> PullRequest | None:
        """The pull request that this is about, None if there is none."""
        number = self.settings.pr_number
        if self.github is not None:
            return resolve_pull_request(self.event, self.github, number=number)
        if self.event.is_pull_request_target or number is not None:
            raise InputError("github_token is empty", advice="Leave it out: the job's own token is the default.")
        return self.event.pull_request

    @property
    def output_folder(self) -> Path:
        """Where the documents go."""
        return self.place.folder / self.settings.output_dir

    def path_of(self, name: str) -> str:
        """A document's path for later steps, which run outside of this container: relative to the workspace."""
        path = self.output_folder / name
        return str(path.relative_to(self.workspace) if path.is_relative_to(self.workspace) else path)


def publish(job: Job, report: Report, *, pull_request: PullRequest | None) -> None:
    """Everything a finished preview leaves. Nothing of it depends on whether the comment could be posted."""
    texts = documents.all_documents(report, marker=job.settings.comment_marker)
    documents.write_documents(job.output_folder, texts)
    job.runner.append_summary(texts[documents.SUMMARY])
    for name, value in _outputs(job, report).items():
        job.runner.set_output(name, value)
    _annotate(job, report)
    comment(job, pull_request, body=texts[documents.COMMENT])


def publish_failure(job: Job, error: PreviewError) -> None:
    """Overwrites the comment and the files, so that what an earlier, better run said does not stay."""
    body = render_failure(
        error, marker=job.settings.comment_marker, commit=job.event.sha or None, run_url=job.event.run_url
    )
    tell(job.runner, error)
    job.runner.set_output("verdict", "failed")
    job.runner.append_summary(body)
    try:
        documents.write_documents(job.output_folder, {documents.COMMENT: body})
        job.runner.set_output("body_path", job.path_of(documents.COMMENT))
        comment(job, job.pull_request(), body=body)
    except PreviewError as err:
        if err.message != error.message:  # the first one has been told already
            tell(job.runner, err)


def comment(job: Job, pull_request: PullRequest | None, *, body: str) -> None:
    """Upserts the comment; that it cannot be posted is a warning, and never the step's verdict."""
    if pull_request is None:
        job.runner.say("There is no pull request to comment on; the report is in the job summary.")
        return
    if job.github is None:
        job.runner.annotate("warning", "No comment: github_token is empty.")
        return
    result = upsert_comment(
        job.github,
        owner=pull_request.owner,
        repository=pull_request.repository,
        number=pull_request.number,
        marker=job.settings.comment_marker,
        body=body,
    )
    match result:
        case Posted(url=url):
            job.runner.say(f"Comment: {url}")
            job.runner.set_output("comment_url", url)
        case NotPosted(reason=reason, advice=advice):
            job.runner.annotate("warning", f"The comment was not posted: {reason}\n{advice}")
        case _:
            assert_never(result)


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


def _annotate(job: Job, report: Report) -> None:
    """Findings and caveats, each on the file it is about; of one level the findings first, which have a line."""
    folder = project_folder(job.settings, job.place)
    prefix = folder.relative_to(job.workspace) if folder.is_relative_to(job.workspace) else Path()
    for finding, named in told_together(report.findings):
        more = len(named) - _MOST_MODELS
        models = ", ".join(named[:_MOST_MODELS]) + (f" and {more:,} more" if more > 0 else "")
        breaking = finding.severity is Impact.BREAKING
        job.runner.annotate(
            "warning" if breaking else "notice",
            f"{models}: {finding.message}",
            file=(prefix / finding.path).as_posix(),
            line=finding.line,
            title="rocky-preview: breaking" if breaking else "rocky-preview",
        )
    for caveat in report.caveats:
        if caveat.severity is not Severity.NOTE:
            message = f"{caveat.model}: {caveat.message}" if caveat.model else caveat.message
            file = (prefix / caveat.path).as_posix() if caveat.path else None
            job.runner.annotate(_LEVELS[caveat.severity], message, file=file, title="rocky-preview")
