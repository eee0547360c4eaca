"""What one relation holds, as two numbers: how many rows, and the sum of their hashes, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rocky_action.domain.diff import Column
from rocky_action.domain.options import ModelOptions
from rocky_action.domain.project import Relation
from rocky_action.ports import WarehouseReader
from rocky_action.rowdiff.schema import pair_columns
from rocky_action.rowdiff.sides import SideRelations, numbers, sides_of
from rocky_action.rowdiff.spoken import Spoken, forms_of, spoken


@dataclass(frozen=True)
class Holding:
    """Two relations with equal ones hold the same rows but for an accident of their hashes, 1 in 2^63.

    Relations that differ hold other rows, or rows that are equal and written otherwise, such as -0.0 inside a list.
    """

    rows: int
    checksum: int


def holding(
    warehouse: WarehouseReader,
    relation: Relation,
    *,
    columns: Sequence[Column],
    options: ModelOptions,
    timeout: float | None,
) -> Holding:
    """One statement over these columns of a relation, at least one; ``timeout`` in seconds.

    Raises WarehouseError, and SqlError for a ``where`` that is not a condition.
    """
    asked = spoken(warehouse)
    typed = asked.in_common_types(columns) if isinstance(asked, Spoken) else columns
    pairs = pair_columns(typed, typed, options=options, form=forms_of(asked))
    sides = sides_of(asked, SideRelations(relation, relation, options.where), pairs=pairs)
    row_hash = asked.row_hash([pair.hashable(f"s.c{pair.position}") for pair in pairs])
    found = asked.query(f"SELECT count(*), sum({row_hash}) FROM {sides.head} AS s", timeout=timeout)
    rows, checksum = numbers(found[0])
    return Holding(rows, checksum)
