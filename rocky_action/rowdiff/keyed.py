"""Rows paired by key, compared value by value inside the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rocky_action.domain.diff import ColumnChange
from rocky_action.rowdiff.differing import Differing, DifferingRow, Kind
from rocky_action.rowdiff.schema import ColumnPair, shown, text
from rocky_action.rowdiff.sides import Sides, count_where, numbers, ordered, smallest, values


@dataclass(frozen=True)
class KeyedJoin:
    """Two sides joined on a key; ``compared`` are the other columns to look at."""

    sides: Sides
    key: tuple[ColumnPair, ...]
    compared: tuple[ColumnPair, ...]

    @property
    def rows(self) -> str:
        """SQL: a row for every key value, with ``in_base``, ``in_head`` (true or NULL), ``k<n>``, ``b<n>``, ``h<n>``.

        Whether a row is present is read off a marker and never off its key, which may be NULL.
        """
        on = [f"{_key(pair, 'b')} IS NOT DISTINCT FROM {_key(pair, 'h')}" for pair in self.key]
        keys = [
            f"CASE WHEN b.present THEN {_key(pair, 'b')} ELSE {_key(pair, 'h')} END AS k{index}"
            for index, pair in enumerate(self.key)
        ]
        raw = [
            f"b.c{pair.position} AS b{pair.position}, h.c{pair.position} AS h{pair.position}"
            for pair in self.key + self.compared
        ]
        return (
            f"(SELECT b.present AS in_base, h.present AS in_head, {', '.join(keys + raw)}"
            f" FROM {self.sides.base} AS b FULL JOIN {self.sides.head} AS h ON {' AND '.join(on)})"
        )

    @property
    def order(self) -> str:
        """SQL: rows by key, as the warehouse orders its type."""
        return ordered(f"k{index}" for index in range(len(self.key)))

    @property
    def key_hash(self) -> str:
        """SQL about a row of ``rows``: a number that stands for its key."""
        return self.sides.warehouse.row_hash([f"k{index}" for index in range(len(self.key))])


@dataclass(frozen=True)
class JoinCounts:
    """What a join found. ``paired`` counts pairs of rows with the same key; ``columns`` are those with a changed value.

    ``hashes`` stand for keys whose rows differ: of all of them, or of as many as were asked for, drawn evenly.
    """

    added: int
    removed: int
    paired: int
    changed: int
    columns: tuple[ColumnChange, ...]
    hashes: tuple[int, ...] = ()

    @property
    def differing(self) -> int:
        """Rows that differ."""
        return self.added + self.removed + self.changed

    def is_proof(self, rows_base: int, rows_head: int) -> bool:
        """True when no key that both sides have occurs twice.

        A key that base has m times and head n times makes m·n pairs. Over the keys of both sides, the sum of m·n is the
        sum of m only if every n is 1, and the sum of n only if every m is.
        """
        return (self.paired + self.removed, self.paired + self.added) == (rows_base, rows_head)


def count_join(join: KeyedJoin, *, hashes: int) -> JoinCounts:
    """One pass over the join; ``hashes`` is how many keys to draw from those whose rows differ."""
    flags = [f"{_differs(pair)} AS d{pair.position}" for pair in join.compared]
    each = [f"d{pair.position}" for pair in join.compared]
    keys = [f"k{index}" for index in range(len(join.key))]
    flagged = f"(SELECT {', '.join(['in_base', 'in_head', *keys, *flags])} FROM {join.rows} AS j)"
    both = "in_base AND in_head"
    any_differs = " OR ".join(each) or "FALSE"
    counts = [
        count_where("in_base IS NULL"),
        count_where("in_head IS NULL"),
        count_where(both),
        count_where(f"{both} AND ({any_differs})"),
        *(count_where(f"{both} AND {flag}") for flag in each),
    ]
    differs = f"in_base IS NULL OR in_head IS NULL OR {any_differs}"
    drawn = [smallest(join.key_hash, where=differs, most=hashes)] if hashes else ["NULL"]
    *found, drawn_hashes = join.sides.query(f"SELECT {', '.join(counts + drawn)} FROM {flagged} AS f")[0]
    added, removed, paired, changed, *columns = numbers(tuple(found))
    return JoinCounts(
        added,
        removed,
        paired,
        changed,
        tuple(ColumnChange(pair.name, count) for pair, count in zip(join.compared, columns, strict=True) if count),
        tuple(numbers(tuple(drawn_hashes))) if isinstance(drawn_hashes, list) else (),
    )


def fetch_drawn(join: KeyedJoin, counts: JoinCounts, *, masked: frozenset[str]) -> Differing:
    """The rows whose keys were drawn, in the order of their keys; ``join`` names the columns worth showing."""
    if not counts.hashes:
        return Differing(join.key + join.compared, len(join.key), (), counts.differing, masked)
    wanted = ", ".join(f"({number})" for number in counts.hashes)
    own = join.sides.warehouse.row_hash([_key(pair, "s") for pair in join.key])
    few = join.sides.kept(f"{own} IN (SELECT v.h FROM (VALUES {wanted}) AS v(h))")
    return fetch_differing(replace(join, sides=few), total=counts.differing, masked=masked)


def fetch_differing(join: KeyedJoin, *, total: int, masked: frozenset[str], limit: int | None = None) -> Differing:
    """The rows of a join that differ, in the order of their keys."""
    columns = join.key + join.compared
    parts = [
        part
        for pair in columns
        for part in (text(_differs(pair)), *_cell_texts(pair, masked=pair.name.lower() in masked))
    ]
    any_differs = " OR ".join(["in_base IS NULL", "in_head IS NULL", *map(_differs, join.compared)])
    chosen = (
        f"SELECT in_base, in_head, {', '.join(parts)} FROM {join.rows} AS j WHERE {any_differs} ORDER BY {join.order}"
    )
    found = join.sides.query(chosen if limit is None else f"{chosen} LIMIT {limit}")
    return Differing(columns, len(join.key), tuple(_row(values(row), len(join.key)) for row in found), total, masked)


def row_of(cells: Sequence[str | None], *, kind: Kind, key_columns: int) -> DifferingRow:
    """A row from three texts a column: whether it differs, base's value, head's value."""
    differs, base, head = cells[::3], cells[1::3], cells[2::3]
    changed = {place for place, word in enumerate(differs) if word == "true" and place >= key_columns}
    return DifferingRow(
        kind,
        () if kind == "added" else tuple(base),
        () if kind == "removed" else tuple(head),
        frozenset(changed) if kind == "changed" else frozenset(),
    )


def _row(row: list[str | None], key_columns: int) -> DifferingRow:
    in_base, in_head, *cells = row
    kind: Kind = "added" if in_base is None else "removed" if in_head is None else "changed"
    return row_of(cells, kind=kind, key_columns=key_columns)


def _key(pair: ColumnPair, alias: str) -> str:
    return pair.comparand(f"{alias}.c{pair.position}")


def _differs(pair: ColumnPair) -> str:
    return pair.differs(f"b{pair.position}", f"h{pair.position}")


def _cell_texts(pair: ColumnPair, *, masked: bool) -> tuple[str, str]:
    """Masked values do not leave the warehouse."""
    return ("NULL", "NULL") if masked else _texts(pair)


def _texts(pair: ColumnPair) -> tuple[str, str]:
    return shown(f"b{pair.position}", pair.base.type), shown(f"h{pair.position}", pair.head.type)
