"""Which pull request a run is about, and what the API says about it."""

from __future__ import annotations

from rocky_action.domain.pull_request import PullRequest
from rocky_action.errors import ForgeError, InputError
from rocky_action.forges.github_actions import Event
from rocky_action.forges.github_api import GitHub, route
from rocky_action.forges.payload import pull_request_of, text
from rocky_action.forges.refusals import RefusedError


def refuse_strangers_sql(event: Event, *, builds: bool) -> None:
    """Raises InputError for an event that would run a stranger's SQL with this repository's secrets.

    A ``workflow_run`` may comment on a fork's pull request, but not build it.
    """
    if event.is_pull_request_target or (event.name == "workflow_run" and event.from_fork and builds):
        of_fork = "" if event.is_pull_request_target else " for a fork's pull request"
        raise InputError(
            f"`{event.name}` is not supported{of_fork}: it would run a stranger's SQL with this repository's secrets",
            advice="Use the event `pull_request`, or `workflow_dispatch` with `pr_number` after a review.",
        )


def resolve_pull_request(event: Event, github: GitHub, *, number: int | None) -> PullRequest | None:
    """The pull request of a run, None where there is none to speak of; ``number`` is what a person asked for.

    A merge queue's commit holds several pull requests, so it counts as none; a schedule has none.
    """
    if number is not None:
        return pull_request(github, owner=event.owner, repository=event.repository, number=number)
    if event.pull_request is not None or event.branch is None:
        return event.pull_request
    if event.name not in {"workflow_dispatch", "push", "workflow_run"}:
        return None
    # A dispatched run is about the branch as it is now, the others about one commit: if the branch has moved on,
    # a newer run has the floor.
    sha = None if event.name == "workflow_dispatch" else event.sha
    return find_pull_request(
        github,
        owner=event.owner,
        repository=event.repository,
        head_owner=event.head_owner,
        branch=event.branch,
        sha=sha,
    )


def pull_request(github: GitHub, *, owner: str, repository: str, number: int) -> PullRequest:
    """A pull request by its number. Raises ForgeError when there is none."""
    return read_pull_request(github, owner=owner, repository=repository, number=number)[1]


def is_open(answer: object) -> bool:
    """Whether what GitHub says about a pull request says that it is open."""
    return text(answer, "state") == "open"


def read_pull_request(github: GitHub, *, owner: str, repository: str, number: int) -> tuple[object, PullRequest]:
    """What GitHub says about a pull request, and what we make of it. Raises ForgeError when there is none."""
    try:
        answer = github.get(route("repos", owner, repository, "pulls", number))
    except RefusedError as err:
        if err.status != 404:
            raise
        raise ForgeError(
            f"There is no pull request #{number} in {owner}/{repository}, or the token cannot see it",
            advice="Check the input `pr_number` and the permission `pull-requests: write` of the job.",
        ) from err
    found = pull_request_of(answer, owner=owner, repository=repository)
    if found is None:
        raise ForgeError(f"GitHub's answer does not describe pull request #{number}", advice="Run the job again.")
    return answer, found


def find_pull_request(
    github: GitHub, *, owner: str, repository: str, head_owner: str, branch: str, sha: str | None = None
) -> PullRequest | None:
    """The open pull request from a branch of ``head_owner``; the newest when there are several bases.

    With ``sha`` only if that commit is its head. GitHub ignores a filter that it does not understand and lists every
    pull request, so each is checked.
    """
    listed = github.pages(route("repos", owner, repository, "pulls"), head=f"{head_owner}:{branch}", state="open")
    found = []
    for item in listed:
        candidate = pull_request_of(item, owner=owner, repository=repository)
        if candidate is None or not is_open(item) or candidate.head_ref != branch:
            continue
        is_ours = head_owner.casefold() == owner.casefold()
        is_theirs = text(item, "head", "repo", "owner", "login").casefold() == head_owner.casefold()
        from_there = not candidate.from_fork if is_ours else is_theirs
        if from_there and sha in {None, candidate.head_commit}:
            found.append(candidate)
    return max(found, key=lambda candidate: candidate.number, default=None)
