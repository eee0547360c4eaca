"""docs/why.md: every plan on the page is what the planner says, and what it leaves out is the same in DuckDB."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.random_projects.oracle import Broken, Database, open_database
from tests.support.random_projects.properties import execute, product, violations
from tests.support.why_page import Example, edited, examples, told

PAGE = Path(__file__).parents[2] / "docs" / "why.md"
EXAMPLES = list(examples(PAGE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with open_database() as opened:
        yield opened


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_the_plan_is_what_the_page_says(example: Example) -> None:
    projects = example.case.projects()
    said = told(*product(projects, {}))
    if os.environ.get("UPDATE_GOLDEN"):
        page = PAGE.read_text(encoding="utf-8")
        section = page.index(f" {example.title}\n")
        rest = page[section:].replace(f"```text\n{example.plan}```", f"```text\n{said}```", 1)
        PAGE.write_text(page[:section] + rest, encoding="utf-8")
    else:
        assert said == example.plan


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_what_the_page_leaves_out_is_the_same_in_duckdb(example: Example, database: Database) -> None:
    executed = execute(example.case, database)
    assert not [name for name, outcome in executed.base.items() if isinstance(outcome, Broken)], executed.base
    assert violations(executed, product(executed.projects, executed.columns), database=database) == ()


def test_every_kind_of_change_has_an_example() -> None:
    kinds = {change.kind.value for example in EXAMPLES for change in product(example.case.projects(), {})[0].changes}
    assert kinds == {"cosmetic", "columns", "rows", "config", "added", "removed", "renamed"}


def test_an_edit_of_lines_that_are_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="not, or not only once"):
        edited({"models/a.sql": "SELECT 1\n"}, "models/a.sql\n- SELECT 2\n+ SELECT 3\n")
