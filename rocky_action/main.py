"""The composition root for the action: the runner's environment in, an exit code out."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rocky_action import documents
from rocky_action.assembly import Place, assemble, read_project_file
from rocky_action.cleaning import cleanup_previews
from rocky_action.domain.pull_request import PullRequest
from rocky_action.domain.report import Report, Severity
from rocky_action.errors import InputError, PreviewError, UserError
from rocky_action.forges.comments import NotPosted, Posted, upsert_comment
from rocky_action.forges.github_actions import Event, read_event
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.pull_requests import resolve_pull_request
from rocky_action.forges.runner import Level, Runner
from rocky_action.pipeline import preview
from rocky_action.posting import read_report
from rocky_action.rendering import render_cleanup, render_failure
from rocky_action.settings import ACTION_INPUT, Mode, Settings, inputs_from_environment, parse

_LEVELS: Mapping[Severity, Level] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


def main(environ: Mapping[str, str]) -> int:
    """Does what the step's inputs ask for and returns the step's exit code."""
    signal.signal(signal.SIGTERM, _stop)  # as process 1 of a container Python would ignore it
    runner = Runner(environ, sys.stdout)
    try:
        return _step(environ, runner)
    except PreviewError as err:
        _tell(runner, err)
        return err.exit_code
    except KeyboardInterrupt:
        runner.say("rocky-preview: cancelled; the next run, or the clean-up, drops what this one has built")
        return 143
    except Exception:  # noqa: BLE001  the outermost boundary: our bug, told as such
        runner.say(traceback.format_exc())
        runner.annotate("error", "A bug in rocky-preview: please report it with the log of this step.")
        return PreviewError.exit_code
    finally:
        runner.finish()


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


@dataclass(frozen=True)
class _Job:
    """One step of a workflow: what it was asked, for which event, and where."""

    settings: Settings
    event: Event
    place: Place
    runner: Runner
    github: GitHub | None

    def pull_request(self) -> PullRequest | None:
        number = self.settings.pr_number
        if self.github is not None:
            return resolve_pull_request(self.event, self.github, number=number)
        if self.event.is_pull_request_target or number is not None:
            raise InputError("github_token is empty", advice="Leave it out: the job's own token is the default.")
        return self.event.pull_request

    def comment(self, pull_request: PullRequest | None, body: str) -> str | None:
        """Upserts the comment; that it cannot be posted is a warning, never the step's verdict."""
        if pull_request is None:
            self.runner.say("There is no pull request to comment on; the report is in the job summary.")
            return None
        if self.github is None:
            self.runner.annotate("warning", "No comment: github_token is empty.")
            return None
        result = upsert_comment(
            self.github,
            owner=pull_request.owner,
            repository=pull_request.repository,
            number=pull_request.number,
            marker=self.settings.comment_marker,
            body=body,
        )
        match result:
            case Posted(url=url):
                self.runner.say(f"Comment: {url}")
                self.runner.set_output("comment_url", url)
                return url
            case NotPosted(reason=reason, advice=advice):
                self.runner.annotate("warning", f"The comment was not posted: {reason}\n{advice}")
                return None


def _step(environ: Mapping[str, str], runner: Runner) -> int:
    values = inputs_from_environment(environ)
    if values.get("github_token"):
        runner.mask(values["github_token"])
    workspace = Path(environ.get("GITHUB_WORKSPACE") or ".").resolve()
    folder = _working_directory(workspace, values.get("working_directory") or ".")
    settings = parse(
        values, project_file=read_project_file(folder, values.get("config") or "rocky.toml"), origin=ACTION_INPUT
    )
    event = read_event(environ)
    place = Place(folder, environ, datetime.now(UTC), runner.say, event.server_url, event.run_url)
    github = _github(settings, event)
    job = _Job(settings, event, place, runner, github)
    try:
        match settings.mode:
            case Mode.PREVIEW:
                return _preview(job)
            case Mode.CLEANUP:
                return _cleanup(job)
            case Mode.COMMENT:
                job.comment(job.pull_request(), read_report(settings, folder))
                return 0
    finally:
        if github is not None:
            github.close()
        documents.hand_over(workspace, [folder / settings.output_dir, *folder.glob("**/*.duckdb*")])


