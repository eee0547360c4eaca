"""GitHub's GraphQL interface, as much of it as we ask: a query held against GitHub's own schema, and answered.

The fixture is an extract of npm's ``@octokit/graphql-schema`` (MIT). To make it anew, after ``npm pack`` of it::

    python -m tests.support.github_graphql package
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FIXTURE = Path(__file__).parents[1] / "fixtures" / "github" / "graphql.json"
TYPES = ("Query", "IssueComment", "User", "Bot", "Actor")
FIELDS = {"Query": ("viewer", "node", "nodes")}
"""Of a type with hundreds; of the others all."""

_WORD = re.compile(r"\s*(\.\.\.|[\w$!]+|[{}()\[\]:])")
Selection = dict[str, Any]


def parsed(query: str) -> Selection:
    """The fields that a query asks for, by name, each with its own; those of ``... on T`` are under ``... T``."""
    words = [match[1] for match in _WORD.finditer(query)]
    assert "".join(words) == re.sub(r"\s", "", query), f"not understood: {query}"
    return _selection(iter(words[words.index("{") + 1 :]))


def _selection(words: Iterator[str]) -> Selection:
    found: Selection = {}
    last = ""
    for word in words:
        match word:
            case "}":
                return found
            case "{":
                found[last] = _selection(words)
            case "(":
                while next(words) != ")":
                    pass
            case "...":
                assert next(words) == "on"
                last = f"... {next(words)}"
                found[last] = {}
            case _:
                last = word
                found[last] = {}
    raise AssertionError("a brace is missing")


def complaints(query: str) -> Iterator[str]:
    """What GitHub's schema has not, or has only with fields of its own below."""
    schema = json.loads(FIXTURE.read_text(encoding="utf-8"))["types"]

    def checked(selection: Selection, type_: str) -> Iterator[str]:
        for name, inner in selection.items():
            if name.startswith("... "):
                yield from checked(inner, name.removeprefix("... "))
            elif name != "__typename":
                kind = schema.get(type_, {}).get(name)
                if kind is None:
                    yield f"GraphQL: {type_} has no field {name}"
                elif inner:
                    yield from checked(inner, kind)
                elif kind in schema or kind == "Node":
                    yield f"GraphQL: {name} is no value"

    yield from checked(parsed(query), "Query")


def selected(value: object, selection: Selection, type_: str = "") -> object:
    """What a query gets of an object that has all fields, ``__typename`` among them."""
    if isinstance(value, list):
        return [selected(item, selection) for item in value]
    if not isinstance(value, Mapping) or not selection:
        return value
    found: dict[str, object] = {}
    for name, inner in selection.items():
        if not name.startswith("... "):
            found[name] = selected(value[name], inner)
        elif value["__typename"] == name.removeprefix("... "):
            found |= dict(selected(value, inner))  # type: ignore[call-overload]
    return found


def extract(package: Path) -> dict[str, object]:
    """The fixture out of the unpacked package: of each type the fields, and what kind each is of."""
    whole = json.loads((package / "schema.json").read_text(encoding="utf-8"))
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    types = {one["name"]: one for one in whole["__schema"]["types"]}

    def kind(type_: dict[str, Any]) -> str:
        while type_.get("ofType"):
            type_ = type_["ofType"]
        return str(type_["name"])

    return {
        "source": f"@octokit/graphql-schema {version} (npm), schema.json: {len(TYPES)} types, by tests/support",
        "licence": (package / "LICENSE.md").read_text(encoding="utf-8").split("\n\n"),
        "types": {
            name: {
                field["name"]: kind(field["type"])
                for field in types[name]["fields"]
                if field["name"] in FIELDS.get(name, (field["name"],))
            }
            for name in TYPES
        },
    }


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(extract(Path(sys.argv[1])), indent=1) + "\n", encoding="utf-8")
