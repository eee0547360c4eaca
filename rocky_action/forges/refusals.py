"""What went wrong between GitHub and us, and what a person can do about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from rocky_action.errors import ForgeError

_LIMIT = re.compile("rate[ -]limit|abuse detection|temporarily blocked", re.IGNORECASE)
_OUTAGE = "Look at https://www.githubstatus.com and run the job again; the report is in the job summary."
_USED_UP = "Run the job again for what this one had no time or no requests left for; the report is in the job summary."
PERMISSION = re.compile(r"([a-z_]+)=(read|write|admin)")


class NoAnswerError(ForgeError):
    """Nothing usable came back. A request that is not repeatable may or may not have been carried out."""

    def __init__(self, what: str, *, advice: str = _OUTAGE) -> None:
        super().__init__(f"GitHub gave no usable answer: {what}", advice=advice)


class UsedUpError(NoAnswerError):
    """Nothing was asked: the run has no seconds or no requests left."""

    def __init__(self) -> None:
        super().__init__("a run waits and asks only so often, and this one has used that up", advice=_USED_UP)


class RateLimitedError(ForgeError):
    """GitHub wants us to wait ``seconds`` from ``now`` on."""

    def __init__(self, seconds: float, now: float) -> None:
        self.seconds = seconds
        resets = datetime.fromtimestamp(now + seconds, tz=UTC)
        super().__init__(
            f"GitHub's rate limit is used up; it resets at {resets:%H:%M:%S} UTC",
            advice="Run the job again after that. All workflows of a repository share one limit for their token.",
        )


class BadCredentialsError(ForgeError):
    """The token is wrong or expired."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"GitHub does not accept the token: {said}",
            advice="Check the input `github_token`; its default, `${{ github.token }}`, is valid until the job ends.",
        )


class RefusedError(ForgeError):
    """GitHub understood the request and said no; asking again would not help.

    ``status`` is 0 where it is we who refuse to go where an answer leads.
    """

    def __init__(self, status: int, said: str, *, accepted: str = "") -> None:
        self.status = status
        self.is_too_long = status == 422 and "too long" in said.lower()
        code = f" ({status})" if status else ""
        super().__init__(f"GitHub refused{code}: {said}", advice=_advice(status, said, accepted=accepted))


def _advice(status: int, said: str, *, accepted: str) -> str:
    lower = said.lower()
    if is_missing_permission(said):
        return (
            "The token may not do this. Add to the job in the workflow:\n"
            f"{permissions_block(accepted)}\n"
            "Pull requests from forks and from Dependabot get a read-only token whatever the workflow says; "
            "their report is in the job summary."
        )
    if is_locked(said):
        return "Unlock the conversation to get the comment; the report is in the job summary."
    if "administrative rules" in lower:
        return "GitHub wants a User-Agent header; a proxy between here and there may have removed it."
    if status == 404:
        return "It is gone, or the token cannot see it: check the repository, the number and the token's permissions."
    if status == 410:
        return "It was deleted; there is nowhere left to comment."
    if "too long" in lower:
        return "Make the comment shorter; the report is in the job summary."
    return "The report is in the job summary."


def is_limit(answer: str) -> bool:
    """True for an answer about a secondary limit, which may be named in its documentation's address only."""
    return _LIMIT.search(answer) is not None


def is_locked(said: str) -> bool:
    """True for the answer about a conversation that somebody has locked; a secondary limit says "blocked"."""
    return re.search(r"\blocked\b", said, re.IGNORECASE) is not None


def is_missing_permission(said: str) -> bool:
    """True for the answer to a token that may not do what was asked."""
    return "resource not accessible" in said.lower()


def permissions_block(accepted: str) -> str:
    """The ``permissions:`` of a workflow's job, with what an ``x-accepted-github-permissions`` header asks for.

    The header lists sets, separated by semicolons, each of which would do. A pull request's own permission is the
    narrowest, and writing the comment needs it whatever was refused here.
    """
    sets = [dict(PERMISSION.findall(choice)) for choice in accepted.split(";")]
    wanted = next((choice for choice in sets if "pull_requests" in choice), sets[0])
    wanted = {"contents": "read"} | wanted | {"pull_requests": "write"}
    return "\n".join(["permissions:", *(f"  {name.replace('_', '-')}: {level}" for name, level in wanted.items())])
