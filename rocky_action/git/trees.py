"""The project's files at a commit and in the work tree; both satisfy ``rocky_action.ports.SourceTree``.

Both list the same for a clean checkout: files that git tracks or would, and links to such files. Submodules and links
that lead anywhere else are left out, so that no file from outside the project is ever read.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
_MOST_KEPT = 2**18
"""Bytes of the largest file that is kept for base: models are smaller, and seeds need not stay in memory."""


def trees(repo: Repository, comparison: Comparison) -> tuple[SourceTree, SourceTree]:
    """The trees of base and head."""
    head = _Remembering(WorkTree(repo) if comparison.work_tree else CommitTree(repo, comparison.head_commit))
    differ = frozenset(path for change in comparison.changed_paths for path in (change.path, change.old_path) if path)
    return _Beside(CommitTree(repo, comparison.merge_base), head, differ), head


@dataclass(frozen=True)
class _Remembering:
    """Head, which keeps the small files that it has read, because base will want most of them too."""

    tree: CommitTree | WorkTree
    kept: dict[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.tree.label

    def paths(self) -> Sequence[str]:
        """Every file of the project, sorted."""
        return self.tree.paths()

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of files; a path that is not listed is left out."""
        wanted = [*paths]
        contents = {path: self.kept[path] for path in wanted if path in self.kept}
        new = self.tree.read(path for path in wanted if path not in contents)
        self.kept.update((path, content) for path, content in new.items() if len(content) <= _MOST_KEPT)
        return {**contents, **new}


@dataclass(frozen=True)
class _Beside:
    """Base beside head: what git has compared and found the same there is taken from what head has read."""

    tree: CommitTree
    head: _Remembering
    differ: Container[str]

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.tree.label

    def paths(self) -> Sequence[str]:
        """Every file of the project, sorted."""
        return self.tree.paths()

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of files; a path that is not listed is left out."""
        here, there, kept = self.tree.compared, self.head.tree.compared, self.head.kept
        contents: dict[str, bytes] = {}
        other: list[str] = []
        for path in paths:
            if path in kept and path in here and path in there and path not in self.differ:
                contents[path] = kept[path]
            else:
                other.append(path)
        return {**contents, **self.tree.read(other)}


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

    @property
    def compared(self) -> Container[str]:
        """The paths that are files themselves, which `git diff` compares by their contents."""
        return self._entries[0]

    @cached_property
    def _entries(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The blobs of files and of links."""
        files: dict[str, str] = {}
        links: dict[str, str] = {}
        for entry in split(self.repo.git.run("ls-tree", "-r", "-z", self.commit)):
            description, _, path = entry.partition("\t")
            mode, _, blob = description.split(" ")
            if mode != _SUBMODULE:
                (links if mode == _LINK else files)[path] = blob
        return files, links

    @cached_property
    def _blobs(self) -> Mapping[str, str]:
        files, links = self._entries
        if not links:
            return files
        targets = {path: decode(target) for path, target in _read_blobs(self.repo, links).items()}
        return {**files, **{path: files[target] for path, target in _followed(files, targets).items()}}


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

    @property
    def compared(self) -> Container[str]:
        """The paths that are files themselves, except those that git was told to take for unchanged."""
        return self._compared

    @cached_property
    def _compared(self) -> frozenset[str]:
        return frozenset(
            path for (state, _, _), path in self._entries if state == "H" and self._places.get(path) == (path, None)
        )

    @cached_property
    def _entries(self) -> Sequence[tuple[tuple[str, str, str], str]]:
        listed = ("-z", "-v", "--stage", "--cached", "--others", "--exclude-standard")
        return [_entry(entry) for entry in split(self.repo.git.run("ls-files", *listed))]

    @cached_property
    def _places(self) -> Mapping[str, tuple[str, str | None]]:
        """For each path the file that it leads to, and its blob if a sparse checkout left it out of the folder."""
        files: dict[str, tuple[str, str | None]] = {}
        links: dict[str, str] = {}
        folders = {folder: self._kinds(folder) for folder in {path.rpartition("/")[0] for _, path in self._entries}}
        for (state, mode, blob), path in self._entries:
            folder, _, name = path.rpartition("/")
            kind = folders[folder].get(name)
            if kind == stat.S_IFREG:
                files[path] = (path, None)
            elif kind == stat.S_IFLNK:
                links[path] = decode(os.fsencode(self._place(path).readlink()))
            elif kind is None and state in "Ss" and mode not in {_LINK, _SUBMODULE}:
                files[path] = (path, blob)
        return files | {path: files[target] for path, target in _followed(files, links).items()}

    def _kinds(self, folder: str) -> Mapping[str, int]:
        """The type of everything in a folder, nothing for a folder that is not there or that a link stands for."""
        place = self._place(folder)
        if place.resolve() != place:
            return {}
        try:
            with os.scandir(place) as entries:
                return {decode(os.fsencode(entry.name)): _kind(entry) for entry in entries}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    @cached_property
    def _folder(self) -> str:
        return f"{self.repo.folder}{os.sep}"

    def _place(self, path: str) -> Path:
        return self.repo.folder / os.fsdecode(encode(path))

    def _content(self, path: str) -> bytes | None:
        try:
            with io.FileIO(self._folder + os.fsdecode(encode(path))) as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as err:
            raise ProjectError(f"{path} cannot be read: {err.strerror}.", advice="Check its permissions.") from err


def _kind(entry: os.DirEntry[str]) -> int:
    """The type of an entry of a folder: file, link or neither."""
    if entry.is_symlink():
        return stat.S_IFLNK
    return stat.S_IFREG if entry.is_file(follow_symlinks=False) else 0


def _entry(entry: str) -> tuple[tuple[str, str, str], str]:
    """State, mode and blob, and path of one item of ``ls-files -v --stage``; an untracked file has only a path."""
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
