"""The contents of a project's files as text and as TOML; whatever cannot be read is noted."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rocky_action.projects.config_keys import ADAPTER_SETTINGS
from rocky_action.projects.mistakes import Mistakes
from rocky_action.projects.plain_toml import plain_toml
from rocky_action.projects.shown_secrets import shown_secrets
from rocky_action.projects.toml import Document, Table
from rocky_action.projects.variables import fill_environment, unset_in

_DEEPEST = 32
_LARGEST = 2**63
_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True)
class Files:
    """Files that were read, by path. Without an ``environ`` nothing is substituted in their TOML."""

    contents: Mapping[str, bytes] = field(repr=False)
    mistakes: Mistakes = field(repr=False)
    environ: Mapping[str, str] | None = field(default=None, repr=False)

    def __contains__(self, path: str) -> bool:
        return path in self.contents

    def text(self, path: str) -> str | None:
        """A file's text with plain line ends, None (and a mistake) if it is not UTF-8."""
        data = self.contents[path]
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as err:
            line = data.count(b"\n", 0, err.start) + 1
            self.mistakes.note(path, "this is not UTF-8 text", line=line, advice="Save the file as UTF-8.")
            return None

    def table(self, path: str) -> Table | None:
        """The root table of a TOML file, None (and a mistake) if it cannot be read."""
        text = self.text(path)
        return None if text is None else self.parse(path, text)

    def config(self, path: str) -> Table | None:
        """The root table of ``rocky.toml``, where a setting of a warehouse's adapter may wait for its variable."""
        text = self.text(path)
        return None if text is None else self.parse(path, text, may_wait=_waiting)

    def parse(
        self, path: str, raw: str, *, may_wait: Callable[[Mapping[str, object]], Iterable[int]] = lambda _: ()
    ) -> Table | None:
        """The root table of a TOML text that stands in a file, None (and a mistake) if it cannot be read.

        ``may_wait`` says of the table which unset variables are no mistake yet, by their place in the text.
        """
        text, unset = (raw, ()) if self.environ is None else fill_environment(raw, self.environ)
        root = self._parsed(Document(path, raw, text, self.mistakes, tuple(name for name, _ in unset)))
        waiting = set() if root is None else {*may_wait(root.values)}
        missing = [one for at, one in enumerate(unset) if at not in waiting]
        for name, line in missing:
            advice = f"Set {name} where this runs, or write ${{{name}:-default}}."
            self.mistakes.note(path, f"environment variable {name} is not set", line=line, advice=advice)
        seen = tuple(shown_secrets(raw, self.environ)) if root is not None and self.environ and "${" in raw else ()
        for name in seen:
            line = raw.count("\n", 0, raw.find(name)) + 1
            advice = "Only a setting of an adapter that is itself named like a secret, such as password, may have it."
            self.mistakes.note(path, f"{name} is a secret, and would be shown here", line=line, advice=advice)
        return None if missing or seen else root

    def _parsed(self, document: Document) -> Table | None:
        path, text = document.path, document.text
        plain = plain_toml(text)
        if plain is not None:
            return Table(plain, document)
        try:
            values = tomllib.loads(text)
        except RecursionError:
            self.mistakes.note(path, "this is nested too deeply to be read")
            return None
        except ValueError as err:  # TOMLDecodeError, or an integer with more digits than Python converts
            if not document.unset:  # or that may be why
                self._note_syntax_error(path, text, message=str(err))
            return None
        if not _is_sane(values):
            self.mistakes.note(path, f"a number beyond 64 bits, or tables more than {_DEEPEST} levels deep")
            return None
        return Table(values, document)

    def empty(self, path: str) -> Table:
        """The table of a file that is not there."""
        return Table({}, Document(path, "", "", self.mistakes))

    def _note_syntax_error(self, path: str, text: str, *, message: str) -> None:
        position = _POSITION.search(message)
        line = int(position[1]) if position and position[1] else text.count("\n") + 1
        column = f", column {position[2]}" if position and position[2] else ""
        self.mistakes.note(
            path,
            f"this is not valid TOML{column}: {_POSITION.sub('', message)}",
            line=line,
            advice='Expected [table] headers and key = value lines, with text in "quotes".',
        )


def _waiting(root: Mapping[str, object]) -> Iterator[int]:
    """Unset variables of warehouses' settings: whoever only plans needs none of them. A DuckDB file must be named."""
    named = [table for key in ("adapter", "adapters") if isinstance(table := root.get(key), dict)]
    tables = [one for table in named for one in ([table] if "type" in table else table.values())]
    for table in tables:
        if isinstance(table, dict) and table.get("type") != "duckdb":
            values = (table.get(key) for key in ADAPTER_SETTINGS)
            yield from (at for value in values if isinstance(value, str) for at in unset_in(value))


def _is_sane(values: object) -> bool:
    todo: list[tuple[object, int]] = [(values, 0)]
    while todo:
        value, depth = todo.pop()
        if depth > _DEEPEST or (isinstance(value, int) and not -_LARGEST <= value < _LARGEST):
            return False
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        todo.extend((item, depth + 1) for item in inner)
    return True
