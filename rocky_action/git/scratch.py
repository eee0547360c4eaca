"""A throw-away repository for the demo: the example with a pull request in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rocky_action.git.binary import git_in

_AUTHOR = {
    "GIT_AUTHOR_NAME": "A data engineer",
    "GIT_AUTHOR_EMAIL": "engineer@example.com",
    "GIT_COMMITTER_NAME": "A data engineer",
    "GIT_COMMITTER_EMAIL": "engineer@example.com",
}


def commit_pull_request(folder: Path, patch: Path, *, branch: str, environ: Mapping[str, str]) -> None:
    """Makes ``folder`` a repository whose main is what it holds and whose ``branch`` has the patch on top."""
    git = git_in(folder, token=None, server_url="", environ=environ)
    git = git.with_environment(_AUTHOR)
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("add", "--all")
    git.run("commit", "--quiet", "--no-gpg-sign", "--message", "The shop")
    git.run("switch", "--quiet", "--create", branch)
    git.run("apply", "--index", str(patch))
    git.run("commit", "--quiet", "--no-gpg-sign", "--message", "The pull request")
