"""The project's files at a commit and in the work tree."""

from __future__ import annotations

import os
import string
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.pull_request import Comparison
from rocky_action.errors import GitError, ProjectError
from rocky_action.git.comparison import compare
from rocky_action.git.repository import Repository, open_repository
from rocky_action.git.trees import CommitTree, WorkTree, trees
from rocky_action.ports import SourceTree
from tests.support.repositories import GitRepository, isolated_environ, recorded_git

FILES: dict[str, str | bytes] = {
    "rocky.toml": "x = 1\n",
    "models/crlf.sql": b"SELECT 1\r\n",
    "models/mixed.sql": b"SELECT 1\r\nFROM x\n\r",
    "models/empty.sql": b"",
    "models/binary.bin": bytes(range(256)) * 3,
    "models/no line end.sql": "SELECT 1",
    "models/like a header": "0123456789012345678901234567890123456789 blob 12\n",
    "models/deep/er/and/deeper.sql": "SELECT 2\n",
    'models/quo"te\\s.sql': "SELECT 3\n",
    "models/new\nline.sql": "SELECT 4\n",
    "models/größe-表-é.sql": "SELECT 'ü'\n",
    os.fsdecode(b"models/latin-\xe9.sql"): "SELECT 5\n",
    "-option.sql": "SELECT 6\n",
    "[a]*?.sql": "SELECT 7\n",
    " leading and trailing ": "SELECT 8\n",
    "Zebra.sql": "SELECT 9\n",
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return isolated_environ(tmp_path / "home")


@pytest.fixture
def made(tmp_path: Path, environ: dict[str, str]) -> GitRepository:
    return GitRepository.new(tmp_path / "repo", environ)


def opened(made: GitRepository) -> Repository:
    return open_repository(made.path, environ=made.environ)


def both(made: GitRepository) -> tuple[CommitTree, WorkTree]:
    repo = opened(made)
    return CommitTree(repo, repo.head_commit), WorkTree(repo)


def contents(tree: SourceTree) -> dict[str, bytes]:
    return dict(tree.read(tree.paths()))


def as_bytes(files: dict[str, str | bytes]) -> dict[str, bytes]:
    return {name: content.encode() if isinstance(content, str) else content for name, content in files.items()}


def test_both_trees_hold_every_file_as_it_was_written(made: GitRepository) -> None:
    made.commit(FILES)
    for tree in both(made):
        assert contents(tree) == as_bytes(FILES)
        assert tree.paths() == sorted(FILES)


_names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
_paths = st.lists(_names, min_size=1, max_size=3).map("/".join)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(files=st.dictionaries(_paths.map(lambda path: f"m{path}"), st.binary(max_size=300), max_size=6))
def test_the_trees_agree_on_every_clean_checkout(environ: dict[str, str], files: dict[str, bytes]) -> None:
    with TemporaryDirectory() as folder:
        made = GitRepository.new(Path(folder).resolve() / "repo", environ)
        names = {name for name in files if not any(other.startswith(f"{name}/") for other in files)}
        kept = {
            name: files[name]
            for name in names
            if not any(part.strip(string.whitespace) in {"", ".", "..", ".git"} for part in name.split("/"))
        }
        made.commit({**kept})
        commit, work = both(made)
        assert contents(commit) == contents(work) == kept


def test_a_project_in_a_folder_is_all_there_is(tmp_path: Path, made: GitRepository) -> None:
    made.commit({"shop/models/a.sql": "SELECT 1", "other/b.sql": "SELECT 2", "c.sql": "SELECT 3"})
    repo = open_repository(made.path / "shop", environ=made.environ)
    for tree in (CommitTree(repo, repo.head_commit), WorkTree(repo)):
        assert contents(tree) == {"models/a.sql": b"SELECT 1"}
        assert tree.read(["../c.sql", "c.sql", "/etc/hostname"]) == {}


def test_a_folder_that_a_commit_did_not_have_yet_is_empty_there(made: GitRepository) -> None:
    first = made.commit({"a.sql": "SELECT 1"})
    made.commit({"shop/b.sql": "SELECT 2"})
    repo = open_repository(made.path / "shop", environ=made.environ)
    assert CommitTree(repo, first).paths() == []


def test_a_path_that_does_not_exist_is_left_out(made: GitRepository) -> None:
    made.commit({"a.sql": "SELECT 1"})
    for tree in both(made):
        assert tree.read(["nowhere.sql", "a.sql"]) == {"a.sql": b"SELECT 1"}
        assert tree.read([]) == {}


def test_the_work_tree_is_what_lies_there_and_the_commit_what_was_committed(made: GitRepository) -> None:
    made.commit({"edited.sql": "old", "deleted.sql": "old", "removed.sql": "old", ".gitignore": "*.log\n"})
    made.write({"edited.sql": "new", "untracked.sql": "new", "ignored.log": "new"})
    (made.path / "deleted.sql").unlink()
    made.git("rm", "--quiet", "removed.sql")
    commit, work = both(made)
    assert set(commit.paths()) == {".gitignore", "deleted.sql", "edited.sql", "removed.sql"}
    assert contents(commit)["edited.sql"] == b"old"
    assert contents(work) == {".gitignore": b"*.log\n", "edited.sql": b"new", "untracked.sql": b"new"}


def test_links_are_followed_inside_the_project_and_nowhere_else(tmp_path: Path, made: GitRepository) -> None:
    (tmp_path / "secret").write_text("password")
    made.write({"shop/models/a.sql": "SELECT 1", "shop/common/b.sql": "SELECT 2", "outside.sql": "SELECT 3"})
    links = {
        "models/same.sql": "a.sql",
        "models/other.sql": "../common/b.sql",
        "models/chain.sql": "other.sql",
        "alias": "common",
        "models/through.sql": "../alias/b.sql",
        "models/up.sql": "../../outside.sql",
        "models/above.sql": "../../models/a.sql",
        "rooted.sql": "/models/a.sql",
        "models/away.sql": str(tmp_path / "secret"),
        "models/absolute.sql": str(made.path / "shop/models/a.sql"),
        "models/nothing.sql": "nowhere.sql",
        "models/loop.sql": "loop.sql",
        "models/ping.sql": "pong.sql",
        "models/pong.sql": "ping.sql",
        "models/folder.sql": "../common",
    }
    for name, target in links.items():
        (made.path / "shop" / name).symlink_to(target)
    made.commit()
    repo = open_repository(made.path / "shop", environ=made.environ)
    expected = {
        "common/b.sql": b"SELECT 2",
        "models/a.sql": b"SELECT 1",
        "models/chain.sql": b"SELECT 2",
        "models/other.sql": b"SELECT 2",
        "models/same.sql": b"SELECT 1",
        "models/through.sql": b"SELECT 2",
    }
    for tree in (CommitTree(repo, repo.head_commit), WorkTree(repo)):
        assert contents(tree) == expected


def test_a_folder_replaced_by_a_link_lets_nothing_in(tmp_path: Path, made: GitRepository) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.sql").write_text("password")
    made.commit({"models/a.sql": "SELECT 1", "b.sql": "SELECT 2"})
    (made.path / "models/a.sql").unlink()
    (made.path / "models").rmdir()
    (made.path / "models").symlink_to(tmp_path / "elsewhere")
    assert contents(both(made)[1]) == {"b.sql": b"SELECT 2"}


def test_submodules_repositories_inside_and_pipes_are_not_files(tmp_path: Path, made: GitRepository) -> None:
    library = GitRepository.new(tmp_path / "library", made.environ)
    library.commit({"x.sql": "SELECT 1"})
    made.git("submodule", "--quiet", "add", library.path.as_uri(), "vendor")
    made.commit({"a.sql": "SELECT 1"})
    GitRepository.new(made.path / "inner", made.environ).commit({"y.sql": "SELECT 2"})
    os.mkfifo(made.path / "pipe.sql")
    for tree in both(made):
        assert tree.paths() == [".gitmodules", "a.sql"]


def test_what_a_sparse_checkout_leaves_out_is_still_part_of_the_project(made: GitRepository) -> None:
    made.commit({"models/a.sql": "SELECT 1", "seeds/b.sql": "SELECT 2", "c.sql": "SELECT 3"})
    made.git("sparse-checkout", "set", "models")
    assert not (made.path / "seeds/b.sql").exists()
    commit, work = both(made)
    assert contents(work) == contents(commit)
    assert contents(work)["seeds/b.sql"] == b"SELECT 2"


def test_a_conflict_lists_its_path_once(made: GitRepository) -> None:
    made.commit({"a.sql": "SELECT 1"})
    made.branch("other")
    made.commit({"a.sql": "SELECT 2"})
    made.switch("main")
    made.commit({"a.sql": "SELECT 3"})
    with pytest.raises(AssertionError, match="git"):
        made.merge("other")
    assert both(made)[1].paths() == ["a.sql"]


def test_thousands_of_files_are_read_by_one_process(tmp_path: Path, made: GitRepository) -> None:
    files: dict[str, str | bytes] = {f"models/m{number}.sql": f"SELECT {number}\n" * 40 for number in range(4000)}
    made.commit(files)
    environ, log = recorded_git(tmp_path / "bin", made.environ)
    repo = open_repository(made.path, environ=environ)
    before = len(log.read_text().splitlines())
    assert contents(CommitTree(repo, repo.head_commit)) == as_bytes(files)
    calls = [line.split()[0] for line in log.read_text().splitlines()[before:]]
    assert calls == ["ls-tree", "cat-file"]


def test_the_trees_of_a_comparison_are_base_and_head_in_this_order(made: GitRepository) -> None:
    base = made.commit({"a.sql": "SELECT 1"})
    made.branch("feature")
    head = made.commit({"a.sql": "SELECT 2"})
    made.write({"a.sql": "SELECT 3"})
    repo = opened(made)
    sides = trees(repo, compare(repo, base_ref="main"))
    assert [tree.label for tree in sides] == [base[:7], "the work tree"]
    assert [contents(tree)["a.sql"] for tree in sides] == [b"SELECT 1", b"SELECT 3"]
    sides = trees(repo, compare(repo, base_ref="main", head="feature"))
    assert [tree.label for tree in sides] == [base[:7], head[:7]]
    assert [contents(tree)["a.sql"] for tree in sides] == [b"SELECT 1", b"SELECT 2"]


class TestShared:
    """What is the same on both sides is read once, from head; what may differ never is."""

    def edited(self, made: GitRepository) -> tuple[Repository, Comparison]:
        """A checkout in which everything is edited that can be, beside files that are as in base."""
        names = ("same", "committed", "staged", "lying", "assumed", "skipped", "linked_to", "gone", "moved", "big")
        made.commit({f"models/{name}.sql": f"SELECT '{name}'\n" for name in names})
        (made.path / "models/link.sql").symlink_to("linked_to.sql")
        made.commit({"models/big.sql": b"x" * 2**19})
        made.git("branch", "base")
        made.commit({"models/committed.sql": "new"})
        made.git("mv", "models/moved.sql", "models/elsewhere.sql")
        made.git("rm", "--quiet", "models/gone.sql")
        made.commit()
        made.git("update-index", "--assume-unchanged", "models/assumed.sql")
        made.git("update-index", "--skip-worktree", "models/skipped.sql")
        edits = ("staged", "lying", "assumed", "skipped", "linked_to", "untracked")
        made.write({f"models/{name}.sql": "edited" for name in edits})
        made.git("add", "models/staged.sql")
        repo = opened(made)
        return repo, compare(repo, base_ref="base")

    def test_base_is_what_the_merge_base_has(self, made: GitRepository) -> None:
        repo, comparison = self.edited(made)
        base, head = trees(repo, comparison)
        assert contents(head) == contents(WorkTree(repo))
        assert contents(base) == contents(CommitTree(repo, comparison.merge_base))

    def test_base_takes_what_is_the_same_from_head(self, made: GitRepository) -> None:
        repo, comparison = self.edited(made)
        base, head = trees(repo, comparison)
        assert contents(head)
        assert base.paths()
        (made.path / ".git/objects").rename(made.path / "objects")
        assert base.read(["models/same.sql"]) == {"models/same.sql": b"SELECT 'same'\n"}
        for name in ("committed", "staged", "lying", "assumed", "skipped", "linked_to", "link", "gone", "moved", "big"):
            with pytest.raises(GitError):
                base.read([f"models/{name}.sql"])

    def test_a_commit_as_head(self, made: GitRepository) -> None:
        repo, _ = self.edited(made)
        comparison = compare(repo, base_ref="base", head="HEAD")
        base, head = trees(repo, comparison)
        assert contents(head) == contents(CommitTree(repo, comparison.head_commit))
        assert contents(base) == contents(CommitTree(repo, comparison.merge_base))


def test_a_file_that_cannot_be_read_is_named(made: GitRepository) -> None:
    made.commit({"a.sql": "SELECT 1"})
    tree = both(made)[1]
    assert tree.paths() == ["a.sql"]
    (made.path / "a.sql").unlink()
    assert tree.read(["a.sql"]) == {}
    (made.path / "a.sql").mkdir()
    with pytest.raises(ProjectError, match=r"a\.sql cannot be read: Is a directory"):
        tree.read(["a.sql"])


def test_contents_that_are_gone_are_an_error(made: GitRepository) -> None:
    made.commit({"a.sql": "SELECT 1"})
    blob = made.git("rev-parse", "HEAD:a.sql")
    (made.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError, match=f"no file contents under {blob}") as caught:
        contents(both(made)[0])
    assert "check out anew" in caught.value.advice


def test_a_commit_that_does_not_exist_is_an_error(made: GitRepository) -> None:
    made.commit({"a.sql": "SELECT 1"})
    repo = opened(made)
    comparison = Comparison("main", "1" * 40, "main", repo.head_commit)
    with pytest.raises(GitError, match="git ls-tree failed"):
        trees(repo, comparison)[0].paths()
