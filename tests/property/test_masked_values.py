"""No value of a masked column is in anything that is published, whatever the data, the key and the algorithm."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action import documents
from rocky_action.console import tables as console
from rocky_action.console.comparison import show_comparison
from rocky_action.domain.diff import NAMED, ModelDiff, Profile
from rocky_action.domain.options import Algorithm, ModelOptions, SampleOrder
from rocky_action.domain.report import Verdict
from rocky_action.ports import Row
from rocky_action.rendering import render_comparison
from rocky_action.rowdiff.examples import MASK
from rocky_action.rowdiff.request import DiffRequest
from rocky_action.wire.compare import compare_document
from rocky_action.wire.document import to_json
from tests.support.reports import report_of
from tests.support.rowdiff_tables import Tables, open_tables, request

TYPES = "id INTEGER, s VARCHAR, n INTEGER, d DATE, f DOUBLE, c VARCHAR, m DECIMAL(12, 2)"
COLUMNS = ("id", "s", "n", "d", "f", "c", "m")
LOOKS = {
    "id": r"(?<![\d.])81,?0\d\d",
    "s": "kanary",
    "n": r"(?<![\d.])72,?0\d\d",
    "d": r"(?<![\d.])1987",
    "f": r"(?<![\d.])63,?0\d\d\.",
    "c": "finch",
    "m": r"(?<![\d.])54,?0\d\d\.",
}
"""Values that are found again in any text: no other number there begins so, but for odds behind a point."""


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def row_of(identity: int, other: int) -> Row:
    return (
        81_000 + identity,
        f"kanary-{other}",
        72_000 + other,
        date(1987, 1, 1) + timedelta(days=other),
        63_000.5 + other,
        f"finch-{other % 3}",
        54_000 + other,
    )


def sides(random: Random) -> tuple[list[Row], list[Row]]:
    """Rows with and without a unique key, and what became of them: gone, new, with NULLs or other values."""
    size = random.randint(2, 40)
    identities = random.choices(range(61), k=size) if random.random() < 0.5 else random.sample(range(61), size)
    base = [row_of(one, random.randint(0, 40)) for one in identities]
    head = [list(row) for row in base if random.random() < 0.9]
    for row in head:
        other = row_of(0, random.randint(0, 40))
        for place in range(1, len(row)):
            if random.random() < 0.2:
                row[place] = random.choice([None, other[place]])
    new = [row_of(random.randint(61, 90), random.randint(0, 40)) for _ in range(random.randint(0, 5))]
    return base, [*map(tuple, head), *new]


def published(diff: ModelDiff) -> str:
    """Everything that anybody gets to see of one comparison."""
    report = report_of(diff, verdict=Verdict.CHANGED)
    printed = io.StringIO()
    with redirect_stdout(printed):
        console.show_report(report)
        console.show_diffs(report)
        show_comparison(diff, base="base", head="head")
    pages = documents.all_documents(report, marker="<!-- m -->").values()
    compared = (render_comparison(diff, base="base", head="head"), to_json(compare_document(diff)))
    return "\n".join((*pages, *compared, printed.getvalue()))


def assert_said_to_be_masked(diff: ModelDiff, masked: set[str]) -> None:
    """What is not read must not look like NULL either."""
    for example in diff.rows.examples:
        assert {value for name, value in example.key if name in masked} <= {MASK}
        assert all(cell.masked == (cell.column in masked) for cell in example.cells)
    profile = diff.profile or Profile()
    assert not masked & {category.column for category in profile.categories}
    assert not masked & {one.column for one in profile.slices}
    for change in profile.numbers:
        if change.column in masked:
            figures = [(side.sum, side.mean, side.min, side.max) for side in (change.base, change.head)]
            assert (figures, change.histogram) == ([(None,) * 4] * 2, None)


wanted = st.builds(
    replace,
    st.sampled_from([(), ("id",), ("s",), ("id", "c"), ("m", "d")]).map(lambda key: request(*([key] if key else []))),
    algorithm=st.sampled_from(Algorithm),
    sample_order=st.sampled_from(SampleOrder),
    sample_size=st.sampled_from([3, 1000]),
    max_samples=st.sampled_from([0, 5, 50]),
    few_rows=st.sampled_from([0, 100_000]),
)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), wanted)
def test_no_masked_value_is_published(tables: Tables, random: Random, asked: DiffRequest) -> None:
    masked = {name for name in COLUMNS if random.random() < 0.4} or {random.choice(COLUMNS)}
    named = {name for name in masked if random.random() < 0.5}
    options = replace(asked.options, mask_columns=tuple(name.upper() for name in named))
    masks = dict.fromkeys(masked - named, "tagged `pii` in `t`")
    diff = tables.typed(TYPES, *sides(random)).ask(replace(asked, options=options, masks=masks))
    text = published(diff)
    found = {name: re.search(f".*{LOOKS[name]}.*", text) for name in masked}
    assert {name: match[0] for name, match in found.items() if match} == {}
    assert {one.name: one.why for one in diff.masked_columns} == dict.fromkeys(named, NAMED) | masks
    assert_said_to_be_masked(diff, masked)
    if not asked.max_samples:
        assert not any(re.search(look, text) for look in LOOKS.values())


def test_what_is_not_masked_is_found_by_these_looks(tables: Tables) -> None:
    base = [row_of(one, one) for one in range(30)]
    head = [row_of(one, one + 1) for one in range(1, 31)]
    text = published(tables.typed(TYPES, base, head).ask(replace(request(("id",)), max_samples=50)))
    assert [name for name in COLUMNS if not re.search(LOOKS[name], text)] == []


@pytest.mark.parametrize("masked", COLUMNS)
@pytest.mark.parametrize("key", [(), ("id",), ("s",), ("id", "c")], ids=str)
def test_each_column_is_masked_in_the_key_and_outside(tables: Tables, key: tuple[str, ...], masked: str) -> None:
    base = [row_of(one, one) for one in range(30)]
    head = [row_of(one, one + (one % 3 == 0)) for one in range(1, 31)]
    asked = replace(request(*([key] if key else [])), masks={masked: "tagged"}, max_samples=50)
    diff = tables.typed(TYPES, base, head).ask(asked)
    text = published(diff)
    assert not re.search(LOOKS[masked], text)
    assert_said_to_be_masked(diff, {masked})
    assert any(re.search(LOOKS[name], text) for name in COLUMNS)


def test_an_error_that_quotes_a_value_is_not_published(tables: Tables) -> None:
    """A view that cannot be read says why, with the value that it stumbled over."""
    tables.run("CREATE OR REPLACE TABLE base.u AS SELECT 'kanary' AS s", "DROP TABLE IF EXISTS base.t")
    tables.run("CREATE OR REPLACE VIEW base.t AS SELECT CAST(s AS INTEGER) AS s FROM base.u")
    tables.run("DROP TABLE IF EXISTS head.t", "CREATE TABLE head.t AS SELECT 1 AS s")
    try:
        asked = request()
        assert "kanary" in published(tables.ask(asked))
        for hidden in (replace(asked, options=ModelOptions(mask_columns=("x",))), replace(asked, max_samples=0)):
            text = published(tables.ask(hidden))
            assert "kanary" not in text
            assert "Conversion Error, whose text is not shown as it may quote values" in text
    finally:
        tables.run("DROP VIEW base.t")
