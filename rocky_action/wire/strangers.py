"""A ``report.json`` from somebody who may have put anything into it: what is taken of it, and what is not.

Whoever writes one can ask beforehand whether it would be taken.
"""

from __future__ import annotations

import json

from rocky_action import __version__
from rocky_action.domain.report import Report
from rocky_action.errors import InputError, UnusableReportError
from rocky_action.wire.report import parse_report, report_json

MOST_BYTES = 4_000_000
MOST_ITEMS = 5_000
"""Of one list. That is a report about as many models; what is done with a list may take longer than it is long."""
MOST_LEVELS = 30
LONGEST_TEXT = 100_000
LARGEST_NUMBER = 2**63

_ADVICE = "Give the report.json of a run of this version of rocky-preview."


def read_strangers_report(raw: bytes) -> Report:
    """The report, if it is exactly what this version would have written. Raises UnusableReportError."""
    if because := why_not_taken(raw):
        raise UnusableReportError(f"the report {because}", advice=_ADVICE)
    text = raw.decode()
    try:
        report = parse_report(text)
        is_ours = _spelled(report_json(report)) == _spelled(text)
    except InputError as err:
        raise UnusableReportError(f"the report has another form: {err.message}{_by(text)}", advice=_ADVICE) from err
    except (TypeError, ValueError) as err:
        raise UnusableReportError("the report cannot be read", advice=_ADVICE) from err
    if not is_ours:
        raise UnusableReportError(f"the report says what no report says{_by(text)}", advice=_ADVICE)
    return report


def why_not_taken(raw: bytes) -> str:
    """What is wrong with a report before anybody looks at what it says; empty where nothing is."""
    if len(raw) > MOST_BYTES:
        return f"has {len(raw):,} bytes, and {MOST_BYTES:,} are the most"
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_object, parse_constant=_refuse)
        return _what_is_too_much(found, 1)
    except UnicodeDecodeError:
        return "is not UTF-8"
    except RecursionError:
        return "has too many levels"
    except ValueError as err:
        return f"is not JSON: {str(err)[:200]}"


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in an object")
    return found


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no number")


def _what_is_too_much(value: object, level: int) -> str:
    if level > MOST_LEVELS:
        return f"has more than {MOST_LEVELS} levels"
    inner: list[object] = []
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return f"has a text of {len(value):,} characters, and {LONGEST_TEXT:,} are the most"
        case int() | float() if not -LARGEST_NUMBER < value < LARGEST_NUMBER:
            return "has a number that is too large"
        case int() if value < 0:
            return "has a negative count"
        case list():
            inner = value
        case dict():
            inner = [*value.values(), *value]
        case _:
            return ""
    if len(inner) > MOST_ITEMS:
        return f"has a list of {len(inner):,}, and {MOST_ITEMS:,} are the most"
    return next(filter(None, (_what_is_too_much(one, level + 1) for one in inner)), "")


def _spelled(text: str) -> str:
    """A document as text that only depends on what it says: 1 is neither 1.0 nor true."""
    return json.dumps(json.loads(text), sort_keys=True)


def _by(text: str) -> str:
    """Who says to have written it, where that is another version."""
    match json.loads(text):
        case {"provenance": {"tool_version": str(version)}} if version != __version__:
            return f" (it was written by version {version[:40]}, and this is {__version__})"
        case _:
            return ""
