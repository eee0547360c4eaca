"""What is built and run is named exactly, and what it is made of is listed whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def uses(node: object) -> list[str]:
    """Every action or workflow that a document calls."""
    if isinstance(node, dict):
        return [value for key, value in node.items() if key == "uses"] + [
            one for value in node.values() for one in uses(value)
        ]
    return [one for value in node for one in uses(value)] if isinstance(node, list) else []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_of_ours_are_named_by_commit(path: Path) -> None:
    called = uses(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert called
    for one in called:
        assert one.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one), one


def test_the_base_image_is_named_by_digest_and_nothing_else_is_pulled() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG BASE_IMAGE=\S+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert {*re.findall(r"^FROM (\S+)", text, re.MULTILINE)} == {"${BASE_IMAGE}", "scratch"}
    assert {*re.findall(r"--from=(\S+)", text)} <= {"system", "packages"}
    assert "--require-hashes" in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_its_hashes(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    named = re.findall(r"^[A-Za-z0-9][^\s#]*", text, re.MULTILINE)
    hashed = re.findall(r"^\S+==\S+.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(named) == len(hashed) > 0


def test_the_bill_of_materials_has_all_that_the_image_installs(tmp_path: Path) -> None:
    debian = tmp_path / "debian.txt"
    debian.write_text("git\t1:2.47.3-0+deb13u1\nlibc6\t2.41-12\n")
    lock = ROOT / "requirements-warehouses.lock"
    program = ROOT / ".github/bill_of_materials.py"
    printed = subprocess.run([sys.executable, program, lock, debian], check=True, capture_output=True, text=True)
    bill = json.loads(printed.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    purls = {one["purl"] for one in bill["components"]}
    assert len(purls) == len(bill["components"])
    assert {"pkg:deb/debian/git@1%3A2.47.3-0%2Bdeb13u1", "pkg:deb/debian/libc6@2.41-12"} < purls
    pinned = re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    assert {f"pkg:pypi/{name}@{version}" for name, version in pinned} == {one for one in purls if "pypi" in one}
    assert all(one["properties"] for one in bill["components"] if "pypi" in one["purl"])


def test_the_container_takes_no_python_from_the_workspace() -> None:
    """What comes of it in a container, test_container.py shows where there is a Docker."""
    entry = re.findall(r"^ENTRYPOINT (.+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    program, *arguments = json.loads(entry[-1])
    assert program.startswith("/opt/venv/")
    assert {"-I", "-B"} < {*arguments}
    assert arguments[-1] == "/app/entrypoint.py"


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w./-]+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []
