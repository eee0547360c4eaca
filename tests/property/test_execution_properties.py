"""Execution of random projects: every model has an outcome, and the contents are those of building one by one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.execution import Cloned, Failed, Inlined, NotRun, Succeeded
from rocky_action.domain.options import Baseline, CopyMode
from tests.support.previews import BASE, HEAD, Lab, Ran, Spec, open_lab, options, project_of

MODELS = 40
KINDS = {
    "table": "",
    "view": '[strategy]\ntype = "view"\n',
    "ephemeral": '[strategy]\ntype = "ephemeral"\n',
}
Rows = frozenset[int]
Inputs = dict[int, tuple[int, ...]]


@st.composite
def projects(draw: st.DrawFn) -> tuple[Inputs, dict[int, str], dict[int, int], frozenset[int]]:
    """Inputs by model, kinds by model, what each model adds to the numbers it reads, and which models fail at head."""
    inputs = {
        number: tuple(sorted(draw(st.sets(st.integers(max(0, number - 9), number - 1), max_size=3)))) if number else ()
        for number in range(MODELS)
    }
    kinds = {number: draw(st.sampled_from(["table", "table", "view", "ephemeral"])) for number in inputs}
    added = draw(st.dictionaries(st.integers(0, MODELS - 1), st.integers(1, 5), min_size=1, max_size=4))
    failing = draw(st.sets(st.sampled_from(sorted(added)), max_size=1))
    return inputs, kinds, added, frozenset(number for number in failing if kinds[number] == "table")


def sql(number: int, inputs: Inputs, *, add: int, fails: bool) -> str:
    reads = " UNION ".join(["SELECT 0 AS a", *(f"SELECT a FROM m{one:02}" for one in inputs[number])])
    wrong = ", nothing AS b" if fails else ""
    return f"SELECT DISTINCT (a * 3 + {number} + {add}) % 1009 AS a{wrong} FROM ({reads}) AS t"


def models(
    inputs: Inputs, kinds: Mapping[int, str], *, added: Mapping[int, int], failing: frozenset[int]
) -> dict[str, Spec]:
    return {
        f"m{one:02}": (sql(one, inputs, add=added.get(one, 0), fails=one in failing), KINDS[kinds[one]])
        for one in inputs
    }


def reference(inputs: Inputs, added: Mapping[int, int]) -> dict[str, Rows]:
    """Every model's numbers, built one after the other in Python."""
    found: dict[int, Rows] = {}
    for number, upstreams in inputs.items():
        read = {0}.union(*(found[one] for one in upstreams))
        found[number] = frozenset((a * 3 + number + added.get(number, 0)) % 1009 for a in read)
    return {f"m{number:02}": rows for number, rows in found.items()}


def contents(lab: Lab, schema: str, name: str) -> Rows:
    return frozenset(a for (a,) in lab.rows(f"{schema}.{name}") if isinstance(a, int))


@given(
    projects(),
    st.sampled_from([1, 8]),
    st.sampled_from(list(Baseline)),
    st.sampled_from(list(CopyMode)),
    st.booleans(),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_random_project_is_built_as_if_one_by_one(
    project: tuple[Inputs, dict[int, str], dict[int, int], frozenset[int]],
    threads: int,
    baseline: Baseline,
    copy: CopyMode,
    has_production: bool,
) -> None:
    inputs, kinds, added, failing = project
    base, head = (
        project_of(models(inputs, kinds, added={}, failing=frozenset())),
        project_of(models(inputs, kinds, added=added, failing=failing)),
    )
    if not has_production and baseline is Baseline.EXISTING:
        baseline = Baseline.AUTO
    base_rows = reference(inputs, {})
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder)) as lab:
        if has_production:
            for name, rows in base_rows.items():
                values = ", ".join(f"({a})" for a in sorted(rows))
                lab.sql(f"CREATE TABLE main.{name} AS SELECT a FROM (VALUES {values}) AS t(a)")
        ran = lab.preview(base, head, run=options(baseline, copy=copy, threads=threads))
        check(lab, ran, base_rows, head_rows=reference(inputs, added), failing={f"m{one:02}" for one in failing})


def check(
    lab: Lab, ran: Ran, base_rows: Mapping[str, Rows], *, head_rows: Mapping[str, Rows], failing: set[str]
) -> None:
    stopped: set[str] = set()
    for planned in ran.plan.prune_set:
        outcome = ran.head(planned.model)
        if planned.model in failing:
            assert isinstance(outcome, Failed)
            stopped.add(planned.model)
        elif stopped.intersection(planned.after):
            assert isinstance(outcome, NotRun)
            assert outcome.because.split(",")[0] in planned.after
            stopped.add(planned.model)
        else:
            assert isinstance(outcome, (Succeeded, Inlined)), (planned, outcome)
        if isinstance(outcome, Succeeded):
            assert contents(lab, HEAD, planned.model) == head_rows[planned.model]
    built = {run.model for run in ran.execution.head_runs if isinstance(run.outcome, Succeeded)}
    cloned = {clone.model for clone in ran.execution.clones}
    assert all(isinstance(clone, Cloned) for clone in ran.execution.clones)
    assert lab.names(HEAD) == built | cloned
    for name in cloned:
        assert contents(lab, HEAD, name) == base_rows[name] == head_rows[name]
    for run in ran.execution.base_runs:
        assert isinstance(run.outcome, Succeeded), run
        assert contents(lab, BASE, run.model) == base_rows[run.model]
    for side in ran.execution.base_sides:
        if side.relation is not None:
            assert contents(lab, side.relation.schema, side.relation.name) == base_rows[side.model]
