"""The recipes: every workflow in the examples and the documentation is linted and run, and shown to matter."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests.support.recipe_scene import EXAMPLES, example
from tests.support.recipes import BY_FILE, RECIPES, Edit, Recipe
from tests.support.workflow_expressions import Unsupported
from tests.support.workflow_runner import Failed

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")])
HEAD = "name: a part of a page\n\non:\n  pull_request:\n\nconcurrency: docs\n\n"


def blocks() -> Iterator[tuple[str, str]]:
    """Every YAML block of every page, with its place."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^( *)```ya?ml\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
            line = text[: found.start()].count("\n") + 1
            yield f"{page.relative_to(ROOT)}:{line}", re.sub(f"^{found[1]}", "", found[2], flags=re.MULTILINE)


BLOCKS = dict(blocks())
FILES = {path.name: example(path.name) for path in sorted(EXAMPLES.iterdir())}


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def workflow(text: str) -> str | None:
    """A block as a whole workflow; None if it is no part of one."""
    document = yaml.safe_load(text)
    keys = set(document) if isinstance(document, dict) else set()
    if "jobs" in keys:
        return text if keys & {"on", True} else HEAD + "permissions: {}\n\n" + text
    if "steps" in keys:
        return HEAD + ("" if "permissions" in keys else "permissions: {}\n\n") + in_job(text)
    if keys == {"with"}:
        return HEAD + "permissions: {}\n\n" + in_job("steps:\n  - uses: org/rocky-preview@v1\n" + indented(text, 4))
    return None


def in_job(text: str) -> str:
    return "jobs:\n  part:\n    runs-on: ubuntu-latest\n" + indented(text, 4)


def test_a_block_is_yaml() -> None:
    assert len(BLOCKS) > 20
    for place, text in BLOCKS.items():
        assert yaml.safe_load(text), place


def test_every_workflow_of_a_page_is_one_that_is_run() -> None:
    whole = {place: text for place, text in BLOCKS.items() if {"jobs", True} <= set(yaml.safe_load(text))}
    assert not [place for place, text in whole.items() if text not in FILES.values()]
    assert not set(FILES) - {name for name, text in FILES.items() if text in whole.values()}, (
        "examples that nobody sees"
    )


def test_every_example_has_a_scenario() -> None:
    assert set(BY_FILE) == set(FILES), "a scenario belongs into tests/support/recipes.py"


def linters(folder: Path) -> Mapping[str, list[str]]:
    """`make check`'s, for the workflows of a folder."""
    programs = Path(sys.executable).parent
    files = [str(path) for path in sorted(folder.glob("*.yml"))]
    schema = ["--builtin-schema", "vendor.github-workflows"]
    config = ["--config", str(ROOT / ".github" / "zizmor.yml")]
    return {
        "check-jsonschema": [str(programs / "check-jsonschema"), *schema, *files],
        "actionlint": [str(programs / "actionlint"), "-no-color", *files],
        "zizmor": [str(programs / "zizmor"), "--offline", "--no-progress", "--quiet", *config, *files],
    }


def said(command: list[str]) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_workflow_and_every_part_of_one_passes_the_linters(tmp_path: Path) -> None:
    made = {place: workflow(text) for place, text in BLOCKS.items()}
    for place, text in {**FILES, **made}.items():
        if text is not None:
            (tmp_path / re.sub(r"\W", "-", place)).with_suffix(".yml").write_text(text, encoding="utf-8")
    assert sum(text is not None for text in made.values()) >= 15
    for name, command in linters(tmp_path).items():
        code, text = said(command)
        assert code == 0, f"{name}: {text}"


BAD = {
    "check-jsonschema": ("    runs-on: ubuntu-latest\n", "    runs_on: ubuntu-latest\n"),
    "actionlint": ("github.event.pull_request.number }}", "github.evnt.pull_request.number }}"),
    "zizmor": ("        with:\n          persist-credentials: false\n", ""),
}


@pytest.mark.parametrize("linter", BAD)
def test_the_linters_find_what_is_wrong(linter: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(FILES["first.yml"].replace(*BAD[linter]))
    assert said(linters(tmp_path)[linter])[0] != 0


def named(recipe: Recipe) -> str:
    return f"{recipe.file}-{getattr(recipe.play, '__name__', 'plain')}"


@pytest.mark.parametrize(
    "recipe",
    [pytest.param(one, marks=[pytest.mark.slow] if one.slow else [], id=named(one)) for one in RECIPES],
)
def test_a_recipe_does_what_its_page_says(recipe: Recipe, tmp_path: Path) -> None:
    recipe.play(tmp_path, FILES[recipe.file])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "edit"),
    [pytest.param(one, edit, id=f"{named(one)}-{number}") for one in RECIPES for number, edit in enumerate(one.broken)],
)
def test_a_recipe_that_is_broken_does_not(recipe: Recipe, edit: Edit, tmp_path: Path) -> None:
    before, after = edit
    text = FILES[recipe.file]
    assert before in text
    with pytest.raises((AssertionError, Failed, Unsupported, pytest.fail.Exception)):
        recipe.play(tmp_path, text.replace(before, after))
