"""The command `/rocky-preview rerun` in a comment: who may say it, and about what.

A comment's event runs with the repository's secrets, whoever wrote the comment and whatever the pull request holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rocky_action.domain.pull_request import PullRequest
from rocky_action.forges.github_actions import Event, Said
from rocky_action.forges.github_api import GitHub, route
from rocky_action.forges.payload import text
from rocky_action.forges.pull_requests import is_open, read_pull_request
from rocky_action.forges.refusals import RefusedError

COMMAND = "/rocky-preview rerun"
MAY_WRITE = frozenset({"admin", "maintain", "write"})
_CODE = re.compile(r" {0,3}\t| {4}")
"""How a line of an indented code block begins: it shows the command, and does not say it."""


@dataclass(frozen=True)
class Declined:
    """Nothing is done. ``asked`` is false for a comment that is no command, of which nobody needs to hear."""

    reason: str
    asked: bool = True


def asked_for(event: Event, said: Said, *, github: GitHub) -> PullRequest | Declined:
    """The pull request that a comment asks to preview again. Raises ForgeError where GitHub cannot tell.

    The head of a fork's pull request may move between the comment and this run, so a comment does not say that
    anybody has read what would be run.
    """
    lines = [line for line in said.body.splitlines() if line.strip()]
    if event.action != "created" or not lines or _CODE.match(lines[0]) or lines[0].split() != COMMAND.split():
        return Declined(f"The comment does not say `{COMMAND}`", asked=False)
    if not said.on_pull_request:
        return Declined(f"#{said.number} is an issue, and only a pull request can be previewed")
    if not _may_write(github, event, who=said.author):
        return Declined(f"`{COMMAND}` is for people with write access, which {said.author} has not")
    answer, found = read_pull_request(github, owner=event.owner, repository=event.repository, number=said.number)
    if not is_open(answer):
        return Declined(f"Pull request #{said.number} is not open")
    if found.from_fork:
        return Declined(
            f"Pull request #{said.number} comes from a fork, whose SQL would run with this repository's secrets. Read"
            " it, then start a workflow by hand (`workflow_dispatch`) with `pr_number`"
        )
    return found


def _may_write(github: GitHub, event: Event, *, who: str) -> bool:
    try:
        answer = github.get(route("repos", event.owner, event.repository, "collaborators", who, "permission"))
    except RefusedError as err:
        if err.status != 404:  # nobody of that name
            raise
        return False
    return text(answer, "permission") in MAY_WRITE
