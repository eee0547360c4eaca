"""How a result was come by, in one note: how rows were brought together, what is left to chance, why it was done so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import assert_never

from rocky_action.domain.diff import BisectionStats, ModelDiff, Proof
from rocky_action.rendering.results import is_without_rows
from rocky_action.rendering.text import Md, join, prose

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def how_note(diff: ModelDiff) -> Md | None:
    """What a reader can weigh the result by; None where no row was looked at or nobody kept a record."""
    way = _way(diff)
    if way is None or is_without_rows(diff):
        return None
    proof = diff.proof
    why = prose(proof.why.strip().rstrip("."))
    chosen = [Md(f"{why[0].upper()}{why[1:]}.")] if why else []
    return join(" ", [Md(f"**How:** {way}."), *chosen, *odds_sentence(proof)])


def _way(diff: ModelDiff) -> Md | None:
    match diff.proof.way:
        case "positions":
            return Md("row by row, in place")
        case "join":
            return Md("matched by key, all values compared")
        case "checksums":
            return Md("checksums by column")
        case "groups":
            return Md("equal rows cancel, the rest differs")
        case "bisection":
            return _bisection(diff.proof.bisection)
        case "nothing":
            return None
        case _ as never:
            assert_never(never)


def _bisection(stats: BisectionStats | None) -> Md:
    way = "checksums by part of the tables"
    if stats is None:
        return Md(way)
    capped = "; it went no deeper, and read those as a whole" if stats.depth_capped else ""
    read = f"{stats.leaves_materialized:,} that differ compared row by row"
    return Md(f"{way} ({stats.chunks_examined:,} examined, {read}{capped})")


def odds_sentence(proof: Proof) -> Iterator[Md]:
    """What checksums leave to chance; nothing where values themselves were compared."""
    if proof.odds > 0:
        yield Md(
            "Rows whose 64-bit checksums agree were taken for equal; the chance that this hides a difference is "
            f"at most {odds_words(proof.odds)}."
        )


def odds_words(odds: float) -> Md:
    """An upper bound of a chance as one in a power of ten, never a smaller chance than it is."""
    power = max(0, math.floor(-math.log10(odds)))
    return Md(f"1 in {10**power:,}" if power <= 6 else f"1 in 10{str(power).translate(_SUPERSCRIPT)}")
