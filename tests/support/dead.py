"""Whether anything in a rendered page could act: a link, a mention, HTML, a broken table, an invisible character.

Judged by a parser of GitHub's Markdown, not by what was escaped. What GitHub does after parsing (mentions, references
to issues and commits, emoji, formulas) is looked for in whatever text the parser leaves outside of code.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator

from markdown_it.token import Token

from rocky_action.wire.digest import line_in
from tests.support.html_view import parser

_TAG = re.compile(r"<(/?)(details|summary|sub|b|code)( open)?>")
_BLOCKS = frozenset(
    f"{name}_{end}"
    for name in (
        *("heading", "paragraph", "bullet_list", "list_item", "blockquote"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    )
    for end in ("open", "close")
) | {"inline", "fence", "html_block"}
_INLINE = frozenset(
    {"text", "code_inline", "softbreak", "html_inline", "link_open", "link_close"}
    | {f"{name}_{end}" for name in ("strong", "em") for end in ("open", "close")}
)
_LIVE = {
    "a mention": r"@",
    "an issue": r"#\s*\d|(?i:\bGH-\d)|[\w.-]+/[\w.-]+#",
    "a reference": r"\b[A-Za-z]+-\d",
    "a commit": r"(?<![0-9A-Za-z_])[0-9a-fA-F]{7,40}(?![0-9A-Za-z_])",
    "an address": r"(?i:://|\bwww\.\S|\bmailto:|\bxmpp:)",
    "an emoji": r":[\w+-]+:",
    "a formula": r"\$(?!\d|<)|\\\(|\\\[",
}
_ALERT = re.compile(r"\[!(NOTE|WARNING|CAUTION)\]")
_NODE = r'  n\d+\["(?:[\w.…-]|#\d+;)+"\]:::(?:changed|downstream|copied|failed)'
_MERMAID = re.compile(rf"flowchart LR\n(?:(?:{_NODE}|  n\d+ --> n\d+|  classDef \w+ [\w:#, -]+)\n)*")
_INVISIBLE = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)

_OUR_ICONS = re.compile("[⚠🗑]\ufe0f")


def assert_dead(
    markdown: str, *, marker: str = "", run_url: str | None = None, more_urls: Collection[str] = ()
) -> None:
    """Nothing in the page acts but the link to the run, or to the runs, and all of it is where it was put."""
    body = markdown
    if marker:  # in code it may stand again, where it is no HTML: a comment is ours by its first line
        first, _, body = markdown.partition("\n")
        assert first == marker
        body = body.removesuffix(f"\n{line_in(body)}\n")  # the other HTML comment of ours, made of nothing but base64
    _assert_characters(body)
    found = parser().parse(body)
    _assert_blocks(found)
    _assert_tags([*_html(found)])
    _assert_tables(found, body.split("\n"))
    for text in _outside_code(found, {run_url, *more_urls}):
        for what, pattern in _LIVE.items():
            assert not re.search(pattern, text), f"{what} in {text!r}"


def _assert_characters(body: str) -> None:
    for at, char in enumerate(body):
        if char == "\N{ZERO WIDTH SPACE}":
            assert body[at - 1] == "@", "a zero width space that separates nothing"
        else:
            assert char.isprintable() or char in "\n\xa0", hex(ord(char))
        assert char != "@" or body[at + 1 : at + 2] == "\N{ZERO WIDTH SPACE}", "a name after @"
    assert not _INVISIBLE.search(_OUR_ICONS.sub("", body))


def _assert_blocks(found: list[Token]) -> None:
    for at, token in enumerate(found):
        assert token.type in _BLOCKS, token
        if token.type == "heading_open":
            assert (token.tag, token.level, at) == ("h3", 0, 0), token
        if token.type == "blockquote_open":
            assert token.level == 0
            assert _ALERT.match(found[at + 2].content), found[at + 2]
        if token.type == "fence":
            assert token.info in {"text", "mermaid"}, token
            assert token.info == "text" or _MERMAID.fullmatch(token.content), token.content
        for child in token.children or ():
            assert child.type in _INLINE, child


def _html(found: list[Token]) -> Iterator[str]:
    for token in found:
        for one in (token, *(token.children or ())):
            if one.type in {"html_block", "html_inline"}:
                yield one.content


def _assert_tags(written: list[str]) -> None:
    """Only tags of ours, each of them closed where it belongs."""
    opened: list[str] = []
    for text in written:
        assert not re.search("[<>]", _TAG.sub("", text)), text
        for tag in _TAG.finditer(text):
            if tag[1]:
                assert opened.pop() == tag[2], text
            else:
                opened.append(tag[2])
    assert opened == []


def _assert_tables(found: list[Token], lines: list[str]) -> None:
    """A parser drops surplus cells in silence and fills in missing ones, so they are counted in the text."""
    for token in found:
        if token.type == "table_open":
            assert token.map
            rows = lines[token.map[0] : token.map[1]]
            assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1, rows
            assert all(row.startswith("|") and row.endswith("|") for row in rows), rows


def _outside_code(found: list[Token], urls: Collection[str | None]) -> Iterator[str]:
    """What is read as text, code cut out of it; links are the run's."""
    for token in found:
        if token.type == "html_block":
            yield html.unescape(_TAG.sub("", re.sub("<code>.*?</code>", "\0", token.content)))
        text: list[str] = []
        for child in token.children or ():
            if child.type == "link_open":
                assert [*child.attrs] == ["href"], child
                assert child.attrs["href"] in urls, child
            text.append(child.content if child.type == "text" else "\n" if child.type == "softbreak" else "\0")
        yield "".join(text)
