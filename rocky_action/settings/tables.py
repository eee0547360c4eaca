"""Inputs and outputs as the tables of the docs."""

from __future__ import annotations

from collections.abc import Sequence

from rocky_action.settings.inputs import INPUTS
from rocky_action.settings.outputs import OUTPUTS


def inputs_table() -> str:
    """All inputs as a Markdown table."""
    rows = [
        (f"`{known.name}`", f"`{known.flag}`" if known.flag else "", known.otherwise, known.explanation)
        for known in INPUTS
    ]
    return _table(("Input", "Option", "Default", "What it says"), rows)


def outputs_table() -> str:
    """All outputs as a Markdown table."""
    return _table(("Output", "What it holds"), [(f"`{known.name}`", known.description) for known in OUTPUTS])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
