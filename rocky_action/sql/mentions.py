"""Which models' texts mention a name: a search through plain text, so that only those that could read it are parsed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from rocky_action.domain.project import Model

_WORD = re.compile(r"\w+")
_WORDS = bytes(ord(chr(code).lower()) if re.fullmatch(r"\w", chr(code), re.ASCII) else 32 for code in range(256))
"""Every ASCII character in lower case, or a space if it is no part of a word: to split is faster than to search."""


class Mentions:
    """The texts of a project's models by the names that stand in them, whatever their case.

    A mention is a whole word anywhere, in comments and strings too, so there are more mentions than reads, never fewer.
    """

    def __init__(self, models: Mapping[str, Model]) -> None:
        """Nothing is read before something is asked."""
        self._models = models

    def of(self, names: Collection[str]) -> frozenset[str]:
        """The models whose text mentions one of the names."""
        if not names:
            return frozenset()
        folded = {name.casefold() for name in names}
        foreign = folded - self._own.keys()
        found = {**self._own, **self._search(_Wanted.of(foreign))} if foreign else self._own
        return frozenset(model for name in folded for model in found[name])

    def by(self, model: Model) -> tuple[str, ...]:
        """The other models that a model's text mentions by their own name or their table's, sorted."""
        names = self._wanted.among(model.sql)
        return tuple(sorted({other for name in names for other in self._named[name]} - {model.name}))

    @cached_property
    def _named(self) -> Mapping[str, frozenset[str]]:
        named: dict[str, set[str]] = {}
        for model in self._models.values():
            for name in (model.name, model.target.name):
                named.setdefault(name.casefold(), set()).add(model.name)
        return {name: frozenset(models) for name, models in named.items()}

    @cached_property
    def _wanted(self) -> _Wanted:
        return _Wanted.of(name.casefold() for one in self._models.values() for name in (one.name, one.target.name))

    @cached_property
    def _own(self) -> Mapping[str, tuple[str, ...]]:
        return self._search(self._wanted)

    def _search(self, wanted: _Wanted) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {name: [] for name in wanted.names}
        for model in self._models.values():
            for name in wanted.among(model.sql):
                found[name].append(model.name)
        return {name: tuple(models) for name, models in found.items()}


@dataclass(frozen=True)
class _Wanted:
    """Folded names to look for: all of them, those that are ASCII as bytes, those that are no single word."""

    names: frozenset[str]
    plain: frozenset[bytes]
    phrases: tuple[str, ...]

    @staticmethod
    def of(names: Iterable[str]) -> _Wanted:
        wanted = frozenset(names)
        plain = frozenset(name.encode("ascii") for name in wanted if name.isascii())
        return _Wanted(wanted, plain, _phrases_among(wanted))

    def among(self, text: str) -> frozenset[str]:
        """Those that stand in a text."""
        if text.isascii():
            words = text.encode("ascii").translate(_WORDS).split()
            found = frozenset(word.decode("ascii") for word in self.plain.intersection(words))
        else:
            found = self.names.intersection(_WORD.findall(text.casefold()))
        if not self.phrases:
            return found
        folded = text.casefold()
        return found.union(name for name in self.phrases if all(word in folded for word in _WORD.findall(name)))


def _phrases_among(names: Iterable[str]) -> tuple[str, ...]:
    """The names that are no single word, such as ``fct-revenue``: a text that has all their words may mention them."""
    return tuple(name for name in names if not _WORD.fullmatch(name))
