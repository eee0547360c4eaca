"""git runs as asked: nothing in the environment or the repository bends it, and the token stays a secret."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from pathlib import Path

import pytest

from rocky_action.domain.pull_request import ChangedPath, PathStatus
from rocky_action.errors import GitError
from rocky_action.git.comparison import compare
from rocky_action.git.repository import open_repository
from rocky_action.git.trees import CommitTree, WorkTree, trees
from tests.support.git_http import git_server
from tests.support.repositories import GitRepository, checkout_of_merge, isolated_environ, recorded_git

TOKEN = "ghs_notarealtoken123"
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return isolated_environ(tmp_path / "home")


@pytest.fixture
def origin(tmp_path: Path, environ: dict[str, str]) -> GitRepository:
    made = GitRepository.new(tmp_path / "served/origin", environ)
    made.commit({"models/a.sql": "SELECT 1"})
    made.branch("feature")
    made.commit({"models/a.sql": "SELECT 2"})
    made.switch("main")
    return made


EDITED = (ChangedPath(PathStatus.MODIFIED, "models/a.sql"),)


def test_a_workspace_of_another_user_works_and_keeps_its_owner(
    origin: GitRepository, tmp_path: Path, environ: dict[str, str]
) -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root can give a workspace to another user")
    origin.branch("merge")
    origin.merge("feature")
    origin.git("update-ref", "refs/pull/7/merge", "HEAD")
    checkout = checkout_of_merge(origin, tmp_path / "checkout", 7)
    for place in (checkout.path, *checkout.path.rglob("*")):
        os.lchown(place, 1001, 1001)
    with pytest.raises(AssertionError, match="dubious ownership"):
        checkout.git("status")
    config = (tmp_path / "home/gitconfig").read_text()

    repo = open_repository(checkout.path / "models", environ=environ)
    comparison = compare(repo, base_ref="main", pull_head=origin.sha("feature"))
    assert comparison.changed_paths == (ChangedPath(PathStatus.MODIFIED, "a.sql"),)
    base, head = trees(repo, comparison)
    assert (base.read(["a.sql"]), head.read(["a.sql"])) == ({"a.sql": b"SELECT 1"}, {"a.sql": b"SELECT 2"})
    assert (tmp_path / "home/gitconfig").read_text() == config
    foreign = [place for place in checkout.path.rglob("*") if place.is_dir() and place.stat().st_uid != 1001]
    assert foreign == [], "folders that the owner of the workspace cannot write"


def test_configuration_that_others_put_into_the_environment_still_counts(
    origin: GitRepository, environ: dict[str, str]
) -> None:
    excluded = Path(environ["HOME"]) / "excluded"
    excluded.write_text("*.draft\n")
    given = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.excludesFile", "GIT_CONFIG_VALUE_0": str(excluded)}
    origin.write({"models/b.draft": "x"})
    assert WorkTree(open_repository(origin.path, environ={**environ, **given})).paths() == ["models/a.sql"]
    assert WorkTree(open_repository(origin.path, environ=environ)).paths() == ["models/a.sql", "models/b.draft"]


def test_variables_that_lead_git_elsewhere_are_ignored(
    origin: GitRepository, tmp_path: Path, environ: dict[str, str]
) -> None:
    other = GitRepository.new(tmp_path / "other", environ)
    other.commit({"wrong.sql": "SELECT 1"})
    misleading = {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": str(other.path / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other.path / ".git/objects"),
        "GIT_COMMON_DIR": str(other.path / ".git"),
        "GIT_NAMESPACE": "x",
        "GIT_PREFIX": "wrong/",
        "GIT_EXTERNAL_DIFF": "false",
        "GIT_ICASE_PATHSPECS": "1",
        "GIT_CONFIG_PARAMETERS": "'core.worktree=/'",
        "GIT_TRACE": "1",
        "LC_ALL": "de_DE.UTF-8",
        "LANGUAGE": "de",
    }
    origin.switch("feature")
    repo = open_repository(origin.path, environ={**environ, **misleading})
    assert compare(repo, base_ref="main").changed_paths == EDITED
    assert CommitTree(repo, repo.head_commit).paths() == ["models/a.sql"]


def test_nothing_that_the_repository_configures_runs(origin: GitRepository, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=feature")
    marker = tmp_path / "it-ran"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> "{marker}"\nexit 1\n')
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc", "fsmonitor-watchman"):
        (hooks / hook).symlink_to(program)
        (clone.path / ".git/hooks" / hook).symlink_to(program)
    for name in (
        "core.fsmonitor",
        "diff.external",
        "diff.sql.command",
        "diff.sql.textconv",
        "filter.sql.clean",
        "filter.sql.smudge",
        "filter.with.dots.process",
    ):
        clone.git("config", name, str(program))
    clone.git("config", "core.hooksPath", str(hooks))
    clone.git("config", "filter.sql.required", "true")
    (clone.path / ".git/info/attributes").write_text("*.sql diff=sql filter=sql\n*.bin filter=with.dots\n")
    clone.write({"models/a.sql": "SELECT 'edited'", "models/new.sql": "SELECT 3", "models/x.bin": "x"})
    library = GitRepository.new(tmp_path / "library", clone.environ)
    library.commit({"x.sql": "SELECT 1"})
    clone.git("submodule", "--quiet", "add", library.path.as_uri(), "vendor")
    clone.git("-C", "vendor", "config", "filter.own.clean", str(program))
    (clone.path / ".git/modules/vendor/info/attributes").write_text("*.sql filter=own\n")
    clone.write({"vendor/x.sql": "SELECT 2"})
    marker.unlink(missing_ok=True)

    repo = open_repository(clone.path, environ=clone.environ)
    comparison = compare(repo, base_ref="main")
    assert [change.path for change in comparison.changed_paths] == [
        ".gitmodules",
        "models/a.sql",
        "models/new.sql",
        "models/x.bin",
    ]
    for tree in trees(repo, comparison):
        tree.read(tree.paths())
    assert not marker.exists(), marker.read_text()


def test_a_remote_helper_from_the_configuration_does_not_run(origin: GitRepository, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=feature")
    clone.git("config", "remote.origin.url", f"ext::sh -c 'touch% {tmp_path}/it-ran'")
    clone.git("config", "protocol.ext.allow", "always")
    with pytest.raises(GitError, match="transport 'ext' not allowed"):
        compare(open_repository(clone.path, environ=clone.environ), base_ref="main")
    assert not (tmp_path / "it-ran").exists()


# The token


def cloned(origin: GitRepository, path: Path, url: str) -> GitRepository:
    clone = origin.clone(path, "--depth=1", "--branch=feature")
    clone.git("config", "remote.origin.url", f"{url}/origin/.git")
    return clone


def test_the_token_fetches_what_is_missing_and_is_seen_nowhere(
    origin: GitRepository, tmp_path: Path, environ: dict[str, str]
) -> None:
    recorded, log = recorded_git(tmp_path / "bin", environ)
    with git_server(tmp_path / "served", environ, authorization=f"basic {BASIC}") as server:
        clone = cloned(origin, tmp_path / "clone", server.url)
        # What actions/checkout leaves behind unless it is told not to: GitHub answers 400 to two headers.
        clone.git("config", f"http.{server.url}/.extraheader", "AUTHORIZATION: basic old")
        repo = open_repository(clone.path, environ=recorded, token=f"{TOKEN}\n", server_url=f"{server.url}/")
        assert compare(repo, base_ref="main").changed_paths == EDITED
    assert server.authorizations
    assert set(map(tuple, server.authorizations)) == {(f"basic {BASIC}",)}
    for place in (log.read_text(), repr(repo), str(repo), (clone.path / ".git/config").read_text()):
        assert TOKEN not in place
        assert BASIC not in place


def test_without_a_token_what_checkout_left_behind_is_used(
    origin: GitRepository, tmp_path: Path, environ: dict[str, str]
) -> None:
    with git_server(tmp_path / "served", environ, authorization="basic old") as server:
        clone = cloned(origin, tmp_path / "clone", server.url)
        clone.git("config", f"http.{server.url}/.extraheader", "AUTHORIZATION: basic old")
        assert compare(open_repository(clone.path, environ=environ), base_ref="main").changed_paths == EDITED


def test_a_wrong_token_is_an_error_with_advice_and_without_the_token(
    origin: GitRepository, tmp_path: Path, environ: dict[str, str]
) -> None:
    with git_server(tmp_path / "served", environ, authorization="basic right") as server:
        clone = cloned(origin, tmp_path / "clone", server.url)
        repo = open_repository(clone.path, environ=environ, token=TOKEN, server_url=server.url)
        with pytest.raises(GitError, match="git ls-remote failed") as caught:
            compare(repo, base_ref="main")
    assert "github_token" in caught.value.advice
    assert TOKEN not in str(caught.value)


def test_the_token_goes_to_no_other_server(origin: GitRepository, tmp_path: Path, environ: dict[str, str]) -> None:
    with git_server(tmp_path / "served", environ, authorization="basic x") as server:
        clone = cloned(origin, tmp_path / "clone", server.url)
        repo = open_repository(clone.path, environ=environ, token=TOKEN)
        with pytest.raises(GitError):
            compare(repo, base_ref="main")
    assert server.authorizations
    assert not any(server.authorizations)


def test_secrets_in_git_s_own_words_are_covered(origin: GitRepository, tmp_path: Path, environ: dict[str, str]) -> None:
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=feature")
    clone.git("config", "remote.origin.url", f"{tmp_path}/{TOKEN}/{BASIC}")
    repo = open_repository(clone.path, environ=environ, token=TOKEN)
    with pytest.raises(GitError, match=r"\*\*\*/\*\*\*") as caught:
        compare(repo, base_ref="main")
    assert TOKEN not in str(caught.value)
    assert BASIC not in str(caught.value)


def test_credentials_in_an_address_are_covered(origin: GitRepository, tmp_path: Path, environ: dict[str, str]) -> None:
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=feature")
    clone.git("config", "remote.origin.url", "ssh://example.invalid/x")
    helper = tmp_path / "ssh"
    helper.write_text("#!/bin/sh\necho 'no way through https://someone:hunter2@proxy.example.com/' >&2; exit 1\n")
    helper.chmod(0o755)
    with pytest.raises(GitError, match=r"no way through https://\*\*\*@proxy\.example\.com/") as caught:
        compare(open_repository(clone.path, environ={**environ, "GIT_SSH": str(helper)}), base_ref="main")
    assert "hunter2" not in str(caught.value)


def test_a_fetch_that_hangs_ends_with_its_helpers(
    origin: GitRepository, tmp_path: Path, environ: dict[str, str]
) -> None:
    clone = origin.clone(tmp_path / "clone", "--depth=1", "--branch=feature")
    clone.git("config", "remote.origin.url", "ssh://example.invalid/x")
    helper = tmp_path / "ssh"
    helper.write_text(f'#!/bin/sh\necho $$ > "{tmp_path}/helper"\nexec sleep 60\n')
    helper.chmod(0o755)
    repo = open_repository(clone.path, environ={**environ, "GIT_SSH": str(helper)}, fetch_timeout=1)
    start = time.monotonic()
    with pytest.raises(GitError, match="git ls-remote did not end within 1 seconds") as caught:
        compare(repo, base_ref="main")
    assert time.monotonic() - start < 20
    assert "fetch-depth: 0" in caught.value.advice
    helper_id = int((tmp_path / "helper").read_text())
    deadline = time.monotonic() + 10
    while is_running(helper_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(helper_id)


def is_running(process: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, check=False, text=True)
    return done.stdout.strip() not in {"", "Z"}
