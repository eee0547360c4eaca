"""Ready Markdown that is too long for a place, cut between its blocks, with what was open closed again.

For what nobody can render anew with less detail: a report that somebody else has written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_HTML = re.compile(r" {0,3}</?(details|summary|div|p|table|tbody|thead|tr|td|th|ul|ol|li|h[1-6]|hr)\b", re.IGNORECASE)
_COMMENT = re.compile(r" {0,3}<!--")
_FOLD = re.compile(r"<(/?)details\b[^>]*>", re.IGNORECASE)
_NOTICE = "*Cut here: the whole text is too long for a comment.*"


def cut(markdown: str, limit: int, *, run_url: str | None = None) -> str:
    """The text in at most ``limit`` code points. Where it was cut it says so, and links the run.

    Whole lines are left out from the end on, if possible whole blocks; a code block, a folded section or an HTML
    comment that was open there is closed. Where not even the notice fits, its beginning is left.
    """
    if len(markdown) <= limit:
        return markdown
    notice = f"{_NOTICE} [Run]({run_url})" if run_url else _NOTICE
    length = 0
    end_of_block = end_of_line = (0, "")
    for line, closing in _lines(markdown):
        length += len(line) + 1
        tail = f"{closing}\n{notice}\n"
        if length + len(tail) > limit:
            break
        end_of_line = (length, tail)
        if not line.strip():
            end_of_block = end_of_line
    by_line, by_block = (f"{markdown[:at]}{tail}" for at, tail in (end_of_line, end_of_block))
    return (by_block if end_of_block[0] > end_of_line[0] // 2 else by_line) or notice[:limit]


def _lines(markdown: str) -> Iterator[tuple[str, str]]:
    """Every line, with what closes what is open after it."""
    fence = ""
    folds = 0
    in_comment = in_html = False
    for line in markdown.split("\n"):
        mark = _FENCE.fullmatch(line)
        read = ""  # as much of the line as may open or close a fold
        if in_comment or (not fence and not in_html and _COMMENT.match(line)):
            _, end, read = line.partition("-->")
            in_comment = not end
        elif fence:
            is_end = mark is not None and mark[1].startswith(fence) and not mark[2].strip()
            fence = "" if is_end else fence
        elif mark and not in_html:
            fence = mark[1]
        else:
            in_html = bool(line.strip()) and (in_html or _HTML.match(line) is not None)  # a blank line ends it
            read = re.sub("<!--.*?-->", "", line)
        for end in _FOLD.findall(read):
            folds = max(0, folds - 1) if end else folds + 1
        closing = "-->\n" if in_comment else f"{fence}\n" if fence else ""
        yield line, closing + "\n</details>\n" * folds
