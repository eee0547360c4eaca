"""What is compared with what, in every checkout that a workflow or a person can have."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rocky_action.domain.pull_request import ChangedPath, Comparison, PathStatus
from rocky_action.errors import BaseNotFoundError, GitError, InputError
from rocky_action.git.comparison import compare
from rocky_action.git.repository import Repository, open_repository
from tests.support.repositories import GitRepository, checkout_of_merge, isolated_environ, recorded_git

ADDED, MODIFIED, DELETED, RENAMED = PathStatus.ADDED, PathStatus.MODIFIED, PathStatus.DELETED, PathStatus.RENAMED
LONG = "".join(f"SELECT {number} AS column_{number};\n" for number in range(30))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return isolated_environ(tmp_path / "home")


@pytest.fixture
def origin(tmp_path: Path, environ: dict[str, str]) -> GitRepository:
    """``main`` has moved on since ``feature`` left it; pull request 7 merges the two."""
    made = GitRepository.new(tmp_path / "origin", environ)
    for number in range(3):
        made.commit({"models/a.sql": f"SELECT {number}", "models/b.sql": LONG})
    made.branch("feature")
    made.commit({"models/a.sql": "SELECT 'feature'"})
    made.commit({"models/new.sql": "SELECT 1"})
    made.switch("main")
    made.commit({"models/later.sql": "SELECT 'only on main'"})
    made.branch("merge-of-7")
    made.merge("feature")
    made.git("update-ref", "refs/pull/7/merge", "HEAD")
    made.switch("main")
    made.git("branch", "--delete", "--force", "merge-of-7")
    return made


FEATURE = (ChangedPath(MODIFIED, "models/a.sql"), ChangedPath(ADDED, "models/new.sql"))


def opened(repo: GitRepository, environ: dict[str, str] | None = None) -> Repository:
    return open_repository(repo.path, environ=environ or repo.environ)


def changed(repo: GitRepository, base_ref: str = "main", head: str | None = None) -> tuple[ChangedPath, ...]:
    return compare(opened(repo), base_ref=base_ref, head=head).changed_paths


# The merge commit that actions/checkout makes


def test_a_merge_commit_at_depth_one_is_compared_with_its_first_parent(origin: GitRepository, tmp_path: Path) -> None:
    checkout = checkout_of_merge(origin, tmp_path / "checkout", 7)
    found = compare(opened(checkout), base_ref="main", pull_head=origin.sha("feature"), head_ref="feature")
    assert found == Comparison(
        base_ref="main",
        merge_base=origin.sha("main"),
        head_ref="feature",
        head_commit=origin.sha("refs/pull/7/merge"),
        changed_paths=FEATURE,
        work_tree=True,
        pull_head=origin.sha("feature"),
    )


def test_a_merge_commit_is_compared_with_the_base_it_merged_even_if_the_base_has_moved(
    origin: GitRepository, tmp_path: Path
) -> None:
    checkout = checkout_of_merge(origin, tmp_path / "checkout", 7)
    merged = origin.sha("main")
    origin.commit({"models/b.sql": "SELECT 'after the trigger'"})
    found = compare(opened(checkout), base_ref="main", pull_head=origin.sha("feature"))
    assert (found.merge_base, found.changed_paths) == (merged, FEATURE)


def test_a_merge_commit_with_its_parents_needs_no_remote(origin: GitRepository, tmp_path: Path) -> None:
    checkout = checkout_of_merge(origin, tmp_path / "checkout", 7, depth=2)
    checkout.git("remote", "remove", "origin")
    found = compare(opened(checkout), base_ref="main", pull_head=origin.sha("feature"))
    assert found.merge_base == origin.sha("main")


def test_a_merge_commit_whose_parent_cannot_be_fetched_is_an_error(origin: GitRepository, tmp_path: Path) -> None:
    checkout = checkout_of_merge(origin, tmp_path / "checkout", 7)
    checkout.git("remote", "remove", "origin")
    with pytest.raises(BaseNotFoundError, match=f"{origin.sha('main')}.*no remote") as caught:
        compare(opened(checkout), base_ref="main", pull_head=origin.sha("feature"))
    assert "fetch-depth: 0" in caught.value.advice


def test_a_merge_that_is_not_of_the_pull_request_is_history_like_any_other(origin: GitRepository) -> None:
    fork = origin.sha("main~1")
    origin.switch("feature")
    head = origin.merge("main")  # the author merged main into the branch: the first parent is the branch itself
    found = compare(opened(origin), base_ref="main", pull_head=head)
    assert (found.merge_base, found.changed_paths) == (origin.sha("main"), FEATURE)
    assert fork != found.merge_base


def test_a_head_that_does_not_hold_the_pull_request_is_refused(origin: GitRepository, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch=main")
    for missing in (origin.sha("feature"), "f" * 40):
        with pytest.raises(InputError, match=f"does not hold the pull request's head .{missing[:7]}"):
            compare(opened(clone), base_ref="main", pull_head=missing)


def test_a_head_with_commits_on_top_of_the_pull_request_is_taken(origin: GitRepository, tmp_path: Path) -> None:
    """A job may commit what it has generated, on top of what it has checked out."""
    clone = origin.clone(tmp_path / "clone", "--branch=feature")
    head = clone.sha()
    for number in range(2):
        clone.commit({f"generated_{number}.txt": "x"})
    assert compare(opened(clone), base_ref="main", pull_head=head).head_commit == clone.sha()


# Branch heads, complete and shallow


def test_a_full_clone_is_compared_with_the_merge_base(origin: GitRepository, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--branch=feature")
    found = compare(opened(clone), base_ref="main")
    assert found == Comparison("main", origin.sha("main~1"), "feature", origin.sha("feature"), FEATURE)


@pytest.mark.parametrize("base_ref", ["main", "origin/main", "refs/heads/main", "refs/remotes/origin/main"])
@pytest.mark.parametrize("depth", ["--depth=1", "--depth=2", "--single-branch"])
def test_a_base_branch_that_is_not_in_the_clone_is_fetched(
    origin: GitRepository, tmp_path: Path, base_ref: str, depth: str
) -> None:
    clone = origin.clone(tmp_path / "clone", depth, "--branch=feature")
    clone.git("config", "remote.origin.tagOpt", "--tags")
    origin.git("tag", "v1", "main")
    found = compare(opened(clone), base_ref=base_ref)
    assert (found.merge_base, found.changed_paths) == (origin.sha("main~1"), FEATURE)
    assert clone.git("tag") == ""
    assert clone.git("for-each-ref", "--format=%(refname)", "refs/remotes") in (
        "refs/remotes/origin/feature",
        "refs/remotes/origin/HEAD\nrefs/remotes/origin/feature",
    )
    assert not (clone.path / ".git/FETCH_HEAD").exists()


@pytest.mark.parametrize(("clone", "depths"), [("--single-branch", []), ("--depth=2", ["--depth=1", "--deepen=50"])])
def test_a_clone_is_deepened_where_it_is_shallow_and_a_complete_one_stays_complete(
    origin: GitRepository, tmp_path: Path, clone: str, depths: list[str]
) -> None:
    made = origin.clone(tmp_path / "clone", clone, "--branch=feature")
    environ, log = recorded_git(tmp_path / "bin", origin.environ)
    compare(opened(made, environ), base_ref="main")
    assert [word for word in log.read_text().split() if word.startswith(("--de", "--unshallow"))] == depths


def test_a_fetch_leaves_no_new_folder_among_the_objects(origin: GitRepository, tmp_path: Path) -> None:
    """The owner of a workspace could not write into a folder that root has made."""
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=feature")
    before = sorted((clone.path / ".git/objects").iterdir())
    compare(opened(clone), base_ref="main")
    assert sorted((clone.path / ".git/objects").iterdir()) == before


@pytest.mark.parametrize("length", [70, 700, 6000])
def test_a_long_history_is_deepened_until_the_merge_base_shows(
    tmp_path: Path, environ: dict[str, str], length: int
) -> None:
    origin = GitRepository.new(tmp_path / "origin", environ)
    origin.commit({"old.sql": "1"})
    fork = origin.commit({"old.sql": "2"})
    origin.grow("feature", fork, length)
    origin.grow("trunk", fork, length)
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=feature")
    found = compare(opened(clone), base_ref="trunk")
    assert (found.merge_base, found.changed_paths) == (fork, (ChangedPath(ADDED, "feature.sql"),))


def test_a_common_ancestor_that_a_shallow_clone_shows_too_early_is_not_taken(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """Head merged an old commit directly, and left main later, behind the cut: the later commit is the merge base."""
    origin = GitRepository.new(tmp_path / "origin", environ)
    old = origin.commit({"a.sql": "old"})
    origin.git("tag", "old")
    fork = origin.commit({"b.sql": "fork"})
    origin.branch("feature")
    for number in range(5):
        origin.commit({"c.sql": str(number)})
    merged = origin.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-p", "old", "-m", "merge an old release")
    origin.git("reset", "--quiet", "--hard", merged)
    origin.switch("main")
    origin.commit({"d.sql": "main"})

    clone = origin.clone(tmp_path / "clone", "--depth=3", "--branch=feature")
    clone.git("fetch", "--quiet", "--depth=3", "origin", "main:main")
    assert clone.git("merge-base", "main", "HEAD") == old, "the trap is not set"
    assert compare(opened(clone), base_ref="main").merge_base == fork


def test_a_detached_head_is_named_by_its_short_commit(origin: GitRepository) -> None:
    origin.switch(origin.sha("feature"))
    repo = opened(origin)
    found = compare(repo, base_ref="main")
    assert repo.branch_name is None
    assert (found.head_ref, found.changed_paths) == (origin.sha("feature")[:7], FEATURE)


def test_a_linked_worktree_is_a_work_tree_like_any_other(origin: GitRepository, tmp_path: Path) -> None:
    origin.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "feature")
    linked = GitRepository(tmp_path / "linked", origin.environ)
    linked.write({"models/draft.sql": "SELECT 2"})
    expected = (FEATURE[0], ChangedPath(ADDED, "models/draft.sql"), FEATURE[1])
    assert changed(linked) == expected


def test_a_base_can_be_a_tag_or_a_commit_that_only_the_remote_has(origin: GitRepository, tmp_path: Path) -> None:
    origin.git("tag", "--annotate", "--message=x", "v1", "main~1")
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--no-tags", "--branch=feature")
    assert compare(opened(clone), base_ref="v1").merge_base == origin.sha("main~1")
    other = origin.clone(tmp_path / "other", "--depth=1", "--no-tags", "--branch=feature")
    assert compare(opened(other), base_ref=origin.sha("main~1")).merge_base == origin.sha("main~1")


def test_of_several_merge_bases_git_chooses_and_always_the_same(tmp_path: Path, environ: dict[str, str]) -> None:
    origin = GitRepository.new(tmp_path / "origin", environ)
    origin.commit({"a.sql": "1"})
    origin.branch("feature")
    left = origin.commit({"left.sql": "1"})
    origin.switch("main")
    right = origin.commit({"right.sql": "1"})
    origin.merge("feature")
    origin.switch("feature")
    origin.merge(right)
    chosen = origin.git("merge-base", "main", "feature")
    assert chosen in (left, right)
    assert {compare(opened(origin), base_ref="main").merge_base for _ in range(3)} == {chosen}


def test_a_head_can_be_a_commit_and_then_the_work_tree_does_not_count(origin: GitRepository) -> None:
    origin.write({"models/a.sql": "SELECT 'edited'", "untracked.sql": "SELECT 1"})
    found = compare(opened(origin), base_ref="main", head="feature")
    assert found == Comparison("main", origin.sha("main~1"), "feature", origin.sha("feature"), FEATURE, work_tree=False)


# Changed paths


def test_the_work_tree_counts_with_edits_staged_or_not_and_untracked_files(origin: GitRepository) -> None:
    origin.commit({".gitignore": "ignored.*\n"})
    origin.write({"models/a.sql": "SELECT 'unstaged'", "models/staged.sql": "SELECT 1"})
    origin.git("add", "models/staged.sql")
    origin.write({"models/untracked.sql": "SELECT 2", "ignored.sql": "SELECT 3"})
    (origin.path / "models/later.sql").unlink()
    origin.git("rm", "--quiet", "--cached", "models/b.sql")  # no longer tracked, but unchanged where it lies
    index = (origin.path / ".git/index").read_bytes()
    assert changed(origin) == (
        ChangedPath(MODIFIED, "models/a.sql"),
        ChangedPath(DELETED, "models/later.sql"),
        ChangedPath(ADDED, "models/staged.sql"),
        ChangedPath(ADDED, "models/untracked.sql"),
    )
    assert (origin.path / ".git/index").read_bytes() == index


def test_a_touched_file_is_not_changed_and_the_index_is_left_alone(origin: GitRepository) -> None:
    origin.git("config", "diff.autoRefreshIndex", "false")
    os.utime(origin.path / "models/a.sql", (1, 1))
    index = (origin.path / ".git/index").read_bytes()
    assert changed(origin) == ()
    assert (origin.path / ".git/index").read_bytes() == index


def test_an_edit_that_leaves_size_and_time_as_they_were_is_seen(origin: GitRepository) -> None:
    """Within a tick of the clock: git then looks at the contents, if the index is no younger than the file."""
    origin.git("config", "core.trustctime", "false")
    path, index = origin.path / "models/a.sql", origin.path / ".git/index"
    was = path.read_bytes()
    os.utime(path, (1000, 1000))
    origin.git("update-index", "--refresh")
    path.write_bytes(was[:-1] + bytes([was[-1] ^ 1]))
    for one in (path, index):
        os.utime(one, (1000, 1000))
    assert changed(origin) == (ChangedPath(MODIFIED, "models/a.sql"),)


def test_looking_for_untracked_files_leaves_nothing_behind(origin: GitRepository) -> None:
    origin.git("config", "core.splitIndex", "true")
    origin.write({"models/untracked.sql": "SELECT 2"})

    def everything() -> list[str]:
        return sorted(str(path) for path in (origin.path / ".git").rglob("*"))

    before = everything()
    assert changed(origin) == (ChangedPath(ADDED, "models/untracked.sql"),)
    assert everything() == before


@pytest.mark.parametrize("staged", [True, False])
def test_a_rename_is_one_change_in_a_commit_and_in_the_work_tree(origin: GitRepository, staged: bool) -> None:
    origin.git("config", "diff.renames", "false")
    (origin.path / "models/b.sql").rename(origin.path / "models/renamed.sql")
    origin.write({"models/renamed.sql": LONG + "-- and edited\n"})
    expected = (ChangedPath(RENAMED, "models/renamed.sql", "models/b.sql"),)
    if staged:
        origin.branch("renaming")
        origin.commit()
    assert changed(origin) == expected


def test_copies_are_additions_and_a_file_that_becomes_a_link_is_modified(origin: GitRepository) -> None:
    origin.git("config", "diff.renames", "copies")
    origin.branch("kinds")
    (origin.path / "models/a.sql").unlink()
    (origin.path / "models/a.sql").symlink_to("b.sql")
    origin.write({"models/copy.sql": LONG, "models/b.sql": LONG + "-- edited\n"})
    expected = (
        ChangedPath(MODIFIED, "models/a.sql"),
        ChangedPath(MODIFIED, "models/b.sql"),
        ChangedPath(ADDED, "models/copy.sql"),
    )
    assert changed(origin) == expected
    origin.commit()
    assert changed(origin) == changed(origin, head="kinds") == expected


def test_a_project_in_a_folder_sees_only_itself(tmp_path: Path, environ: dict[str, str]) -> None:
    made = GitRepository.new(tmp_path / "mono", environ)
    names = ("shop/data/in.sql", "shop/data/out.sql", "elsewhere.sql", "other/x")
    made.commit({name: LONG.replace("column", name) for name in names})
    made.branch("feature")
    made.git("mv", "shop/data/out.sql", "other/out.sql")
    made.git("mv", "elsewhere.sql", "shop/data/elsewhere.sql")
    made.git("mv", "shop/data/in.sql", "shop/data/within.sql")
    made.commit({"other/x": "2"})
    made.write({"shop/data/draft.sql": "SELECT 1", "other/y": "3"})
    repo = open_repository(tmp_path / "mono/shop/data", environ=environ)
    assert (repo.root, repo.prefix) == (tmp_path / "mono", "shop/data/")
    assert compare(repo, base_ref="main").changed_paths == (
        ChangedPath(ADDED, "draft.sql"),
        ChangedPath(ADDED, "elsewhere.sql"),
        ChangedPath(DELETED, "out.sql"),
        ChangedPath(RENAMED, "within.sql", "in.sql"),
    )


ODD = ["a b.sql", 'quo"te.sql', "new\nline.sql", "tab\there.sql", "größe-表.sql", "-n.sql", "[x]*?.sql", ":(top)y.sql"]


def test_odd_names_are_changed_paths_like_any_other(origin: GitRepository) -> None:
    odd = [*ODD, os.fsdecode(b"latin-\xe9.sql")]
    origin.branch("odd")
    origin.commit(dict.fromkeys(odd[::2], "SELECT 1"))
    origin.write(dict.fromkeys(odd[1::2], "SELECT 1"))
    assert changed(origin) == tuple(sorted((ChangedPath(ADDED, name) for name in odd), key=lambda change: change.path))


def test_submodules_and_repositories_inside_are_not_changes(origin: GitRepository, tmp_path: Path) -> None:
    library = GitRepository.new(tmp_path / "library", origin.environ)
    library.commit({"x.sql": "SELECT 1"})
    origin.branch("with-submodule")
    origin.git("submodule", "--quiet", "add", library.path.as_uri(), "vendor")
    assert changed(origin) == (ChangedPath(ADDED, ".gitmodules"),)
    origin.commit()
    (origin.path / "vendor/x.sql").write_text("SELECT 'edited'")
    GitRepository.new(origin.path / "inner", origin.environ).commit({"y.sql": "SELECT 2"})
    assert changed(origin) == changed(origin, head="HEAD") == (ChangedPath(ADDED, ".gitmodules"),)
    origin.switch("main")
    origin.branch("file-instead")
    origin.commit({"models/a.sql": "SELECT 'no submodule'"})
    assert changed(origin, base_ref="with-submodule") == (ChangedPath(MODIFIED, "models/a.sql"),)


def test_an_unresolved_conflict_is_one_modified_path(origin: GitRepository) -> None:
    origin.commit({"models/a.sql": "SELECT 'main'"})
    with pytest.raises(AssertionError, match="git"):
        origin.merge("feature")
    assert ChangedPath(MODIFIED, "models/a.sql") in changed(origin, base_ref="main~1")
    assert [change.path for change in changed(origin)].count("models/a.sql") == 1


# Nothing to compare with


def test_a_shallow_clone_without_a_remote_is_an_error_with_advice(origin: GitRepository, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=feature", "--no-single-branch")
    clone.git("branch", "main", "origin/main")
    clone.git("remote", "remove", "origin")
    with pytest.raises(BaseNotFoundError, match=r"this clone is shallow, and there is no remote") as caught:
        changed(clone)
    assert "fetch-depth: 0" in caught.value.advice


def test_a_shallow_clone_of_a_shallow_clone_is_an_error(origin: GitRepository, tmp_path: Path) -> None:
    cut = origin.clone(tmp_path / "cut", "--depth=1", "--no-single-branch")
    cut.git("branch", "feature", "origin/feature")
    clone = cut.clone(tmp_path / "clone", "--branch=feature")
    with pytest.raises(BaseNotFoundError, match=r"the remote's history is cut off, too"):
        changed(clone)


def test_unrelated_histories_are_an_error(origin: GitRepository) -> None:
    origin.git("checkout", "--quiet", "--orphan", "island")
    origin.commit({"models/a.sql": "SELECT 'island'"})
    with pytest.raises(BaseNotFoundError, match="have no common history"):
        changed(origin)


def test_unrelated_histories_are_an_error_in_a_shallow_clone_too(origin: GitRepository, tmp_path: Path) -> None:
    origin.git("checkout", "--quiet", "--orphan", "island")
    origin.commit({"models/a.sql": "SELECT 'island'"})
    origin.commit({"models/a.sql": "SELECT 'island 2'"})
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=island")
    with pytest.raises(BaseNotFoundError, match="have no common history"):
        changed(clone)


def test_a_damaged_history_is_not_taken_for_none(origin: GitRepository) -> None:
    gone = origin.sha("main~1")
    (origin.path / ".git/objects" / gone[:2] / gone[2:]).unlink()
    with pytest.raises(GitError, match=f"git merge-base failed.*{gone}") as caught:
        changed(origin, base_ref="feature")
    assert "git fsck" in caught.value.advice


@pytest.mark.parametrize("depth", ["--depth=1", "--no-hardlinks"])
def test_an_unknown_base_is_an_error_that_names_what_is_close(
    origin: GitRepository, tmp_path: Path, depth: str
) -> None:
    origin.git("branch", "release-2026")
    clone = origin.clone(tmp_path / "clone", depth, "--branch=feature")
    with pytest.raises(BaseNotFoundError, match="called relase-2026") as caught:
        changed(clone, base_ref="relase-2026")
    assert caught.value.advice == "Did you mean release-2026?"


def test_an_unknown_base_without_a_remote_says_so(origin: GitRepository) -> None:
    with pytest.raises(BaseNotFoundError, match="called mian, and no remote") as caught:
        changed(origin, base_ref="mian")
    assert caught.value.advice == "Did you mean main?"


def test_a_commit_that_nobody_has_is_unknown(origin: GitRepository, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone")
    with pytest.raises(BaseNotFoundError, match=f"called {'1' * 40}"):
        changed(clone, base_ref="1" * 40)


@pytest.mark.parametrize("name", ["", "^main", "main..feature", "main^{tree}", "ma in", "HEAD:models"])
def test_what_is_no_commit_is_unknown(origin: GitRepository, name: str) -> None:
    with pytest.raises(BaseNotFoundError, match="no branch, tag or commit"):
        changed(origin, base_ref=name)
    with pytest.raises(BaseNotFoundError, match="no branch, tag or commit"):
        changed(origin, head=name)


@pytest.mark.parametrize("name", ["--upload-pack=x", "-h", "--all", "main\n", "a\0b"])
def test_a_name_that_could_be_an_option_never_reaches_git(origin: GitRepository, tmp_path: Path, name: str) -> None:
    environ, log = recorded_git(tmp_path / "bin", origin.environ)
    with pytest.raises(InputError, match="is not a branch, tag or commit"):
        compare(opened(origin, environ), base_ref=name)
    with pytest.raises(InputError, match="is not a branch, tag or commit"):
        compare(opened(origin, environ), base_ref="main", head=name)
    assert name.rstrip() not in log.read_text()


def test_a_remote_that_is_gone_is_an_error_of_the_outside_world(origin: GitRepository, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=feature")
    origin.path.rename(tmp_path / "moved")
    with pytest.raises(GitError, match=r"git ls-remote failed.*does not appear to be a git repository") as caught:
        changed(clone)
    assert "fetch-depth: 0" in caught.value.advice


# Opening


def test_head_is_known_by_commit_and_branch(origin: GitRepository) -> None:
    repo = opened(origin)
    assert (repo.head_commit, repo.branch_name) == (origin.sha(), "main")


def in_a_bare_repository(folder: Path, environ: dict[str, str]) -> Path:
    made = GitRepository.new(folder / "source", environ)
    made.git("clone", "--quiet", "--bare", ".", str(folder / "bare"))
    return folder / "bare"


def inside_dot_git(folder: Path, environ: dict[str, str]) -> Path:
    GitRepository.new(folder / "source", environ)
    return folder / "source/.git"


@pytest.mark.parametrize("make", [in_a_bare_repository, inside_dot_git, lambda folder, _: folder])
def test_a_folder_without_a_work_tree_is_an_error(
    tmp_path: Path, environ: dict[str, str], make: Callable[[Path, dict[str, str]], Path]
) -> None:
    with pytest.raises(InputError, match="is not in the work tree of a git repository") as caught:
        open_repository(make(tmp_path, environ), environ=environ)
    assert "actions/checkout" in caught.value.advice


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        open_repository(tmp_path / "nowhere", environ=environ)


def test_a_branch_without_a_commit_is_an_error(tmp_path: Path, environ: dict[str, str]) -> None:
    made = GitRepository.new(tmp_path / "new", environ)
    with pytest.raises(BaseNotFoundError, match="The branch main has no commit yet") as caught:
        opened(made)
    assert "Commit something first" in caught.value.advice


def test_a_machine_without_git_is_an_error(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(GitError, match="git cannot be started: No such file") as caught:
        open_repository(tmp_path, environ={**environ, "PATH": str(tmp_path)})
    assert "Install git" in caught.value.advice


def test_a_damaged_repository_is_an_error_with_git_s_own_words(origin: GitRepository) -> None:
    (origin.path / ".git/config").write_text("[core\n")
    with pytest.raises(GitError, match="bad config line 1"):
        opened(origin)
