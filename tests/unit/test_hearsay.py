"""What a reviewer reads of a report that a pull request's own run has made."""

from __future__ import annotations

import pytest

from rocky_action.rendering import render_hearsay
from rocky_action.rendering.hearsay import Origin
from tests.support.golden import check_golden
from tests.support.reports import HOSTILE, RUN_URL, SCENARIOS

MARKER = "<!-- rocky-preview (the pull request's own run) -->"
ORIGIN = Origin("b81e90d7c2f34a6e5d10987654321fedcba98765", RUN_URL, "https://github.com/acme/shop/actions/runs/7302")
FIRST = "### 🔒 Not checked: what the pull request's own run says of `b81e90d`"


@pytest.mark.parametrize("name", ["no_credentials", "rows_changed"])
def test_the_page(name: str) -> None:
    check_golden(f"hearsay_{name}.md", render_hearsay(SCENARIOS[name](), ORIGIN, marker=MARKER))


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_says_first_that_nobody_has_checked_it(name: str) -> None:
    marker, first, _, alert, why, *rest = render_hearsay(SCENARIOS[name](), ORIGIN, marker=MARKER).split("\n")
    assert (marker, first, alert) == (MARKER, FIRST, "> [!WARNING]")
    assert "**Nobody has checked this report.**" in why
    assert not any("✅" in line for line in rest)


def test_where_nothing_fits_it_says_so_all_the_same() -> None:
    page = render_hearsay(SCENARIOS["rows_changed"](), ORIGIN, marker=MARKER, limit=300)
    assert page == f"{MARKER}\n{FIRST}\n\nThe report does not fit here.\n"


@pytest.mark.parametrize("url", HOSTILE)
def test_a_run_that_has_no_address_is_no_link(url: str) -> None:
    page = render_hearsay(SCENARIOS["no_change"](), Origin("a", url, url), marker=MARKER)
    assert "Said of commit `a` by the pull request's run</sub>" in page
