"""A check run on a pull request's head commit: one per name and commit, rewritten by the next run on that commit.

Annotations of a check run can be added and never taken away. So a run that has others than are there makes a new check
run of the same name, which GitHub shows instead of the former.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlencode

from rocky_action.domain.annotations import Annotation
from rocky_action.domain.report import Severity
from rocky_action.domain.text import escaped
from rocky_action.forges.comments import SECONDS_OF_REPLICA_LAG, SHORTEST, Body, Posted
from rocky_action.forges.github_api import GitHub, route
from rocky_action.forges.payload import dig, text
from rocky_action.forges.refusals import NoAnswerError, RefusedError

ROUNDS = 2
LONGEST_SUMMARY = 65_000
"""Bytes in UTF-8. GitHub's description says 65,535 characters; bytes are safe under either reading."""
LONGEST_TITLE = 200
AT_ONCE = 50
MOST_ANNOTATIONS = 100
LONGEST_MESSAGE = 4_096

Conclusion = Literal["success", "neutral", "failure", "cancelled"]
_LEVELS: Mapping[Severity, str] = MappingProxyType(
    {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.NOTE: "notice"}
)
_Line = tuple[str, int, str, str]
"""What makes an annotation: path, line, level, message."""
_Send = Callable[[dict[str, object]], object]


@dataclass(frozen=True)
class CheckRun:
    """What a check run is to say. ``annotations`` None leaves those that are there as they are."""

    name: str
    external_id: str
    head_sha: str
    conclusion: Conclusion
    title: str
    summary: Body
    annotations: tuple[Annotation, ...] | None = ()
    run_url: str | None = None


def conclude(github: GitHub, *, owner: str, repository: str, check: CheckRun) -> Posted:
    """Makes the commit's check run of this name say what ``check`` says. Raises ForgeError."""
    return _Conclusion(github, route("repos", owner, repository), check=check).settle()


@dataclass(frozen=True)
class _Found:
    id: int
    annotations: int


class _Conclusion:
    def __init__(self, github: GitHub, repository: str, *, check: CheckRun) -> None:
        self._github = github
        self._repository = repository
        self._check = check
        self._limit = LONGEST_SUMMARY
        self._lines = [_line(one) for one in (check.annotations or ())[:MOST_ANNOTATIONS] if one.path]

    def settle(self) -> Posted:
        """Looks before each write: without an answer nobody knows whether the last one was carried out."""
        for _ in range(ROUNDS - 1):
            try:
                return self._settled(self._find())
            except NoAnswerError:
                if not self._github.patience.wait(SECONDS_OF_REPLICA_LAG):
                    raise
        return self._settled(self._find())

    def _settled(self, found: _Found | None) -> Posted:
        left = None if found is None else self._left(found)
        if found is None or left is None:
            return self._write(self._lines, partial(self._github.post, self._runs), head_sha=self._check.head_sha)
        return self._write(left, partial(self._patch, found.id))

    @property
    def _runs(self) -> str:
        return f"{self._repository}/check-runs"

    def _find(self) -> _Found | None:
        """The newest check run of ours on the commit. Another app's cannot be written, whatever it is called."""
        query = urlencode({"check_name": self._check.name, "filter": "latest", "per_page": "100"})
        answer = self._github.get(f"{self._repository}/commits/{route(self._check.head_sha)}/check-runs?{query}")
        listed = dig(answer, "check_runs")
        if not isinstance(listed, list):
            raise NoAnswerError("a list of check runs that is none")
        ours = [
            one
            for one in listed
            if (text(one, "name"), text(one, "external_id")) == (self._check.name, self._check.external_id)
            and f"{text(one, 'app', 'slug')}[bot]" == self._github.login
        ]
        found = [_found(one) for one in ours]
        return max(found, key=lambda one: one.id, default=None)

    def _left(self, found: _Found) -> list[_Line] | None:
        """The annotations that are not there yet; None if there are others, which nobody can take away."""
        if self._check.annotations is None or not found.annotations:
            return self._lines
        listed = self._github.pages(f"{self._runs}/{found.id}/annotations")
        there = {_read_line(one) for one in listed}
        return None if there - set(self._lines) else [one for one in self._lines if one not in there]

    def _write(self, lines: list[_Line], send: _Send, **new: str) -> Posted:
        """The first annotations with everything else, then the others."""
        answer = self._sent(lines[:AT_ONCE], lambda said: send({**new, **said}))
        number = _found(answer).id
        for start in range(AT_ONCE, len(lines), AT_ONCE):
            self._sent(lines[start : start + AT_ONCE], partial(self._patch, number))
        return Posted(text(answer, "html_url"), bool(new))

    def _patch(self, number: int, said: Mapping[str, object]) -> object:
        """Annotations add up, so a request that has some is not simply repeated."""
        return self._github.patch(f"{self._runs}/{number}", said, repeatable=not dig(said, "output", "annotations"))

    def _sent(self, lines: list[_Line], send: _Send) -> object:
        """Sends it, half the summary each time that GitHub finds it too long. Such a refusal has changed nothing."""
        while True:
            try:
                return send(self._said(lines))
            except RefusedError as err:
                if not err.is_too_long or self._limit // 2 < SHORTEST:
                    raise
                self._limit //= 2

    def _said(self, lines: list[_Line]) -> dict[str, object]:
        title = escaped(self._check.title)
        output: dict[str, object] = {
            "title": title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…",
            "summary": self._check.summary(self._limit),
        }
        if lines:
            output["annotations"] = [_spelled(line) for line in lines]
        said: dict[str, object] = {
            "name": self._check.name,
            "external_id": self._check.external_id,
            "status": "completed",
            "conclusion": self._check.conclusion,
            "output": output,
        }
        return said | ({"details_url": self._check.run_url} if self._check.run_url else {})


def _line(one: Annotation) -> _Line:
    message = escaped(one.message)
    cut = message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 1]}…"
    return escaped(one.path or ""), one.line or 1, _LEVELS[one.severity], cut


def _spelled(line: _Line) -> dict[str, object]:
    path, number, level, message = line
    return {
        "path": path,
        "start_line": number,
        "end_line": number,
        "annotation_level": level,
        "message": message,
        "title": "rocky-preview",
    }


def _read_line(data: object) -> _Line:
    match data:
        case {"path": str(path), "start_line": int(line), "annotation_level": str(level), "message": str(message)}:
            return path, line, level, message
        case _:
            raise NoAnswerError("an annotation without path, line, level or message")


def _found(data: object) -> _Found:
    match data:
        case {"id": int(number)}:
            count = dig(data, "output", "annotations_count")
            return _Found(number, count if isinstance(count, int) else 0)
        case _:
            raise NoAnswerError("a check run without id")
