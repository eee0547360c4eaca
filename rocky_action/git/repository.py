"""A repository that contains the project: where it is, what is checked out, how to reach its remote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rocky_action.errors import BaseNotFoundError, InputError
from rocky_action.git.binary import Git, decode, failure, git_in, split


@dataclass(frozen=True)
class Repository:
    """A git repository, seen from the project's folder.

    ``root`` is the top of the work tree and ``prefix`` leads from there to the project ("" or "some/folder/").
    ``git`` works in the project's folder, so paths are relative to it and the rest of the repository is out of sight.
    ``branch_name`` is None when HEAD is detached, ``remote`` when there is none to fetch from.
    """

    root: Path
    prefix: str
    git: Git
    head_commit: str
    branch_name: str | None
    remote: str | None
    fetch_timeout: float | None = None

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.git.folder

    def resolve(self, revision: str) -> str | None:
        """The full name of a commit that is here, None if there is none of that name.

        Raises InputError for what git could take for an option.
        """
        if revision.startswith("-") or re.search(r"[\x00-\x1f\x7f]", revision):
            raise InputError(
                f"{revision!r} is not a branch, tag or commit.",
                advice="A name cannot begin with a hyphen or contain control characters.",
            )
        found = self.git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        # A leading ^ is rev-parse's "not": such a name is not a commit's.
        return found.text if found.code == 0 and not found.text.startswith("^") else None

    def parents(self, commit: str) -> tuple[str, ...]:
        """A commit's parents as it names them, also those that a shallow clone does not have."""
        header = self.git.run("cat-file", "commit", commit).partition(b"\n\n")[0].decode("utf-8", "replace")
        return tuple(line.removeprefix("parent ") for line in header.split("\n") if line.startswith("parent "))

    def fetch(self, commits: Iterable[str], *options: str) -> None:
        """Fetches commits by their full names; no ref, tag or FETCH_HEAD of the user is touched."""
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
        self.git.run("fetch", *quiet, *options, self.remote or "origin", *commits, timeout=self.fetch_timeout)


def open_repository(
    folder: Path,
    *,
    environ: Mapping[str, str],
    token: str | None = None,
    server_url: str = "https://github.com",
    fetch_timeout: float | None = 600,
) -> Repository:
    """The repository that contains the project's folder, which may be a folder of its work tree.

    ``token`` is sent to ``server_url`` only. ``fetch_timeout`` is in seconds. Raises InputError where there is no
    repository, BaseNotFoundError where nothing has been committed yet, GitError where git cannot work.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", advice="Name the folder that holds the project.")
    git = git_in(folder, token=token, server_url=server_url, environ=environ)
    place = git.attempt("rev-parse", "--is-inside-work-tree", "--show-prefix")
    if place.code and "not a git repository" not in place.error:
        raise failure("rev-parse", place)
    inside, _, prefix = place.text.partition("\n")
    if inside != "true":
        raise InputError(
            f"{folder} is not in the work tree of a git repository.",
            advice="Run this in a clone of the repository (in a workflow: after actions/checkout).",
        )
    git = git.with_settings(_without_filters(git))
    branch = git.attempt("symbolic-ref", "--quiet", "HEAD").text.removeprefix("refs/heads/") or None
    head = git.attempt("rev-parse", "--verify", "HEAD")
    if head.code and branch:
        raise BaseNotFoundError(
            f"The branch {branch} has no commit yet.", advice="Commit something first: there is nothing to compare."
        )
    if head.code:
        raise failure("rev-parse", head)
    return Repository(
        root=folder.parents[prefix.count("/") - 1] if prefix else folder,
        prefix=prefix,
        git=git,
        head_commit=head.text,
        branch_name=branch,
        remote=_remote(git),
        fetch_timeout=fetch_timeout,
    )


def _without_filters(git: Git) -> list[tuple[str, str]]:
    """Settings that keep git from running clean filters when it compares edited files."""
    named = git.attempt("config", "--null", "--name-only", "--get-regexp", r"^filter\.").output
    drivers = sorted({key.rpartition(".")[0] for key in split(named)})
    return [
        (f"{driver}.{name}", value)
        for driver in drivers
        for name, value in (("clean", ""), ("process", ""), ("required", "false"))
    ]


def _remote(git: Git) -> str | None:
    names = decode(git.run("remote")).splitlines()
    return "origin" if "origin" in names else next(iter(names), None)
