"""Escaping and figures, piece by piece."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from rocky_action.rendering import _environment
from rocky_action.rendering.figures import MINUS, count, duration, listing, money, plural, share, size
from rocky_action.rendering.mermaid import label
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import Md, cell, code, fence, first_line, html_code, prose, show, value, value_change
from tests.support.html_view import parser

Z = "\N{ZERO WIDTH SPACE}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("orders", "`orders`"),
        ("", "*empty*"),
        ("NULL", "`NULL`"),
        ("@alice", f"`@{Z}alice`"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        ("``a", "``` ``a ```"),
        ("a\nb", "`a↵b`"),
        (" a  b ", "`␣a␣␣b␣`"),
        ("a b", "`a b`"),
        ("\x1b[0m", "`\\x1b[0m`"),
        ("a\u202eb", "`a\\u202eb`"),
        ("a\\u202eb", "`a\\\\u202eb`"),
        ("C:\\new", "`C:\\new`"),
        ("\ud800", "`\\ud800`"),
        ("\xa0", "`\\xa0`"),
        ("\U000e0041", "`\\U000e0041`"),
        ("abcdefghij", "`abcde…`"),
        ("\x00\x00\x00", "`\\x00…`"),
    ],
)
def test_code(text: str, shown: str) -> None:
    assert code(text, 5 if "…" in shown else 80) == shown


def test_null_the_empty_string_and_their_names_look_different() -> None:
    shown = [value(None), value(""), value("NULL"), value("empty"), value("''"), value(" ")]
    assert len(set(shown)) == len(shown)
    assert shown[:3] == ["*NULL*", "*empty*", "`NULL`"]


def test_long_values_are_cut_where_they_differ() -> None:
    shown = value_change("x" * 300 + "old", "x" * 300 + "new")
    base, head = shown.split(" → ")
    assert "old" in base
    assert "new" in head
    assert len(shown) < 60
    assert value_change("x" * 300, "x" * 301).count("…") == 2
    assert value_change(None, "x" * 300).startswith("*NULL* → ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("its SQL changed", "its SQL changed"),
        ("reads stg_orders, dim_x", "reads `stg_orders`, `dim_x`"),
        ("uses `stg_orders.amount` in SUM, `a` and 1 more", "uses `stg_orders.amount` in SUM, `a` and 1 more"),
        ("column `order id` is new", "column `order id` is new"),
        ("base (shop.main) isn't there: 1,200 rows, 3.5%", "base (`shop.main`) isn't there: 1,200 rows, 3.5%"),
        ("see #12 and GH-4", "see `#12` and `GH-4`"),
        ("commit deadbeef", "commit `deadbeef`"),
        ("use `baseline: rebuild` instead.", "use `baseline: rebuild` instead."),
        ("an `unclosed tick", "an `` `unclosed `` tick"),
        ("1. not a list", "`1`. not a list"),
        ("- nor this", "`-` nor this"),
        ("mail bob@x.io", f"mail `bob@{Z}x.io`"),
        ("a :tada: b", "a `:tada`: b"),
        ("count(*) of (a_b)", "`count(*)` of (`a_b`)"),
        ("(*x*", "`(*x*`"),
        ("e.g. this — that…", "e.g. this — that…"),
        ("DuckDB 2.0.0", "DuckDB 2.0.0"),
        ("two\nlines", "two lines"),
        ("…", "…"),
        ("!!!", "`!`!!"),
        ("", ""),
    ],
)
def test_prose(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_prose_is_cut() -> None:
    assert prose("word " * 100, 12) == "word word…"
    assert prose("word " * 100, 14) == "word word word…"
    assert prose("and uses `stg_orders.amount`", 14) == "and uses…"


def test_a_fence_is_longer_than_any_inside_and_cut() -> None:
    assert fence("a\tb\n```x\n  \x07") == "````text\na    b\n```x\n  \\x07\n````"
    lines = fence("\n".join(map(str, range(50)))).splitlines()
    assert lines[0] == "```text"
    assert lines[-2:] == ["… and 20 more lines", "```"]
    assert len(lines) == 33


def test_html_and_cells_and_labels() -> None:
    assert html_code("<b>&@x\n") == f"<code>&lt;b&gt;&amp;@{Z}x↵</code>"
    assert cell(code("a|b")) == "`a\\|b`"
    assert label('a"b <c> @d') == f"a#34;b#32;#60;c#62;#32;#64;#{ord(Z)};d"
    assert label("") == "#8709;"
    assert first_line("\n  \n one\ntwo") == "one"
    assert show("a" * 10, 10) == "a" * 10


@pytest.mark.parametrize("text", ["a\\|b", "|", "\\", "a\\", "`|`", "||", "\\\\|"])
def test_a_cell_shows_exactly_its_text(text: str) -> None:
    table = Table((Md("h"), Md("i")), ((code(text), Md("x")),))
    inline = [token for token in parser().parse(table.lines) if token.type == "inline"]
    assert len(inline) == 4
    assert [child.content for child in inline[2].children or []] == [text]


def test_a_table_refuses_rows_of_another_width() -> None:
    with pytest.raises(ValueError, match="2 cells below a header of 1"):
        Table((Md("h"),), ((Md("a"), Md("b")),))


def test_the_templates_print_nothing_that_nobody_escaped() -> None:
    template = _environment().from_string("{{ text }}")
    assert template.render(text=Md("`x`")) == "`x`"
    with pytest.raises(TypeError, match="nobody escaped"):
        template.render(text="<x>")
    with pytest.raises(UndefinedError):
        _environment().from_string("{{ text.missing.more }}").render(text=Md(""))


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 10, "0 %"),
        (10, 10, "100 %"),
        (1, 1_000_000, "<0.1 %"),
        (999_999, 1_000_000, ">99.9 %"),
        (999, 1_000, "99.9 %"),
        (1, 1_000, "0.1 %"),
        (1, 3, "33.3 %"),
        (1, 0, ""),
        (3, 2, ""),
    ],
)
def test_share(part: int, whole: int, shown: str) -> None:
    assert share(part, whole).replace("\N{NO-BREAK SPACE}", " ") == shown


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "unknown"),
        (float("nan"), "unknown"),
        (0.0, "$0.00"),
        (1.234, "+$1.23"),
        (-0.05, f"{MINUS}$0.05"),
        (0.0042, "+$0.0042"),
        (-0.000012, f"{MINUS}$0.000012"),
        (1e-9, "+<$0.000001"),
        (12_345.6, "+$12,345.60"),
    ],
)
def test_money(usd: float | None, shown: str) -> None:
    assert money(usd, signed=True) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, "unknown"),
        (0, "0 ms"),
        (999, "999 ms"),
        (12_340, "12.3 s"),
        (59_949, "59.9 s"),
        (59_950, "1 min"),
        (94_300, "1 min 34 s"),
        (3_600_000, "1 h"),
        (7_510_000, "2 h 5 min"),
    ],
)
def test_duration(milliseconds: int | None, shown: str) -> None:
    assert duration(milliseconds) == shown


def test_counts_and_sizes() -> None:
    assert [count(None), count(1234567)] == ["unknown", "1,234,567"]
    assert [plural(1, "row"), plural(0, "row")] == ["1 row", "0 rows"]
    assert [size(None), size(0), size(20_480), size(999_960), size(4_830_000_000)] == [
        "unknown",
        "0 B",
        "20.5 kB",
        "1.0 MB",
        "4.8 GB",
    ]
    assert size(5 * 10**15) == "5.0 PB"
    items = [Md("a"), Md("b"), Md("c")]
    assert [listing(items, limit) for limit in (3, 1, 0)] == ["a, b, c", "a and 2 more", "3"]
