"""What head's models hold, as fingerprints by which a later preview can tell whether they hold something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rocky_action.dag import walk
from rocky_action.domain.diff import Exhaustive, ModelDiff
from rocky_action.domain.execution import Execution, Succeeded
from rocky_action.domain.history import Content
from rocky_action.domain.masking import masks_of
from rocky_action.domain.options import Fingerprinted, ModelOptions, PreviewOptions
from rocky_action.domain.project import Projects, Relation
from rocky_action.errors import SqlError, WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.rowdiff.content import holding


@dataclass(frozen=True)
class _Context:
    """What every model's fingerprint needs besides the model."""

    execution: Execution
    warehouse: WarehouseAdapter
    options: PreviewOptions
    projects: Projects
    masks: Mapping[str, str]


def contents_of(
    diffs: tuple[ModelDiff, ...],
    execution: Execution,
    *,
    projects: Projects,
    warehouse: WarehouseAdapter,
    options: PreviewOptions,
) -> tuple[Content, ...]:
    """One for each diff. Reads each model once more, and only those of which all rows were or could have been compared.

    Nothing where no history is kept; no model's content where the preview has a cap, which this would be beyond.
    """
    if options.fingerprinted is Fingerprinted.NONE:
        return ()
    context = _Context(execution, warehouse, options, projects, masks_of(projects, options.diff))
    found: dict[str, Content] = {}

    def work(name: str) -> None:
        found[name] = _content(context, by_name[name])

    by_name = {diff.model: diff for diff in diffs}
    walk(dict.fromkeys(by_name, ()), work, threads=min(options.run.threads, warehouse.concurrency))
    return tuple(found[diff.model] for diff in diffs)


def _content(context: _Context, diff: ModelDiff) -> Content:
    options = context.options.diff.for_model(diff.model, context.projects.head.models[diff.model].options)
    apart = {*map(str.lower, diff.ignored_columns), *diff.unstable_columns}
    relation = _relation(context, diff)
    try:
        columns = (context.warehouse.columns(relation) if relation else None) or ()
        apart |= {name.lower() for name in (column.name for column in columns)} & _unwanted(context, options)
        looked_at = tuple(column for column in columns if column.name.lower() not in apart)
        left_out = tuple(_left_out(options, apart))
        if relation is None or not looked_at:
            return Content(diff.model, left_out)
        timeout = context.options.diff.allowance.seconds
        found = holding(context.warehouse, relation, columns=looked_at, options=options, timeout=timeout)
        return Content(diff.model, left_out, looked_at, found.rows, found.checksum)
    except (WarehouseError, SqlError):  # it is not known then, which is what the next preview says of it
        return Content(diff.model, tuple(_left_out(options, apart)))


def _unwanted(context: _Context, options: ModelOptions) -> set[str]:
    """Columns, in lower case, of which nothing is to be known: ignored ones, and masked ones without a secret."""
    found = {*map(str.lower, options.ignore_columns)}
    if context.options.fingerprinted is not Fingerprinted.ALL:
        found |= {*context.masks, *map(str.lower, options.mask_columns)}
    return found


def _relation(context: _Context, diff: ModelDiff) -> Relation | None:
    """What to read, None where nothing of the model may be read or published."""
    options = context.options
    hidden = not options.diff.max_samples and options.fingerprinted is not Fingerprinted.ALL
    if hidden or options.cap or any(one.column is None and one.rows_differing != 0 for one in diff.unstable):
        return None
    run = context.execution.head_run(diff.model)
    if run is None or not isinstance(run.outcome, Succeeded):
        return None
    if isinstance(diff.coverage, Exhaustive):
        return run.outcome.relation
    return run.outcome.relation if diff.new and _is_within_budget(context, run.outcome.relation) else None


def _is_within_budget(context: _Context, relation: Relation) -> bool:
    most = context.options.diff.allowance.bytes
    if most is None:
        return True
    try:
        size = context.warehouse.size(relation).bytes
    except WarehouseError:
        return False
    return size is not None and size <= most


def _left_out(options: ModelOptions, apart: Iterable[str]) -> Iterator[str]:
    """What the content is without, and by which rules of its own it counts as the same."""
    yield from (f"column {name}" for name in sorted(apart))
    if options.where:
        yield f"rows {options.where}"
    for rule in ("ignore_case", "ignore_trailing_blanks", "json_columns"):
        yield from (f"{rule} {name}" for name in sorted(map(str.lower, getattr(options, rule))))
