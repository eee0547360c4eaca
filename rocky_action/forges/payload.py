"""What GitHub's JSON says about pull requests, the same in an event's payload and in an answer of the API."""

from __future__ import annotations

from collections.abc import Mapping

from rocky_action.domain.pull_request import PullRequest


def dig(data: object, *keys: str) -> object:
    """The value below nested keys, None where anything on the way is missing or is no object."""
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def text(data: object, *keys: str) -> str:
    """The same for a string; empty where there is none."""
    found = dig(data, *keys)
    return found if isinstance(found, str) else ""


def pull_request_of(data: object, *, owner: str, repository: str) -> PullRequest | None:
    """The pull request that an object describes, None if it does not describe one."""
    match data:
        case {
            "number": int(number),
            "head": {"ref": str(head_ref), "sha": str(head_commit)},
            "base": {"ref": str(base_ref)},
        }:
            # head.repo is null once the fork is deleted.
            head, base = dig(data, "head", "repo", "id"), dig(data, "base", "repo", "id")
            from_fork = head is None or head != base
            return PullRequest(owner, repository, number, head_ref, head_commit, base_ref, from_fork)
        case _:
            return None
