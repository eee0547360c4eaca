"""TOML tables read key by key: whatever is wrong is noted with its file, its line and what was expected."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from rocky_action.projects.lines import Path, locate
from rocky_action.projects.mistakes import Mistakes, nearest


@dataclass(frozen=True)
class Document:
    """One TOML text: ``raw`` as it stands in the file, ``text`` with the environment filled in.

    ``unset`` are the names of the variables that could not be, in the order met.
    """

    path: str
    raw: str
    text: str = field(repr=False)
    mistakes: Mistakes = field(repr=False)
    unset: tuple[str, ...] = ()

    @cached_property
    def _lines(self) -> Mapping[Path, int]:
        return locate(self.text)

    def line(self, where: Path) -> int:
        """The line of a key or table, or of the nearest table around it; 0 for the document itself."""
        for length in range(len(where), 0, -1):
            if where[:length] in self._lines:
                return self._lines[where[:length]]
        return 0

    def show(self, value: str) -> str:
        """A value in quotes, unless it came out of the environment: that may be a secret."""
        return f'"{value}"' if value in self.raw else "(a value from the environment)"


_JSON = json.JSONEncoder(sort_keys=True, default=str)


@dataclass(frozen=True)
class Table:
    """One table of a document. Readers give None for a key that is absent, and for a wrong one, which they note."""

    values: Mapping[str, object]
    document: Document
    where: Path = ()

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A string."""
        if key not in self.values and not required:
            return None
        value = self._get(key, "a string", required=required)
        if isinstance(value, str):
            return value
        self._refuse(key, "a string", value=value)
        return None

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...] | None:
        """A list of strings; a required one may not be empty."""
        value = self._get(key, "a list of strings", required=required)
        found = ""
        if isinstance(value, list):
            texts = tuple(item for item in value if isinstance(item, str))
            if len(texts) == len(value) and (texts or not required):
                return texts
            wrong = next((item for item in value if not isinstance(item, str)), None)
            found = "an empty list" if wrong is None else f"a list with {_kind(wrong)} in it"
        self._refuse(key, "a list of strings", value=value, found=found)
        return None

    def integer(self, key: str, *, least: int = 0) -> int | None:
        """An integer."""
        value = self._get(key, "an integer")
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self._refuse(key, f"an integer of {least} or more", value=value)
        return None

    def number(self, key: str) -> float | None:
        """A number that is finite and not negative."""
        value = self._get(key, "a number")
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
            return float(value)
        self._refuse(key, "a number of 0 or more", value=value)
        return None

    def boolean(self, key: str) -> bool | None:
        """True or false."""
        value = self._get(key, "true or false")
        if isinstance(value, bool):
            return value
        self._refuse(key, "true or false", value=value)
        return None

    def choice(self, key: str, known: Iterable[str], *, required: bool = False) -> str | None:
        """A string out of a few."""
        value = self.text(key, required=required)
        names = tuple(known)
        if value is None or value in names:
            return value
        self.wrong(
            key, f"{self._name(key)} is {self.document.show(value)}, expected {_one_of(names)}", word=value, known=names
        )
        return None

    def table(self, key: str) -> Table | None:
        """A table."""
        if key not in self.values:
            return None
        value = self._get(key, "a table")
        if isinstance(value, dict):
            return Table(value, self.document, (*self.where, key))
        self._refuse(key, "a table", value=value)
        return None

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables, empty if it is absent."""
        if key not in self.values:
            return ()
        value = self._get(key, "a list of tables")
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return tuple(Table(item, self.document, (*self.where, key, index)) for index, item in enumerate(value))
        self._refuse(key, f"a list of tables ([[{key}]])", value=value)
        return ()

    def string_map(self, key: str) -> dict[str, str]:
        """A table of strings, empty if it is absent."""
        table = self.table(key)
        if table is None:
            return {}
        return {name: value for name in table.values if (value := table.text(name)) is not None}

    def wrong(
        self, key: str | None, message: str, *, word: str = "", known: Iterable[str] = (), advice: str = ""
    ) -> None:
        """Notes a mistake at a key, or at the table itself; with a ``word``, advises the nearest known one."""
        line = self.line(key)
        self.document.mistakes.note(
            self.document.path, message, line=line, advice=nearest(word, known) if known else advice
        )

    def warn(self, key: str, message: str) -> None:
        """Notes a warning at a key."""
        self.document.mistakes.warn(self.document.path, message, line=self.line(key))

    def unknown(self, known: Iterable[str], *, verdict: Literal["mistake", "warning"]) -> None:
        """Notes every key that is not known."""
        names = tuple(known)
        for key in self.values:
            if key not in names and verdict == "mistake":
                self.wrong(key, f"unknown key {self._name(key)}", word=key, known=names)
            elif key not in names:
                self.warn(key, f"unknown key {self._name(key)} is ignored. {nearest(key, names)}")

    def line(self, key: str | None) -> int:
        """The line of a key, as near as can be told."""
        return self.document.line(self.where if key is None else (*self.where, key))

    def _name(self, key: str) -> str:
        known = (part for part in self.where if isinstance(part, str))
        from_outside = key in self.values and key not in self.document.raw
        return "(from the environment)" if from_outside else f'"{".".join((*known, key))}"'

    def _get(self, key: str, expected: str, *, required: bool = False) -> object:
        if required and key not in self.values:
            self.wrong(key, f"{self._name(key)} is missing, expected {expected}", advice=_example(key, expected))
        return self.values.get(key)

    def _refuse(self, key: str, expected: str, *, value: object, found: str = "") -> None:
        if value is not None:
            message = f"{self._name(key)} must be {expected}, found {found or _kind(value)}"
            self.wrong(key, message, advice=_example(key, expected))


def canonical(value: object) -> str:
    """A TOML value as text that is equal for equal values."""
    return value if isinstance(value, str) else _JSON.encode(value)


def _kind(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "a string"
        case int():
            return "an integer" if value >= 0 else "a negative integer"
        case float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"


def _one_of(names: tuple[str, ...]) -> str:
    return " or ".join(names) if len(names) < 3 else f"one of {', '.join(names)}"


def _example(key: str, expected: str) -> str:
    examples = {"a string": '"…"', "a list of strings": '["…"]', "true or false": "true"}
    return f"Write {key} = {examples[expected]}" if expected in examples else ""
