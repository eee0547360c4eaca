"""A report as files: the wire documents, the comment and the summary."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rocky_action.domain.report import Report
from rocky_action.errors import OutsideError
from rocky_action.rendering import render_comment, render_cost_markdown, render_diff_markdown, render_summary
from rocky_action.wire.cost import CostDocument, cost_document
from rocky_action.wire.create import CreateDocument, create_document
from rocky_action.wire.diff import DiffDocument, Told, diff_document
from rocky_action.wire.document import to_json
from rocky_action.wire.report import report_json

COMMENT, SUMMARY, REPORT = "comment.md", "summary.md", "report.json"


def create_json(report: Report) -> CreateDocument:
    """The ``preview-create`` document."""
    return create_document(
        report.comparison,
        report.plan,
        changes=report.changes,
        execution=report.execution,
        name=report.provenance.preview_name,
        findings=report.findings,
    )


def diff_json(report: Report) -> DiffDocument:
    """The ``preview-diff`` document."""
    name, markdown = report.provenance.preview_name, render_diff_markdown(report)
    return diff_document(
        report.comparison,
        report.diffs,
        name=name,
        markdown=markdown,
        told=Told(report.audit, report.findings, report.self_test),
    )


def cost_json(report: Report) -> CostDocument:
    """The ``preview-cost`` document."""
    name, markdown = report.provenance.preview_name, render_cost_markdown(report)
    return cost_document(report.cost, report.execution, name=name, markdown=markdown)


def all_documents(report: Report, *, marker: str) -> Mapping[str, str]:
    """Everything that ``run`` leaves, by file name."""
    return {
        "create.json": to_json(create_json(report)),
        "diff.json": to_json(diff_json(report)),
        "cost.json": to_json(cost_json(report)),
        REPORT: report_json(report),
        COMMENT: render_comment(report, marker=marker),
        SUMMARY: render_summary(report),
    }


def write_documents(folder: Path, documents: Mapping[str, str]) -> None:
    """Writes each file whole or not at all; what an earlier run left under these names is replaced."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in documents.items():
            draft = folder / f".{name}.draft"
            draft.write_text(text, encoding="utf-8", errors="replace", newline="\n")
            draft.replace(folder / name)
    except OSError as err:
        raise OutsideError(
            f"{err.filename or folder} cannot be written: {err.strerror}",
            advice="Check output_dir, its permissions and the free disk space.",
        ) from err


def hand_over(workspace: Path) -> None:
    """Gives what root has written in somebody's workspace to that somebody, so that later steps can use it.

    The container runs as root, as GitHub wants it; the runner and the steps after this one do not.
    """
    owner = workspace.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for folder, folders, files in os.walk(workspace):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.lstat().st_uid == 0:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
