"""Which models' texts mention a name: a search through plain text, so that only those that could read it are parsed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

from rocky_action.domain.project import Model

_WORD = re.compile(r"\w+")
_SPACES = {code: " " for code in range(128) if not re.fullmatch(r"\w", chr(code))}
"""Every ASCII character that is no part of a word, as a space: splitting is twice as fast as searching."""


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
        foreign = frozenset(folded - self._own.keys())
        found = {**self._own, **self._search(foreign)} if foreign else self._own
        return frozenset(model for name in folded for model in found[name])

    def by(self, model: Model) -> tuple[str, ...]:
        """The other models that a model's text mentions by their own name or their table's, sorted."""
        names = _mentioned(model.sql, self._names, phrases=self._phrases)
        return tuple(sorted({other for name in names for other in self._named[name]} - {model.name}))

    @cached_property
    def _named(self) -> Mapping[str, frozenset[str]]:
        named: dict[str, set[str]] = {}
        for model in self._models.values():
            for name in (model.name, model.target.name):
                named.setdefault(name.casefold(), set()).add(model.name)
        return {name: frozenset(models) for name, models in named.items()}

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self._named)

    @cached_property
    def _phrases(self) -> tuple[str, ...]:
        return _phrases_among(self._named)

    @cached_property
    def _own(self) -> Mapping[str, tuple[str, ...]]:
        return self._search(self._names)

    def _search(self, names: frozenset[str]) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {name: [] for name in names}
        phrases = _phrases_among(found)
        for model in self._models.values():
            for name in _mentioned(model.sql, names, phrases=phrases):
                found[name].append(model.name)
        return {name: tuple(models) for name, models in found.items()}


def _mentioned(text: str, names: frozenset[str], *, phrases: Iterable[str]) -> frozenset[str]:
    """Those of the folded names that stand in a text; ``phrases`` are those among them that are no single word."""
    folded = text.casefold()
    words = folded.translate(_SPACES).split() if folded.isascii() else _WORD.findall(folded)
    near = (phrase for phrase in phrases if all(word in folded for word in _WORD.findall(phrase)))
    return names.intersection(words).union(near)


def _phrases_among(names: Iterable[str]) -> tuple[str, ...]:
    """The names that are no single word, such as ``fct-revenue``: a text that has all their words may mention them."""
    return tuple(name for name in names if not _WORD.fullmatch(name))
