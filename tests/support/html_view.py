"""Markdown as GitHub would show it, near enough to look at and to judge what is alive in it.

GitHub's own renderer is not at hand; markdown-it-py with tables, raw HTML and autolinks stands in, and alerts are
recognised as GitHub does: a quote at top level that begins with ``[!WARNING]``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

_ALERT = re.compile(r"<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*(?:<br ?/?>)?\s*")
_STYLE = """
body { max-width: 860px; margin: 24px auto; padding: 0 32px; color: #1f2328; font: 14px/1.5 -apple-system, "Segoe UI",
  "Noto Sans", Helvetica, Arial, sans-serif; }
.box { border: 1px solid #d1d9e0; border-radius: 6px; padding: 16px; }
h3 { font-size: 1.25em; margin: 0 0 16px; line-height: 1.25; }
p, table, ul, details, blockquote, pre { margin: 0 0 16px; }
table { border-collapse: collapse; display: block; width: max-content; max-width: 100%; overflow: auto; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; }
tr:nth-child(2n) td { background: #f6f8fa; }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em; white-space: break-spaces;
  font: 85% ui-monospace, "Liberation Mono", monospace; }
pre { background: #f6f8fa; border-radius: 6px; padding: 16px; overflow: auto; }
pre code { background: none; padding: 0; white-space: pre; }
.alert { border-left: .25em solid; padding: 0 1em; }
.alert > b { display: block; margin-bottom: 4px; }
.WARNING { border-color: #9a6700; } .WARNING > b { color: #9a6700; }
.CAUTION { border-color: #cf222e; } .CAUTION > b { color: #cf222e; }
.NOTE { border-color: #0969da; } .NOTE > b { color: #0969da; }
a { color: #0969da; } ul { padding-left: 2em; } summary { cursor: pointer; } sub { font-size: 75%; color: #59636e; }
"""


def parser() -> MarkdownIt:
    """A parser with everything switched on that GitHub switches on."""
    return MarkdownIt("gfm-like", {"html": True, "linkify": True, "breaks": True})


def tokens(markdown: str) -> list[Token]:
    """All tokens of a document, the inline ones included."""
    found: list[Token] = []
    for token in parser().parse(markdown):
        found.append(token)
        found += token.children or []
    return found


def to_html(markdown: str, *, unfold: bool = False) -> str:
    """A page to open in a browser."""
    body = _ALERT.sub(r'<blockquote class="alert \1"><b>\1</b><p>', parser().render(markdown))
    if unfold:
        body = body.replace("<details>", "<details open>")
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><div class="box">{body}</div>'


if __name__ == "__main__":
    source, target, *flags = sys.argv[1:]
    text = Path(source).read_text(encoding="utf-8")
    Path(target).write_text(to_html(text, unfold="--unfold" in flags), encoding="utf-8")
