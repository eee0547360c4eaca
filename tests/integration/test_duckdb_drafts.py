"""What killed runs have left on the disk is removed, and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from rocky_action.warehouses.duckdb_drafts import draft_of, spill_folder, sweep

DAY = 86_400.0


def make(folder: Path, name: str, *, age: float) -> Path:
    made = folder / name
    made.mkdir()
    (made / "shop.duckdb").write_text("")
    for path in (made / "shop.duckdb", made):
        os.utime(path, (time.time() - age,) * 2)
    return made


@pytest.mark.parametrize("name", [".rocky-preview-seed-a1_b2", "rocky-preview-4711"])
def test_what_nobody_has_touched_for_a_day_is_removed(tmp_path: Path, name: str) -> None:
    left = make(tmp_path, name, age=DAY + 60)
    sweep(tmp_path, tmp_path / "missing")
    assert not left.exists()


@pytest.mark.parametrize(
    "name", [".rocky-preview", "rocky-preview-demo-x", "rocky-preview-4711-kept", "seed", "rocky-preview.yml"]
)
def test_what_is_called_otherwise_stays(tmp_path: Path, name: str) -> None:
    left = make(tmp_path, name, age=9 * DAY)
    sweep(tmp_path)
    assert left.exists()


def test_what_is_being_filled_stays(tmp_path: Path) -> None:
    """A folder does not become younger when a file in it is written to."""
    left = make(tmp_path, ".rocky-preview-seed-x", age=DAY + 60)
    (left / "shop.duckdb").write_text("a seed is being read")
    os.utime(left, (time.time() - 2 * DAY,) * 2)
    sweep(tmp_path)
    assert left.exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    aim = make(tmp_path, "aim", age=9 * DAY)
    (tmp_path / "rocky-preview-1").symlink_to(aim)
    sweep(tmp_path)
    assert (aim / "shop.duckdb").exists()


def test_the_names_are_those_that_are_given(tmp_path: Path) -> None:
    with draft_of(tmp_path / "shop.duckdb") as draft:
        os.utime(draft, (0, 0))
        os.utime(draft.parent, (0, 0))
        sweep(tmp_path)
        assert not draft.exists()
        draft.parent.mkdir()
        draft.touch()
    spill = make(tmp_path, spill_folder().name, age=9 * DAY)
    sweep(tmp_path)
    assert not spill.exists()
