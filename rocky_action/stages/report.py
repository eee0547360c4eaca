"""Put the evidence together: caveats, and a verdict that is never better than its worst part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from rocky_action.dag import Dag
from rocky_action.domain.audit import Audit, Confirmed, Escaped, NotAudited
from rocky_action.domain.changes import ChangeSet
from rocky_action.domain.cost import CostDelta
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, RowDiff, Sampled, SchemaDiff, size_words
from rocky_action.domain.execution import (
    BaselineKind,
    Cloned,
    Execution,
    Failed,
    Inlined,
    ModelRun,
    NotCloned,
    NotRun,
    Side,
    Succeeded,
)
from rocky_action.domain.findings import Finding
from rocky_action.domain.history import Content
from rocky_action.domain.limit_words import all_undecided_words, breach_words, gate_words, lifted_words
from rocky_action.domain.naming import AUDIT_SUFFIX, BASE_SUFFIX
from rocky_action.domain.plan import Plan, PlannedModel
from rocky_action.domain.project import Projects
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.report import Caveat, Edge, Provenance, Report, Severity, Unchecked, Verdict
from rocky_action.domain.self_test import SelfTest, SelfTestFailed, SelfTestNotDone, SelfTestPassed
from rocky_action.domain.text import named, with_advice
from rocky_action.errors import MissingCredentialsError


@dataclass(frozen=True)
class Evidence:
    """What the stages before found."""

    changes: ChangeSet
    plan: Plan
    execution: Execution
    diffs: tuple[ModelDiff, ...]
    cost: CostDelta
    audit: Audit | None = None
    findings: tuple[Finding, ...] = ()
    unchecked: Unchecked | None = None
    contents: tuple[Content, ...] = ()
    self_test: SelfTest | None = None
    unseen: tuple[str, ...] = ()


def make_report(
    evidence: Evidence,
    projects: Projects,
    *,
    comparison: Comparison,
    provenance: Provenance,
    caveats: Iterable[Caveat] = (),
) -> Report:
    """The report; ``caveats`` are those that only the caller can know."""
    evidence = distrusted(evidence)
    found = [*_caveats(evidence, projects), *caveats]
    return Report(
        verdict=verdict(evidence),
        comparison=comparison,
        changes=evidence.changes,
        plan=evidence.plan,
        execution=evidence.execution,
        diffs=evidence.diffs,
        cost=evidence.cost,
        provenance=provenance,
        caveats=tuple(sorted(found, key=_weight)),
        edges=tuple(_edges(evidence.plan, projects)),
        audit=evidence.audit,
        findings=evidence.findings,
        unchecked=evidence.unchecked,
        contents=evidence.contents,
        self_test=evidence.self_test,
        unseen=evidence.unseen,
    )


_UNTRUSTED = "this run's diff failed its self-test"


def distrusted(evidence: Evidence) -> Evidence:
    """The same; where the diff failed its self-test, nothing that it has not found counts as not being there.

    What it has found stays: a reader may want to look at it.
    """
    if not isinstance(evidence.self_test, SelfTestFailed):
        return evidence
    unknown = NotCompared(_UNTRUSTED)
    diffs = tuple(
        replace(diff, coverage=unknown, rows=RowDiff(diff.rows.rows_base, diff.rows.rows_head))
        if diff.is_empty and not diff.new and not isinstance(diff.coverage, NotCompared)
        else diff
        for diff in evidence.diffs
    )
    audit = evidence.audit and replace(
        evidence.audit,
        models=tuple(
            replace(one, outcome=NotAudited(_UNTRUSTED)) if isinstance(one.outcome, Confirmed) else one
            for one in evidence.audit.models
        ),
    )
    return replace(evidence, diffs=diffs, audit=audit)


_NO_LOGIN = "no credentials for the warehouse were given"
_NONE_FOR_IT = "this pull request changes the adapter, and there is no login for the new one"


def unchecked_evidence(
    changes: ChangeSet, plan: Plan, *, schema: str, err: MissingCredentialsError, own_doing: bool = False
) -> Evidence:
    """Nothing done, as nobody can log in; by the pull request's ``own_doing`` where it changes the adapter."""
    unchecked = Unchecked(err.message, err.advice, "adapter" if own_doing else "no_login")
    because = _NONE_FOR_IT if own_doing else _NO_LOGIN
    return nothing_done(changes, plan, schema=schema, unchecked=unchecked, because=because)


