"""Some keys instead of all, the same ones on both sides: exact about them, and silent about the rest."""

from __future__ import annotations

from collections.abc import Sequence

from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.rowdiff.sides import Sides, count_where, ordered

_MISSED = 0.05
"""The chance to miss a change that is still called detectable."""


def first_keys(sides: Sides, key: Sequence[ColumnPair], *, size: int) -> Sides:
    """The rows of the ``size`` smallest keys of both sides together, as Rocky's own sampled diff takes them.

    Fewer keys if they repeat, so that no more than ``size`` rows of a side need be sorted: no key is left out between.
    """
    listed = ", ".join(f"{pair.comparand(f's.c{pair.position}')} AS k{index}" for index, pair in enumerate(key))
    order = ordered(f"k{index}" for index in range(len(key)))
    each = [
        f"SELECT *, row_number() OVER (ORDER BY {order}) = {size} AS is_last"
        f" FROM (SELECT {listed} FROM {side} AS s ORDER BY {order} LIMIT {size}) AS f"
        for side in (sides.base, sides.head)
    ]
    names = ", ".join(f"k{index}" for index in range(len(key)))
    keys = f"SELECT {names}, {count_where('is_last')} AS ends FROM ({' UNION ALL '.join(each)}) AS u GROUP BY {names}"
    # Beyond the last row that was taken of a side, the side may have keys that were not.
    before = f"sum(ends) OVER (ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    known = f"SELECT {names} FROM (SELECT {names}, {before} AS beyond FROM ({keys}) AS g) AS o"
    window = f"{known} WHERE coalesce(beyond, 0) = 0 ORDER BY {order} LIMIT {size}"
    same = " AND ".join(
        f"w.k{index} IS NOT DISTINCT FROM {pair.comparand(f's.c{pair.position}')}" for index, pair in enumerate(key)
    )
    return sides.kept(f"EXISTS (SELECT 1 FROM ({window}) AS w WHERE {same})")


def random_keys(sides: Sides, key: Sequence[ColumnPair], *, size: int, rows: int) -> Sides:
    """The rows of about ``size`` keys of ``rows``: those whose hash leaves a certain remainder."""
    modulus = max(1, round(rows / size))
    hashed = sides.warehouse.row_hash([pair.comparand(f"s.c{pair.position}") for pair in key])
    # Of the remainders 0 is not even: what is empty may hash to it.
    return sides if modulus == 1 else sides.kept(f"{hashed} % {modulus} = 1")


def detectable_share(keys: int) -> float | None:
    """The smallest share of differing rows that so many random keys show with 95 % confidence, None for no key.

    Of rows that differ with a share s, n independent draws all miss with (1 - s)^n; this is 5 % at s = 1 - 0.05^(1/n).
    """
    return 1 - _MISSED ** (1 / keys) if keys else None
