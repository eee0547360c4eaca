"""The composition root for the action: the runner's environment in, an exit code out."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rocky_action.assembly import assemble
from rocky_action.cancelling import exit_code, heed_signals
from rocky_action.cleaning import cleanup_previews
from rocky_action.documents import hand_over
from rocky_action.domain.text import with_advice
from rocky_action.errors import InputError, MissingCredentialsError, PreviewError
from rocky_action.forges.github_actions import Event, read_event
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.log import guard_streams
from rocky_action.forges.patience import Patience
from rocky_action.forges.runner import Runner
from rocky_action.forges.spoken import Declined
from rocky_action.job import Job, cancel, comment, is_forgiven, publish, publish_failure, tell, withdraw
from rocky_action.pipeline import preview
from rocky_action.place import Place, read_project_file
from rocky_action.posting import ready_body
from rocky_action.recording import read_printed, record_run
from rocky_action.relaying import is_strangers, relay
from rocky_action.rendering import render_cleanup
from rocky_action.secrecy import secrets_of
from rocky_action.settings import ACTION_INPUT, Mode, Settings, inputs_from_environment, parse

_LEFT_TO_SWEEPER = (
    "Had this pull request a preview, started by hand, `rocky-preview cleanup --expired` drops it in time."
)


def main(environ: Mapping[str, str], *, patience: Patience | None = None) -> int:
    """Does what the step's inputs ask for and returns the step's exit code. ``patience`` is for GitHub."""
    heed_signals()
    logging.getLogger().addHandler(logging.NullHandler())  # or what a driver warns of goes to the log, secrets and all
    runner = Runner(environ, guard_streams())
    workspace = Path(environ.get("GITHUB_WORKSPACE") or ".").resolve()
    try:
        return _step(environ, runner, workspace=workspace, patience=patience)
    except PreviewError as err:
        tell(runner, err)
        return err.exit_code
    finally:
        runner.finish()
        if environ.get("GITHUB_WORKSPACE"):
            hand_over(workspace)


def _step(environ: Mapping[str, str], runner: Runner, *, workspace: Path, patience: Patience | None) -> int:
    values = inputs_from_environment(environ)
    for secret in dict.fromkeys((values.get("github_token", ""), *secrets_of(environ))):
        runner.mask(secret)
    event = read_event(environ)
    try:
        settings, mistake = _settings(values, workspace), None
    except InputError as err:
        settings, mistake = _what_is_right(values, workspace), err
    folder = workspace / settings.working_directory
    now = datetime.now(UTC)
    place = Place(folder, environ, now, runner.say, event.server_url, event.run_url, event.private, runner.mask)
    job = Job(settings, event, place, workspace, runner, _github(settings, event, patience=patience))
    try:
        if isinstance(job.asked, Declined):
            return _declined(job, job.asked)
        return _done(job) if mistake is None else _failed(job, mistake)
    except PreviewError as err:
        return _failed(job, err)
    except KeyboardInterrupt:
        runner.say("rocky-preview: cancelled; the next run, or the clean-up, drops what this one has built")
        if settings.mode is Mode.PREVIEW:
            withdraw(job, because="the run was cancelled")
        cancel(job)
        return exit_code()
    except Exception as err:  # noqa: BLE001  the outermost boundary: our bug, told as such
        runner.say(traceback.format_exc())
        return _failed(job, PreviewError(f"{type(err).__name__} in rocky-preview", advice="The log has the details."))
    finally:
        if job.github is not None:
            job.github.close()


def _settings(values: Mapping[str, str], workspace: Path) -> Settings:
    folder = _folder(values, workspace)
    if folder is None:
        given = values.get("working_directory")
        raise InputError(
            f"working_directory is {given!r}, which is not a folder of the workspace",
            advice="Name the folder that holds rocky.toml, relative to the repository; actions/checkout comes first.",
        )
    project_file = read_project_file(folder, values.get("config") or "rocky.toml")
    return parse(values, project_file=project_file, origin=ACTION_INPUT)


def _folder(values: Mapping[str, str], workspace: Path) -> Path | None:
    """The project's folder, None for what is none of the workspace's."""
    folder = (workspace / (values.get("working_directory") or ".")).resolve()
    return folder if folder.is_dir() and folder.is_relative_to(workspace) else None


def _what_is_right(values: Mapping[str, str], workspace: Path) -> Settings:
    """Those inputs that it takes to tell the pull request that others are wrong, as far as they are right."""
    is_there = _folder(values, workspace) is not None
    kept = {"working_directory": values.get("working_directory", "")} if is_there else {}
    for name in (
        "github_token",
        "comment_marker",
        "history",
        "history_key",
        "mode",
        "pr_number",
        "output_dir",
        "fail_on_preview_error",
        "check_run",
        "labels",
    ):
        one = {name: values.get(name, "")}
        try:
            parse(one)
        except InputError:
            continue  # it is among the mistakes that are told
        kept |= one
    return parse(kept, origin=ACTION_INPUT)


def _done(job: Job) -> int:
    match job.settings.mode:
        case Mode.PREVIEW:
            return _preview(job)
        case Mode.CLEANUP:
            return _cleanup(job)
        case Mode.COMMENT:
            return _comment(job)
        case Mode.RECORD:
            printed = read_printed(job.place.folder / (job.settings.run_output or ""))
            job.runner.say(record_run(job.settings, job.place, printed=printed).told)
            return 0


def _comment(job: Job) -> int:
    if is_strangers(job):
        return relay(job)
    found = job.pull_request
    head = None if found is None else found.head_commit
    body = ready_body(job.settings, job.place.folder, head=lambda: head, run_url=job.event.run_url)
    return comment(job, found, body=job.memory.instead(body) if job.memory else body)


def _declined(job: Job, declined: Declined) -> int:
    """Leaves everything as it is: a stranger's comment is no reason for a red run, nor for a word in the comment."""
    if declined.asked:
        job.runner.annotate("warning", f"{declined.reason}. Nothing was run.")
    else:
        job.runner.say(f"{declined.reason}: there is nothing to do.")
    return 0


