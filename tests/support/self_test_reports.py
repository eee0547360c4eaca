"""Reports of runs whose diff was tested: one that passed, one that cannot be trusted, one where nobody could tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rocky_action.domain.cost import CostDelta
from rocky_action.domain.report import Caveat, Report, Verdict
from rocky_action.domain.self_test import SelfTest, SelfTestFailed, SelfTestNotDone, SelfTestPassed
from rocky_action.stages.report import Evidence, distrusted, self_test_caveats, verdict
from tests.support.reports import report_of, rows_changed, same

WRONG = ("changed rows: 6 are there, 4 found", "changed values in `amount`: 2 are there, none found")


def tested(report: Report, tested: SelfTest) -> Report:
    """The report as it is when its diff was tested."""
    evidence = distrusted(
        Evidence(report.changes, report.plan, report.execution, report.diffs, CostDelta(), self_test=tested)
    )
    found: tuple[Caveat, ...] = tuple(self_test_caveats(tested))
    return replace(
        report, diffs=evidence.diffs, self_test=tested, verdict=verdict(evidence), caveats=(*found, *report.caveats)
    )


def passed() -> Report:
    return tested(rows_changed(), SelfTestPassed("fct_revenue", 9))


def failed() -> Report:
    """Nothing was found, by a diff that would not have found it."""
    equal = report_of(same("dim_customers", 4_000), same("fct_revenue", 91_204), verdict=Verdict.UNCHANGED)
    return tested(equal, SelfTestFailed("fct_revenue", 9, WRONG))


def not_done() -> Report:
    return tested(rows_changed(), SelfTestNotDone("it would have taken more than 1 s"))


SELF_TEST_SCENARIOS: dict[str, Callable[[], Report]] = {
    "self_test_passed": passed,
    "self_test_failed": failed,
    "self_test_not_done": not_done,
}
