"""Who has approved a pull request, and at which commit."""

from __future__ import annotations

from rocky_action.domain.history import Approval
from rocky_action.domain.pull_request import PullRequest
from rocky_action.forges.github_api import GitHub, route
from rocky_action.forges.payload import text
from rocky_action.forges.refusals import NoAnswerError, RateLimitedError, RefusedError

_NO_OPINION = {"COMMENTED", "PENDING", ""}


def approvals(github: GitHub, pull_request: PullRequest) -> tuple[Approval, ...]:
    """The approvals that still stand, in the order they were first given; none where GitHub does not say.

    A person's last review counts that is more than a comment; GitHub turns one that was withdrawn into DISMISSED.
    """
    path = route("repos", pull_request.owner, pull_request.repository, "pulls", pull_request.number, "reviews")
    try:
        reviews = github.pages(path)
    except (NoAnswerError, RateLimitedError, RefusedError):
        return ()
    last: dict[str, Approval | None] = {}
    for review in reviews:  # oldest first
        login, commit, state = text(review, "user", "login"), text(review, "commit_id"), text(review, "state")
        if login and state not in _NO_OPINION:
            last[login] = Approval(login, commit) if state == "APPROVED" and commit else None
    return tuple(approval for approval in last.values() if approval is not None)
