"""Tables as values: every row has as many cells as the header, which Markdown would otherwise drop in silence."""

from __future__ import annotations

from dataclasses import dataclass

from rocky_action.rendering.text import Md, cell


@dataclass(frozen=True)
class Table:
    """A header and rows of the same width; ``numeric`` are the places of right-aligned columns."""

    header: tuple[Md, ...]
    rows: tuple[tuple[Md, ...], ...]
    numeric: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"a row of {len(row)} cells below a header of {len(self.header)}")

    @property
    def lines(self) -> Md:
        """The table in Markdown."""
        rule = "|".join("--:" if place in self.numeric else ":--" for place in range(len(self.header)))
        return Md("\n".join([_line(self.header), f"|{rule}|", *map(_line, self.rows)]))


def _line(cells: tuple[Md, ...]) -> str:
    return f"| {' | '.join(cell(content) for content in cells)} |"
