"""What is compared with what: the pull request and the two commits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PathStatus(StrEnum):
    """How git says a path differs between the merge base and head."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"


@dataclass(frozen=True)
class ChangedPath:
    """One path that differs; ``path`` is head's spelling, ``old_path`` base's if it was renamed.

    Paths are relative to the project root, with forward slashes.
    """

    status: PathStatus
    path: str
    old_path: str | None = None


@dataclass(frozen=True)
class Hunk:
    """Neighbouring lines that differ. A side that has none of them names the line before, as git does."""

    base_line: int
    base_count: int
    head_line: int
    head_count: int


@dataclass(frozen=True)
class Comparison:
    """Base and head, always in this order.

    ``base_ref`` and ``head_ref`` are the names a person used; the commits are full object names.
    ``work_tree`` is true when head is the work tree, uncommitted edits included, and false when it is ``head_commit``.
    ``pull_head`` is the pull request's head, of which ``head_commit`` is the merge where actions/checkout made it; None
    without a pull request.
    """

    base_ref: str
    merge_base: str
    head_ref: str
    head_commit: str
    changed_paths: tuple[ChangedPath, ...] = ()
    work_tree: bool = True
    pull_head: str | None = None

    def is_of(self, commit: str) -> bool:
        """Whether this is about a pull request with that head."""
        return commit == (self.pull_head or self.head_commit)


@dataclass(frozen=True)
class PullRequest:
    """The pull request on the forge, as far as this run needs it."""

    owner: str
    repository: str
    number: int
    head_ref: str
    head_commit: str
    base_ref: str
    from_fork: bool = False
