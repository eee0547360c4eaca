"""Which functions each warehouse is known to have, and which of them no model may call unasked, by the lists here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Builtins:
    """One warehouse's functions, in lower case; ``refused`` are patterns with what their functions do."""

    known: frozenset[str]
    families: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]

    def has(self, name: str) -> bool:
        """Whether it is a function that only computes."""
        return name in self.known or ("." not in name and any(fnmatchcase(name, family) for family in self.families))

    def refusal(self, name: str) -> str | None:
        """What a function does besides computing, as it reads behind its name; None if nothing is known of it."""
        return (
            None
            if name in self.known
            else next((why for pattern, why in self.refused if fnmatchcase(name, pattern)), None)
        )


@dataclass(frozen=True)
class Nodes:
    """What a tree may be made of, by the names of sqlglot's classes; ``refused`` says why some of them may not be."""

    parts: frozenset[str]
    functions: frozenset[str]
    refused: dict[str, str]


@cache
def builtins_of(dialect: str) -> Builtins:
    """The lists for one dialect."""
    found = _read(dialect)
    return Builtins(_words(found["known"]), tuple(_words(found["families"])), _reasons(found["refused"]))


@cache
def nodes() -> Nodes:
    """The lists for sqlglot's trees, whatever the dialect."""
    found = _read("sqlglot")
    return Nodes(_words(found["parts"]), _words(found["functions"]), dict(_reasons(found["refused"])))


def _read(name: str) -> dict[str, object]:
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))


def _words(text: object) -> frozenset[str]:
    return frozenset(str(text).split())


def _reasons(table: object) -> tuple[tuple[str, str], ...]:
    pairs = table.items() if isinstance(table, dict) else ()
    return tuple((name, str(why)) for why, names in pairs for name in str(names).split())
