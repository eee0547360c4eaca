"""What is compared with what: the merge base, head, and the project's paths that differ between them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rocky_action.domain.pull_request import ChangedPath, Comparison, PathStatus
from rocky_action.errors import InputError
from rocky_action.git.binary import decode, encode, split
from rocky_action.git.history import fetch_commit, find_commit, find_merge_base
from rocky_action.git.repository import Repository

_NO_FILE = ("000000", "160000")
"""Modes of a side that has no file: nothing there, or a submodule."""


def compare(
    repo: Repository,
    *,
    base_ref: str,
    head: str | None = None,
    head_ref: str | None = None,
    pull_head: str | None = None,
) -> Comparison:
    """Head against its merge base with ``base_ref``.

    Head is the work tree, uncommitted and untracked files included, or the commit called ``head``. ``head_ref`` is the
    name to show for it. ``pull_head`` is the pull request's head commit, if there is a pull request: where head is the
    merge of exactly that commit, as actions/checkout makes it, the merge's first parent is the merge base, because
    merging now changes exactly what differs from there. Raises InputError where head does not hold that commit: an
    answer about something else, told in the pull request, would be a false one.
    """
    head_commit = repo.head_commit if head is None else find_commit(repo, head)
    parents = repo.parents(head_commit)
    if len(parents) == 2 and parents[1] == pull_head:
        merge_base = parents[0]
        if repo.resolve(merge_base) is None:
            fetch_commit(repo, merge_base)
    else:
        merge_base = find_merge_base(repo, base=find_commit(repo, base_ref), head=head_commit)
        if pull_head is not None:
            _refuse_another_head(repo, head_commit, pull_head=pull_head)
    return Comparison(
        base_ref=base_ref,
        merge_base=merge_base,
        head_ref=head_ref or head or repo.branch_name or head_commit[:7],
        head_commit=head_commit,
        changed_paths=_changed_paths(repo, merge_base=merge_base, head=None if head is None else head_commit),
        work_tree=head is None,
        pull_head=pull_head,
    )


def _refuse_another_head(repo: Repository, head: str, *, pull_head: str) -> None:
    if pull_head in (head, *repo.parents(head)):
        return
    here = repo.resolve(pull_head)
    if here is None or repo.git.attempt("merge-base", "--is-ancestor", here, head).code:
        raise InputError(
            f"What is checked out ({head[:7]}) does not hold the pull request's head ({pull_head[:7]}).",
            advice="Let actions/checkout have `ref: refs/pull/NUMBER/merge`; if the pull request has moved on since,"
            " run again.",
        )


def _changed_paths(repo: Repository, *, merge_base: str, head: str | None) -> tuple[ChangedPath, ...]:
    if head is not None:
        output = _diff(repo, merge_base, head)
    else:
        with tempfile.TemporaryDirectory(prefix="rocky-preview-") as folder:
            output = _diff(repo, merge_base, index=_index_with_untracked(repo, Path(folder)))
    return tuple(sorted(_parsed(output), key=lambda change: (change.path, change.status)))


def _diff(repo: Repository, *commits: str, index: Path | None = None) -> bytes:
    # --relative leaves the rest of the repository out before renames are looked for: a file that moves into the
    # project is added, one that moves out is deleted. -M instead of the user's diff.renames: no copies. To see whether
    # a submodule is edited, git would run that repository's own filters: not asked.
    how = ("--raw", "-z", "-M", "-l1000", "--relative", "--ignore-submodules=dirty", "--no-ext-diff", "--no-textconv")
    return repo.git.run("diff", *how, *commits, "--", index=index)


def _index_with_untracked(repo: Repository, folder: Path) -> Path:
    """A copy of the index that also knows the untracked files, so that git finds renames among them as well.

    ``git diff`` refreshes the index it is given: the copy keeps the user's own as it is.
    """
    index = repo.folder / decode(repo.git.run("rev-parse", "--git-path", "index")).removesuffix("\n")
    copy = folder / "index"
    if index.exists():
        shutil.copy2(index, copy)  # with its time: by that git tells which files may have been edited since
    untracked = split(repo.git.run("ls-files", "-z", "--others", "--exclude-standard"))
    # Only the entry matters, git compares with the file itself; hash-object without -w stores nothing.
    blob = repo.git.run("hash-object", "-t", "blob", "--stdin").decode().strip()
    entries = b"".join(
        encode(f"100644 {blob}\t{repo.prefix}{path}\0")
        for path in untracked
        if not path.endswith("/")  # another repository inside this one
    )
    repo.git.run("update-index", "-z", "--index-info", stdin=entries, index=copy)
    return copy


def _parsed(output: bytes) -> Iterator[ChangedPath]:
    fields = iter(split(output))
    for description in fields:
        old_mode, new_mode, _, _, status = description.removeprefix(":").split(" ")
        path = next(fields)
        in_base, in_head = old_mode not in _NO_FILE, new_mode not in _NO_FILE
        if status.startswith("R"):
            yield ChangedPath(PathStatus.RENAMED, next(fields), path)
        elif in_base and in_head:
            yield ChangedPath(PathStatus.MODIFIED, path)
        elif in_head:
            yield ChangedPath(PathStatus.ADDED, path)
        elif in_base:
            yield ChangedPath(PathStatus.DELETED, path)
