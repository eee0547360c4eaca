"""The commands that build, compare and clean up, and those that need what was built."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from rocky_action import documents, pipeline
from rocky_action.assembly import Newest, open_newest
from rocky_action.capping import keep_to_cap, keep_watch
from rocky_action.cleaning import cleanup_previews
from rocky_action.commands.calls import Call, called
from rocky_action.console import tables
from rocky_action.console.costs import show_cost, show_limits
from rocky_action.domain.cost import CostDelta, Work
from rocky_action.domain.execution import Failed
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.report import Report, Verdict
from rocky_action.errors import InputError
from rocky_action.git.scratch import commit_pull_request
from rocky_action.stages.report import Evidence
from rocky_action.study import Connection, Study, World, study
from rocky_action.wire.document import to_json

_EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "shop"
_DEMO_BRANCH = "leave-refunds-out"


def run(namespace: argparse.Namespace) -> int:
    """All of it, in one process."""
    return _run_in(namespace, Path.cwd())


def _run_in(namespace: argparse.Namespace, folder: Path) -> int:
    with called(namespace, folder) as call:
        world, options = call.assembled()
        report = pipeline.preview(world, options)
        texts = documents.all_documents(report, marker=call.settings.comment_marker)
        output = folder / call.settings.output_dir
        documents.write_documents(output, texts)
    if call.as_json:
        sys.stdout.write(texts[documents.REPORT])
    else:
        tables.show_report(report)
    sys.stderr.write(f"rocky-preview: the comment and the JSON documents are in {output}\n")
    return int(call.settings.fail_on.fails(report.gated))


def create(namespace: argparse.Namespace) -> int:
    """Build the preview, and say what was built."""
    with called(namespace, Path.cwd()) as call:
        world, options = call.assembled()
        known = study(world, options)
        with world.connect(known.projects) as connection:
            evidence = _created(world, options, known=known, connection=connection)
            report = pipeline.report(world, options, known=known, evidence=evidence, connection=connection)
    if call.as_json:
        sys.stdout.write(to_json(documents.create_json(report)))
    else:
        tables.show_runs(report)
    failed = any(isinstance(run.outcome, Failed) for run in evidence.execution.head_runs)
    return int(failed and call.settings.fail_on.fails(Verdict.FAILED))  # more is not known before the comparison


def _created(world: World, options: PreviewOptions, *, known: Study, connection: Connection) -> Evidence:
    capped = keep_to_cap(known, connection, options=options, now=world.now)
    if capped.refusal:
        return pipeline.refused(known, capped, refusal=capped.refusal)
    execution = pipeline.create(world, capped.options, known=known, connection=connection)
    return Evidence(known.changes, known.plan, execution, (), CostDelta(cap=capped.report))


def diff(namespace: argparse.Namespace) -> int:
    """Compare what was built last with base."""

    def compared(newest: Newest) -> Evidence:
        known, connection, execution = newest.known, newest.connection, newest.execution
        capped = keep_watch(known, connection, options=newest.options, now=newest.now)
        if capped.refusal:
            return pipeline.refused(known, capped, refusal=capped.refusal)
        diffs = pipeline.diff(known, capped.options, connection=connection, execution=execution)
        return Evidence(known.changes, known.plan, execution, diffs, CostDelta(cap=capped.report))

    call, report = _look(namespace, compared)
    if call.as_json:
        sys.stdout.write(to_json(documents.diff_json(report)))
    else:
        tables.show_diffs(report)
    return int(call.settings.fail_on.fails(report.gated))


def cost(namespace: argparse.Namespace) -> int:
    """Price what was built last against base."""

    def priced(newest: Newest) -> Evidence:
        known, execution, connection = newest.known, newest.execution, newest.connection
        spent = {Work.BUILDING: execution.spent}  # what comparing took, or will, nobody has written down
        delta = pipeline.cost_of(
            known, newest.options, connection=connection, execution=execution, spent=spent, now=newest.now
        )
        return Evidence(known.changes, known.plan, execution, (), delta)

    call, report = _look(namespace, priced)
    if call.as_json:
        sys.stdout.write(to_json(documents.cost_json(report)))
    else:
        show_cost(report.cost)
        show_limits(report.cost)
    return int(report.cost.fails and call.settings.fail_on.fails(Verdict.FAILED))  # rows were not looked at


def _look(namespace: argparse.Namespace, find: Callable[[Newest], Evidence]) -> tuple[Call, Report]:
    """What can be found out about the newest preview of a name, without writing anything."""
    with called(namespace, Path.cwd()) as call:
        world, options = call.assembled()
        known = study(world, options)
        with open_newest(call.settings, call.place, known=known, options=options) as newest:
            evidence = find(newest)
            report = pipeline.report(world, options, known=known, evidence=evidence, connection=newest.connection)
    return call, report


def comment(namespace: argparse.Namespace) -> int:
    """Write the sticky comment of a pull request from a ready Markdown file."""
    from rocky_action.posting import post_report  # httpx is only imported where it is used

    with called(namespace, Path.cwd(), mode="comment") as call:
        said = post_report(call.settings, call.place)
    sys.stdout.write(f"{said}\n")
    return 0


def cleanup(namespace: argparse.Namespace) -> int:
    """Drop the schemas of one preview, or of every preview whose lease has expired."""
    with called(namespace, Path.cwd()) as call:
        dropped = cleanup_previews(call.settings, call.place, pull_request=None, expired=namespace.expired)
    for schema in dropped:
        sys.stdout.write(f"dropped {schema}\n")
    if not dropped:
        sys.stdout.write("nothing to drop\n")
    return 0


def demo(namespace: argparse.Namespace) -> int:
    """Preview a pull request of the example in a throw-away repository, which is kept for a look around."""
    if not _EXAMPLE.is_dir():
        raise InputError(
            "the example is not part of this installation",
            advice="Clone the repository of rocky-preview, then make demo.",
        )
    folder = Path(tempfile.mkdtemp(prefix="rocky-preview-demo-")) / "shop"
    shutil.copytree(_EXAMPLE, folder, ignore=shutil.ignore_patterns("*.duckdb", "*.wal", ".rocky-preview"))
    commit_pull_request(folder, folder / "pull_request.patch", branch=_DEMO_BRANCH, environ=os.environ)
    code = _run_in(namespace, folder)
    sys.stderr.write(f"rocky-preview: the repository with the pull request is {folder}\n")
    return code


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = MappingProxyType(
    {
        "run": run,
        "create": create,
        "diff": diff,
        "cost": cost,
        "comment": comment,
        "cleanup": cleanup,
        "demo": demo,
    }
)
