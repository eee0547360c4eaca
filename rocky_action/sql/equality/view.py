"""A query in its canonical parts, so that an edit of some columns can be told from an edit of the rows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rocky_action.sql.equality.clauses import read
from rocky_action.sql.equality.facts import has_aggregate, is_one_row
from rocky_action.sql.equality.node import NOTHING, Node, node
from rocky_action.sql.equality.queries import Canonicaliser, canonical_tree
from rocky_action.sql.equality.scopes import Scope, fold
from rocky_action.sql.parse import Query

_DIALECTS = frozenset({"duckdb"})
"""Dialects that the rules were checked against."""


_STAR = "* "
"""What no column's name begins with."""
_NUMBERED = re.compile(r".+[_:][0-9]+")


@dataclass(frozen=True)
class Output:
    """One entry of a SELECT's list.

    ``name`` is the column as it is shown, None if that is not known here (a star, an expression without an alias);
    ``value`` is equal for what means the same, and ``expression`` for what does under another name. ``mentions`` are
    the bare names in it, folded: each may mean the alias of another output. ``one_row`` says that it is made of known
    functions and can neither fold rows nor unfold them, but for its aggregates (``aggregates``). ``hidden`` are the
    columns that a star leaves out, folded; None for anything but a star.
    """

    name: str | None
    value: Hashable
    expression: Hashable
    mentions: frozenset[str]
    one_row: bool
    aggregates: bool
    hidden: frozenset[str] | None = None


@dataclass(frozen=True)
class CanonicalSelect:
    """One SELECT with its ORDER BY and LIMIT: ``frame`` is all of it but its outputs.

    Equal frames mean: the same relations, joined, filtered, grouped and cut off by the same words. These words can
    mention outputs, by name (``mentions``) or by number (``positions``, from 0); and with ``needs_all`` (DISTINCT,
    GROUP BY ALL) they mean every output.
    """

    frame: Hashable
    outputs: tuple[Output, ...]
    mentions: frozenset[str]
    positions: frozenset[int]
    needs_all: bool


@dataclass(frozen=True)
class CanonicalQuery:
    """A query that is understood: ``whole`` is equal for queries that mean the same.

    ``ctes`` are those of the outermost WITH, by name and in their order, and ``select`` the outermost SELECT; in these
    parts a CTE is read by its name, so equal parts say nothing of the CTEs that they read. A part is None where it is
    not one SELECT, and CTEs of a part are in its frame.
    """

    whole: Hashable
    ctes: tuple[tuple[str, CanonicalSelect | None], ...]
    select: CanonicalSelect | None


@lru_cache(maxsize=16)  # those of one edit: its parts are asked for more than once
def canonical_of(query: Query) -> CanonicalQuery | None:
    """The canonical parts of a query, None if it is not understood with certainty."""
    whole = whole_of(query)
    if whole is not None and query.tree.args.get("with_") is None:
        return CanonicalQuery(whole, (), _select(whole))
    tree = None if whole is None else _tree(query)
    if tree is None or whole is None:
        return None
    maker = Canonicaliser(tree)
    clause, body, *ends = tree.nodes
    seen: dict[str, Node] = {}
    ctes: list[tuple[str, CanonicalSelect | None]] = []
    for cte in clause.nodes:
        (name, hint), (columns, inner) = cte.texts, cte.nodes
        part = maker.query(inner, Scope({}, set(), dict(seen), None))
        # What the CTE itself says about its columns belongs to all that reads it.
        plain = not columns and not hint
        seen[fold(name)] = node("cte by name", fold(name))
        ctes.append((name, _select(part) if plain else None))
    outer = node("query", NOTHING, body, *ends)
    return CanonicalQuery(whole, tuple(ctes), _select(maker.query(outer, Scope({}, set(), seen, None))))


@lru_cache(maxsize=16)  # large, and asked for once more soon if at all
def _tree(query: Query) -> Node | None:
    return read(query) if query.dialect in _DIALECTS else None


@lru_cache(maxsize=1024)
def whole_of(query: Query) -> Node | None:
    """The canonical tree of a query, None if it is not understood with certainty."""
    tree = _tree(query)
    try:
        return None if tree is None else canonical_tree(tree)
    except RecursionError:
        return None


