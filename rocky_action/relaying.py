"""What a pull request's own run has reported, posted by a run that may write: read as a stranger's, and posted as that.

The pull request may change the workflow that makes the report, and so all of it. Whose it is and where it belongs is
therefore asked of GitHub and never of the report; and nothing that is in it can fail this step, or take away what is
there: its author must be able to do neither.
"""

from __future__ import annotations

from dataclasses import replace

from rocky_action.documents import REPORT
from rocky_action.domain.pull_request import PullRequest
from rocky_action.domain.report import Report, Verdict
from rocky_action.domain.text import with_advice
from rocky_action.errors import InputError, UnusableReportError
from rocky_action.forges.artifacts import fetch
from rocky_action.forges.github_actions import OtherRun
from rocky_action.job import Job, comment
from rocky_action.posting import is_json, read_file, refuse_another_commit
from rocky_action.rendering import COMMENT_LIMIT, render_hearsay
from rocky_action.rendering.hearsay import Origin
from rocky_action.wire.strangers import MOST_BYTES, read_strangers_report

_WHAT_A_REPORT_MAY_UPSET = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def is_strangers(job: Job) -> bool:
    """Whether what is to be posted was made where a pull request decides what runs."""
    report = job.settings.report
    return report is None or (is_json(report) and job.event.name == "workflow_run")


def relay(job: Job) -> int:
    """Posts what the pull request's own run says, as no more than that, in a comment of its own.

    Returns 0, or the exit code for a token that GitHub does not know. Raises InputError where the workflow is wrong, or
    ForgeError where GitHub does not say what there is.
    """
    run = _other_run(job)
    job.runner.set_output("verdict", Verdict.NOT_CHECKED.value)
    pull_request = job.pull_request
    if pull_request is None:
        job.runner.annotate(
            "notice",
            f"No open pull request has {job.event.sha[:7]} as its head: it was closed, or a newer commit was pushed."
            " Nothing was posted.",
        )
        return 0
    try:
        return _posted(job, pull_request, run=run)
    except UnusableReportError as err:
        said = with_advice(err.message, err.advice)
        job.runner.annotate("warning", f"Nothing was posted, and the comment is as it was: {said}")
        return 0


def _other_run(job: Job) -> OtherRun:
    """The run that has made the report. Raises InputError."""
    if job.event.other_run is None:
        raise InputError(
            f"`artifact` asks for a report of the run that a `workflow_run` is about, and this is `{job.event.name}`",
            advice="Start this workflow `on: workflow_run`; the recipe for forks shows how.",
        )
    if job.settings.pr_number is not None:
        raise InputError(
            "pr_number is given, but whose run this is about is for GitHub to say",
            advice="Leave pr_number out: the pull request is found by the run's owner, branch and commit.",
        )
    return job.event.other_run


def _posted(job: Job, pull_request: PullRequest, *, run: OtherRun) -> int:
    report = _report(job, run)
    refuse_another_commit(report, pull_request.head_commit)
    # The address of the run is the one thing on the page that is a link.
    report = replace(report, provenance=replace(report.provenance, run_url=run.url))
    origin = Origin(pull_request.head_commit, run.url, job.event.run_url)
    marker = own_marker(job.settings.comment_marker)
    job.runner.append_summary(hearsay_page(report, origin, marker=marker).partition("\n")[2])
    ours = replace(job, settings=replace(job.settings, comment_marker=marker))
    return comment(ours, pull_request, body=lambda limit: hearsay_page(report, origin, marker=marker, limit=limit))


def _report(job: Job, run: OtherRun) -> Report:
    """Raises UnusableReportError."""
    if job.settings.artifact is None:
        return read_strangers_report(read_file(job.place.folder / (job.settings.report or "")))
    if job.github is None:
        raise InputError("github_token is empty", advice="Leave it out: the job's own token is the default.")
    name = job.settings.artifact
    return read_strangers_report(fetch(job.github, job.event, run=run, name=name, file=REPORT, most=MOST_BYTES))


def own_marker(marker: str) -> str:
    """A marker beside the given one: what a stranger says must not stand where a checked preview stood."""
    return f"{marker.removesuffix('-->').rstrip()} (the pull request's own run) -->"


def hearsay_page(report: Report, origin: Origin, *, marker: str, limit: int = COMMENT_LIMIT) -> str:
    """The comment. What no run of ours would report may be more than the page can show: that is its author's fault."""
    try:
        return render_hearsay(report, origin, marker=marker, limit=limit)
    except _WHAT_A_REPORT_MAY_UPSET as err:
        raise UnusableReportError(f"the report cannot be shown: {type(err).__name__}", advice="") from err
