"""Parts of the documentation that are written twice: each is made from its one source, and compared here.

``make golden`` writes them anew.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rocky_action import settings

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "rocky_action"
EXAMPLES = ROOT / ".github" / "workflow-examples"


def workflow(name: str) -> str:
    return f"```yaml\n{(EXAMPLES / name).read_text(encoding='utf-8')}```\n"


def summary(path: Path) -> str:
    """The first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].replace("``", "`")


def modules() -> str:
    """Every module with the first line of its docstring, folder by folder."""
    return "\n".join(listed(PACKAGE, "")) + "\n"


def listed(folder: Path, indent: str) -> Iterator[str]:
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name)):
        if path.is_dir() and (path / "__init__.py").exists():
            yield f"{indent}- **`{path.relative_to(PACKAGE)}/`** {summary(path / '__init__.py')}"
            yield from listed(path, indent + "  ")
        elif path.suffix == ".py" and path.name != "__init__.py":
            yield f"{indent}- `{path.relative_to(PACKAGE).as_posix()}` {summary(path)}"


SECTIONS = [
    ("README.md", "inputs", settings.inputs_table),
    ("README.md", "outputs", settings.outputs_table),
    ("docs/inputs.md", "inputs", settings.inputs_table),
    ("docs/inputs.md", "outputs", settings.outputs_table),
    ("README.md", "first.yml", lambda: workflow("first.yml")),
    ("docs/architecture.md", "modules", modules),
    *(("docs/recipes.md", path.name, lambda path=path: workflow(path.name)) for path in sorted(EXAMPLES.glob("*.yml"))),
]


@pytest.mark.parametrize(("page", "marker", "made"), SECTIONS, ids=[f"{page}-{marker}" for page, marker, _ in SECTIONS])
def test_the_page_says_what_its_source_says(page: str, marker: str, made: object) -> None:
    assert callable(made)
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    before, _, rest = text.partition(begin)
    written, found, after = rest.partition(end)
    assert found, f"{page} has no section {marker}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{before}{begin}\n{made()}\n{end}{after}", encoding="utf-8")
    else:
        assert written.strip() == made().strip()


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name)
def test_links_inside_the_repository_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def test_pages_in_code_spans_exist() -> None:
    """SECURITY.md and others name pages as `docs/x.md`."""
    pages = [*PAGES, *(ROOT / "docs").rglob("*.md")]
    named = {name for page in pages for name in re.findall(r"`(docs/[\w/-]+\.md)`", page.read_text(encoding="utf-8"))}
    assert not [name for name in named if not (ROOT / name).exists()]
