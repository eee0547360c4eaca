"""GitHub's expressions, as far as the recipes need them: what stands between ``${{`` and ``}}``, and in ``if:``.

Values are None, bool, float, str, list and dict, compared and printed as GitHub documents it. A function or a context
that is not known here, and a ``.*``, raise ``Unsupported``.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[!<>()\[\].,]))"
)
_HOLE = re.compile(r"\$\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
STATUS = re.compile(r"\b(?:success|failure|always|cancelled)\s*\(")


class Unsupported(Exception):  # noqa: N818  a fact about this stand-in, and sometimes a mistake in a workflow
    """GitHub may know it; this runner does not, and does not guess."""


@dataclass(frozen=True)
class Scope:
    """What a name means where an expression stands: ``contexts`` by name, and what ``success()`` and its like say.

    ``workspace`` is where ``hashFiles`` looks.
    """

    contexts: Mapping[str, Any]
    failed: bool = False
    cancelled: bool = False
    workspace: Path = Path()

    def value(self, text: str) -> Any:
        """The value of what stands between the braces."""
        return _Reader(text, self).whole()

    def holds(self, condition: object) -> bool:
        """An ``if:``, with or without braces; without a word about the job's state it wants success."""
        text = "" if condition is None else str(condition)
        bare = _HOLE.fullmatch(text.strip())
        text = (bare[1] if bare else text).strip()
        if not text:
            return not (self.failed or self.cancelled)
        if not bare and _HOLE.search(text):
            raise Unsupported(f"braces around a part of an if: {text}")
        wanted = truth(self.value(text))
        return wanted if STATUS.search(text) else wanted and not (self.failed or self.cancelled)

    def filled(self, value: Any) -> Any:
        """A value of a workflow file with every expression in it evaluated; one that is nothing else keeps its type."""
        if isinstance(value, Mapping):
            return {key: self.filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        whole = _HOLE.fullmatch(value.strip())
        return self.value(whole[1]) if whole else _HOLE.sub(lambda hole: text_of(self.value(hole[1])), value)

    def text(self, value: Any) -> str:
        """The same as text, which is what an input or a variable is."""
        return text_of(self.filled(value))


def truth(value: Any) -> bool:
    """GitHub's: false, null, 0, NaN and the empty text are not true."""
    if isinstance(value, (bool, int, float)):
        return value != 0 and not math.isnan(value)
    return value is not None and value != ""


def text_of(value: Any) -> str:
    """A value as it stands in a text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)
        case str():
            return value
        case Mapping():
            return "Object"
        case _:
            return "Array"


def _number(value: Any) -> float:
    match value:
        case None | "":
            return 0.0
        case bool() | int() | float():
            return float(value)
        case str():
            try:
                return float(value)
            except ValueError:
                return math.nan
        case _:
            return math.nan


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if isinstance(left, (Mapping, list)) or isinstance(right, (Mapping, list)):
        return left is right
    return _number(left) == _number(right)


def _less(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() < right.lower()
    return _number(left) < _number(right)


_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _less,
    ">": lambda left, right: _less(right, left),
    "<=": lambda left, right: _less(left, right) or _equal(left, right),
    ">=": lambda left, right: _less(right, left) or _equal(left, right),
}


def _contains(where: Any, what: Any) -> bool:
    if isinstance(where, list):
        return any(_equal(item, what) for item in where)
    return text_of(what).lower() in text_of(where).lower()


def _format(pattern: Any, *values: Any) -> str:
    def place(found: re.Match[str]) -> str:
        return found[0][0] if found[1] is None else text_of(values[int(found[1])])

    return re.sub(r"\{\{|\}\}|\{(\d+)\}", place, text_of(pattern))


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "contains": _contains,
    "startswith": lambda text, start: text_of(text).lower().startswith(text_of(start).lower()),
    "endswith": lambda text, end: text_of(text).lower().endswith(text_of(end).lower()),
    "format": _format,
    "join": lambda items, by=",": text_of(by).join(text_of(item) for item in items),
    "tojson": lambda value: json.dumps(value, indent=2),
    "fromjson": lambda text: json.loads(text_of(text)),
}


class _Reader:
    """One expression, read from left to right; each method reads what its name says, and evaluates it."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._text = text
        self._scope = scope
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise Unsupported(f"expression {text!r} at {text[at:]!r}")
            self._tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            at = found.end()

    def whole(self) -> Any:
        value = self._or()
        if self._tokens:
            raise Unsupported(f"expression {self._text!r}: what is {self._tokens[0][1]!r} doing there?")
        return value

    def _sign(self, *wanted: str) -> str | None:
        if self._tokens and self._tokens[0][0] == "sign" and self._tokens[0][1] in wanted:
            return self._tokens.pop(0)[1]
        return None

    def _expect(self, wanted: str) -> None:
        if self._sign(wanted) is None:
            raise Unsupported(f"expression {self._text!r}: no {wanted!r} where one belongs")

    def _or(self) -> Any:
        value = self._and()
        while self._sign("||"):
            other = self._and()
            value = value if truth(value) else other
        return value

    def _and(self) -> Any:
        value = self._compared()
        while self._sign("&&"):
            other = self._compared()
            value = other if truth(value) else value
        return value

    def _compared(self) -> Any:
        value = self._negated()
        while sign := self._sign(*_COMPARED):
            value = _COMPARED[sign](value, self._negated())
        return value

    def _negated(self) -> Any:
        return not truth(self._negated()) if self._sign("!") else self._operand()

    def _operand(self) -> Any:
        if self._sign("("):
            value = self._or()
            self._expect(")")
            return self._followed(value)
        if not self._tokens:
            raise Unsupported(f"expression {self._text!r} ends too soon")
        kind, token = self._tokens.pop(0)
        if kind == "string":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return float(token)
        if kind != "name":
            raise Unsupported(f"expression {self._text!r} at {token!r}")
        if self._sign("("):
            return self._followed(self._called(token.lower()))
        if token in _WORDS:
            return _WORDS[token]
        if token.lower() not in self._scope.contexts:
            raise Unsupported(f"there is no context {token!r} where {self._text!r} stands")
        return self._followed(self._scope.contexts[token.lower()])

    def _called(self, name: str) -> Any:
        values: list[Any] = []
        while not self._sign(")"):
            values.append(self._or())
            if not self._sign(","):
                self._expect(")")
                break
        scope = self._scope
        states = {
            "always": True,
            "cancelled": scope.cancelled,
            "failure": scope.failed and not scope.cancelled,
            "success": not (scope.failed or scope.cancelled),
        }
        if name in states and not values:
            return states[name]
        if name == "hashfiles":
            return hash_files(scope.workspace, [text_of(value) for value in values])
        if name not in _FUNCTIONS:
            raise Unsupported(f"the function {name}, in {self._text!r}")
        return _FUNCTIONS[name](*values)

    def _followed(self, value: Any) -> Any:
        """What dots and brackets lead to; what is not there is null."""
        while True:
            if self._sign("."):
                kind, name = self._tokens.pop(0) if self._tokens else ("", "")
                if kind != "name":
                    raise Unsupported(f"expression {self._text!r}: a dot before {name!r}")
                value = _inner(value, name)
            elif self._sign("["):
                value = _inner(value, self._or())
                self._expect("]")
            else:
                return value


def _inner(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping):
        return next((inner for name, inner in value.items() if str(name).lower() == text_of(key).lower()), None)
    if isinstance(value, list):
        at = _number(key)
        return value[int(at)] if at.is_integer() and 0 <= at < len(value) else None
    return None


def hash_files(workspace: Path, patterns: Sequence[str]) -> str:
    """SHA-256 over the digests of the files that match, empty if none does. No pattern may begin with an ``!``."""
    if any(pattern.startswith("!") for pattern in patterns):
        raise Unsupported("hashFiles with an exception")
    files = sorted({path for pattern in patterns for path in workspace.glob(pattern) if path.is_file()})
    digests = b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)
    return hashlib.sha256(digests).hexdigest() if files else ""