def nothing_done(changes: ChangeSet, plan: Plan, *, schema: str, unchecked: Unchecked, because: str) -> Evidence:
    """Every model of the plan as not run and not compared, so that no document can be read as "nothing found"."""
    runs = (ModelRun(name, Side.HEAD, NotRun(because)) for name in plan.prune_names)
    clones = (NotCloned(name, because) for name in plan.copy_names)
    diffs = (
        ModelDiff(one.model, SchemaDiff(), RowDiff(None, None), NotCompared(because), new=one.base_model is None)
        for one in plan.prune_set
    )
    return Evidence(
        changes,
        plan,
        Execution("", schema, head_runs=tuple(runs), clones=tuple(clones)),
        tuple(diffs),
        CostDelta(unknown=plan.prune_names),
        unchecked=unchecked,
    )


def verdict(evidence: Evidence) -> Verdict:
    """The worst of all parts; without a look at the warehouse no part is known."""
    if evidence.unchecked:
        return Verdict.NOT_CHECKED
    parts = [_of_run(run) for run in evidence.execution.head_runs]
    parts += [_of_diff(diff) for diff in evidence.diffs]
    parts += [Verdict.FAILED] if evidence.cost.fails else []
    parts += [Verdict.CHANGED for _ in evidence.plan.removed]
    parts += [_of_planned(planned, evidence) for planned in evidence.plan.prune_set]
    parts += [_of_audit(evidence.audit)] if evidence.audit else []
    parts += [Verdict.FAILED] if isinstance(evidence.self_test, SelfTestFailed) else []
    parts += [Verdict.INCOMPLETE] if evidence.cost.cap and evidence.cost.cap.cuts else []
    parts += [Verdict.INCOMPLETE] if evidence.unseen else []
    return max(parts, key=lambda part: part.rank, default=Verdict.UNCHANGED)


def _of_planned(planned: PlannedModel, evidence: Evidence) -> Verdict:
    """What nobody ran, or ran and nobody compared, is not known to be unchanged; a relation left behind is a change."""
    run = evidence.execution.head_run(planned.model)
    compared = any(diff.model == planned.model for diff in evidence.diffs)
    if run is None or (isinstance(run.outcome, Succeeded) and not compared):
        return Verdict.INCOMPLETE
    is_another = planned.former is not None or planned.base_model not in (None, planned.model)
    return Verdict.CHANGED if is_another else Verdict.UNCHANGED


def _of_audit(audit: Audit) -> Verdict:
    """An escape is a failure; an audit that was asked for and could decide nothing has not reassured anybody."""
    if audit.escaped:
        return Verdict.FAILED
    return Verdict.INCOMPLETE if audit.models and not audit.decided else Verdict.UNCHANGED


def _of_run(run: ModelRun) -> Verdict:
    match run.outcome:
        case Failed():
            return Verdict.FAILED
        case NotRun():
            return Verdict.INCOMPLETE
        case Succeeded() | Inlined():
            return Verdict.UNCHANGED
        case _:
            assert_never(run.outcome)


def _of_diff(diff: ModelDiff) -> Verdict:
    if diff.new:
        return Verdict.CHANGED
    match diff.coverage:
        case NotCompared() | Sampled():
            return Verdict.INCOMPLETE
        case Exhaustive():
            return Verdict.UNCHANGED if diff.is_empty else Verdict.CHANGED
        case _:
            assert_never(diff.coverage)


def _weight(caveat: Caveat) -> tuple[int, str, str]:
    order = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    return order.index(caveat.severity), caveat.model or "", caveat.message


def _caveats(evidence: Evidence, projects: Projects) -> Iterable[Caveat]:
    if evidence.unchecked:
        why = with_advice(evidence.unchecked.because, evidence.unchecked.advice)
        yield Caveat(Severity.WARNING, f"Nothing was run and nothing was compared: {why}")
    else:
        yield from _run_caveats(evidence, projects)
        yield from _clone_caveats(evidence)
    yield from _diff_caveats(evidence)
    yield from self_test_caveats(evidence.self_test)
    yield from _audit_caveats(evidence, projects)
    for left in evidence.plan.removed:
        if left.readers:
            yield Caveat(Severity.WARNING, f"it is {left.why}", left.model, projects.base.models[left.model].path)
    for moved in evidence.plan.moved:
        who = f"{named(moved.readers)} still read{'s' if len(moved.readers) == 1 else ''} `{moved.former}`"
        message = f"{who}, where it was built until now: nothing will refresh that after the merge"
        yield Caveat(Severity.WARNING, message, moved.model, projects.head.models[moved.model].path)
    yield from _limit_caveats(evidence.cost, projects)
    if any(side.kind is BaselineKind.EXISTING for side in evidence.execution.base_sides):
        yield Caveat(
            Severity.NOTE,
            "Base is production as it stands: rows that changed there since its last run count as differences too."
            " `baseline: rebuild` compares like with like.",
        )
    if projects.base.adapter.settings != projects.head.adapter.settings:
        was_read = evidence.execution.head_runs and not evidence.unchecked
        seen = "both sides were read through head's" if was_read else "what that does to the data is not shown"
        yield Caveat(Severity.WARNING, f"The adapter's settings changed; {seen}.", path="rocky.toml")
    for warning in projects.head.warnings:
        yield Caveat(Severity.NOTE, warning)


