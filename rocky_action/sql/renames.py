"""Which added models are removed ones under another name, told by what their queries say."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from rocky_action.domain.lineage import ModelRead, Reference
from rocky_action.domain.project import Model, Projects
from rocky_action.sql.equality import same_meaning

_MOST_PAIRS = 50
"""How many pairs that read the same things are compared; with more of them nobody could tell which became which."""


def renamed_by_content(projects: Projects, *, removed: Iterable[str], added: Iterable[str]) -> dict[str, str]:
    """Head's new names, each with base's old one, where exactly one removed and one added query say the same.

    The same text counts first; then the same meaning, among queries that read the same. A tie is no rename.
    """
    base = [projects.base.models[name] for name in sorted(removed)]
    head = [projects.head.models[name] for name in sorted(added)]
    found: dict[str, str] = {}
    alike: set[str] = set()  # also the ties: to ask what they mean would only find the tie again
    for old, new in _buckets(base, head, key_of_base=_text, key_of_head=_text):
        alike.update(model.name for model in (*old, *new))
        if len(old) == len(new) == 1:
            found[new[0].name] = old[0].name
    base, head = ([model for model in side if model.name not in alike] for side in (base, head))
    for old, new in _buckets(
        base, head, key_of_base=_reads(projects.base.reads), key_of_head=_reads(projects.head.reads)
    ):
        if len(old) * len(new) <= _MOST_PAIRS:
            found |= _same(old, new, dialect=projects.head.dialect)
    return found


def _buckets(
    base: Sequence[Model],
    head: Sequence[Model],
    *,
    key_of_base: Callable[[Model], Hashable],
    key_of_head: Callable[[Model], Hashable],
) -> Iterator[tuple[list[Model], list[Model]]]:
    """The models of both sides that have a key in common; those without a partner are left out."""
    keyed: dict[Hashable, tuple[list[Model], list[Model]]] = {}
    for model in base:
        keyed.setdefault(key_of_base(model), ([], []))[0].append(model)
    for model in head:
        keyed.setdefault(key_of_head(model), ([], []))[1].append(model)
    yield from ((old, new) for old, new in keyed.values() if old and new)


def _text(model: Model) -> Hashable:
    return model.language, model.sql.strip()


def _reads(reads: Mapping[str, tuple[Reference, ...]]) -> Callable[[Model], Hashable]:
    """What a query mentions; ``depends_on`` is no part of it."""

    def key(model: Model) -> Hashable:
        mentioned = [one for one in reads[model.name] if not (isinstance(one, ModelRead) and one.declared)]
        return frozenset(one.model if isinstance(one, ModelRead) else one.name.lower() for one in mentioned)

    return key


def _same(base: Sequence[Model], head: Sequence[Model], *, dialect: str) -> dict[str, str]:
    pairs = [(new.name, old.name) for old in base for new in head if same_meaning(old, new, dialect=dialect)]
    news, olds = [new for new, _ in pairs], [old for _, old in pairs]
    return {new: old for new, old in pairs if news.count(new) == olds.count(old) == 1}
