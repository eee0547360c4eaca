"""Examples in the documentation are true: they parse, they were really printed, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rocky_action.domain.options import ModelOptions
from rocky_action.project_file import load_project_file
from tests.support.projects import load_model

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
COMMENT = DOCS / "comment.md"

_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<kind>\w*)[^\n]*\n(?P<body>.*?)^(?P=ticks)[ ]*$", re.MULTILINE | re.DOTALL)
_PROJECT_FILE_KEYS = re.compile(r"^(?:fail_on|ignore_columns|mask_columns|tolerances|models):", re.MULTILINE)
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")


def fences(page: Path, kind: str) -> list[str]:
    return [found["body"] for found in _FENCE.finditer(page.read_text(encoding="utf-8")) if found["kind"] == kind]


def project_files() -> list[tuple[str, str]]:
    """YAML blocks of the documentation that are a rocky-preview.yml, not a workflow."""
    return [(page.name, text) for page in PAGES for text in fences(page, "yaml") if _PROJECT_FILE_KEYS.search(text)]


def single_spaced(text: str) -> str:
    return " ".join(text.split())


def anchors(page: Path) -> set[str]:
    """The fragments that GitHub makes of a page's headings."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def test_there_are_examples_to_check() -> None:
    assert {"comment.md", "inputs.md"} <= {name for name, _ in project_files()}
    assert len(fences(COMMENT, "markdown")) >= 10


@pytest.mark.parametrize(("page", "text"), project_files())
def test_a_project_file_is_valid(page: str, text: str) -> None:
    loaded = load_project_file(text.encode())
    assert loaded.models, page


def test_the_complete_project_file_says_everything() -> None:
    (text,) = fences(COMMENT, "yaml")
    loaded = load_project_file(text.encode())
    assert set(loaded.inputs) == {
        *("fail_on", "baseline", "copy", "algorithm", "sample_size", "sample_order", "max_samples"),
        *("diff_seconds", "diff_bytes", "seeds"),
    }
    assert loaded.project.ignore_columns
    assert loaded.project.mask_columns
    assert loaded.project.tolerances
    said = {name for _, options in loaded.models for name, value in vars(options).items() if value}
    assert said == set(ModelOptions.__dataclass_fields__)


def test_the_sidecar_says_everything() -> None:
    (text,) = fences(COMMENT, "toml")
    assert all(vars(load_model(text).options).values())


@pytest.mark.parametrize(
    "fragment",
    [
        *fences(COMMENT, "markdown"),
        *(part for name in ("audit", "spend-cap") for part in fences(DOCS / f"{name}.md", "markdown")),
    ],
)
def test_a_fragment_was_really_printed(fragment: str) -> None:
    goldens = (ROOT / "tests" / "golden").glob("*.md")
    printed = [single_spaced(golden.read_text(encoding="utf-8")) for golden in goldens]
    assert any(single_spaced(fragment) in text for text in printed)


def test_a_comparison_was_really_printed() -> None:
    (text,) = fences(DOCS / "compare.md", "text")
    assert text in [golden.read_text(encoding="utf-8") for golden in (ROOT / "tests" / "golden").glob("compare_*.txt")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_a_heading_of_a_file(page: Path) -> None:
    for target, anchor in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), f"{target}#{anchor}"


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if page.name != "README.md" and page.name not in index] == []
