"""Inputs read by name, each as what it has to be; every mistake is kept, under the name that the person wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from rocky_action.domain.limits import Gate
from rocky_action.domain.naming import is_preview_name, preview_name
from rocky_action.domain.options import AuditOptions, ProjectFile
from rocky_action.domain.prices import PriceChoice
from rocky_action.errors import did_you_mean
from rocky_action.settings.costs import price_choice, runs_per_month
from rocky_action.settings.entries import entries, shown
from rocky_action.settings.gates import gates_of
from rocky_action.settings.inputs import BY_NAME
from rocky_action.settings.memory import SHORTEST_KEY
from rocky_action.settings.sizes import bytes_of
from rocky_action.settings.sources import given_as

_Choice = TypeVar("_Choice", bound=StrEnum)


class Reader:
    """Takes values by name and remembers what is wrong with them.

    After a mistake each method returns some value of its type, which nobody sees: ``parse`` raises before it returns.
    """

    def __init__(self, values: Mapping[str, str], *, project_file: ProjectFile, origin: str) -> None:
        self.project_file = project_file
        self.mistakes = [
            f"{name} is not an input{did_you_mean(name, BY_NAME)}" for name in sorted(values.keys() - BY_NAME.keys())
        ]
        self._given = {
            name: given_as(known, values, project_file=project_file, origin=origin) for name, known in BY_NAME.items()
        }

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each value came from, by the input's name."""
        return MappingProxyType({name: given.origin for name, given in self._given.items()})

    def wrong(self, name: str, problem: str) -> None:
        """Notes what is wrong with an input."""
        self.mistakes.append(f"{self._given[name].label} {problem}")

    def text(self, name: str) -> str:
        """The text, without blanks around it."""
        return self._given[name].text.strip()

    def optional(self, name: str) -> str | None:
        """The text, None where there is none."""
        return self.text(name) or None

    def choice(self, name: str, kind: type[_Choice]) -> _Choice:
        """One of a closed set."""
        text = self.text(name)
        known = {member.value: member for member in kind}
        if text not in known:
            self.wrong(name, f"is {shown(text)}, not one of {', '.join(known)}{did_you_mean(text, known)}")
        return known.get(text, next(iter(kind)))

    def truth(self, name: str) -> bool:
        """True or false."""
        text = self.text(name).lower()
        if text not in {"true", "false"}:
            self.wrong(name, f"is {shown(text)}, not true or false")
        return text == "true"

    def whole(self, name: str, *, at_least: int, at_most: int = 999_999_999) -> int:
        """0 where nothing is given and nothing is the default."""
        text = self.text(name)
        if not text:
            return 0
        number = int(text) if re.fullmatch("[0-9]{1,9}", text) else -1
        if not at_least <= number <= at_most:
            self.wrong(name, f"is {shown(text)}, not a whole number from {at_least} to {at_most}")
        return number

    def above_zero(self, name: str, what: str) -> float | None:
        """A number, None where there is none; ``what`` it should be goes into the message."""
        text = self.text(name)
        if not text:
            return None
        number = float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text) else 0.0
        if not number:
            self.wrong(name, f"is {shown(text)}, not a number of {what}")
        return number

    def memory_limit(self) -> str | None:
        """A size as DuckDB spells it."""
        text = self.text("memory_limit")
        if text and not re.fullmatch(r"(?i)(?=[0-9.]*[1-9])[0-9]{1,9}(\.[0-9]+)? ?[MGT]i?B", text):
            self.wrong("memory_limit", f"is {shown(text)}, not a size such as 2GB or 512MiB")
        return text or None

    def size(self, name: str) -> int | None:
        """A size in bytes, None where there is none."""
        text = self.text(name)
        if not text:
            return None
        found = bytes_of(text)
        if not found:
            self.wrong(name, f"is {shown(text)}, not a size such as 5GB or 512MiB")
        return found or None

    def audit(self) -> AuditOptions:
        """How many models to audit, or what share."""
        text = self.text("audit")
        number, percent = text.removesuffix("%").rstrip(), text.endswith("%")
        size = int(number) if re.fullmatch("[0-9]{1,9}", number) else -1
        if not 0 <= size <= (100 if percent else 999_999_999):
            self.wrong("audit", f"is {shown(text)}, neither a whole number of models nor a share such as 10%")
        return AuditOptions(size, percent)

    def price(self) -> PriceChoice:
        """What to price with."""
        given = self._given["price"]
        found, problems = price_choice(entries(given.text), given.label)
        for problem in problems:
            self.wrong("price", problem)
        return found

    def runs_per_month(self) -> tuple[float, float] | None:
        """From so many runs to so many, None where nobody says."""
        found, problems = runs_per_month(self.text("runs_per_month"))
        for problem in problems:
            self.wrong("runs_per_month", problem)
        return found

    def gates(self) -> tuple[Gate, ...]:
        """What fails a pull request."""
        given = self._given["gate"]
        found, problems = gates_of(entries(given.text), given.origin)
        for problem in problems:
            self.wrong("gate", problem)
        return found

    def branch_name(self) -> str | None:
        """The preview's name, None where it is made of the branch's."""
        text = self.text("branch_name")
        if text and not is_preview_name(text):
            self.wrong(
                "branch_name",
                f"is {shown(text)}, but a preview's name has lower-case letters, digits and single underscores only,"
                f" begins and ends with a letter or digit and is short; take {preview_name(text)}, for example",
            )
        return text or None

    def several(self, name: str) -> tuple[str, ...]:
        """Entries, one per line or with commas between them."""
        return tuple(entries(self._given[name].text))

    def extensions(self) -> tuple[str, ...]:
        """Names of DuckDB's extensions."""
        found = self.several("duckdb_extensions")
        for name in found:
            if not re.fullmatch("[a-z][a-z0-9_]*", name):
                self.wrong("duckdb_extensions", f"has {shown(name)}, which is not the name of an extension")
        return found

    def comment_marker(self) -> str:
        """An HTML comment on one line."""
        text = self.text("comment_marker")
        if not re.fullmatch(r"<!--(?:(?!-->)[^\r\n])*-->", text):
            self.wrong("comment_marker", f"is {shown(text)}, not one HTML comment on one line: <!-- like this -->")
        return text

    def history_key(self) -> str | None:
        """The secret, None where there is none; no message repeats it."""
        text = self.text("history_key")
        if text and len(text) < SHORTEST_KEY:
            self.wrong("history_key", f"has fewer than {SHORTEST_KEY} characters: it could be guessed")
        return text or None

    def variables(self) -> Mapping[str, str]:
        """A comma separates only what a ``name=`` follows, so that a value may contain commas."""
        found: dict[str, str] = {}
        for entry in entries(self._given["var"].text, r",(?=\s*[A-Za-z_]\w*\s*=)"):
            name, equals, value = (part.strip() for part in entry.partition("="))
            if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name):
                self.wrong("var", f"has {shown(entry)}, which is not name=value")
            elif name in found:
                self.wrong("var", f"gives {name} twice")
            found[name] = value
        return MappingProxyType(found)
