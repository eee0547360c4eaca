"""Pruning against DuckDB, for random projects and edits: whatever comes out otherwise, runs.

A few hundred cases here; thousands with `make nightly`, which also says how tight the plans are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from random import Random

import pytest

from rocky_action.domain.changes import ChangeSet
from rocky_action.domain.lineage import ModelRead
from tests.support.random_projects.cases import case_of, random_case, read_case
from tests.support.random_projects.edits import Edited
from tests.support.random_projects.generator import random_project
from tests.support.random_projects.oracle import Database, TooLargeError, open_database
from tests.support.random_projects.properties import Planned, execute, product, violations
from tests.support.random_projects.pull_requests import PullRequest, random_edit
from tests.support.random_projects.search import broken_promises, search
from tests.support.random_projects.unsound import UNSOUND, leaves_out_the_last

CASES = 320
SHARDS = 4


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with open_database() as opened:
        yield opened


@pytest.mark.parametrize("shard", [0, 1, *(pytest.param(shard, marks=pytest.mark.slow) for shard in range(2, SHARDS))])
def test_no_promise_is_broken(shard: int, database: Database) -> None:
    found = search(range(shard * CASES // SHARDS, (shard + 1) * CASES // SHARDS), database)
    assert not found.failures, "\n\n".join(map(str, found.failures))
    assert found.skipped <= CASES // SHARDS // 10
    assert found.differing > found.cases // 3, "edits that change nothing prove nothing"


def test_a_project_compared_with_itself_prunes_to_zero(database: Database) -> None:
    for seed in range(1000, 1020):
        project = random_project(Random(seed), database)  # noqa: S311
        case = case_of("itself", project, pull_request=PullRequest(()))
        changes, plan = product(case.projects(), {})
        assert changes == ChangeSet()
        assert (plan.prune_set, plan.copy_set, plan.removed) == ((), (), ())
        assert len(plan.skipped) == len(project.drafts)


def test_a_larger_change_never_prunes_less(database: Database) -> None:
    """Edits of models neither of which reads the other: one edit alone, and both."""
    pairs = 0
    for seed in range(2000, 2040):
        rng = Random(seed)  # noqa: S311
        project = random_project(rng, database)
        chosen = rng.sample(project.drafts, 2)
        edited = [random_edit(rng, project, draft=draft) for draft in chosen]
        both = tuple(one for one in edited if one is not None and one.kind != "new")
        if len(both) < 2 or not _apart(
            both, case_of("", project, pull_request=PullRequest(both)).projects().head.reads
        ):
            continue
        pairs += 1
        larger = set(_prune(product(case_of("", project, pull_request=PullRequest(both)).projects(), {})))
        for one in both:
            smaller = set(_prune(product(case_of("", project, pull_request=PullRequest((one,))).projects(), {})))
            gone = {other.model for other in both if other.after is None}
            assert smaller - gone <= larger, (seed, [other.kind for other in both])
    assert pairs > 10


def _prune(planned: Planned) -> tuple[str, ...]:
    return planned[1].prune_names


def _apart(edited: Iterable[Edited], reads: Mapping[str, Iterable[object]]) -> bool:
    """Whether no edited model reads another one, directly or not."""
    names = {one.model for one in edited}

    def below(name: str) -> set[str]:
        direct = {one.model for one in reads.get(name, ()) if isinstance(one, ModelRead)}
        return direct.union(*(below(other) for other in direct))

    return not any(below(name) & names - {name} for name in names)


class TestTheOracle:
    """The judge is judged: planners that are wrong on purpose are caught."""

    @pytest.mark.slow
    def test_every_wrong_belief_is_caught(self, database: Database) -> None:
        left = dict(UNSOUND)
        for seed in range(60, 140):
            case = random_case(seed, database)
            try:
                executed = execute(case, database)
            except TooLargeError:
                continue
            for belief, planner in [*left.items()]:
                planned = planner(executed.projects, executed.columns)
                if violations(executed, planned, database=database):
                    del left[belief]
            if not left:
                return
        assert sorted(left) == []

    def test_a_failure_is_made_small_and_can_be_kept(self, database: Database, tmp_path: Path) -> None:
        cases = ((seed, random_case(seed, database)) for seed in range(20))
        seed = next(seed for seed, case in cases if broken_promises(case, database, planner=leaves_out_the_last))
        [failure] = search([seed], database, planner=leaves_out_the_last).failures
        path = tmp_path / f"seed_{failure.seed}.yml"
        path.write_text(failure.text, encoding="utf-8")
        kept = read_case(path)
        assert broken_promises(kept.case, database, planner=leaves_out_the_last)
        assert not broken_promises(kept.case, database)
        original = random_case(failure.seed, database)
        assert len("".join(kept.case.base.values())) < len("".join(original.base.values()))
        assert "seed" in str(failure)

    def test_the_same_seed_is_the_same_case(self, database: Database) -> None:
        with open_database() as other:
            for seed in range(5):
                assert random_case(seed, database) == random_case(seed, other)
