"""The neighbourhood of the change in the model-level DAG, as a Mermaid diagram small enough to be read."""

from __future__ import annotations

from dataclasses import dataclass

from rocky_action.domain.execution import Failed, NotRun
from rocky_action.domain.plan import PruneReason
from rocky_action.domain.report import Report
from rocky_action.rendering.text import Md, show

MOST_NODES = 30
LABEL_LENGTH = 40

# Colours that carry in GitHub's light and dark theme alike.
CLASSES = {
    "changed": "fill:#fff8c5,stroke:#bf8700,color:#1f2328",
    "downstream": "fill:#ddf4ff,stroke:#0969da,color:#1f2328",
    "copied": "fill:#f6f8fa,stroke:#8c959f,color:#1f2328,stroke-dasharray:4 3",
    "failed": "fill:#ffebe9,stroke:#cf222e,color:#1f2328",
}


@dataclass(frozen=True)
class Lineage:
    """The diagram, or the sentence that says why there is none."""

    diagram: Md | None
    legend: Md


def lineage(report: Report) -> Lineage | None:
    """The prune set with its arrows, and the copy set where there is room; None when there is no arrow to draw."""
    kinds = _kinds(report)
    prune = {planned.model for planned in report.plan.prune_set}
    linked = {end for edge in report.edges for end in (edge.upstream, edge.downstream)}
    shown = [model for model in kinds if model in linked]
    without_copies = ""
    if len(shown) > MOST_NODES:
        shown = [model for model in shown if model in prune]
        without_copies = " Copied models are left out."
    if len(shown) > MOST_NODES:
        return Lineage(None, Md(f"The lineage diagram is left out: it would have {len(shown):,} models."))
    numbers = {model: f"n{at}" for at, model in enumerate(shown)}
    arrows = [
        f"  {numbers[edge.upstream]} --> {numbers[edge.downstream]}"
        for edge in sorted(set(report.edges), key=lambda edge: (edge.upstream, edge.downstream))
        if edge.upstream in numbers and edge.downstream in numbers and edge.upstream != edge.downstream
    ]
    if not arrows:
        return None
    nodes = [f'  {number}["{label(model)}"]:::{kinds[model]}' for model, number in numbers.items()]
    used = sorted({kinds[model] for model in shown}, key=list(CLASSES).index)
    classes = [f"  classDef {name} {CLASSES[name]}" for name in used]
    lines = ["```mermaid", "flowchart LR", *nodes, *arrows, *classes, "```"]
    return Lineage(Md("\n".join(lines)), Md(f"{_legend(used, copied=not report.unchecked)}.{without_copies}"))


def _kinds(report: Report) -> dict[str, str]:
    kinds = {left.model: "copied" for left in report.plan.copy_set}
    for planned in report.plan.prune_set:
        kinds[planned.model] = "changed" if planned.reason is PruneReason.CHANGED else "downstream"
    for run in () if report.unchecked else report.execution.head_runs:
        if isinstance(run.outcome, Failed | NotRun) and run.model in kinds:
            kinds[run.model] = "failed"
    return kinds


def _legend(used: list[str], *, copied: bool) -> str:
    words = {
        "changed": "🟨 changed here",
        "downstream": "🟦 downstream of a change",
        "copied": "⬜ copied, not run" if copied else "⬜ read and not affected",
        "failed": "🟥 failed or not run",
    }
    return ", ".join(words[name] for name in used)


def label(model: str) -> str:
    """A name inside a quoted Mermaid label: letters, digits and ``_-.`` as they are, all else as a numeric entity."""
    shown = show(model, LABEL_LENGTH)
    return "".join(char if char.isalnum() or char in "_-.…" else f"#{ord(char)};" for char in shown) or "#8709;"
