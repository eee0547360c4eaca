"""Labels of a pull request: a closed set of names is ours, all others are left alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rocky_action.forges.github_api import GitHub, route
from rocky_action.forges.payload import text
from rocky_action.forges.refusals import RefusedError


@dataclass(frozen=True)
class Relabelled:
    """What was added and what was taken away; both empty if all was as it should be."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def relabel(
    github: GitHub, *, owner: str, repository: str, number: int, wanted: Collection[str], ours: Collection[str]
) -> Relabelled:
    """Gives a pull request those of our labels that are wanted, and takes the others of ours. Raises ForgeError.

    GitHub makes a label that the repository does not have. It compares names without their case, and so do we.
    """
    path = f"{route('repos', owner, repository, 'issues', number)}/labels"
    there = {name.casefold(): name for name in (text(one, "name") for one in github.pages(path))}
    added = [name for name in wanted if name.casefold() not in there]
    kept = {name.casefold() for name in wanted}
    superfluous = [name.casefold() for name in ours if name.casefold() not in kept]
    removed = [there[name] for name in superfluous if name in there]
    if added:
        github.add(path, {"labels": added})
    for name in removed:
        try:
            github.delete(f"{path}/{route(name)}")
        except RefusedError as err:
            if err.status != 404:  # somebody was faster
                raise
    return Relabelled(tuple(added), tuple(removed))
