"""The examples of docs/why.md: a small shop, edits of it as a person would show them, and the plan in words.

A fence ``sql`` holds models, each behind a comment with its path. A fence ``diff`` edits them: a line with a path, then
lines that stay, go (``-``) or come (``+``), as they stand in the file. The fence ``text`` after it is the plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from rocky_action.domain.changes import ChangeSet
from rocky_action.domain.plan import NOTHING_CHANGED, LeftModel, Plan
from tests.support.random_projects.cases import Case

SOURCES = """\
CREATE SCHEMA IF NOT EXISTS raw;
CREATE TABLE raw.orders AS
    SELECT i AS id, (i % 7)::INTEGER AS customer_id, (i * 12.345)::DECIMAL(10, 3) AS amount,
    CASE i % 3 WHEN 0 THEN 'paid' WHEN 1 THEN 'refunded' END AS status, DATE '2026-01-01' + (i::INTEGER % 40) AS placed
    FROM range(60) AS t(i);
CREATE TABLE raw.customers AS
    SELECT i::INTEGER AS id, 'Customer ' || i AS name, CASE i % 2 WHEN 0 THEN 'retail' ELSE 'Trade' END AS segment
    FROM range(7) AS t(i);
CREATE MACRO score(status) AS LENGTH(status);
"""

_FENCE = re.compile(r"^```(sql|diff|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"^(?:-- )?(models/\w+\.(?:sql|toml|rocky))$")


@dataclass(frozen=True)
class Example:
    """One section of the page; ``plan`` is what it says, word by word."""

    title: str
    base: dict[str, str]
    head: dict[str, str]
    plan: str

    @property
    def case(self) -> Case:
        """Both sides as files, over the shop's sources."""
        return Case(self.title, SOURCES, _with_sidecars(self.base), _with_sidecars(self.head))


def examples(page: str) -> Iterator[Example]:
    """Every edit on the page: on top of the shop, and of the models that its own section adds."""
    first, *sections = re.split(r"^#{2,} (?=.)", page, flags=re.MULTILINE)
    shop = _models(first)
    for section in sections:
        title = section.partition("\n")[0]
        base, head = shop | _models(section), None
        for kind, body in _FENCE.findall(section):
            if kind == "diff":
                head = edited(base, body)
            elif kind == "text" and head is not None:
                yield Example(title, base, head, body)
                head = None


def edited(files: dict[str, str], diff: str) -> dict[str, str]:
    """The files after an edit; a file whose every line goes is gone."""
    after = dict(files)
    for path, lines in _sections(diff.splitlines()):
        old = "".join(f"{line[2:]}\n" for line in lines if line[:1] != "+")
        new = "".join(f"{line[2:]}\n" for line in lines if line[:1] != "-")
        text = after.pop(path, "")
        if text.count(old) != 1 and (text or old):
            raise ValueError(f"these lines are not, or not only once, in {path}:\n{old}")
        if text.replace(old, new) if old else new:
            after[path] = text.replace(old, new) if old else text + new
    return after


def told(changes: ChangeSet, plan: Plan) -> str:
    """A plan as the page shows it: the kind of each change, each model that runs, and the others by their reasons."""
    lines = [f"change   {change.model}: {change.kind}" for change in changes.changes]
    for planned in plan.prune_set:
        columns = f" [{', '.join(planned.changed_columns)}]" if planned.changed_columns else ""
        lines.append(f"runs     {planned.model}{columns}: {planned.why}")
    lines += _left("copied ", plan.copy_set)
    lines += _left("skipped", plan.skipped)
    lines += _left("removed", plan.removed)
    return "".join(f"{line}\n" for line in lines)


def _left(what: str, models: Iterable[LeftModel]) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for left in sorted(models, key=lambda left: left.why == NOTHING_CHANGED):
        by_reason.setdefault(left.why, []).append(left.model)
    for why, names in by_reason.items():
        yield f"{what}  {', '.join(names)}: {why}"


def _models(section: str) -> dict[str, str]:
    found = (body for kind, body in _FENCE.findall(section) if kind == "sql")
    return {path: "\n".join(lines).strip() + "\n" for body in found for path, lines in _sections(body.splitlines())}


def _sections(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """The lines behind each path."""
    path = ""
    for is_path, group in groupby(lines, key=lambda line: bool(_PATH.match(line))):
        if is_path:
            (path,) = (_PATH.sub(r"\1", line) for line in group)
        else:
            yield path, [line for line in group if line.strip()]


def _with_sidecars(files: dict[str, str]) -> dict[str, str]:
    """Every query has a sidecar, an empty one where the page shows none."""
    sidecars = {f"{path.rpartition('.')[0]}.toml": "" for path in files if not path.endswith(".toml")}
    return {**sidecars, **files}
