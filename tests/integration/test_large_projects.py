"""What planning costs follows the change, not the project: counted here, and timed by benchmarks/plan.py."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks._generated import Generated, commit, generate
from rocky_action.domain.lineage import ModelRead
from rocky_action.domain.options import CopyMode
from rocky_action.domain.project import Projects
from rocky_action.git.comparison import compare
from rocky_action.git.repository import open_repository
from rocky_action.git.trees import trees
from rocky_action.projects.rocky import RockyLoader
from rocky_action.sql.parse import parse_query
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from tests.support.repositories import isolated_environ
from tests.support.sql_models import model, project
from tests.support.trees import tree


@pytest.fixture(scope="module")
def large() -> Generated:
    return generate(300, seed=300)


def planned(large: Generated, head: Mapping[str, str], folder: Path) -> tuple[Projects, tuple[str, ...]]:
    """Both sides out of git, and the prune set."""
    commit(folder / "repo", [large.files, head])
    repo = open_repository(folder / "repo", environ=isolated_environ(folder / "home"))
    comparison = compare(repo, base_ref="main")
    base_tree, head_tree = trees(repo, comparison)
    loader = RockyLoader(environ={})
    loaded = loader.load(head_tree)
    projects = Projects(loader.load(base_tree), loaded)
    changes = detect_changes(projects, comparison.changed_paths)
    return projects, make_plan(projects, changes, copy=CopyMode.NEEDED).prune_names


def test_one_change_parses_what_it_reaches_and_nothing_else(large: Generated, tmp_path: Path) -> None:
    changed = large.model_with_downstream(12)
    reached = large.downstream(changed)
    assert len(reached) > 8
    parse_query.cache_clear()
    _, prune = planned(large, large.edited(changed), tmp_path)
    assert set(prune) == reached
    in_sql = sum(f"models/{name}.sql" in large.files for name in reached)
    parts = 1 + large.files[f"models/{changed}.sql"].count(" AS (\n")
    most = in_sql + 1 + 2 * parts
    assert 0 < parse_query.cache_info().misses <= most, "the changed model and its CTEs on both sides, its readers once"


def test_what_both_sides_share_is_the_same_value(large: Generated, tmp_path: Path) -> None:
    changed = large.model_with_downstream(12)
    projects, _ = planned(large, large.edited(changed), tmp_path)
    different = [name for name, one in projects.head.models.items() if one is not projects.base.models[name]]
    assert different == [changed]


def test_a_default_for_all_models_needs_each_text_once(large: Generated, tmp_path: Path) -> None:
    parse_query.cache_clear()
    _, prune = planned(large, large.with_strategy("view"), tmp_path)
    assert set(prune) == large.reads.keys()
    assert parse_query.cache_info().misses <= sum(path.endswith(".sql") for path in large.files)


def test_a_loader_that_has_seen_another_tree_reads_the_same(large: Generated) -> None:
    """A model is only taken from the tree before if everything is the same that it was made of."""
    name = next(name for name in large.reads if f"models/{name}.toml" in large.files)
    path = f"models/{name}.toml"
    shared = '[[surrogate_key]]\nname = "k"\ncolumns = ["a"]\n'
    versions: list[dict[str, str]] = [
        dict(large.files),
        large.with_strategy("view"),
        large.edited(large.model_with_downstream(3)),
        {**large.files, path: large.files[path] + shared},
        {**large.files, path: large.files[path] + "typo = 1\n"},
        {**large.files, f"models/{name}.contract.toml": "x = 1\n"},
        {**large.files, "models/groups/g.toml": 'strategy = { type = "view" }\n'},
        {**large.files, "models/groups/g.toml": "", path: f'group = "g"\n{large.files[path]}'},
        {key: text for key, text in large.files.items() if not key.startswith(f"models/{name}.")},
    ]
    loader = RockyLoader(environ={})
    for files in versions:
        again, fresh = loader.load(tree(files)), RockyLoader(environ={}).load(tree(files))
        assert again == fresh
        assert again.warnings == fresh.warnings


def test_many_models_are_read_by_other_processes_as_they_are_here() -> None:
    count = 1_100
    texts = {f"m{at}": f"SELECT {at} AS id FROM m{at - 1}" if at % 7 else f"SELECT {at} FROM (" for at in range(count)}
    found = project([model(name, sql) for name, sql in texts.items()])
    parse_query.cache_clear()
    found.reads.foresee(found.models)
    assert found.reads["m5"] == (ModelRead("m4"),)
    assert found.reads["m7"] == ()
    assert [name for name in texts if not isinstance(found.reads[name], tuple)] == []
    assert parse_query.cache_info().misses == 0, "nothing was left to be read here"
