"""The event that started a workflow run, as the runner's environment and event file tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rocky_action.domain.pull_request import PullRequest
from rocky_action.errors import InputError
from rocky_action.forges.github_api import graphql_of
from rocky_action.forges.payload import dig, pull_request_of, text

ADVICE = "GitHub's runner sets it; outside of a workflow use the command `rocky-preview` instead."
HEADS = "refs/heads/"


@dataclass(frozen=True)
class Said:
    """A comment that somebody has just written: on which issue, and whether that is a pull request."""

    author: str
    body: str
    number: int
    on_pull_request: bool


@dataclass(frozen=True)
class OtherRun:
    """The run that a ``workflow_run`` event is about; ``started_at`` is its last attempt's, in ISO 8601."""

    id: int
    url: str
    started_at: str


@dataclass(frozen=True)
class Event:
    """What happened, and where.

    ``branch`` and ``sha`` are the head of what happened: of the pull request where the event carries one, not of the
    merge commit that was checked out. ``branch`` is None for tags. ``head_owner`` is whose branch it is. ``action`` is
    the event's own kind (opened, closed …), empty where it has none. ``private`` is False for a repository that
    everybody can read, and where the event does not say. ``base`` is what there is to compare with where no pull
    request says it: what a merge queue merges into, else the default branch. ``said`` is what an ``issue_comment``
    event is about, ``other_run`` what a ``workflow_run`` event is.
    """

    name: str
    owner: str
    repository: str
    sha: str
    branch: str | None
    head_owner: str
    action: str = ""
    pull_request: PullRequest | None = None
    from_fork: bool = False
    private: bool = False
    base: str | None = None
    said: Said | None = None
    other_run: OtherRun | None = None
    run_url: str | None = None
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    graphql_url: str = "https://api.github.com/graphql"

    @property
    def is_pull_request_target(self) -> bool:
        """True for the event that gives a stranger's change this repository's secrets."""
        return self.name == "pull_request_target"


def read_event(environ: Mapping[str, str]) -> Event:
    """The event of this run. Raises InputError when the environment or the event file is not what a runner leaves."""
    name = _required(environ, "GITHUB_EVENT_NAME")
    owner, slash, repository = _required(environ, "GITHUB_REPOSITORY").partition("/")
    if not (owner and slash and repository) or "/" in repository:
        raise InputError("GITHUB_REPOSITORY is not of the form owner/name", advice=ADVICE)
    payload = _payload(Path(_required(environ, "GITHUB_EVENT_PATH")))
    ref = environ.get("GITHUB_REF", "")
    branch: str | None = ref.removeprefix(HEADS) if ref.startswith(HEADS) else None
    sha, head_owner, from_fork, pull_request = environ.get("GITHUB_SHA", ""), owner, False, None
    base = text(payload, "merge_group", "base_sha") or text(payload, "repository", "default_branch")
    if name.startswith("pull_request"):
        pull_request = pull_request_of(payload.get("pull_request"), owner=owner, repository=repository)
        if pull_request is None:
            raise InputError(f"The event file of a `{name}` event describes no pull request", advice=ADVICE)
        branch, sha, from_fork = pull_request.head_ref, pull_request.head_commit, pull_request.from_fork
        head_owner = text(payload, "pull_request", "head", "repo", "owner", "login") or owner
    elif name == "workflow_run":
        run = payload.get("workflow_run")
        branch, sha = text(run, "head_branch") or None, text(run, "head_sha")
        head_owner = text(run, "head_repository", "owner", "login") or owner
        head = dig(run, "head_repository", "id")
        from_fork = head is None or head != dig(run, "repository", "id")
    api_url = environ.get("GITHUB_API_URL") or Event.api_url
    server = (environ.get("GITHUB_SERVER_URL") or Event.server_url).rstrip("/")
    runs = f"{server}/{owner}/{repository}/actions/runs"
    run_id = environ.get("GITHUB_RUN_ID")
    return Event(
        name=name,
        owner=owner,
        repository=repository,
        sha=sha,
        branch=branch,
        head_owner=head_owner,
        action=text(payload, "action"),
        pull_request=pull_request,
        from_fork=from_fork,
        private=dig(payload, "repository", "private") is True,
        base=base or None,
        said=_said(payload) if name == "issue_comment" else None,
        other_run=_other_run(payload, runs) if name == "workflow_run" else None,
        run_url=f"{runs}/{run_id}" if run_id else None,
        server_url=server,
        api_url=api_url,
        graphql_url=environ.get("GITHUB_GRAPHQL_URL") or graphql_of(api_url),
    )


def _other_run(payload: Mapping[str, object], runs: str) -> OtherRun | None:
    number = dig(payload, "workflow_run", "id")
    started_at = text(payload, "workflow_run", "run_started_at")
    return OtherRun(number, f"{runs}/{number}", started_at) if isinstance(number, int) else None


def _said(payload: Mapping[str, object]) -> Said:
    match payload:
        case {"issue": {"number": int(number)}, "comment": {"body": str(body), "user": {"login": str(author)}}}:
            return Said(author, body, number, on_pull_request=dig(payload, "issue", "pull_request") is not None)
        case _:
            raise InputError("The event file of an `issue_comment` event describes no comment", advice=ADVICE)


def _required(environ: Mapping[str, str], variable: str) -> str:
    value = environ.get(variable)
    if not value:
        raise InputError(f"{variable} is not set", advice=ADVICE)
    return value


def _payload(path: Path) -> Mapping[str, object]:
    try:
        payload = json.loads(path.read_bytes())
    except OSError as err:
        raise InputError(f"The event file {path} cannot be read: {err.strerror}", advice=ADVICE) from err
    except ValueError as err:
        raise InputError(f"The event file {path} is not JSON: {err}", advice=ADVICE) from err
    if not isinstance(payload, dict):
        raise InputError(f"The event file {path} does not hold an object", advice=ADVICE)
    return payload
