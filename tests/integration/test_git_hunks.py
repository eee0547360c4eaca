"""Which lines differ, as git sees them in real repositories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from rocky_action.domain.pull_request import Hunk
from rocky_action.git.comparison import compare
from rocky_action.git.hunks import changed_hunks
from rocky_action.git.repository import open_repository
from tests.support.repositories import GitRepository, isolated_environ

LINES = "".join(f"line {number}\n" for number in range(1, 31))


@pytest.fixture
def repo(tmp_path: Path) -> GitRepository:
    made = GitRepository.new(tmp_path / "repo", isolated_environ(tmp_path / "home"))
    made.commit({"shop/a.sql": LINES, "shop/b.sql": LINES, "other/c.sql": LINES})
    made.branch("feature")
    return made


def hunks(
    repo: GitRepository, *paths: str, head: str | None = None, folder: str = "shop"
) -> Mapping[str, tuple[Hunk, ...]]:
    repository = open_repository(repo.path / folder, environ=repo.environ)
    return changed_hunks(repository, compare(repository, base_ref="main", head=head), paths=paths)


def test_edited_dropped_and_added_lines(repo: GitRepository) -> None:
    text = (
        LINES.replace("line 3\n", "LINE 3\n").replace("line 10\nline 11\n", "").replace("line 20\n", "line 20\nmore\n")
    )
    repo.commit({"shop/a.sql": text})
    expected = {"a.sql": (Hunk(3, 1, 3, 1), Hunk(10, 2, 9, 0), Hunk(20, 0, 19, 1))}
    assert hunks(repo, "a.sql", "b.sql") == expected
    repo.switch("main")
    assert hunks(repo, "a.sql", head="feature") == expected


def test_the_work_tree_with_what_is_not_committed(repo: GitRepository) -> None:
    repo.write({"shop/a.sql": LINES.replace("line 3\n", "LINE 3\n"), "shop/new.sql": "untracked\n"})
    assert hunks(repo, "a.sql", "new.sql") == {"a.sql": (Hunk(3, 1, 3, 1),)}
    assert hunks(repo, "b.sql") == {}, "only what was asked for, and only where something differs"


def test_a_renamed_file_is_compared_with_its_old_self(repo: GitRepository) -> None:
    repo.git("mv", "shop/a.sql", "shop/renamed.sql")
    repo.commit({"shop/renamed.sql": LINES.replace("line 3\n", "LINE 3\n")})
    assert hunks(repo, "renamed.sql") == {"renamed.sql": (Hunk(3, 1, 3, 1),)}


def test_a_new_and_a_removed_file(repo: GitRepository) -> None:
    repo.git("rm", "--quiet", "shop/b.sql")
    repo.commit({"shop/new.sql": "one\ntwo"})
    assert hunks(repo, "new.sql", "b.sql") == {"new.sql": (Hunk(0, 0, 1, 2),)}


def test_content_that_looks_like_a_patch(repo: GitRepository) -> None:
    odd = "-- a/x.sql\n++ b/other.sql\n@@ -1 +1 @@\ndiff --git a/x b/x\n"
    repo.commit({"shop/a.sql": odd + LINES + "end"})
    assert hunks(repo, "a.sql") == {"a.sql": (Hunk(0, 0, 1, 4), Hunk(30, 0, 35, 1))}


@pytest.mark.parametrize("name", ["with space.sql", "umläut.sql", "[glob]*.sql", "tab\tbed.sql"])
def test_odd_names(repo: GitRepository, name: str) -> None:
    repo.commit({f"shop/{name}": "one\n", "shop/gxy.sql": "what [glob]* would stand for"})
    found = hunks(repo, name)
    assert found == ({} if "\t" in name else {name: (Hunk(0, 0, 1, 1),)})


@pytest.mark.parametrize(
    ("key", "value"),
    [("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("diff.context", "5"), ("diff.interHunkContext", "20"),
     ("color.diff", "always"), ("diff.external", "false"), ("diff.wsErrorHighlight", "all")],
)  # fmt: skip
def test_nobodys_settings_get_in_the_way(repo: GitRepository, key: str, value: str) -> None:
    repo.commit({"shop/a.sql": LINES.replace("line 3\n", "LINE 3\n").replace("line 9\n", "LINE 9\n")})
    repo.git("config", key, value)
    assert hunks(repo, "a.sql") == {"a.sql": (Hunk(3, 1, 3, 1), Hunk(9, 1, 9, 1))}


def test_more_paths_than_one_call_takes(repo: GitRepository) -> None:
    names = [f"m{number:04}.sql" for number in range(1100)]
    repo.commit({f"shop/{name}": "one\n" for name in names})
    assert hunks(repo, *names).keys() == set(names)
