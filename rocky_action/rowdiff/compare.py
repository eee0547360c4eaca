"""What differs between two relations, and what was looked at to find out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rocky_action.domain.diff import Column, MaskedColumn, ModelDiff, NotCompared, Profile, RowDiff, SchemaDiff
from rocky_action.domain.project import Relation
from rocky_action.errors import SqlError, WarehouseError
from rocky_action.ports import WarehouseReader
from rocky_action.rowdiff.answers import Answer, Question, nothing
from rocky_action.rowdiff.choose import answer
from rocky_action.rowdiff.examples import choose_examples
from rocky_action.rowdiff.keys import constrained
from rocky_action.rowdiff.profile import describe
from rocky_action.rowdiff.request import DiffRequest
from rocky_action.rowdiff.schema import ColumnPair, diff_schemas, pair_columns
from rocky_action.rowdiff.sides import SideRelations, Sides, count_rows, sides_of
from rocky_action.rowdiff.spoken import Spoken, forms_of, spoken


@dataclass(frozen=True)
class _Both:
    """The two relations and their columns."""

    base: Relation
    head: Relation
    base_columns: tuple[Column, ...]
    head_columns: tuple[Column, ...]


def diff_relations(warehouse: WarehouseReader, request: DiffRequest, *, base: Relation, head: Relation) -> ModelDiff:
    """Base against head: schema, rows, coverage. A refusal of the warehouse is a reason not to have compared."""
    own, warehouse = warehouse, spoken(warehouse)
    try:
        base_columns, head_columns = own.columns(base), own.columns(head)
    except WarehouseError as error:
        return _nothing(request, _refusal(request, error))
    if base_columns is None or head_columns is None:
        return _nothing(request, f"{base if base_columns is None else head} does not exist")
    both = _Both(base, head, base_columns, head_columns)
    try:
        return _diff(warehouse, request, both=both)
    except SqlError as error:
        return _nothing(request, f"of its `where`: {error.message}", fixable=True)
    except WarehouseError as error:  # one side cannot be read at all, such as a view that fails
        rows = RowDiff(_count(warehouse, base, request=request), _count(warehouse, head, request=request))
        return ModelDiff(
            request.model, diff_schemas(base_columns, head_columns), rows, NotCompared(_refusal(request, error))
        )


def _diff(warehouse: WarehouseReader, request: DiffRequest, *, both: _Both) -> ModelDiff:
    pairs = _pairs(warehouse, request, both=both)
    ignored = {name.lower() for name in request.options.ignore_columns}
    compared = tuple(pair for pair in pairs if pair.name.lower() not in ignored)
    asked = replace(request, candidates=request.candidates + constrained(warehouse, base=both.base, head=both.head))
    with (
        warehouse.snapshot(both.base, timeout=request.patience) as base,
        warehouse.snapshot(both.head, timeout=request.patience) as head,
    ):
        sides = sides_of(warehouse, SideRelations(base, head, request.options.where), pairs=pairs)
        sides = replace(sides, timeout=request.timeout)
        found = _rows(sides, asked, compared=compared)
        rows, profile, notes = _described(sides, found, request=request)
    not_compared = isinstance(found.coverage, NotCompared)
    return ModelDiff(
        model=request.model,
        schema=diff_schemas(both.base_columns, both.head_columns),
        rows=rows,
        coverage=found.coverage,
        key=found.key,
        compared_columns=() if not_compared else tuple(pair.name for pair in compared),
        ignored_columns=_existing(both.head_columns + both.base_columns, ignored),
        masked_columns=_masked(both.head_columns + both.base_columns, request),
        notes=_where_note(request) + (() if not_compared else _value_notes(found, compared)) + found.notes + notes,
        proof=found.proof,
        profile=profile,
    )


def _pairs(warehouse: WarehouseReader, request: DiffRequest, *, both: _Both) -> tuple[ColumnPair, ...]:
    """Columns that both sides have, with types as the warehouse is spoken to about them."""
    base, head = both.base_columns, both.head_columns
    if isinstance(warehouse, Spoken):
        base, head = warehouse.in_common_types(base), warehouse.in_common_types(head)
    return pair_columns(base, head, options=request.options, form=forms_of(warehouse))


def _rows(sides: Sides, request: DiffRequest, *, compared: tuple[ColumnPair, ...]) -> Answer:
    """What is known of the rows when the warehouse refuses to compare them is how many there are."""
    rows_base, rows_head = sides.count()
    try:
        return answer(Question(sides, compared, request, rows_base, rows_head, frozenset(request.masked)))
    except WarehouseError as error:
        return nothing(RowDiff(rows_base, rows_head), _refusal(request, error))


def _count(warehouse: WarehouseReader, relation: Relation, *, request: DiffRequest) -> int | None:
    try:
        return count_rows(warehouse, relation, where=request.options.where, timeout=request.patience)
    except WarehouseError:
        return None


def _described(sides: Sides, found: Answer, *, request: DiffRequest) -> tuple[RowDiff, Profile | None, tuple[str, ...]]:
    """Examples and a profile, if rows differ; counts that are known stay known when these cannot be had."""
    if not found.rows.differs or not request.max_samples or isinstance(found.coverage, NotCompared):
        return found.rows, None, ()
    try:
        differing = found.differing()
        rows = replace(found.rows, examples=choose_examples(differing, request.max_samples))
        counts = (found.rows.rows_base or 0, found.rows.rows_head or 0)
        return rows, describe(sides, differing, changes=found.rows.columns, rows=counts), ()
    except WarehouseError as error:
        return found.rows, None, (f"example rows could not be read: {_refusal(request, error)}",)


def _nothing(request: DiffRequest, reason: str, *, fixable: bool = False) -> ModelDiff:
    return ModelDiff(request.model, SchemaDiff(), RowDiff(None, None), NotCompared(reason, fixable=fixable))


def _refusal(request: DiffRequest, error: WarehouseError) -> str:
    said = error.told(hides_values=not request.max_samples or bool(request.masked))
    return f"the warehouse refused: {said.strip().splitlines()[0]}"


def _existing(columns: tuple[Column, ...], named: set[str]) -> tuple[str, ...]:
    """Named columns that exist, each once, as the first side that has it spells it."""
    names: dict[str, str] = {}
    for column in columns:
        if column.name.lower() in named:
            names.setdefault(column.name.lower(), column.name)
    return tuple(names.values())


def _masked(columns: tuple[Column, ...], request: DiffRequest) -> tuple[MaskedColumn, ...]:
    """Masked columns that exist, each once, with the reason."""
    masked = request.masked
    return tuple(MaskedColumn(name, masked[name.lower()]) for name in _existing(columns, {*masked}))


def _where_note(request: DiffRequest) -> tuple[str, ...]:
    where = request.options.where
    return (f"on both sides only rows that meet this condition were looked at: {where}",) if where else ()


def _value_notes(found: Answer, compared: tuple[ColumnPair, ...]) -> tuple[str, ...]:
    """What counts as equal beyond what is."""
    notes = tuple(note for pair in compared for note in pair.notes)
    tolerances = tuple(pair.tolerance_note for pair in compared if pair.tolerance_note)
    if found.key is None and tolerances:
        return (*notes, "tolerances need a key: all values were compared exactly")
    return notes + tolerances
