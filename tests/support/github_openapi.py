"""GitHub's own description of the few operations that we use, and whether a request or an answer follows it.

The fixture is an extract of npm's ``@octokit/openapi`` (MIT). To make it anew, after ``npm pack @octokit/openapi``::

    python -m tests.support.github_openapi package
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

FIXTURE = Path(__file__).parents[1] / "fixtures" / "github" / "openapi.json"
DESCRIPTION = "generated/api.github.com.json"
OPERATIONS = (
    "issues/list-comments",
    "issues/create-comment",
    "issues/update-comment",
    "issues/delete-comment",
    "pulls/list",
    "pulls/get",
    "pulls/list-reviews",
    "users/get-authenticated",
    "repos/get-collaborator-permission-level",
    "actions/list-workflow-run-artifacts",
    "actions/download-artifact",
    "checks/create",
    "checks/update",
    "checks/list-for-ref",
    "checks/list-annotations",
    "issues/list-labels-on-issue",
    "issues/add-labels",
    "issues/remove-label",
)
MOST_PER_PAGE = 100
"""Says the description of ``per_page`` in words; more is clamped without a word."""
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")

Schema = dict[str, Any]


class Description:
    """The operations of the fixture."""

    def __init__(self) -> None:
        self._operations: list[Schema] = json.loads(FIXTURE.read_text(encoding="utf-8"))["operations"]

    def of(self, method: str, path: str) -> Schema | None:
        """The operation that a request is for, None for one that we have no business with."""
        for operation in self._operations:
            if operation["method"] == method and re.fullmatch(_pattern(operation["path"]), path):
                return operation
        return None

    def complaints(self, method: str, path: str, *, query: Mapping[str, str], content: object) -> Iterator[str]:
        """What is wrong with a request."""
        operation = self.of(method, path)
        if operation is None:
            yield f"{method} {path}: no operation that we use"
            return
        name = operation["operation"]
        found = re.fullmatch(_pattern(operation["path"]), path)
        values = {"path": found.groupdict() if found else {}, "query": dict(query)}
        known = {(parameter["in"], parameter["name"]): parameter for parameter in operation["parameters"]}
        for place, given in values.items():
            for key, value in given.items():
                parameter = known.get((place, key))
                if parameter is None:
                    yield f"{name}: there is no {place} parameter {key}"
                else:
                    yield from _judge(name, parameter, value)
        for (place, key), parameter in known.items():
            if parameter.get("required") and key not in values[place]:
                yield f"{name}: {key} is missing"
        yield from _judge_body(name, operation["body"], content)

    def unknown_fields(self, method: str, path: str, *, status: int, content: object) -> Iterator[str]:
        """Fields of an answer that GitHub's own has not: what a stand-in has made up."""
        operation = self.of(method, path)
        fields = (operation or {}).get("answers", {}).get(str(status))
        if fields is not None:
            for item in content if isinstance(content, list) else [content]:
                yield from _unknown(item, fields, at=operation["operation"] if operation else "")


def _pattern(template: str) -> str:
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)


def _judge(name: str, parameter: Schema, value: str) -> Iterator[str]:
    schema = parameter["schema"]
    key = parameter["name"]
    if schema.get("type") == "integer" and not re.fullmatch(r"\d+", value):
        yield f"{name}: {key} is {value!r}, not a number"
    elif key == "per_page" and not 1 <= int(value) <= MOST_PER_PAGE:
        yield f"{name}: {key} is {value}"
    if schema.get("format") == "date-time" and not DATE_TIME.fullmatch(value):
        yield f"{name}: {key} is {value!r}, not a time"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{name}: {key} is {value!r}, not one of {schema['enum']}"


def _judge_body(name: str, schema: Schema | None, content: object) -> Iterator[str]:
    if schema is None:
        if content is not None:
            yield f"{name}: has a body, and needs none"
        return
    closed = "additionalProperties" if "properties" in schema else "unevaluatedProperties"
    for error in Draft202012Validator({**schema, closed: False}).iter_errors(content):
        yield f"{name}: {error.message}"


def _unknown(item: object, fields: Schema, *, at: str) -> Iterator[str]:
    if isinstance(item, list):
        for one in item:
            yield from _unknown(one, fields, at=at)
    if isinstance(item, dict) and fields:
        for key, value in item.items():
            if key not in fields:
                yield f"{at}.{key} is not in GitHub's answers"
            else:
                yield from _unknown(value, fields[key], at=f"{at}.{key}")


def extract(package: Path) -> Schema:
    """The fixture out of the unpacked package."""
    whole = json.loads((package / DESCRIPTION).read_text(encoding="utf-8"))
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]

    def resolved(value: Any) -> Any:
        while isinstance(value, dict) and "$ref" in value:
            target: Any = whole
            for part in value["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            value = target
        return value

    def fields(schema: Any, depth: int) -> Schema:
        """Names of properties, as deep as our answers are checked."""
        schema = resolved(schema)
        found: Schema = {}
        if depth:
            for name, inner in schema.get("properties", {}).items():
                found[name] = fields(inner, depth - 1)
        for choice in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(choice, []):
                found |= fields(part, depth)
        return fields(schema["items"], depth) if "items" in schema else found

    def body(operation: Schema) -> Schema | None:
        if "requestBody" not in operation:
            return None
        schema = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
        assert isinstance(schema, dict)
        return schema

    def parameter(value: Any) -> Schema:
        value = resolved(value)
        kept = {key: value["schema"][key] for key in ("type", "format", "enum") if key in value["schema"]}
        return {"name": value["name"], "in": value["in"], "required": value.get("required", False), "schema": kept}

    described = [
        {
            "operation": operation["operationId"],
            "method": method.upper(),
            "path": path,
            "parameters": [parameter(value) for value in operation.get("parameters", [])],
            "body": body(operation),
            "answers": {
                status: fields(resolved(answer)["content"]["application/json"]["schema"], 2)
                for status, answer in operation["responses"].items()
                if status.startswith("2") and "content" in resolved(answer)
            },
        }
        for path, methods in whole["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] in OPERATIONS
    ]
    assert len(described) == len(OPERATIONS)
    return {
        "source": f"@octokit/openapi {version} (npm), {DESCRIPTION}: {len(OPERATIONS)} operations, by tests/support",
        "licence": (package / "LICENSE").read_text(encoding="utf-8").split("\n\n"),
        "operations": sorted(described, key=lambda one: OPERATIONS.index(str(one["operation"]))),
    }


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(extract(Path(sys.argv[1])), indent=1) + "\n", encoding="utf-8")
