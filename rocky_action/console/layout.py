"""What all tables on standard output have in common."""

from __future__ import annotations

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from rocky_action.domain.text import printable


def safe(text: str) -> str:
    """Text from anywhere: no markup, no control character that a terminal would act on, on one line."""
    return escape(printable(text))


def table(*columns: str, title: str | None) -> Table:
    """A table with a header; columns of numbers keep to the right."""
    made = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE, padding=(0, 1, 0, 0))
    numeric = {"Rows", "Time", "Base", "Head", "Added", "Removed", "Changed", "Delta", "%", "Base time", "Head time"}
    for column in columns:
        narrow = column in numeric
        made.add_column(column, justify="right" if column in numeric else "left", overflow="fold", no_wrap=narrow)
    return made
