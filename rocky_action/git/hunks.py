"""Which lines of a file differ between the merge base and head."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

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
        commits = (comparison.merge_base, *(() if comparison.work_tree else (comparison.head_commit,)))
        found |= dict(_parsed(_diff(repository, commits, paths=asked)))
    return found


def lines_in(
    repository: Repository, commit: str, *, spots: Collection[tuple[str, int]]
) -> Mapping[tuple[str, int], int]:
    """Lines of the work tree's files as lines of a commit's: of a line that the commit has not, the one before.

    A merge puts what the other side has edited in between. Nothing for a commit that is not here.
    """
    if not spots or repository.resolve(commit) is None:
        return {}
    paths = sorted({path for path, _ in spots})
    hunks = dict(_parsed(_diff(repository, (commit,), paths=paths[:_AT_ONCE])))
    return {(path, line): _line_before(line, hunks.get(path, ())) for path, line in spots}


def _line_before(line: int, hunks: Iterable[Hunk]) -> int:
    shift = 0
    for hunk in hunks:
        if hunk.head_count and hunk.head_line <= line < hunk.head_line + hunk.head_count:
            last = hunk.base_line + max(hunk.base_count, 1) - 1
            return max(min(hunk.base_line + line - hunk.head_line, last), 1)
        if hunk.head_line < line:
            shift += hunk.base_count - hunk.head_count
    return line + shift


def _diff(repository: Repository, commits: Sequence[str], *, paths: Collection[str]) -> str:
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
