"""Random pull requests: edits of one model or a few, each made without looking at the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from tests.support.random_projects import edits
from tests.support.random_projects.edits import Edited, SelectEdit, in_query
from tests.support.random_projects.generator import Generated
from tests.support.random_projects.hazards import hazard, readers
from tests.support.random_projects.origins import Ground, Known
from tests.support.random_projects.queries import Draft, Query
from tests.support.random_projects.shapes_nested import random_query

KINDS = {"column": 8, "hazard": 8, "rows": 3, "cosmetic": 4, "config": 1, "new": 1, "gone": 1, "rewritten": 1}
TRIES = 6


@dataclass(frozen=True)
class PullRequest:
    """Edits of different models."""

    edited: tuple[Edited, ...]

    def on(self, drafts: Iterable[Draft]) -> tuple[Draft, ...]:
        """The models afterwards."""
        after = {one.model: one.after for one in self.edited}
        known = {draft.name: draft for draft in drafts}
        models = [after.get(name, draft) for name, draft in known.items()]
        models += [draft for name, draft in after.items() if name not in known]
        return tuple(draft for draft in models if draft is not None)


def random_pull_request(rng: Random, project: Generated) -> PullRequest:
    """One edit mostly, or a few; there may be none where nothing fits."""
    read = [draft for draft in project.drafts if readers(project, draft)]
    count = min(len(project.drafts), rng.choice((1, 1, 1, 2, 3)))
    models = [rng.choice(read)] if count == 1 and read and rng.random() < 0.75 else rng.sample(project.drafts, count)
    found = [random_edit(rng, project, draft=draft) for draft in models]
    return PullRequest(tuple(one for one in found if one is not None))


def random_edit(rng: Random, project: Generated, *, draft: Draft) -> Edited | None:
    """An edit of one model, of any kind."""
    for _ in range(TRIES):
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        found = _edit(rng, project, what=(kind, draft))
        if found is not None and found.after != draft:
            return found
    return None


def _edit(rng: Random, project: Generated, *, what: tuple[str, Draft]) -> Edited | None:
    kind, draft = what
    match kind:
        case "column":
            return _of_select(rng, draft, edit=rng.choice(edits.COLUMN_EDITS), kind=kind)
        case "hazard":
            return hazard(rng, project, draft=draft)
        case "rows":
            if rng.random() < 0.25:
                return _of_query("rows: change_whole", draft, query=edits.change_whole(rng, draft.query))
            return _of_select(rng, draft, edit=rng.choice(edits.ROW_EDITS), kind=kind)
        case "cosmetic":
            return _cosmetic(rng, draft)
        case "config":
            return _config(rng, draft)
        case "new":
            ground = Ground(rng, project.relations, lambda _: None)
            return Edited(kind, f"new_{draft.name}", Draft(f"new_{draft.name}", random_query(ground)))
        case "gone":
            return Edited(kind, draft.name, None)
        case _:
            ground = Ground(rng, _before(project, draft), lambda _: None)
            return _of_query(kind, draft, query=random_query(ground))


def _of_select(rng: Random, draft: Draft, *, edit: SelectEdit, kind: str) -> Edited | None:
    return _of_query(f"{kind}: {edit.__name__}", draft, query=in_query(rng, draft.query, edit=edit))


def _of_query(kind: str, draft: Draft, *, query: Query | None) -> Edited | None:
    return None if query is None else Edited(kind, draft.name, replace(draft, query=query))


def _cosmetic(rng: Random, draft: Draft) -> Edited | None:
    roll = rng.random()
    if roll < 0.3:
        return Edited("cosmetic: respell_text", draft.name, edits.respell_text(rng, draft))
    if roll < 0.4:
        return _of_query("cosmetic: order_ctes", draft, query=edits.order_ctes(rng, draft.query))
    return _of_select(rng, draft, edit=rng.choice(edits.COSMETIC_EDITS), kind="cosmetic")


def _config(rng: Random, draft: Draft) -> Edited:
    match rng.choice(("strategy", "strategy", "table", "schema", "key")):
        case "strategy":
            others = [one for one in ("full_refresh", "view", "ephemeral") if one != draft.strategy]
            after = replace(draft, strategy=rng.choice(others))
        case "table":
            after = replace(draft, table="" if draft.table else f"moved_{draft.name}")
        case "schema":
            after = replace(draft, schema="mart" if draft.schema != "mart" else "main")
        case _:
            after = replace(draft, keys=() if draft.keys else ("id",))
    return Edited("config", draft.name, after)


def _before(project: Generated, draft: Draft) -> tuple[Known, ...]:
    """What was there when the model was written: it cannot read what reads it."""
    sources = len(project.relations) - 2 * len(project.drafts)
    return project.relations[: sources + 2 * project.drafts.index(draft)]
