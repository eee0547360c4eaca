"""Inputs as options of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rocky_action.settings.inputs import BY_NAME


def add_options(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Adds the options of these inputs.

    Choices and numbers are judged by ``parse``, not here, so that all mistakes are told at once.
    """
    for name in names:
        known = BY_NAME[name]
        if known.flag is None:
            raise ValueError(f"{name} has no option")
        parser.add_argument(
            known.flag,
            dest=name,
            action="append" if known.repeatable else "store",
            metavar="{" + ",".join(known.choices) + "}" if known.choices else known.metavar,
            help=known.help.replace("%", "%%"),
        )


def given(namespace: argparse.Namespace) -> dict[str, str]:
    """What was given on the command line, by input name, as ``parse`` takes it."""
    found = {name: getattr(namespace, name, None) for name in BY_NAME}
    return {name: _text(value) for name, value in found.items() if value}


def _text(value: str | list[str]) -> str:
    """A repeated option has one value per line; the last line break says that commas belong to the values."""
    return value if isinstance(value, str) else "".join(f"{one}\n" for one in value)
