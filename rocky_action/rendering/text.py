"""Text from strangers made safe: names, values and messages as Markdown that cannot ping, link, break out or hide.

Everything a template prints is ``Md``; the template environment refuses any other string. So a value that nobody
escaped is an error at once, for mypy and at run time, and never a hole.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator

NAME_LENGTH = 80
VALUE_LENGTH = 60
PROSE_LENGTH = 400
FENCE_LINES = 30
FENCE_WIDTH = 200

_SPACE = "\N{OPEN BOX}"
_ZERO_WIDTH = "\N{ZERO WIDTH SPACE}"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Marks, letters and a symbol that are shown as nothing: in them a name can look like another, or carry a message."""

_LOOKS_ESCAPED = re.compile(r"\\(?=x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_LOST_SPACE = re.compile(r"^ +| +$| {2,}")

_WORD = r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*"
_NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?%?|[0-9]{1,6}(?:\.[0-9]{1,6}){0,2}%?"
_END = r"[,.;:!?…]*"
_PLAIN = re.compile(rf"\(?(?:{_WORD}|{_NUMBER}|e\.g|i\.e|[—→…])\)?{_END}")
_COMMIT = re.compile(r"(?<![0-9A-Za-z_])[0-9A-Fa-f]{7,40}(?![0-9A-Za-z_])")
_LIST_MARK = re.compile(r"[0-9]+[.)]")
_CHUNK = re.compile(r"(?:`[^`]*`|\S)+")
_WRAPPED = re.compile(rf"(?P<open>\(?)(?:`(?P<quoted>[^`]+)`|(?P<bare>.+?))(?P<end>{_END})", re.DOTALL)


class Md(str):
    """Markdown that is safe on the page: made by this package, with every stranger's text escaped."""

    __slots__ = ()


NULL = Md("*NULL*")
EMPTY = Md("*empty*")
MASKED = Md("*masked*")


def join(separator: str, parts: Iterable[Md]) -> Md:
    """Safe parts with a separator of ours between them."""
    return Md(separator.join(parts))


def show(text: str, limit: int, *, keep_spaces: bool = False) -> str:
    """The text on one line with nothing invisible in it, at most ``limit`` long, cut with an ellipsis.

    Two different texts look different: hidden characters become escapes, a real backslash that looks like one is
    doubled, and spaces that a browser would swallow become visible.
    """
    start = _LOOKS_ESCAPED.sub(r"\\\\", text[: limit + 1])
    if not keep_spaces:
        start = _LOST_SPACE.sub(lambda spaces: _SPACE * len(spaces[0]), start)
    shown: list[str] = []
    room = limit
    for piece in map(_visible, start):
        room -= len(piece)
        if room < 0:
            return "".join(shown) + "…"
        shown.append(piece)
    return "".join(shown)


def _visible(char: str) -> str:
    if char == "\n":
        return "↵"
    if char == "@":  # e-mail clients flatten code spans, so even there a name must not be one
        return f"@{_ZERO_WIDTH}"
    if char == " " or (unicodedata.category(char) not in _HIDDEN and not _BLANK.match(char)):
        return char
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def code(text: str, limit: int = NAME_LENGTH) -> Md:
    """A name or a value in a code span, where no mention, link, emoji or HTML is alive."""
    if not text:
        return EMPTY
    shown = show(text, limit)
    fence = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return Md(f"{fence}{pad}{shown}{pad}{fence}")


def value(cell: str | None) -> Md:
    """A cell of the data: NULL, the empty string and the text "NULL" look different."""
    return NULL if cell is None else code(cell, VALUE_LENGTH)


def value_change(base: str | None, head: str | None) -> Md:
    """Old and new value of a cell; long ones are cut so that the place where they part is in sight."""
    if base and head and max(len(base), len(head)) > VALUE_LENGTH:
        same = next((at for at, pair in enumerate(zip(base, head, strict=False)) if pair[0] != pair[1]), None)
        place = min(len(base), len(head)) if same is None else same
        if place > VALUE_LENGTH // 2:
            base, head = f"…{base[place - 12 :]}", f"…{head[place - 12 :]}"
    return Md(f"{value(base)} → {value(head)}")


def html_code(text: str) -> Md:
    """A name for places where only HTML is read, such as ``<summary>``."""
    return Md(f"<code>{html.escape(show(text, NAME_LENGTH), quote=False)}</code>")


def html_text(text: str) -> Md:
    """Our own words for the same places."""
    return Md(html.escape(text, quote=False))


def prose(text: str, limit: int = PROSE_LENGTH) -> Md:
    """A sentence in which plain words stay words and everything else (names, numbers with letters, links …) is code."""
    return Md(" ".join(_prose_pieces(text if len(text) <= limit else _shortened(text, limit))))


def _shortened(text: str, limit: int) -> str:
    """The beginning of a text, cut between two words if there is a place for it, so that no name loses its end."""
    start = text[:limit]
    words = start if text[limit].isspace() else start.rpartition(" ")[0]
    return f"{words if len(words) > limit // 2 else start}…"


def _prose_pieces(text: str) -> Iterator[str]:
    for at, match in enumerate(_CHUNK.finditer(text)):
        chunk = match[0]
        plain = _PLAIN.fullmatch(chunk) and not _COMMIT.search(chunk) and not _BLANK.search(chunk)
        if plain and not (at == 0 and _LIST_MARK.fullmatch(chunk)):
            yield chunk
        else:
            yield _as_code(chunk)


def _as_code(chunk: str) -> str:
    parts = _WRAPPED.fullmatch(chunk)
    if parts is None:  # nothing but punctuation
        return code(chunk, PROSE_LENGTH)
    inner = parts["quoted"] or parts["bare"]
    if parts["quoted"] is None and parts["open"] and inner.endswith(")") and len(inner) > 1:
        return f"({code(inner[:-1], PROSE_LENGTH)}){parts['end']}"
    if parts["quoted"] is None and parts["open"]:
        return f"{code(parts['open'] + inner, PROSE_LENGTH)}{parts['end']}"
    return f"{parts['open']}{code(inner, PROSE_LENGTH)}{parts['end']}"


def fence(text: str) -> Md:
    """A message in a code block, lines kept, cut when it is long."""
    lines = text.strip("\n").splitlines()
    shown = [line.replace("\t", "    ") for line in lines[:FENCE_LINES]]
    if len(lines) > FENCE_LINES:
        shown.append(f"… and {len(lines) - FENCE_LINES} more lines")
    return fence_lines(shown)


def fence_lines(lines: Iterable[str]) -> Md:
    """Lines in a code block, each cut when it is long."""
    shown = [show(line, FENCE_WIDTH, keep_spaces=True) for line in lines]
    marks = "`" * max(3, max(map(_longest_run, shown), default=0) + 1)
    return Md("\n".join([f"{marks}text", *shown, marks]))


def first_line(text: str) -> str:
    """The first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def cell(content: Md) -> Md:
    """Safe Markdown as a table cell: only the column separator is left to escape, also inside code spans."""
    return Md(content.replace("|", "\\|"))


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
