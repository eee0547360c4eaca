"""Which lines of a file differ between the merge base and head."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from rocky_action.domain.pull_request import Comparison, Hunk
from rocky_action.git.binary import decode
from rocky_action.git.repository import Repository

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_AT_ONCE = 500
"""Paths for one call: a command line has an end."""


def changed_hunks(
    repository: Repository, comparison: Comparison, *, paths: Collection[str]
) -> Mapping[str, tuple[Hunk, ...]]:
    """The hunks of head's files, by path; a file that git does not track, or that is new as a whole, has none.

    A name that git must put in quotes (line ends, quotation marks) is left out: nobody calls a model so.
    """
    old = {change.path: change.old_path for change in comparison.changed_paths if change.old_path}
    wanted = sorted({change.path for change in comparison.changed_paths}.intersection(paths))
    found: dict[str, tuple[Hunk, ...]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        asked = wanted[start : start + _AT_ONCE]
        asked += [old[path] for path in asked if path in old]
        found |= dict(_parsed(_diff(repository, comparison, paths=asked)))
    return found


def _diff(repository: Repository, comparison: Comparison, *, paths: Collection[str]) -> str:
    commits = (comparison.merge_base, *(() if comparison.work_tree else (comparison.head_commit,)))
    how = ("-p", "-U0", "--inter-hunk-context=0", "-M", "--relative", "--text", "--no-color", "--ignore-submodules")
    names = ("--src-prefix=a/", "--dst-prefix=b/", "--no-ext-diff", "--no-textconv")
    literal = (f":(literal){path}" for path in paths)
    return decode(repository.git.run("diff", *how, *names, *commits, "--", *literal))


def _parsed(text: str) -> Iterator[tuple[str, tuple[Hunk, ...]]]:
    """Each file of a patch. A hunk says how many lines it has, so that none of them is taken for a header."""
    path, hunks, content = "", list[Hunk](), 0
    for line in text.split("\n"):
        if line.startswith("\\"):  # "No newline at end of file" belongs to the line before
            continue
        if content:
            content -= 1
        elif line.startswith("diff --git "):
            if path and hunks:
                yield path, tuple(hunks)
            path, hunks = "", []
        elif line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/").removesuffix("\t")
        elif match := _HUNK.match(line):
            base_count, head_count = (1 if count is None else int(count) for count in (match[2], match[4]))
            hunks.append(Hunk(int(match[1]), base_count, int(match[3]), head_count))
            content = base_count + head_count
    if path and hunks:
        yield path, tuple(hunks)
