"""The JSON documents that scripts read: Rocky's wire contract, and what we know beyond it.

Field names, nesting and discriminators are those of Rocky's published schemas, so that its Python SDK reads them. What
the contract has no word for stands in fields of our own, which the SDK ignores; no field of the contract changes its
meaning. Where the contract demands a number and we have none, the docstring of the field says what stands there and
which field of ours says that it is unknown.
"""

from __future__ import annotations

from rocky_action.wire.compare import compare_document
from rocky_action.wire.cost import cost_document
from rocky_action.wire.create import create_document
from rocky_action.wire.diff import diff_document
from rocky_action.wire.document import Document, to_json
from rocky_action.wire.plan import plan_document
from rocky_action.wire.report import parse_report, report_json

__all__ = [
    "Document",
    "compare_document",
    "cost_document",
    "create_document",
    "diff_document",
    "parse_report",
    "plan_document",
    "report_json",
    "to_json",
]
