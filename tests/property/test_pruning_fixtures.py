"""Kept cases of pruning: the traps by name, and every failure that the random cases ever found.

A new one is what a failing random case prints, saved as `tests/fixtures/pruning/NAME.yml`. What it says of DuckDB is
checked too, so that a case which no longer bites is found out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.random_projects.cases import Kept, read_case, written
from tests.support.random_projects.oracle import Built, Database, open_database
from tests.support.random_projects.properties import execute, product, violations
from tests.support.random_projects.unsound import UNSOUND

FOLDER = Path(__file__).parents[1] / "fixtures" / "pruning"
KEPT = {path.stem: read_case(path) for path in sorted(FOLDER.glob("*.yml"))}

NOT_YET_TIGHT = frozenset(
    {
        "column_alias_list",
        "reordered",
        "star_exclude",
        "star_replace",
        "union_by_name",
        "union_by_position",
        "unpivot",
    }
)
"""Cases in which models run that a column-level planner can leave out. Strict: once they are left out, it has to go."""


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with open_database() as opened:
        yield opened


@pytest.mark.parametrize("name", KEPT)
def test_what_differs_runs(name: str, database: Database) -> None:
    kept = KEPT[name]
    executed = execute(kept.case, database)
    assert all(isinstance(outcome, Built) for outcome in executed.base.values()), executed.base
    assert executed.differs == kept.differs, "what DuckDB says is not what the case says"
    planned = product(executed.projects, executed.columns)
    assert violations(executed, planned, database=database) == ()
    assert kept.must_run <= set(planned[1].prune_names)


@pytest.mark.parametrize("name", [name for name, kept in KEPT.items() if kept.tight])
def test_what_cannot_differ_is_left_out(name: str, database: Database) -> None:
    kept = KEPT[name]
    executed = execute(kept.case, database)
    run = kept.tight & set(product(executed.projects, executed.columns)[1].prune_names)
    if name in NOT_YET_TIGHT:
        assert run, f"{name} is tight now: take it from NOT_YET_TIGHT"
    else:
        assert not run, f"these need not run: {sorted(run)}"


def test_the_list_of_what_is_not_tight_yet_names_cases() -> None:
    assert {name for name, kept in KEPT.items() if kept.tight} >= NOT_YET_TIGHT


@pytest.mark.parametrize("belief", UNSOUND)
def test_each_wrong_belief_is_caught_by_a_kept_case(belief: str, database: Database) -> None:
    def caught(kept: Kept) -> bool:
        executed = execute(kept.case, database)
        planned = UNSOUND[belief](executed.projects, executed.columns)
        return bool(violations(executed, planned, database=database))

    assert any(caught(kept) for kept in KEPT.values())


@pytest.mark.parametrize("name", KEPT)
def test_a_case_is_written_as_it_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.yml"
    path.write_text(written(KEPT[name]), encoding="utf-8")
    assert read_case(path) == KEPT[name]


@pytest.mark.parametrize("name", KEPT)
def test_no_model_is_both_wanted_and_unwanted(name: str) -> None:
    kept = KEPT[name]
    assert not kept.must_run & kept.tight
    assert kept.why.endswith(".")
