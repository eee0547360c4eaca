"""What a pull request makes its own comparison overlook, or its own gate let pass."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from rocky_action.domain.diff import ModelDiff
from rocky_action.domain.options import DiffOptions, ModelOptions, ProjectFile
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Projects
from rocky_action.domain.report import Caveat, Severity
from rocky_action.domain.text import named

GATING = {"fail_on": "`fail_on`", "gate": "`gates`"}
"""Inputs that decide whether a run fails, as the project file calls them; the others decide what it looks at."""


def leniency_caveats(
    diffs: Iterable[ModelDiff], plan: Plan, *, projects: Projects, options: DiffOptions, base_file: ProjectFile
) -> Iterator[Caveat]:
    """One for all models that head compares less strictly than base would, in the same way."""
    former = {one.model: one.base_model for one in plan.prune_set}
    then_options = DiffOptions(project=base_file.project, models=base_file.models)
    found: dict[str, list[str]] = {}
    for diff in diffs:
        base_name = former.get(diff.model)
        if diff.new or base_name is None:
            continue
        now = options.for_model(diff.model, projects.head.models[diff.model].options)
        then = then_options.for_model(base_name, projects.base.models[base_name].options)
        if words := "; ".join(_laxer(then, now)):
            found.setdefault(words, []).append(diff.model)
    for words, models in found.items():
        message = f"This pull request also makes the comparison of {named(models)} less strict: {words}."
        yield Caveat(Severity.WARNING, message, models[0] if len(models) == 1 else None)


def gate_caveats(base: ProjectFile, head: ProjectFile, *, deciding: Collection[str]) -> Iterator[Caveat]:
    """Whether the project file fails a run for other reasons than base's does, as far as it is what is ``deciding``."""
    changed = [key for key in GATING if key in deciding and base.inputs.get(key) != head.inputs.get(key)]
    if changed:
        words = " and ".join(GATING[key] for key in changed)
        message = f"This pull request changes {words} in {head.path}, and with that what fails this run."
        yield Caveat(Severity.WARNING, message, path=head.path, line=head.lines.get(changed[0]))


def _laxer(base: ModelOptions, head: ModelOptions) -> Iterator[str]:
    for words, then, now in (
        ("{} not compared", base.ignore_columns, head.ignore_columns),
        ("upper and lower case of {} taken for equal", base.ignore_case, head.ignore_case),
        ("blanks at the end of {} left aside", base.ignore_trailing_blanks, head.ignore_trailing_blanks),
        ("{} compared as JSON", base.json_columns, head.json_columns),
    ):
        if more := _more(then, now):
            yield words.format(named(more))
    then_near = {name.lower(): tolerance for name, tolerance in base.tolerances}
    if nearer := [name for name, tolerance in head.tolerances if then_near.get(name.lower()) != tolerance]:
        yield f"the tolerance of {named(nearer)} is another one"
    if head.where is not None and head.where != base.where:
        yield f"only rows with `{head.where}`"


def _more(base: Iterable[str], head: Iterable[str]) -> list[str]:
    known = {name.lower() for name in base}
    return [name for name in head if name.lower() not in known]
