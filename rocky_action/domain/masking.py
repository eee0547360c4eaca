"""Which columns' values are not shown, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rocky_action.domain.diff import NAMED
from rocky_action.domain.options import DiffOptions
from rocky_action.domain.project import Projects

_OPEN = "none"
"""Rocky's mask that shows everything."""


def masked_tags(projects: Projects, *, also: Collection[str] = ()) -> frozenset[str]:
    """Tags that rocky.toml masks in any environment, on either side, and those that somebody named.

    What base masks stays masked: a pull request does not take a mask away from its own preview.
    """
    masks = (*projects.base.masks, *projects.head.masks)
    return frozenset({mask.tag for mask in masks if mask.strategy != _OPEN} | {*also})


def masks_of(projects: Projects, options: DiffOptions) -> Mapping[str, str]:
    """Why a column is masked, by its name in lower case: in all models, as a value travels under its name.

    A tag counts in whichever model and on whichever side it stands, so that neither a model downstream that repeats the
    column nor an edit that drops the tag shows the value.
    """
    tags = masked_tags(projects, also=options.mask_classifications)
    found = {name.lower(): NAMED for name in options.project.mask_columns}
    for project in (projects.base, projects.head) if tags else ():
        for model in project.models.values():
            for column, tag in model.classification.items():
                if tag in tags:
                    found.setdefault(column.lower(), f"tagged `{tag}` in `{model.name}`")
    return found


def hides_values(projects: Projects, options: DiffOptions) -> bool:
    """Whether there are values that must not be shown, not even in an error message that quotes them."""
    if not options.max_samples or masks_of(projects, options):
        return True
    own = (model.options for project in (projects.base, projects.head) for model in project.models.values())
    return any(one.mask_columns for one in (*own, *(options for _, options in options.models)))
