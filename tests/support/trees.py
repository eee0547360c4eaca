"""A project's files in memory, and a small valid project to start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class MemoryTree:
    """A SourceTree of a dict; counts how often it is read."""

    files: Mapping[str, bytes]
    label: str = "memory"
    reads: list[tuple[str, ...]] = field(default_factory=list)

    def paths(self) -> Sequence[str]:
        return sorted(self.files)

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        wanted = tuple(paths)
        self.reads.append(wanted)
        return {path: self.files[path] for path in wanted if path in self.files}


def tree(files: Mapping[str, str]) -> MemoryTree:
    return MemoryTree({path: text.encode() for path, text in files.items()})
