"""Real git repositories in temporary folders, the same on every machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_START = 1_780_000_000
"""Seconds since 1970 of the first commit; each later commit is a minute younger."""

_CONFIG = """
[user]
    name = Ada
    email = ada@example.com
[init]
    defaultBranch = main
[protocol "file"]
    allow = always
[uploadpack]
    allowAnySHA1InWant = true
    allowReachableSHA1InWant = true
[commit]
    gpgSign = false
"""


def isolated_environ(home: Path) -> dict[str, str]:
    """An environment in which git sees no configuration but a small file of its own below ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "gitconfig"
    config.write_text(_CONFIG)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
    }


@dataclass
class GitRepository:
    """A repository to build history in and to clone."""

    path: Path
    environ: Mapping[str, str]
    commits: int = field(default=0, init=False)

    @classmethod
    def new(cls, path: Path, environ: Mapping[str, str]) -> GitRepository:
        """An empty repository, on an unborn branch ``main``."""
        path.mkdir(parents=True)
        made = cls(path, environ)
        made.git("init", "--quiet")
        return made

    def git(self, *arguments: str) -> str:
        """Runs git here and returns what it printed."""
        date = f"{_START + 60 * self.commits} +0200"
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**self.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"git {arguments}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Writes files into the work tree."""
        for name, content in files.items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes] | None = None, *, message: str = "change") -> str:
        """Commits the whole work tree, after writing ``files``; the full name of the commit."""
        self.write(files or {})
        self.git("add", "--all")
        return self._committed("commit", "--quiet", "--allow-empty", "--message", message)

    def grow(self, branch: str, start: str, number: int) -> None:
        """Adds many commits to a branch at once; each writes its number into a file named after the branch."""
        stream = "".join(
            f"commit refs/heads/{branch}\ncommitter Ada <ada@example.com> {_START + index} +0000\ndata 0\n"
            f"{f'from {start}^0' if index == 0 else ''}\nM 644 inline {branch}.sql\ndata {len(str(index))}\n{index}\n"
            for index in range(number)
        )
        subprocess.run(
            ["git", "fast-import", "--quiet"], cwd=self.path, env=self.environ, input=stream.encode(), check=True
        )

    def branch(self, name: str, at: str = "HEAD") -> None:
        """Makes a branch and switches to it."""
        self.git("switch", "--quiet", "--create", name, at)

    def switch(self, name: str) -> None:
        """Checks out a branch, or a commit detached."""
        self.git("checkout", "--quiet", name, "--")

    def merge(self, name: str) -> str:
        """Merges into the branch that is checked out, always with a merge commit; its full name."""
        return self._committed("merge", "--quiet", "--no-ff", "--message", f"merge {name}", name)

    def sha(self, revision: str = "HEAD") -> str:
        """The full name of a commit."""
        return self.git("rev-parse", "--verify", f"{revision}^{{commit}}")

    def clone(self, path: Path, *options: str) -> GitRepository:
        """A clone by the file:// protocol, which honours depth."""
        self.git("clone", "--quiet", *options, self.path.as_uri(), str(path))
        return GitRepository(path, self.environ)

    def _committed(self, *arguments: str) -> str:
        self.commits += 1
        self.git(*arguments)
        return self.sha()


def checkout_of_merge(origin: GitRepository, path: Path, number: int, *, depth: int = 1) -> GitRepository:
    """What actions/checkout leaves for a pull_request event: refs/pull/N/merge, shallow and detached."""
    made = GitRepository.new(path, origin.environ)
    made.git("remote", "add", "origin", origin.path.as_uri())
    ref = f"refs/remotes/pull/{number}/merge"
    made.git("fetch", "--quiet", "--no-tags", f"--depth={depth}", "origin", f"+refs/pull/{number}/merge:{ref}")
    made.git("checkout", "--quiet", "--force", ref)
    return made


def recorded_git(folder: Path, environ: Mapping[str, str]) -> tuple[dict[str, str], Path]:
    """An environment in which every start of git is written down first, argument by argument, and the file for it."""
    real = shutil.which("git", path=environ["PATH"])
    folder.mkdir()
    log = folder / "calls"
    log.touch()
    program = folder / "git"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\nexec "{real}" "$@"\n')
    program.chmod(0o755)
    return {**environ, "PATH": f"{folder}{os.pathsep}{environ['PATH']}"}, log