def _preview(job: _Job) -> int:
    pull_request = job.pull_request()
    settings, runner = job.settings, job.runner
    folder = job.place.folder / settings.output_dir
    try:
        with runner.group("rocky-preview"):
            world, options = assemble(settings, job.place, pull_request)
            report = preview(world, options)
    except PreviewError as err:
        body = render_failure(err, marker=settings.comment_marker, commit=job.event.sha, run_url=job.event.run_url)
        runner.append_summary(body)
        documents.write_documents(folder, {documents.COMMENT: body})
        runner.set_output("body_path", _in_workspace(job, documents.COMMENT))
        runner.set_output("verdict", "failed")
        job.comment(pull_request, body)
        if settings.fail_on_preview_error:
            raise
        _tell(runner, err)
        return 0
    texts = documents.all_documents(report, marker=settings.comment_marker)
    documents.write_documents(folder, texts)
    runner.append_summary(texts[documents.SUMMARY])
    _outputs(job, report)
    _annotate(job, report)
    job.comment(pull_request, texts[documents.COMMENT])
    failed = settings.fail_on.fails(report.verdict)
    runner.say(f"Verdict: {report.verdict}{f', which fail_on: {settings.fail_on} fails' if failed else ''}")
    return int(failed)


def _cleanup(job: _Job) -> int:
    dropped = cleanup_previews(job.settings, job.place, job.pull_request())
    job.runner.say("\n".join(f"dropped {schema}" for schema in dropped) or "nothing to drop")
    job.runner.append_summary(render_cleanup(dropped))
    return 0


def _outputs(job: _Job, report: Report) -> None:
    compared = [diff.rows for diff in report.diffs]
    delta = report.cost.delta_usd
    outputs = {
        "verdict": report.verdict.value,
        "body_path": _in_workspace(job, documents.COMMENT),
        "report_json": _in_workspace(job, documents.REPORT),
        "branch_schema": report.execution.schema,
        "prune_set_size": str(len(report.plan.prune_set)),
        "delta_usd": "" if delta is None else f"{delta:.6f}",
        "rows_added": _total(rows.added for rows in compared),
        "rows_removed": _total(rows.removed for rows in compared),
        "rows_changed": _total(rows.changed for rows in compared),
    }
    for name, value in outputs.items():
        job.runner.set_output(name, value)


def _in_workspace(job: _Job, name: str) -> str:
    """A written file's path for later steps, which run outside of this container: relative to the workspace."""
    workspace = Path(job.place.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    path = job.place.folder / job.settings.output_dir / name
    return str(path.relative_to(workspace) if path.is_relative_to(workspace) else path)


def _total(counts: Iterable[int | None]) -> str:
    """The sum of what is known, empty where nothing is."""
    known = [count for count in counts if count is not None]
    return str(sum(known)) if known else ""


def _annotate(job: _Job, report: Report) -> None:
    """The caveats, worst first, each on the file it is about."""
    prefix = _project_prefix(job)
    for caveat in report.caveats:
        if caveat.severity is Severity.NOTE:
            continue
        message = f"{caveat.model}: {caveat.message}" if caveat.model else caveat.message
        file = f"{prefix}{caveat.path}" if caveat.path else None
        job.runner.annotate(_LEVELS[caveat.severity], message, file=file, title="rocky-preview")


def _project_prefix(job: _Job) -> str:
    """From the repository's root to the project's folder, as annotations want their paths."""
    workspace = Path(job.place.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    folder = (job.place.folder / job.settings.config).parent
    relative = folder.relative_to(workspace).as_posix() if folder.is_relative_to(workspace) else "."
    return "" if relative == "." else f"{relative}/"


def _working_directory(workspace: Path, given: str) -> Path:
    folder = (workspace / given).resolve()
    if not folder.is_dir() or not folder.is_relative_to(workspace):
        raise InputError(
            f"working_directory is {given!r}, which is not a folder of the workspace",
            advice="Name the folder that holds rocky.toml, relative to the repository; actions/checkout comes first.",
        )
    return folder


def _github(settings: Settings, event: Event) -> GitHub | None:
    if settings.github_token is None:
        return None
    return GitHub(settings.github_token, api_url=event.api_url, graphql_url=event.graphql_url)


def _tell(runner: Runner, err: PreviewError) -> None:
    whose = "" if isinstance(err, UserError) else " (nothing of this is the pull request's doing)"
    runner.annotate("error", f"{err.message}\n{err.advice}".strip(), title=f"rocky-preview{whose}")
