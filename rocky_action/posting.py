"""A ready file as the sticky comment: Markdown as it is, a ``report.json`` rendered anew. Also for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from rocky_action.domain.report import Report
from rocky_action.errors import ForgeError, InputError, UnusableReportError
from rocky_action.forges.comments import Body, NotPosted, upsert_comment
from rocky_action.forges.github_api import PUBLIC_API, GitHub, graphql_of
from rocky_action.forges.pull_requests import pull_request
from rocky_action.place import Place
from rocky_action.rendering import render_comment
from rocky_action.rendering.cutting import cut
from rocky_action.settings import Settings
from rocky_action.wire.strangers import MOST_BYTES, read_strangers_report


def ready_body(settings: Settings, folder: Path, *, head: Callable[[], str | None], run_url: str | None = None) -> Body:
    """What the file ``report`` says, cut to fit. Raises InputError.

    A report.json is only taken if it is about ``head``, the pull request's, which is asked for then.
    """
    path = folder / (settings.report or "")
    if is_json(path.name):
        report = read_strangers_report(read_file(path))
        commit = head()
        if commit is not None:
            refuse_another_commit(report, commit)
        provenance = replace(report.provenance, run_url=run_url)  # not an address that a file names
        ours = replace(report, provenance=provenance)
        return lambda limit: render_comment(ours, marker=settings.comment_marker, limit=limit)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"{path} cannot be read as Markdown: {err}", advice="Give the file that `run` wrote.") from err
    return partial(cut, text, run_url=run_url)


def is_json(name: str) -> bool:
    """Whether a file is a report to render, and not a rendered one."""
    return name.lower().endswith(".json")


def read_file(path: Path) -> bytes:
    """A report.json, or as much of it as it takes to see that it is too long. Raises UnusableReportError."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as err:
        raise UnusableReportError(f"{path} cannot be read: {err.strerror}", advice="Give the file of a run.") from err


def refuse_another_commit(report: Report, head: str) -> None:
    """Raises UnusableReportError for a report that is not about a pull request with this head."""
    comparison = report.comparison
    if not comparison.is_of(head):
        about = (comparison.pull_head or comparison.head_commit)[:7]
        raise UnusableReportError(
            f"the report is about commit {about}, and the pull request's head is {head[:7]}",
            advice="Run the preview of that commit again.",
        )


def post_report(settings: Settings, place: Place) -> str:
    """Upserts the comment and returns its address. Raises InputError, or ForgeError when it cannot be posted."""
    owner, slash, repository = place.environ.get("GITHUB_REPOSITORY", "").partition("/")
    missing = [
        what
        for what, known in (
            ("GITHUB_REPOSITORY (owner/name)", bool(slash and repository)),
            ("GITHUB_TOKEN", bool(settings.github_token)),
            ("--pr-number", settings.pr_number is not None),
        )
        if not known
    ]
    if missing or settings.github_token is None or settings.pr_number is None:
        raise InputError(
            f"not given: {', '.join(missing)}", advice="A comment needs a repository, a token and a number."
        )
    api_url = place.environ.get("GITHUB_API_URL") or PUBLIC_API
    graphql_url = place.environ.get("GITHUB_GRAPHQL_URL") or graphql_of(api_url)
    github = GitHub(settings.github_token, api_url=api_url, graphql_url=graphql_url)
    number = settings.pr_number
    try:
        result = upsert_comment(
            github,
            owner=owner,
            repository=repository,
            number=number,
            marker=settings.comment_marker,
            body=ready_body(
                settings,
                place.folder,
                head=lambda: pull_request(github, owner=owner, repository=repository, number=number).head_commit,
            ),
        )
    finally:
        github.close()
    if isinstance(result, NotPosted):
        raise ForgeError(f"the comment was not posted: {result.reason}", advice=result.advice)
    return result.url
