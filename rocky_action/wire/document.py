"""What all documents share: frozen, no unknown fields, one spelling as text."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict

from rocky_action import __version__
from rocky_action.domain.text import OLD_COMMAND


class Part(BaseModel):
    """A JSON object inside a document."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(Part):
    """A whole document. Every field is always written; what is unknown is null."""

    version: str = __version__
    command: str


def to_json(document: Document) -> str:
    """The document as text: fields in the order of their declaration, indented, one newline at the end."""
    return json_text(document.model_dump(mode="json", by_alias=True))


def json_text(value: object) -> str:
    """JSON that every reader accepts.

    A file name that is not UTF-8 reaches us with lone surrogates, which strict JSON readers refuse: they become "?".
    A bracket after ``##`` is written as its number: it says the same, but not to GitHub's runner, which reads logs.
    """
    text = OLD_COMMAND.sub(r"\1\\u005b", json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))
    return text.encode("utf-8", errors="replace").decode("utf-8") + "\n"
