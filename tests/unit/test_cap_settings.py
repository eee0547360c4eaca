"""The cap as people write it, and as the cost document tells it."""

from __future__ import annotations

import pytest

from rocky_action import settings
from rocky_action.domain.options import Cap
from rocky_action.errors import InputError
from rocky_action.project_file import load_project_file
from rocky_action.wire.cost import cost_document
from tests.support.cap_reports import cap_reached
from tests.support.reports import no_change


def test_no_cap_is_the_default() -> None:
    assert settings.parse({}).preview_options("x").cap == Cap()


@pytest.mark.parametrize(("text", "usd"), [("5", 5.0), ("0.25", 0.25), ("100000", 100_000.0)])
def test_dollars(text: str, usd: float) -> None:
    assert settings.parse({"max_preview_usd": text}).preview_options("x").cap == Cap(usd)


@pytest.mark.parametrize("text", ["0", "0.00", "-1", "$5", "5 USD", "1e3", "nan", "inf", "9999999999", "1,000"])
def test_what_is_no_number_of_dollars_is_said_not_to_be(text: str) -> None:
    with pytest.raises(InputError, match=r"--max-preview-usd is .*, not a number of US dollars above 0"):
        settings.parse({"max_preview_usd": text})


def test_sizes_are_those_of_a_comparison() -> None:
    assert settings.parse({"max_preview_bytes": "1.5 GiB"}).preview_options("x").cap == Cap(bytes=3 * 2**29)
    with pytest.raises(InputError, match="--max-preview-bytes is '5', not a size"):
        settings.parse({"max_preview_bytes": "5"})


def test_the_project_file_may_say_both() -> None:
    file = load_project_file(b"max_preview_usd: 2.50\nmax_preview_bytes: 200GB\n")
    assert settings.parse({}, project_file=file).preview_options("x").cap == Cap(2.5, 200 * 10**9)
    wrong = load_project_file(b"# ours\nmax_preview_usd: much\n")
    with pytest.raises(InputError, match=r"rocky-preview.yml, line 2: max_preview_usd is 'much'"):
        settings.parse({}, project_file=wrong)


def test_the_cost_document_has_all_of_it() -> None:
    report = cap_reached()
    cap = cost_document(report.cost, report.execution, name="x", markdown="").model_dump(mode="json")["cap"]
    assert (cap["max_usd"], cap["planned_usd"], cap["kept_usd"]) == (5.0, 11.7, 4.62)
    assert (cap["max_bytes"], cap["planned_bytes"], cap["kept_bytes"]) == (None, None, None)
    assert (cap["unestimated"], cap["recorded"]) == (["fct_orders", "rpt_weekly"], ["fct_sessions"])
    assert cap["cuts"][0] == {"what": "sampled", "models": [], "reached": False}
    assert cap["cuts"][-1] == {"what": "not_compared", "models": ["rpt_weekly"], "reached": True}
    nothing = no_change()
    assert cost_document(nothing.cost, nothing.execution, name="x", markdown="").cap is None
