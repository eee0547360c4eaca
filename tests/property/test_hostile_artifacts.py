"""Whatever a pull request's own run uploads: nothing of it acts, and nothing is raised but that it is not taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.report import Report
from rocky_action.errors import UnusableReportError
from rocky_action.forges.artifacts import unpacked
from rocky_action.relaying import hearsay_page
from rocky_action.rendering.hearsay import Origin
from rocky_action.wire.report import report_json
from rocky_action.wire.strangers import read_strangers_report
from tests.property.test_hostile_reports import ATTACKS, REPORTS, attackers
from tests.support.archives import FILE, packed, streamed
from tests.support.dead import assert_dead
from tests.support.poison import poisoned

MOST = 100_000
MARKER = "<!-- rocky-preview (the pull request's own run) -->"
ORIGIN = Origin(
    "b81e90d7c2", "https://github.com/acme/shop/actions/runs/1", "https://github.com/acme/shop/actions/runs/2"
)
HEADING = "### 🔒 Not checked: what the pull request's own run says of `b81e90d`"
ARCHIVES = (packed((FILE, b"{}" * 90)), streamed(b"[1, 2]" * 99), packed((FILE, b"x"), ("y", b"z")))
DOCUMENTS = tuple(json.loads(report_json(report)) for report in REPORTS.values())
ODD: tuple[object, ...] = (
    *(0, -1, 1, 2**62, -(2**62), 1e308, -1e308, 5e-324, 0.5, None, True, "", "x", "9999-12-31T23:59:59-23:59", [], {}),
    *ATTACKS[::7],
)
Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> list[Path]:
    """Where anything stands in a document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(inner for key, one in pairs for inner in paths(one, (*path, key)))]


PLACES = tuple(paths(document)[1:] for document in DOCUMENTS)


def assert_hearsay(report: Report, limit: int = 65_000) -> None:
    page = hearsay_page(report, ORIGIN, marker=MARKER, limit=limit)
    assert page.split("\n")[1] == HEADING
    assert len(page) <= limit
    urls = {report.provenance.run_url or "", ORIGIN.run_url, ORIGIN.posted_by or ""}
    assert_dead(page, marker=MARKER, more_urls=urls)


def changed(document: Any, place: Path, new: object) -> Any:
    """The document with one thing in it changed; a list may be turned into its double as well."""
    if not place:
        return document * 2 if isinstance(document, list) and new is None else new
    copy: Any = document.copy() if isinstance(document, dict | list) else document
    try:
        copy[place[0]] = changed(copy[place[0]], place[1:], new)
    except (LookupError, TypeError):
        return document  # another change was there before
    return copy


@st.composite
def documents(draw: st.DrawFn) -> str:
    number = draw(st.integers(0, len(DOCUMENTS) - 1))
    document = DOCUMENTS[number]
    for place in draw(st.lists(st.sampled_from(PLACES[number]), min_size=1, max_size=4)):
        document = changed(document, place, draw(st.sampled_from(ODD)))
    return json.dumps(document)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_any_document_is_refused_or_shown_as_hearsay(text: str) -> None:
    try:
        assert_hearsay(read_strangers_report(text.encode()), limit=20_000)
    except UnusableReportError:
        return


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(REPORTS)), attackers(), st.sampled_from([1_500, 65_000]))
def test_hearsay_full_of_strangers_is_dead(name: str, change: Callable[[str], str], limit: int) -> None:
    assert_hearsay(poisoned(REPORTS[name], change), limit)


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_comes_back_as_it_was(name: str) -> None:
    text = report_json(REPORTS[name])
    assert report_json(read_strangers_report(text.encode())) == text


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    archive = bytearray(draw(st.sampled_from(ARCHIVES)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(archive) - 1)))
        size = draw(st.sampled_from([0, 1, 1, 1, 2, 4]))
        archive[at : at + size] = draw(st.binary(min_size=0, max_size=4) | st.just(b"\xff" * size))
    return bytes(archive)


@given(archives() | st.binary(max_size=60))
def test_any_bytes_are_refused_or_hold_one_file(content: bytes) -> None:
    try:
        found = unpacked(content, file=FILE, most=MOST)
    except UnusableReportError:
        return
    assert len(found) <= MOST
