"""How people write tolerances, wherever they do."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.options import Tolerance, tolerance_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", Tolerance()),
        ("0.01", Tolerance(0.01)),
        (" 1e-9 ", Tolerance(1e-9)),
        (".5", Tolerance(0.5)),
        ("5.", Tolerance(5)),
        ("0.1%", Tolerance(relative=0.001)),
        ("10 %", Tolerance(relative=0.1)),
        ("0.01 + 0.1%", Tolerance(0.01, 0.001)),
        ("1e+2+1e+1%", Tolerance(100, 0.1)),
        ("1e400%", None),
        *(
            (text, None)
            for text in ("", "-1", "+1", "x", "nan", "inf", "1e400", "1_000", "٣", "1,5", "0x1", "%", "1%%")
        ),
        *((text, None) for text in ("1 + 1", "1% + 1%", "1% + 1", "1 +", "+ 1%", "1 1%", "1 - 1%")),
    ],
)
def test_tolerances(text: str, expected: Tolerance | None) -> None:
    assert tolerance_of(text) == expected


@given(st.text(st.sampled_from("0123456789.eE+-% "), max_size=12))
def test_any_text_is_a_tolerance_or_none(text: str) -> None:
    found = tolerance_of(text)
    if found is not None:
        assert found.absolute >= 0
        assert found.relative >= 0
        assert math.isfinite(found.absolute + found.relative)


@given(st.floats(0, allow_infinity=False))
def test_a_number_is_read_as_it_is(number: float) -> None:
    assert tolerance_of(repr(number)) == Tolerance(number)
