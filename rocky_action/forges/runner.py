"""What a step tells GitHub's runner: outputs, the job summary, annotations, groups and masks.

The runner reads commands out of everything that a step prints, on both streams. Whatever came from a stranger goes
through ``plain`` before it is printed; what is printed by others goes through ``forges.log``.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TextIO

from rocky_action.domain.text import escaped, plain
from rocky_action.errors import OutsideError
from rocky_action.forges.log import encodable

Level = Literal["error", "warning", "notice"]
ANNOTATIONS_PER_LEVEL = 10
LONGEST_ANNOTATION = 4_096
"""Characters. The runner cuts there too, but silently."""
SHORTEST_SECRET = 4


class Runner:
    """The runner of this step. What it does not offer, such as an output file, is left out silently."""

    def __init__(
        self,
        environ: Mapping[str, str],
        stream: TextIO,
        *,
        delimiter: Callable[[], str] = lambda: f"rocky_{uuid.uuid4().hex}",
    ) -> None:
        self._output = environ.get("GITHUB_OUTPUT")
        self._summary = environ.get("GITHUB_STEP_SUMMARY")
        self._stream = stream
        self._delimiter = delimiter
        self._annotations: Counter[Level] = Counter()

    def set_output(self, name: str, value: str) -> None:
        """Sets an output of the step; the value may contain anything."""
        delimiter = self._delimiter()
        while delimiter in value:
            delimiter = self._delimiter()
        _append(self._output, f"{name}<<{delimiter}\n{value}\n{delimiter}\n")

    def append_summary(self, markdown: str) -> None:
        """Adds to the job summary."""
        _append(self._summary, markdown if markdown.endswith("\n") else f"{markdown}\n")

    def annotate(
        self, level: Level, message: str, *, file: str | None = None, line: int | None = None, title: str | None = None
    ) -> None:
        """Marks a line of a file, or the run. The runner drops what goes beyond its limit, so the worst go first."""
        self._annotations[level] += 1
        if self._annotations[level] > ANNOTATIONS_PER_LEVEL:
            return
        if len(message) > LONGEST_ANNOTATION:
            message = f"{message[: LONGEST_ANNOTATION - 1]}…"
        properties = {"file": file, "line": None if line is None else str(line), "title": title}
        self._command(level, escaped(message), **{key: escaped(value) for key, value in properties.items() if value})

    def finish(self) -> None:
        """Says how many annotations there was no room for."""
        left_out = [
            f"{count - ANNOTATIONS_PER_LEVEL} more of level {level}"
            for level, count in self._annotations.items()
            if count > ANNOTATIONS_PER_LEVEL
        ]
        if left_out:
            self.say(f"Not annotated, because GitHub shows only {ANNOTATIONS_PER_LEVEL}: {', '.join(left_out)}.")

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Folds what is printed inside under a title."""
        self._command("group", escaped(title))
        try:
            yield
        finally:
            self._command("endgroup", "")

    def mask(self, value: str) -> None:
        """Keeps a secret out of the log, line by line; a very short one would blank the log instead."""
        for line in value.splitlines():
            if len(line.strip()) >= SHORTEST_SECRET:
                self._command("add-mask", line.strip())

    def say(self, text: str) -> None:
        """Prints text that may hold anything."""
        self._write(plain(text))

    def _command(self, name: str, data: str, **properties: str) -> None:
        listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
        self._write(f"::{name}{' ' if listed else ''}{listed}::{_data(data)}")

    def _write(self, line: str) -> None:
        self._stream.write(encodable(line) + "\n")
        self._stream.flush()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _append(path: str | None, text: str) -> None:
    """Adds to one of the runner's files in one write, so that nothing can come in between."""
    if not path:
        return
    try:
        with Path(path).open("ab") as file:
            file.write(encodable(text).encode("utf-8"))
    except OSError as err:
        raise OutsideError(
            f"The runner's file {path} cannot be written: {err.strerror}",
            advice="Check the free disk space and that the container runs as root.",
        ) from err
