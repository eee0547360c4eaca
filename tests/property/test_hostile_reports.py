"""Every report of the golden files with every text in it replaced by a stranger's: no page of it may act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.execution import Succeeded
from rocky_action.domain.prices import Basis, Tariff
from rocky_action.domain.report import Report
from rocky_action.errors import InputError, PreviewError, WarehouseError
from rocky_action.rendering import (
    render_cleanup,
    render_comment,
    render_comparison,
    render_cost_markdown,
    render_diff_markdown,
    render_failure,
    render_summary,
)
from tests.support.cost_reports import COST_SCENARIOS
from tests.support.dead import assert_dead
from tests.support.examples import examples
from tests.support.poison import poisoned, texts_of
from tests.support.reports import HOSTILE, RUN_URL, SCENARIOS


def with_notes(report: Report) -> Report:
    """With a free warehouse, and a note on how each model was built."""
    runs = tuple(
        replace(run, outcome=replace(run.outcome, note="a note")) if isinstance(run.outcome, Succeeded) else run
        for run in report.execution.head_runs
    )
    tariff = Tariff(Basis.FREE, 0.0, "free of charge", "DuckDB")
    cost = replace(report.cost, tariff=tariff)
    return replace(report, cost=cost, execution=replace(report.execution, head_runs=runs))


MARKER = "<!-- rocky-preview:key -->"
REPORTS = {name: made() for name, made in {**SCENARIOS, **COST_SCENARIOS}.items() if name != "sixty_models"}
REPORTS["with_notes"] = with_notes(REPORTS["rows_changed"])

ATTACKS = (
    *(text for text in HOSTILE if len(text) < 200),
    *("x\n```\n<script>alert(1)</script>", "x\n~~~~\n![i](u)", "@", "@bob", "#12", "GH-12", "o/r#3", "ABC-7"),
    *("deadbeef-cafe", "1234567", "12345678.1234567", "`", "``", "|", "\\|", "\\", "\n", "\r", "\n\n", "\t", "***"),
    *("~~~", "<b>", "</summary>", "<!--", "-->", "&#64;a", "](x)", "[a](//e.example)", "![i](u)", "http://e.example"),
    *("www.e.example", "a@e.example", "mailto:a@e.example", ":x:", "$x$", "$`x`$", "$$", "\u202e", "\u2066", "\u200b"),
    *("\u3164", "\ufe0f", "\U000e0100", "\x9b31m", "\ud800", "::error::x", "##[error]x", MARKER, "1. a", "- a", "# a"),
    *("===", "---", "> a", "    a", "it ", "e.g.", "word"),
)
attacks = st.sampled_from(ATTACKS)
texts = st.one_of(
    st.lists(st.one_of(attacks, st.text(max_size=4)), min_size=1, max_size=4).map("".join),
    st.lists(attacks, min_size=1, max_size=4).map(" ".join),
)


@st.composite
def attackers(draw: st.DrawFn) -> Callable[[str], str]:
    """Turns texts into hostile ones, equal ones into equal ones."""
    chosen = draw(st.lists(texts, min_size=1, max_size=12))
    known: dict[str, str] = {}

    def change(text: str) -> str:
        if text not in known:
            number = len(known)
            mark = "".join("abcdefghij"[int(digit)] for digit in str(number))
            attack = chosen[number % len(chosen)]
            known[text] = (f"{attack}{mark}", f"{mark} {attack}", f"{text} {attack} {mark}")[number % 3]
        return known[text]

    return change


def assert_all_dead(report: Report) -> None:
    url = report.provenance.run_url
    assert_dead(render_comment(report, marker=MARKER), marker=MARKER, run_url=url)
    assert_dead(render_comment(report, marker=MARKER, limit=3_000), marker=MARKER, run_url=url)
    assert_dead(render_summary(report), run_url=url)
    assert_dead(render_diff_markdown(report), run_url=url)
    assert_dead(render_cost_markdown(report), run_url=url)
    for diff in report.diffs:
        assert_dead(render_comparison(diff, base=diff.model, head=report.comparison.head_ref))


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_without_strangers_is_dead(name: str) -> None:
    assert_all_dead(REPORTS[name])


@pytest.mark.parametrize("name", REPORTS)
def test_known_attacks_in_every_field(name: str) -> None:
    """Each field has one of them, and another in each report."""
    start = 7 * list(REPORTS).index(name)
    numbers = {text: number for number, text in enumerate(texts_of(REPORTS[name]), start)}
    assert_all_dead(poisoned(REPORTS[name], lambda text: f"{ATTACKS[numbers[text] % len(ATTACKS)]} n{numbers[text]}"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(REPORTS)), attackers())
def test_a_page_full_of_strangers_is_dead(name: str, change: Callable[[str], str]) -> None:
    assert_all_dead(poisoned(REPORTS[name], change))


@settings(max_examples=examples(150), deadline=None)
@given(texts, texts, texts, st.sampled_from([InputError, WarehouseError, PreviewError]))
def test_a_failure_is_dead(message: str, advice: str, commit: str, kind: type[PreviewError]) -> None:
    page = render_failure(kind(message, advice=advice), marker=MARKER, commit=commit, run_url=RUN_URL)
    assert_dead(page, marker=MARKER, run_url=RUN_URL)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(texts, max_size=12), texts)
def test_a_clean_up_is_dead(schemas: list[str], because: str) -> None:
    for reason in ("", because):
        page = render_cleanup(schemas, because=reason)
        assert_dead(f"### heading\n\n{page}")


@settings(max_examples=examples(100), deadline=None)
@given(texts)
def test_a_run_url_is_a_link_to_nothing_else(url: str) -> None:
    assert_dead(render_failure(InputError("no", advice=""), run_url=url), run_url=url)