def changed_outputs(base: CanonicalSelect, head: CanonicalSelect) -> frozenset[str] | None:
    """The columns that an edit changed, added or removed, if it is certain that it changed nothing else; else None.

    None means all rows: other relations or conditions, a column that a filter, a group or an order uses, that folds or
    unfolds rows, or whose name is not known. Columns that build on a changed one by its alias have changed as well.
    """
    if base.frame != head.frame or base.needs_all or _aggregated(base) != _aggregated(head):
        return None
    before, after = _by_name(base), _by_name(head)
    if before is None or after is None:
        return frozenset() if base.outputs == head.outputs else None
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        return None
    differing = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    stars = [name for name in differing if name.startswith(_STAR)]
    if any(name not in common or before[name].expression != after[name].expression for name in stars):
        return None
    uncovered = {column for name in stars for column in _hidden(before[name]) ^ _hidden(after[name])}
    found = _with_readers({*map(fold, differing), *uncovered}.difference(stars), before, after=after)
    if any(map(_NUMBERED.fullmatch, found)) and any(name.startswith(_STAR) for name in before):
        return None  # the second column called id is called id_1, unless that is taken
    for select, by_name in ((base, before), (head, after)):
        names = list(by_name)
        moved = any(at >= len(names) or fold(names[at]) in found for at in select.positions)
        # Behind a star, or what may unfold into columns, nobody knows which column a number means.
        known = [*before] == [*after] and all(output.one_row for output in select.outputs)
        shifted = select.positions and not known
        if moved or shifted or found & select.mentions:
            return None
        if not all(output.one_row for name, output in by_name.items() if fold(name) in found):
            return None
    told = {name for name in {*before, *after} if fold(name) in found}
    return frozenset(told | (found - {fold(name) for name in told}))


def _hidden(star: Output) -> frozenset[str]:
    return star.hidden or frozenset()


def _with_readers(names: set[str], before: Mapping[str, Output], *, after: Mapping[str, Output]) -> set[str]:
    """Folded names, and those of all outputs that mention one of them, directly or not."""
    found, size = set(names), -1
    while size != len(found):
        size = len(found)
        for by_name in (before, after):
            found |= {fold(name) for name, output in by_name.items() if output.mentions & found}
    return found


def _by_name(select: CanonicalSelect) -> dict[str, Output] | None:
    """Outputs by name, and stars by their number; None if one has no known name or two have the same."""
    found: dict[str, Output] = {}
    stars = itertools.count()
    for output in select.outputs:
        name = output.name if output.hidden is None else f"{_STAR}{next(stars)}"
        if name is not None:
            found[name] = output
    return found if len({fold(name) for name in found}) == len(select.outputs) else None


def _aggregated(select: CanonicalSelect) -> bool:
    return any(output.aggregates for output in select.outputs)


def _select(part: Node) -> CanonicalSelect | None:
    if part.kind != "select":
        return None
    frame, outputs = part.nodes
    quantity, group, order = frame.nodes[0], frame.nodes[3], frame.nodes[7]
    positions = {int(text) - 1 for text in _numbers(group, order)}
    needs_all = bool(quantity) or group.kind not in ("group", "nothing")
    return CanonicalSelect(
        frame,
        tuple(map(_output, outputs.nodes)),
        frozenset(_bare(frame)),
        frozenset(positions),
        needs_all or any(one.kind == "every" for one in order.walk()),
    )


def _output(output: Node) -> Output:
    named = output.kind == "output" and output.parts[0] != "spelled"
    name = output.parts[1] if named else None
    is_star = output.kind == "star" and not output.nodes[1]  # REPLACE and RENAME may do anything
    return Output(
        name if isinstance(name, str) else None,
        output,
        output.parts[0 if is_star else -1],
        frozenset(_bare(output)),
        is_one_row(output),
        has_aggregate(output),
        frozenset(output.nodes[0].texts) if is_star else None,
    )


def _bare(value: Node) -> Iterator[str]:
    """Names without a relation that is known, so each may be the alias of an output."""
    for one in value.walk():
        if one.kind == "column":
            yield one.texts[0]


def _numbers(*clauses: Node) -> Iterator[str]:
    for clause in clauses:
        for item in clause.nodes:
            value = item.nodes[0] if item.kind == "by" else item
            if value.kind == "number" and value.texts[0].isdigit():
                yield value.texts[0]