def _run_caveats(evidence: Evidence, projects: Projects) -> Iterable[Caveat]:
    for run in evidence.execution.head_runs:
        path = projects.head.models[run.model].path
        match run.outcome:
            case Failed(message=message):
                yield Caveat(Severity.ERROR, f"it failed: {message}", run.model, path)
            case NotRun(because=because):
                yield Caveat(Severity.WARNING, f"it was not run: {because}", run.model, path)
            case Succeeded() | Inlined():
                pass
    for side in evidence.execution.base_sides:
        built = evidence.execution.head_run(side.model)
        ran = built is not None and isinstance(built.outcome, Succeeded)
        if side.kind is BaselineKind.NONE and side.note and side.note != "the model is new" and ran:
            yield Caveat(Severity.WARNING, f"it was built but not compared: {side.note}", side.model)


def _clone_caveats(evidence: Evidence) -> Iterable[Caveat]:
    for clone in evidence.execution.clones:
        match clone:
            case NotCloned(model=model, because=because):
                yield Caveat(Severity.WARNING, f"it could not be cloned: {because}", model)
            case Cloned():
                pass


def _diff_caveats(evidence: Evidence) -> Iterable[Caveat]:
    for diff in evidence.diffs:
        if words := size_words(diff.rows):
            yield Caveat(Severity.WARNING, words, diff.model)


def self_test_caveats(tested: SelfTest | None) -> Iterable[Caveat]:
    """What a reader must know about the run's own diff: nothing where it was shown to work."""
    match tested:
        case SelfTestFailed(model=model, planted=planted, wrong=wrong):
            yield Caveat(
                Severity.ERROR,
                f"This run's own diff cannot be trusted: {planted} differences were planted in a copy of rows of"
                f" `{model}`, and it did not find exactly these ({'; '.join(wrong)}). What is said here about rows may"
                " be wrong. Please report this as a bug of rocky-preview.",
            )
        case SelfTestNotDone(because=because):
            yield Caveat(Severity.NOTE, f"The self-test of the diff was not done: {because}.")
        case SelfTestPassed() | None:
            pass
        case _:
            assert_never(tested)


def _audit_caveats(evidence: Evidence, projects: Projects) -> Iterable[Caveat]:
    audit = evidence.audit
    if audit is None:
        return
    reasons = {left.model: left.why for left in (*evidence.plan.skipped, *evidence.plan.copy_set)}
    for one in audit.models:
        match one.outcome:
            case Escaped(because=because):
                message = f"it was left alone ({reasons[one.model]}), and the audit found that it differs: {because}"
                yield Caveat(Severity.ERROR, message, one.model, projects.head.models[one.model].path)
            case NotAudited(because=because):
                yield Caveat(Severity.NOTE, f"it was not audited: {because}", one.model)
            case Confirmed():
                pass
            case _:
                assert_never(one.outcome)
    if audit.escaped:
        message = (
            "The plan was wrong, and other models that were left alone may differ as well. Please report this as a bug"
            " of rocky-preview, with the SQL of these models and the plan (create.json). Both sides are in the schemas"
            f" {evidence.execution.schema}{AUDIT_SUFFIX} and {evidence.execution.schema}{AUDIT_SUFFIX}{BASE_SUFFIX}."
        )
        yield Caveat(Severity.ERROR, message)
    elif audit.models and not audit.decided:
        yield Caveat(Severity.WARNING, "The audit has shown nothing: none of its models could be audited.")


def _limit_caveats(cost: CostDelta, projects: Projects) -> Iterable[Caveat]:
    for breach in cost.breaches:
        severity = Severity.ERROR if breach.fails else Severity.WARNING if breach.matters else Severity.NOTE
        yield Caveat(severity, breach_words(breach), breach.model, breach.path)
    for over in cost.gates:
        yield Caveat(Severity.ERROR, gate_words(over, cost.cadence))
    yield from (Caveat(Severity.WARNING, words) for words in all_undecided_words(cost.undecided))
    for one in cost.lifted:
        model = one.former.model
        yield Caveat(Severity.NOTE, lifted_words(one), model, projects.head.models[model].path if model else None)


def _edges(plan: Plan, projects: Projects) -> Iterable[Edge]:
    dag = Dag(projects.head)
    for planned in plan.prune_set:
        for upstream in dag.upstreams(planned.model):
            yield Edge(upstream, planned.model)
