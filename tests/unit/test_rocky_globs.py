"""Which files a models setting selects."""

from __future__ import annotations

import pytest

from rocky_action.errors import ProjectError
from rocky_action.projects.globs import PatternError, compiled, select_models
from tests.support.projects import ROCKY_TOML, load, project_files

PATHS = (
    "a.sql",
    "models/.hidden/h.sql",
    "models/A.sql",
    "models/a.sql",
    "models/a.toml",
    "models/deep/er/d.rocky",
    "models/deep/s.sql",
    "other/o.sql",
)


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("models/**", PATHS[1:4] + PATHS[5:7]),
        ("", PATHS[1:4] + PATHS[5:7]),
        ("models", PATHS[1:4] + PATHS[5:7]),
        ("./models/", PATHS[1:4] + PATHS[5:7]),
        ("models/*.sql", PATHS[2:4]),
        ("models/**/*.sql", (*PATHS[1:4], PATHS[6])),
        ("models/*/*.sql", (PATHS[1], PATHS[6])),
        ("**/deep/**", PATHS[5:7]),
        ("*.sql", PATHS[2:4]),
        ("models/?.sql", PATHS[2:4]),
        ("models/[a-c].sql", PATHS[3:4]),
        ("models/[!a-c].sql", PATHS[2:3]),
        ("models/a.sql", PATHS[3:4]),
        ("models/a.toml", ()),
        (".", tuple(path for path in PATHS if not path.endswith(".toml"))),
        ("models/../other", PATHS[7:]),
    ],
)
def test_selection(pattern: str, files: tuple[str, ...]) -> None:
    selection = select_models(pattern, PATHS)
    assert selection.files == files
    assert selection.found


@pytest.mark.parametrize("pattern", ["nowhere", "nowhere/**", "models/none/*.sql"])
def test_a_folder_that_is_not_there(pattern: str) -> None:
    selection = select_models(pattern, PATHS)
    assert not selection.found
    assert selection.files == ()


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("../models/**", "leaves the project's folder"),
        ("..", "leaves the project's folder"),
        ("/etc", "leaves the project's folder"),
        ("models/[ab", "has a [ without its ]"),
        ("models/[z-a]", "is not understood: bad character range"),
    ],
)
def test_patterns_that_mean_nothing(pattern: str, why: str) -> None:
    with pytest.raises(PatternError) as caught:
        select_models(pattern, PATHS)
    assert why in str(caught.value)
    with pytest.raises(ProjectError, match=r"rocky\.toml: models: the pattern"):
        load(project_files({}, ROCKY_TOML.replace("models/**", pattern)))


def test_brackets_hold_any_character() -> None:
    assert compiled(r"[]^\]").fullmatch("]")
    assert compiled(r"[]^\]").fullmatch("^")
    assert compiled(r"[]^\]").fullmatch("\\")


def test_a_missing_folder_is_told() -> None:
    project = load(project_files({"a": "SELECT 1"}, ROCKY_TOML.replace("models/**", "model/**")))
    assert project.models == {}
    assert project.warnings == ("rocky.toml: there is no folder model, so there are no models",)


def test_the_option_replaces_the_setting() -> None:
    files = project_files({"a": "SELECT 1 AS x", "b": "SELECT 2 AS x"})
    assert list(load(files, models="models/b.sql").models) == ["b"]
    with pytest.raises(ProjectError, match=r"--models: models: the pattern '\.\./x' leaves"):
        load(files, models="../x")


def test_files_that_do_not_match_are_not_read() -> None:
    files = project_files({"a": "SELECT 1 AS x"}) | {
        "models/deep/b.sql": "no metadata",
        "models/deep/_defaults.toml": "[",
    }
    assert list(load(files, models="models/*.sql").models) == ["a"]
