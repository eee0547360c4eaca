"""Inputs about money: what things cost, and how often production runs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rocky_action.domain.prices import OWN_PRICES, PRICE_WORDS, PriceChoice
from rocky_action.errors import did_you_mean
from rocky_action.settings.entries import shown

_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})"


def price_choice(given: Iterable[str], place: str) -> tuple[PriceChoice, list[str]]:
    """What ``name=value`` entries say about prices, and what is wrong with them, each to follow the input's name.

    Whether it means anything on the project's adapter is not known yet.
    """
    said: dict[str, str] = {}
    problems: list[str] = []
    for entry in given:
        name, equals, value = (part.strip().lower() for part in entry.partition("="))
        if not equals or not value:
            problems.append(f"has {shown(entry)}, which is not name=value")
        elif name in said:
            problems.append(f"gives {name} twice")
        else:
            problems += _problem(name, value)
            said[name] = value
    own = [name for name in said if name in OWN_PRICES]
    if len(own) > 1:
        problems.append(f"gives {' and '.join(own)}: say one price")
    words = tuple(
        (name, said[name]) for name in PRICE_WORDS if name in said and (name, said[name]) != ("list", "false")
    )
    if problems:
        return PriceChoice(place=place), problems
    return PriceChoice((own[0], float(said[own[0]])) if own else None, words, place), []


def _problem(name: str, value: str) -> list[str]:
    known = (*PRICE_WORDS, *OWN_PRICES)
    if name not in known:
        return [f"has {shown(name)}, not one of {', '.join(known)}{did_you_mean(name, known)}"]
    if name in OWN_PRICES and not _above_zero(value):
        return [f"has {name}={value}, which is not a number of US dollars above 0"]
    if name == "list" and value not in {"true", "false"}:
        return [f"has list={value}, which is neither true nor false"]
    return []


def runs_per_month(text: str) -> tuple[tuple[float, float] | None, list[str]]:
    """From the lowest to the highest, None where nothing is said, and what is wrong with the text."""
    match = re.fullmatch(rf"{_NUMBER}(?: ?- ?{_NUMBER})?", text)
    low, high = (float(match[1]), float(match[2] or match[1])) if match else (0.0, 0.0)
    if text and not 0 < low <= high:
        return None, [f"is {shown(text)}, neither a number of runs above 0 nor a range such as 30-60"]
    return (low, high) if text else None, []


def _above_zero(value: str) -> bool:
    return bool(re.fullmatch(_NUMBER, value)) and float(value) > 0
