"""The project's files at a commit and in the work tree; both satisfy ``rocky_action.ports.SourceTree``.

Both list the same for a clean checkout: files that git tracks or would, and links to such files. Submodules and links
that lead anywhere else are left out, so that no file from outside the project is ever read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rocky_action.domain.pull_request import Comparison
from rocky_action.errors import GitError, ProjectError
from rocky_action.git.binary import decode, encode, split
from rocky_action.git.repository import Repository
from rocky_action.ports import SourceTree

_LINK = "120000"
_SUBMODULE = "160000"
_MOST_LINKS = 40
"""Links followed for one path, as many as Linux follows."""


def trees(repo: Repository, comparison: Comparison) -> tuple[SourceTree, SourceTree]:
    """The trees of base and head."""
    base = CommitTree(repo, comparison.merge_base)
    return base, WorkTree(repo) if comparison.work_tree else CommitTree(repo, comparison.head_commit)


@dataclass(frozen=True)
class CommitTree:
    """The files at a commit, read from git's object database."""

    repo: Repository
    commit: str

    @property
    def label(self) -> str:
        """The commit's short name."""
        return self.commit[:7]

    def paths(self) -> Sequence[str]:
        """Every file of the project, sorted."""
        return sorted(self._blobs)

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of files, by one git process; a path that is not listed is left out."""
        return _read_blobs(self.repo, {path: self._blobs[path] for path in paths if path in self._blobs})

    @cached_property
    def _blobs(self) -> Mapping[str, str]:
        files: dict[str, str] = {}
        links: dict[str, str] = {}
        for entry in split(self.repo.git.run("ls-tree", "-r", "-z", self.commit)):
            description, _, path = entry.partition("\t")
            mode, _, blob = description.split(" ")
            if mode != _SUBMODULE:
                (links if mode == _LINK else files)[path] = blob
        targets = {path: decode(target) for path, target in _read_blobs(self.repo, links).items()}
        return files | {path: files[target] for path, target in _followed(files, targets).items()}


@dataclass(frozen=True)
class WorkTree:
    """The files as they lie in the project's folder, edited and untracked ones included, ignored ones not."""

    repo: Repository

    @property
    def label(self) -> str:
        """What messages call it."""
        return "the work tree"

    def paths(self) -> Sequence[str]:
        """Every file of the project, sorted."""
        return sorted(self._places)

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of files; a path that is not listed is left out."""
        wanted = {path: self._places[path] for path in paths if path in self._places}
        contents = _read_blobs(self.repo, {path: blob for path, (_, blob) in wanted.items() if blob})
        for path, (place, blob) in wanted.items():
            if blob is None and (content := self._content(place)) is not None:
                contents[path] = content
        return contents

    @cached_property
    def _places(self) -> Mapping[str, tuple[str, str | None]]:
        """For each path the file that it leads to, and its blob if a sparse checkout left it out of the folder."""
        files: dict[str, tuple[str, str | None]] = {}
        links: dict[str, str] = {}
        listed = ("-z", "-t", "--stage", "--cached", "--others", "--exclude-standard")
        entries = [_entry(entry) for entry in split(self.repo.git.run("ls-files", *listed))]
        folders = {folder: self._is_real(folder) for folder in {path.rpartition("/")[0] for _, path in entries}}
        for (state, mode, blob), path in entries:
            place = self._place(path)
            kind = _kind(place) if folders[path.rpartition("/")[0]] else None
            if kind == stat.S_IFREG:
                files[path] = (path, None)
            elif kind == stat.S_IFLNK:
                links[path] = decode(os.fsencode(place.readlink()))
            elif kind is None and state == "S" and mode not in {_LINK, _SUBMODULE}:
                files[path] = (path, blob)
        return files | {path: files[target] for path, target in _followed(files, links).items()}

    def _is_real(self, folder: str) -> bool:
        """False for a folder that a link has taken the place of."""
        place = self._place(folder)
        return place.resolve() == place

    def _place(self, path: str) -> Path:
        return self.repo.folder / os.fsdecode(encode(path))

    def _content(self, path: str) -> bytes | None:
        try:
            return self._place(path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as err:
            raise ProjectError(f"{path} cannot be read: {err.strerror}.", advice="Check its permissions.") from err


def _kind(place: Path) -> int | None:
    """The type of file at a place, None if there is none."""
    try:
        return stat.S_IFMT(place.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _entry(entry: str) -> tuple[tuple[str, str, str], str]:
    """State, mode and blob, and path of one item of ``ls-files -t --stage``; an untracked file has only a path."""
    if entry.startswith("? "):
        return ("?", "", ""), entry[2:]
    description, _, path = entry.partition("\t")
    state, mode, blob, _ = description.split(" ")
    return (state, mode, blob), path


def _followed(files: Container[str], links: Mapping[str, str]) -> dict[str, str]:
    """For each link that leads to a file among ``files``, that file."""
    found = {path: _target(path, links) for path in links}
    return {path: target for path, target in found.items() if target is not None and target in files}


def _target(path: str, links: Mapping[str, str]) -> str | None:
    """Where a path leads when every link on the way is followed; None if it leaves the project or never ends."""
    done: list[str] = []
    todo = path.split("/")
    followed = 0
    while todo:
        step = todo.pop(0)
        here = "/".join([*done, step])
        if step in {"", "."}:
            continue
        if step == "..":
            if not done:
                return None
            done.pop()
        elif here in links:
            followed += 1
            if followed > _MOST_LINKS or links[here].startswith("/"):
                return None
            todo = [*links[here].split("/"), *todo]
        else:
            done.append(step)
    return "/".join(done)


def _read_blobs(repo: Repository, blobs: Mapping[str, str]) -> dict[str, bytes]:
    """The contents of blobs, by one process however many they are."""
    if not blobs:
        return {}
    names = list(dict.fromkeys(blobs.values()))
    output = repo.git.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    contents: dict[str, bytes] = {}
    at = 0
    for name in names:
        end = output.index(b"\n", at)
        header = output[at:end].split(b" ")
        if header[1] != b"blob":
            raise GitError(
                f"git has no file contents under {name}.",
                advice="The clone is damaged or was filtered: check out anew, without `filter`.",
            )
        at = end + 1 + int(header[2])
        contents[name] = output[end + 1 : at]
        at += 1
    return {path: contents[blob] for path, blob in blobs.items()}