def _preview(job: Job) -> int:
    pull_request = job.pull_request
    if job.event.action == "closed":
        job.runner.annotate(
            "notice", "The pull request is closed: nothing to preview. `mode: cleanup` drops what is left."
        )
        return 0
    with job.runner.group("rocky-preview"):
        world, options = assemble(_with_base(job), job.place, pull_request=pull_request)
        if job.memory is not None:
            options = replace(options, fingerprinted=job.memory.fingerprinted)
        report = preview(world, options)
    code = publish(job, report)
    fails = job.settings.fail_on.fails(report.gated)
    job.runner.say(f"Verdict: {report.verdict}{f', which `fail_on: {job.settings.fail_on}` fails' if fails else ''}")
    return code or int(fails)


def _with_base(job: Job) -> Settings:
    """The settings with what the event says about base, where neither a person nor a pull request says it."""
    if job.settings.base_ref or job.pull_request:
        return job.settings
    return replace(job.settings, base_ref=job.event.base)


def _cleanup(job: Job) -> int:
    """Without credentials nothing can be dropped, and nothing was built either, unless somebody with them did.

    A sweep without them is a mistake: nobody would ever hear of what is left.
    """
    expired = _sweeps(job)
    if expired:
        job.runner.say("No pull request is named: dropping every preview whose lease has expired.")
    try:
        dropped = cleanup_previews(job.settings, job.place, pull_request=job.pull_request, expired=expired)
    except MissingCredentialsError as err:
        if expired:
            raise
        job.runner.annotate(
            "warning", f"Nothing was dropped: {with_advice(err.message, err.advice)}\n{_LEFT_TO_SWEEPER}"
        )
        job.runner.append_summary(render_cleanup((), because=err.message))
        return 0
    job.runner.say("\n".join(f"dropped {schema}" for schema in dropped) or "nothing to drop")
    job.runner.append_summary(render_cleanup(dropped, expired=expired))
    return 0


def _sweeps(job: Job) -> bool:
    """Whether a clean-up is about no preview in particular: the clock has started it, or a person who names none."""
    named = job.settings.branch_name or job.pull_request
    return not named and job.event.name in {"schedule", "workflow_dispatch"}


def _failed(job: Job, err: PreviewError) -> int:
    if job.settings.mode is not Mode.PREVIEW:
        tell(job.runner, err)
        return err.exit_code
    publish_failure(job, err)
    return 0 if is_forgiven(job, err) else err.exit_code


def _github(settings: Settings, event: Event, *, patience: Patience | None) -> GitHub | None:
    if settings.github_token is None:
        return None
    return GitHub(settings.github_token, api_url=event.api_url, graphql_url=event.graphql_url, patience=patience)
