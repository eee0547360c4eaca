"""``report.json``: the whole report, and back."""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter, ValidationError

from rocky_action.domain.report import Report
from rocky_action.errors import InputError
from rocky_action.wire.document import json_text


@cache
def _adapter() -> TypeAdapter[Report]:
    """Built on first use: it takes longer than most commands need."""
    return TypeAdapter(Report)


def report_json(report: Report) -> str:
    """Everything the report knows, as text; the same text for the same report.

    But for ``contents``: whoever has the file could check a guess of what a hidden table holds.
    """
    document = _adapter().dump_python(report, mode="json", exclude={"contents"})
    for change in document["changes"]["changes"]:
        change["effect"].get("columns", []).sort()  # a set has no order of its own
    return json_text(document)


def parse_report(text: str) -> Report:
    """The report that ``report_json`` wrote."""
    try:
        return _adapter().validate_json(text)
    except ValidationError as err:
        first = err.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise InputError(
            f"this is not a report that can be read: {place}: {first['msg']}",
            advice="Give the report.json of a run of this version.",
        ) from err
