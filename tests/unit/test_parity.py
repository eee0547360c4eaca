"""action.yml, the documents and the project file say the same as the inputs' one description."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from rocky_action import settings
from rocky_action.cli import _COMMANDS
from rocky_action.project_file import _Comparison, _Document, _Model, load_project_file

ROOT = Path(__file__).parents[2]
TABLES = {"inputs": settings.inputs_table(), "outputs": settings.outputs_table()}


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "action.yml").read_text())
    assert isinstance(document, dict)
    return document


def between(text: str, name: str) -> str | None:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    return found and found[1].strip() + "\n"


class TestAction:
    def test_inputs_are_the_described_ones_in_their_order(self, action: dict[str, Any]) -> None:
        assert [*action["inputs"]] == [known.name for known in settings.INPUTS]
        for known in settings.INPUTS:
            assert action["inputs"][known.name]["description"] == known.metadata

    def test_a_default_here_would_hide_the_project_file(self, action: dict[str, Any]) -> None:
        defaults = {name: one["default"] for name, one in action["inputs"].items() if "default" in one}
        assert defaults == {"github_token": "${{ github.token }}"}

    def test_nothing_is_required(self, action: dict[str, Any]) -> None:
        assert not any(one["required"] for one in action["inputs"].values())

    def test_outputs(self, action: dict[str, Any]) -> None:
        assert [(name, one["description"]) for name, one in action["outputs"].items()] == [
            (known.name, known.description) for known in settings.OUTPUTS
        ]

    def test_runs_in_a_container_without_arguments(self, action: dict[str, Any]) -> None:
        image = action["runs"].pop("image")
        assert image == "Dockerfile" or re.fullmatch(r"docker://\S+@sha256:[0-9a-f]{64}", image)
        assert action["runs"] == {"using": "docker"}

    def test_github_accepts_it(self) -> None:
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions"]
        checked = subprocess.run([*command, ROOT / "action.yml"], check=False, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_documents_name_every_key_of_the_project_file() -> None:
    text = (ROOT / "docs/inputs.md").read_text().partition("## The project file")[2]
    keys = {field.alias or name for model in (_Document, _Model) for name, field in model.model_fields.items()}
    table = "".join(line for line in text.splitlines() if line.startswith("| `"))
    assert keys == set(re.findall(r"`(\w+)`", "".join(re.findall(r"\| (`.*?) \|", table))))


def test_the_documents_example_of_a_project_file_is_one() -> None:
    text = (ROOT / "docs/inputs.md").read_text().partition("## The project file")[2]
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert dict(load_project_file(example.encode()).models)["fct_revenue"].key == ("order_id", "line")


def test_keys_that_are_inputs_too_are_inputs() -> None:
    own = {"models", "prices", "mask_classifications", *_Comparison.model_fields}
    keys = {field.alias or name for name, field in _Document.model_fields.items()}
    plural = {"gates": "gate"}
    assert {plural.get(key, key) for key in keys - own} < {known.name for known in settings.INPUTS}


def test_every_documented_option_is_one_of_some_command() -> None:
    taken = {name for _, _, names in _COMMANDS for name in names}
    assert taken == {known.name for known in settings.INPUTS if known.flag}


def test_settings_are_cheap_to_import() -> None:
    """Nothing heavy comes along; the time itself is measured by the benchmark of the cold start."""
    program = "import sys, json, rocky_action.settings; print(json.dumps(sorted(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT)
    assert not {
        "pydantic",
        "yaml",
        "duckdb",
        "sqlglot",
        "httpx",
        "jinja2",
        "networkx",
        "rocky_action.domain.report",
    } & {*json.loads(printed.stdout)}
