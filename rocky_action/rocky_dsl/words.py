"""What the parts of this language share: places in a text, its keywords, what lowering gives, how it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rocky_action.errors import RockyError

_WORDS = """
    let from where group derive select join window sort take distinct union replicate check as on by order keep asc desc
    or and not is null in true false match over partition rows range unbounded current
"""
KEYWORDS = frozenset(_WORDS.split())
"""None of these can be a name: the language has no quoting."""
STEPS = ("from", "where", "group", "derive", "select", "join", "sort", "take", "distinct", "replicate")
_ADVICE = "docs/rocky-language.md lists what a .rocky file can say."


class Place(NamedTuple):
    """Where something stands in the file; both count from 1."""

    line: int
    column: int


START = Place(1, 1)


@dataclass(frozen=True)
class LoweringWarning:
    """A place whose SQL means something else than Rocky's (then it ``differs``), or than the text seems to say."""

    line: int
    message: str
    differs: bool = False


@dataclass(frozen=True)
class Lowered:
    """The SQL that a file stands for, and what its reader must know about it."""

    sql: str
    warnings: tuple[LoweringWarning, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether Rocky's SQL for the same file can mean something else."""
        return any(warning.differs for warning in self.warnings)


def refusal(at: Place, message: str, *, way_out: str = "") -> RockyError:
    """The error that points at a place."""
    return RockyError(f"line {at.line}, column {at.column}: {message}", advice=way_out or _ADVICE)
