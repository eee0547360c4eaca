"""The self-test: whether this run's own diff finds differences that were planted for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SelfTestPassed:
    """All ``planted`` differences in a copy of rows of ``model`` were found, and nothing else was."""

    model: str
    planted: int
    kind: Literal["passed"] = "passed"


@dataclass(frozen=True)
class SelfTestFailed:
    """The diff found not exactly the ``planted`` differences; ``wrong`` says in what, without any value of the data."""

    model: str
    planted: int
    wrong: tuple[str, ...]
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True)
class SelfTestNotDone:
    """Nothing was shown; ``because`` completes the sentence "not done because …"."""

    because: str
    kind: Literal["not_done"] = "not_done"


SelfTest = SelfTestPassed | SelfTestFailed | SelfTestNotDone
