"""Whatever a stranger writes into names, values and messages: the page stays whole, within its limit, and dead."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange
from rocky_action.domain.diff import (
    CategoryChange,
    CellChange,
    Column,
    ColumnChange,
    Coverage,
    Exhaustive,
    Histogram,
    Key,
    ModelDiff,
    NotCompared,
    Numbers,
    NumericChange,
    Profile,
    Proof,
    RowDiff,
    RowExample,
    Sampled,
    SchemaDiff,
    Slice,
    TypeChange,
    Unstable,
    ValueMove,
    Way,
)
from rocky_action.domain.execution import Failed, NotRun
from rocky_action.domain.plan import LeftModel, Plan
from rocky_action.domain.report import Caveat, Edge, Report, Severity, Verdict
from rocky_action.errors import UserError
from rocky_action.rendering import render_comment, render_failure, render_summary
from rocky_action.rendering.text import Md, code, prose
from tests.support.examples import examples
from tests.support.html_view import tokens
from tests.support.reports import HOSTILE, planned, report_of, run

MARKER = "<!-- rocky-preview:key -->"
OURS = ("<details", "</details>", "<summary>", "</summary>", "<sub>", "</sub>", "<b>", "</b>", "<code>", "</code>")

snippets = st.sampled_from([*HOSTILE, "@bob", "#12", "`", "|", "\n", "<b>", "](", "http://x.example", ":x:", "\\", "$"])
texts = st.one_of(
    st.text(st.characters(), max_size=40), st.lists(st.one_of(snippets, st.text(max_size=5)), max_size=8).map("".join)
)
cells = st.one_of(st.none(), texts)
counts = st.integers(0, 10**12)


@st.composite
def model_diffs(draw: st.DrawFn, model: str) -> ModelDiff:
    kind = draw(st.sampled_from(["added", "removed", "changed"]))
    examples = draw(
        st.lists(
            st.builds(
                RowExample,
                st.just(kind),
                st.tuples(st.tuples(texts, cells)),
                st.lists(st.builds(CellChange, texts, cells, cells, st.booleans()), max_size=3).map(tuple),
                st.integers(1, 3),
            ),
            max_size=3,
        )
    )
    coverages: st.SearchStrategy[Coverage] = st.one_of(
        st.builds(Exhaustive, st.sampled_from(["keyed", "multiset"])),
        st.builds(Sampled, counts, counts, st.tuples(texts), st.just("random"), st.none() | st.floats(0, 1)),
        st.builds(NotCompared, texts),
    )
    return ModelDiff(
        model,
        SchemaDiff((Column(draw(texts), draw(texts)),), (), (TypeChange(draw(texts), draw(texts), draw(texts)),)),
        RowDiff(
            draw(st.one_of(st.none(), counts)),
            draw(st.one_of(st.none(), counts)),
            draw(counts),
            draw(counts),
            draw(counts),
            (ColumnChange(draw(texts), draw(counts)),),
            tuple(examples),
        ),
        draw(coverages),
        key=Key((draw(texts),), draw(texts), unique_base=draw(st.booleans()), unique_head=True),
        notes=(draw(texts),),
        new=draw(st.booleans()),
        proof=Proof(draw(st.sampled_from(get_args(Way))), draw(texts), draw(st.floats(0, 1))),
        profile=draw(st.one_of(st.none(), profiles())),
        unstable=tuple(draw(st.lists(st.builds(Unstable, st.one_of(st.none(), texts), texts), max_size=2))),
    )


def profiles() -> st.SearchStrategy[Profile]:
    figures = st.one_of(cells, st.floats().map(str), st.decimals(allow_nan=False).map(str))
    sides = st.builds(Numbers, counts, counts, counts, figures, figures, figures, figures)
    steps = st.lists(counts, min_size=3, max_size=3).map(tuple)
    edges = st.floats(allow_nan=False, allow_infinity=False)
    histograms = st.one_of(st.none(), st.builds(Histogram, edges, edges, steps, steps))
    moves = st.lists(st.builds(ValueMove, cells, counts, counts), max_size=3).map(tuple)
    shares = st.floats(0, 1)
    return st.builds(
        Profile,
        counts,
        counts,
        st.lists(st.builds(NumericChange, texts, sides, sides, histograms), max_size=2).map(tuple),
        st.lists(st.builds(CategoryChange, texts, moves), max_size=2).map(tuple),
        st.lists(st.builds(Slice, texts, cells, counts, shares, shares), max_size=2).map(tuple),
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    names = draw(st.lists(texts, min_size=1, max_size=4, unique=True))
    diffs = tuple(draw(model_diffs(name)) for name in names)
    outcomes = st.one_of(st.none(), st.builds(Failed, texts), st.builds(NotRun, texts))
    left = st.lists(st.builds(LeftModel, texts, texts), max_size=2).map(tuple)
    report = report_of(*diffs, verdict=draw(st.sampled_from(Verdict)))
    return replace(
        report,
        plan=Plan(tuple(planned(name, draw(texts)) for name in names), draw(left), draw(left), draw(left)),
        changes=ChangeSet((ModelChange(names[0], ChangeKind.RENAMED, draw(texts), draw(texts), (), draw(texts)),)),
        execution=replace(report.execution, head_runs=tuple(run(name, draw(outcomes)) for name in names)),
        caveats=tuple(draw(st.lists(st.builds(Caveat, st.sampled_from(Severity), texts, texts), max_size=3))),
        edges=tuple(Edge(names[0], name) for name in names),
        comparison=replace(report.comparison, base_ref=draw(texts), head_ref=draw(texts)),
        provenance=replace(
            report.provenance, warehouse=draw(texts), preview_name=draw(texts), started_at=draw(texts), run_url=None
        ),
    )


def dead(markdown: str) -> None:
    """No link, picture, mention or HTML but ours; every table row as wide as its header; no invisible character."""
    body = markdown.removeprefix(MARKER)
    width = cells = folds = 0
    for token in tokens(body):
        assert token.type not in {"link_open", "image"}, token
        if token.type in {"html_inline", "html_block"}:
            rest = token.content
            folds += rest.count("<details") - rest.count("</details>")
            for tag in OURS:
                rest = rest.replace(tag, "")
            assert "<" not in rest, token.content
        if token.type == "tr_open":
            cells = 0
        cells += token.type in {"td_open", "th_open"}
        if token.type == "tr_close":
            width = width or cells
            assert cells == width
        if token.type == "table_close":
            width = 0
        if token.type in {"text", "html_block"}:
            assert "#12" not in token.content or "<code>" in token.content
    assert not any(follow.isalnum() for mark, follow in pairwise(body) if mark == "@")
    assert all(char.isprintable() or char in "\n\xa0\u200b" for char in body)
    assert folds == 0


@settings(max_examples=examples(60), deadline=None)
@given(reports(), st.sampled_from([1_500, 4_000, 65_000]))
def test_a_comment_is_whole_within_its_limit_and_dead(report: Report, limit: int) -> None:
    text = render_comment(report, marker=MARKER, limit=limit)
    assert len(text) <= limit
    assert text.split("\n")[0] == MARKER
    assert text == render_comment(report, marker=MARKER, limit=limit)
    dead(text)


@settings(max_examples=30, deadline=None)
@given(reports())
@pytest.mark.slow
def test_a_summary_is_within_its_limit_and_dead(report: Report) -> None:
    text = render_summary(report, limit=6_000)
    assert len(text.encode()) <= 6_000
    dead(text)


@settings(max_examples=examples(60), deadline=None)
@given(texts, texts)
def test_a_failure_is_dead(message: str, advice: str) -> None:
    text = render_failure(UserError(message, advice=advice), marker=MARKER, commit=message)
    assert text.startswith(f"{MARKER}\n")
    dead(text)


@settings(max_examples=examples(300), deadline=None)
@given(texts)
def test_a_code_span_is_one_code_span(text: str) -> None:
    shown = code(text)
    inline = tokens(f"x {shown} y")
    spans = [token for token in inline if token.type == "code_inline"]
    assert len(spans) == (1 if text else 0)
    assert len(shown) <= 3 * 80 + 5


@settings(max_examples=examples(300), deadline=None)
@given(texts)
def test_prose_holds_nothing_but_words_and_code(text: str) -> None:
    kinds = {token.type for token in tokens(f"- {prose(text)}")}
    assert kinds <= {
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
        "inline",
        "text",
        "code_inline",
        "paragraph_close",
        "list_item_close",
        "bullet_list_close",
    }
    assert isinstance(prose(text), Md)


@settings(max_examples=examples(300), deadline=None)
@given(texts, texts)
def test_different_short_values_look_different(one: str, other: str) -> None:
    if one != other and max(len(one), len(other)) <= 5 and "\\" not in one + other and "↵" not in one + other:
        assert "␣" in one + other or "@" in one + other or code(one) != code(other)
