"""Any domain value with every text in it replaced, so that no test can leave a field of a report out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, get_type_hints

from rocky_action.domain.report import Report

_Thing = TypeVar("_Thing")

OURS = frozenset({"kind", "started_at", "finished_at", "run_url"})
"""Fields that nobody else fills: discriminators, the clock's times, the address of the run."""


def poisoned(thing: _Thing, change: Callable[[str], str]) -> _Thing:
    """The value with each text changed; choices from a fixed list, and what is ours, stay as they are."""
    found = _poisoned(thing, change)
    assert isinstance(found, type(thing))
    return found


def _poisoned(thing: object, change: Callable[[str], str]) -> object:
    if type(thing) is str:
        return change(thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        hints = {name: str(hint) for name, hint in get_type_hints(type(thing)).items()}
        kept = {field.name for field in fields(thing) if "Literal" in hints[field.name] or field.name in OURS}
        found = {field.name: getattr(thing, field.name) for field in fields(thing) if field.init}
        return replace(thing, **{name: _poisoned(one, change) for name, one in found.items() if name not in kept})
    if isinstance(thing, tuple):
        return tuple(_poisoned(one, change) for one in thing)
    if isinstance(thing, frozenset):
        return frozenset(_poisoned(one, change) for one in thing)
    if isinstance(thing, Mapping):
        return {_poisoned(key, change): _poisoned(one, change) for key, one in thing.items()}
    return thing


def texts_of(report: Report) -> list[str]:
    """Every text that ``poisoned`` would change, each once."""
    found: dict[str, None] = {}

    def note(text: str) -> str:
        found[text] = None
        return text

    poisoned(report, note)
    return list(found)
