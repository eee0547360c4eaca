"""What the self-test has shown, as a field of ``preview-diff``. Ours; the contract knows none."""

from __future__ import annotations

from typing import Literal, assert_never

from rocky_action.domain.self_test import SelfTest, SelfTestFailed, SelfTestNotDone, SelfTestPassed
from rocky_action.wire.document import Part


class SelfTestEntry(Part):
    """Whether the diff found exactly the ``planted`` differences; ``reason`` is why not, or why nobody tried."""

    outcome: Literal["passed", "failed", "not_done"]
    model_name: str | None
    planted: int
    reason: str | None


def self_test_entry(tested: SelfTest) -> SelfTestEntry:
    """The self-test as the wire says it."""
    match tested:
        case SelfTestPassed(model=model, planted=planted):
            return SelfTestEntry(outcome="passed", model_name=model, planted=planted, reason=None)
        case SelfTestFailed(model=model, planted=planted, wrong=wrong):
            return SelfTestEntry(outcome="failed", model_name=model, planted=planted, reason="; ".join(wrong))
        case SelfTestNotDone(because=because):
            return SelfTestEntry(outcome="not_done", model_name=None, planted=0, reason=because)
        case _:
            assert_never(tested)
