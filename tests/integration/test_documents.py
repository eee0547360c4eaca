"""Files that a run leaves: whole or not at all, and not root's in somebody else's workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rocky_action.documents import hand_over, write_documents
from rocky_action.errors import OutsideError
from tests.support.runner import RUNNER_UID


def test_a_second_run_replaces_and_leaves_no_draft(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "here"
    write_documents(folder, {"comment.md": "one\n", "report.json": "{}\n"})
    write_documents(folder, {"comment.md": "twö\n"})
    assert (folder / "comment.md").read_bytes() == "twö\n".encode()
    assert sorted(path.name for path in folder.iterdir()) == ["comment.md", "report.json"]


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutsideError, match="taken cannot be written"):
        write_documents(tmp_path / "taken", {"comment.md": ""})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away, and only root has to")
def test_what_root_wrote_is_handed_over(tmp_path: Path) -> None:
    other = RUNNER_UID + 1
    workspace = tmp_path / "workspace"
    (workspace / "deep" / "er").mkdir(parents=True)
    for name, owner in (("ours", 0), ("deep/er/ours", 0), ("deep/theirs", other)):
        path = workspace / name
        path.touch()
        os.chown(path, owner, owner)
    (workspace / "link").symlink_to(tmp_path)
    os.chown(workspace, RUNNER_UID, RUNNER_UID)
    hand_over(workspace)
    owners = {path.relative_to(workspace).as_posix(): path.lstat().st_uid for path in workspace.rglob("*")}
    assert owners.pop("deep/theirs") == other
    assert set(owners.values()) == {RUNNER_UID}
    assert tmp_path.stat().st_uid == 0, "a link is handed over, what it leads to is not"
    os.chown(workspace, 0, 0)
    (workspace / "new").touch()
    hand_over(workspace)
    assert (workspace / "new").stat().st_uid == 0, "root's own workspace stays root's"
