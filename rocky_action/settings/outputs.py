"""Every output of the action, described once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Output:
    """One output of the action."""

    name: str
    description: str


OUTPUTS: tuple[Output, ...] = (
    Output("verdict", "unchanged, changed, incomplete, not_checked or failed."),
    Output("comment_url", "Address of the comment; empty if there is none."),
    Output("body_path", "Path of the comment's Markdown."),
    Output("report_json", "Path of report.json, which holds everything the comment says and more."),
    Output("branch_schema", "Schema that the preview was built in."),
    Output("prune_set_size", "Number of models that the pull request makes run."),
    Output("rows_added", "Rows only in head, over all compared models; empty if none was compared."),
    Output("rows_removed", "Rows only in base, over all compared models; empty if none was compared."),
    Output("rows_changed", "Rows with the same key and other values; empty if no model was compared by key."),
    Output("audit_escapes", "Models that the audit found to differ; empty if no model was audited."),
    Output("breaking_findings", "Number of findings that break readers of the models, such as a dropped column."),
    Output("delta_usd", "Cost of head minus cost of base in US dollars; empty if unknown."),
)
