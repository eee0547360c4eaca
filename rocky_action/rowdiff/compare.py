"""What differs between two relations, and what was looked at to find out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from rocky_action.domain.diff import (
    Column,
    Coverage,
    Exhaustive,
    Key,
    ModelDiff,
    NotCompared,
    RowDiff,
    RowExample,
    SchemaDiff,
)
from rocky_action.domain.options import Algorithm
from rocky_action.domain.project import Relation
from rocky_action.errors import SqlError, WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.rowdiff.keyed import KeyedJoin, diff_keyed, keyed_examples
from rocky_action.rowdiff.keys import KeySearch, find_key
from rocky_action.rowdiff.multiset import Multisets, diff_multisets, multiset_examples
from rocky_action.rowdiff.request import DiffRequest
from rocky_action.rowdiff.sample import count_keys, diff_sampled, sampled
from rocky_action.rowdiff.schema import ColumnPair, diff_schemas, pair_columns
from rocky_action.rowdiff.sides import SideRelations, Sides, sides_of


@dataclass(frozen=True)
class _Found:
    """What the comparison of rows came to."""

    rows: RowDiff
    coverage: Coverage
    key: Key | None = None
    notes: tuple[str, ...] = ()


def diff_relations(warehouse: WarehouseAdapter, request: DiffRequest, *, base: Relation, head: Relation) -> ModelDiff:
    """Base against head: schema, rows, coverage. A refusal of the warehouse is a reason not to have compared."""
    try:
        base_columns, head_columns = warehouse.columns(base), warehouse.columns(head)
    except WarehouseError as error:
        return _nothing(request, _refusal(error))
    if base_columns is None or head_columns is None:
        return _nothing(request, f"{base if base_columns is None else head} does not exist")
    pairs = pair_columns(base_columns, head_columns, tolerances=request.options.tolerances)
    ignored = {name.lower() for name in request.options.ignore_columns}
    compared = tuple(pair for pair in pairs if pair.name.lower() not in ignored)
    try:
        sides = sides_of(warehouse, SideRelations(base, head, request.options.where), pairs=pairs)
    except SqlError as error:
        return _nothing(request, f"of its `where`: {error.message}")
    found = _diff_rows(sides, request, compared=compared)
    not_compared = isinstance(found.coverage, NotCompared)
    return ModelDiff(
        model=request.model,
        schema=diff_schemas(base_columns, head_columns),
        rows=found.rows,
        coverage=found.coverage,
        key=found.key,
        compared_columns=() if not_compared else tuple(pair.name for pair in compared),
        ignored_columns=_ignored(head_columns + base_columns, ignored),
        notes=_where_note(request) + (() if not_compared else _type_notes(compared)) + found.notes,
    )


def _diff_rows(sides: Sides, request: DiffRequest, *, compared: tuple[ColumnPair, ...]) -> _Found:
    try:
        search = find_key(sides, request.candidates)
        if search.pairs:
            return _by_key(sides, request, search=search, compared=compared)
        if not compared:
            why = (
                "every column that both sides have is ignored" if sides.pairs else "the sides have no column in common"
            )
            return _Found(RowDiff(*sides.count()), NotCompared(why), search.key, search.notes)
        return _by_value(sides, request, search=search, compared=compared)
    except WarehouseError as error:
        return _Found(RowDiff(*_counts(sides)), NotCompared(_refusal(error)))


def _by_key(sides: Sides, request: DiffRequest, *, search: KeySearch, compared: tuple[ColumnPair, ...]) -> _Found:
    rest = tuple(pair for pair in compared if pair not in search.pairs)
    join = KeyedJoin(sides, search.pairs, rest, _masked(request))
    total = count_keys(join) if request.algorithm is Algorithm.SAMPLED else 0
    coverage: Coverage
    if total > request.sample_size:
        join = sampled(join, request.sample_size)
        counted, coverage = diff_sampled(join, total, rows_base=search.rows_base, rows_head=search.rows_head)
    else:
        counted = diff_keyed(join, rows_base=search.rows_base, rows_head=search.rows_head)
        coverage = Exhaustive("keyed")
    notes = search.notes + tuple(_tolerance_note(pair) for pair in rest if pair.tolerance)
    rows, failure = _with_examples(counted, lambda: keyed_examples(join, counted, limit=request.max_samples))
    return _Found(rows, coverage, search.key, notes + failure)


def _tolerance_note(pair: ColumnPair) -> str:
    if pair.takes_tolerance and pair.tolerance:
        return f"{pair.name}: numbers up to {pair.tolerance.absolute:g} apart count as equal"
    return f"the tolerance for {pair.name} was not used: {pair.comparable.type} is not a number"


def _by_value(sides: Sides, request: DiffRequest, *, search: KeySearch, compared: tuple[ColumnPair, ...]) -> _Found:
    multisets = Multisets(sides, compared, _masked(request))
    counted = diff_multisets(multisets)
    notes = search.notes
    if request.algorithm is Algorithm.SAMPLED:
        notes += ("a sample needs a proven key: all rows were compared instead",)
    if any(pair.tolerance for pair in compared):
        notes += ("tolerances need a proven key: all values were compared exactly",)
    rows, failure = _with_examples(counted, lambda: multiset_examples(multisets, counted, limit=request.max_samples))
    return _Found(rows, Exhaustive("multiset"), search.key, notes + failure)


def _with_examples(rows: RowDiff, read: Callable[[], tuple[RowExample, ...]]) -> tuple[RowDiff, tuple[str, ...]]:
    """Counts that are known stay known when the examples cannot be had."""
    try:
        return replace(rows, examples=read()), ()
    except WarehouseError as error:
        return rows, (f"example rows could not be read: {_refusal(error)}",)


def _nothing(request: DiffRequest, reason: str) -> ModelDiff:
    return ModelDiff(request.model, SchemaDiff(), RowDiff(None, None), NotCompared(reason))


def _counts(sides: Sides) -> tuple[int | None, int | None]:
    try:
        return sides.count()
    except WarehouseError:
        return None, None


def _refusal(error: WarehouseError) -> str:
    return f"the warehouse refused: {error.message.strip().splitlines()[0]}"


def _masked(request: DiffRequest) -> frozenset[str]:
    return frozenset(name.lower() for name in request.options.mask_columns)


def _ignored(columns: tuple[Column, ...], ignored: set[str]) -> tuple[str, ...]:
    """Ignored columns that exist, each once, as the first side that has it spells it."""
    names: dict[str, str] = {}
    for column in columns:
        if column.name.lower() in ignored:
            names.setdefault(column.name.lower(), column.name)
    return tuple(names.values())


def _where_note(request: DiffRequest) -> tuple[str, ...]:
    where = request.options.where
    return (f"on both sides only rows that meet this condition were looked at: {where}",) if where else ()


def _type_notes(compared: tuple[ColumnPair, ...]) -> tuple[str, ...]:
    return tuple(f"{pair.name}: {pair.comparable.caveat}" for pair in compared if pair.comparable.caveat)
