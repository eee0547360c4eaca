"""What an edit of a query does to its result: nothing, some columns, or anything at all.

Some columns means: everything that decides which rows there are is the same, so are the other columns, and the columns
that both sides have stand in the same order. An edit of a CTE is followed like the edit of a model, through the lineage
of what reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from rocky_action.domain.changes import AllRows, Effect, SomeColumns, Untouched, both
from rocky_action.domain.lineage import Reference, SourceRead
from rocky_action.domain.project import Model
from rocky_action.errors import SqlError
from rocky_action.sql.equality import CanonicalSelect, canonical_of, changed_outputs, same_query
from rocky_action.sql.lineage import Surroundings, lineage_of, opaque_reasons, output_names, propagate
from rocky_action.sql.parse import Query, parse_model, parse_query, rocky_agrees
from rocky_action.sql.parts import branches, take_apart
from rocky_action.sql.rewrite import with_surrogate_keys


@dataclass(frozen=True)
class Edit:
    """The effect, and for some columns how each came to differ; names as their author spelled them.

    ``renamed`` columns are computed in the same way under another name, as (old, new). Of those ``untold``, which a
    star hands on, it is not known whether both sides have them.
    """

    effect: Effect
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    untold: tuple[str, ...] = ()


NOTHING = Edit(Untouched())
ANYTHING = Edit(AllRows())


def edit_of(base: Query, head: Query) -> Edit:
    """What turning ``base`` into ``head`` does to the result, over the same inputs."""
    if same_query(base, head):
        return NOTHING
    was, now = take_apart(base), take_apart(head)
    if was is None or now is None or not (_answers_alike(base) and _answers_alike(head)):
        return ANYTHING
    ctes = _Ctes()
    for name, query in now.ctes.items():
        twin = was.ctes.get(name)
        ctes.add(name, query, effect=AllRows() if twin is None else ctes.followed(twin, query, seen=was.before(name)))
    effect = ctes.followed(was.body, now.body, seen=was.ctes.keys())
    if isinstance(effect, AllRows):
        return ANYTHING
    # What comes to nothing can still fail: an edited column of a CTE that nobody reads.
    columns = effect.columns if isinstance(effect, SomeColumns) else frozenset[str]()
    return _told(columns, _Columns.of(base, was.body), after=_Columns.of(head, now.body))


def edit_of_model(base: Model, head: Model, *, dialect: str) -> Edit:
    """What an edit does to a model's relation, surrogate keys included, over the same inputs; strategies aside."""
    try:
        if base.surrogate_keys != head.surrogate_keys or not rocky_agrees(base, head, dialect=dialect):
            return ANYTHING
        query = parse_model(head, dialect)
        edit = edit_of(parse_model(base, dialect), query)
    except (SqlError, RecursionError):
        return ANYTHING
    return _with_keys(edit, head, query=query) if head.surrogate_keys else edit


def _with_keys(edit: Edit, model: Model, *, query: Query) -> Edit:
    """The surrogate keys of a model are computed of its query's columns."""
    inner = SourceRead("inner")
    columns = output_names(lineage_of(query, Surroundings(lambda _: SourceRead("any"), lambda _: None)))
    keyed = with_surrogate_keys(parse_query("SELECT * FROM inner_query", query.dialect), model)
    lineage = lineage_of(keyed, Surroundings(lambda _: inner, lambda _: columns))
    effect = propagate(lineage, {inner: edit.effect}).effect
    if not isinstance(edit.effect, SomeColumns) or not isinstance(effect, SomeColumns):
        return Edit(effect)
    return replace(edit, effect=effect, changed=(*edit.changed, *sorted(effect.columns - edit.effect.columns)))


def _answers_alike(query: Query) -> bool:
    """Whether a query surely gives the same when it runs again: else nothing is known about its other columns."""
    return not opaque_reasons(query) and not any(map(_picks_anywhere, query.tree.find_all(exp.Query)))


def _picks_anywhere(query: exp.Query) -> bool:
    """Whether it takes some rows, and not the first ones in an order."""
    distinct = query.args.get("distinct")
    some = isinstance(distinct, exp.Distinct) and distinct.args.get("on")
    return not query.args.get("order") and bool(some or query.args.get("limit") or query.args.get("offset"))


def _told(columns: frozenset[str], before: _Columns, *, after: _Columns) -> Edit:
    """Which of the columns that differ are new, gone, called otherwise or computed otherwise."""
    was, now = before.written, after.written
    added = {folded: one for folded, one in now.items() if folded in columns and folded not in was}
    removed = {folded: one for folded, one in was.items() if folded in columns and folded not in now}
    renamed = dict(_pairs(removed, added))
    changed = [now[folded].name for folded in now if folded in columns and folded in was]
    new = [one.name for folded, one in added.items() if folded not in renamed.values()]
    gone = [one.name for folded, one in removed.items() if folded not in renamed]
    untold: list[str] = []
    for name in sorted(columns - was.keys() - now.keys()):
        match before.has(name), after.has(name):
            case True, True:
                changed.append(name)
            case False, _:
                new.append(name)
            case _, False:
                gone.append(name)
            case _:
                untold.append(name)
    pairs = tuple((was[old].name, now[new_name].name) for old, new_name in renamed.items())
    return Edit(SomeColumns(columns), tuple(changed), tuple(new), tuple(gone), pairs, tuple(untold))


def _pairs(removed: Mapping[str, _Output], added: Mapping[str, _Output]) -> Iterable[tuple[str, str]]:
    """Old and new names of what is computed in one way, where only one column is."""
    for old, one in removed.items():
        same = [new for new, other in added.items() if other.expression == one.expression]
        back = [other for other in removed.values() if other.expression == one.expression]
        if len(same) == len(back) == 1:
            yield old, same[0]


@dataclass(frozen=True)
class _Output:
    """A column as its author called it, and what it is computed from."""

    name: str
    expression: Hashable


@dataclass(frozen=True)
class _Columns:
    """The columns of one side, by folded name: those ``written`` by name, and what is known of those behind stars.

    ``all`` is None if they cannot be told; ``hidden`` are then those that no star hands on.
    """

    written: Mapping[str, _Output]
    all: frozenset[str] | None
    hidden: frozenset[str]

    @staticmethod
    def of(query: Query, body: Query) -> _Columns:
        """The columns of a query, whose last part is ``body``."""
        select = _select((branches(body) or (body,))[0])
        outputs = () if select is None else select.outputs
        names = output_names(lineage_of(query, Surroundings(lambda _: SourceRead("any"), lambda _: None)))
        # What a column is called that has no name here is not known, nor what a changed star hands on.
        hidden = [output.hidden or frozenset() for output in outputs if output.name is None]
        return _Columns(
            {one.name.lower(): _Output(one.name, one.expression) for one in outputs if one.name is not None},
            None if names is None else frozenset(names),
            frozenset.intersection(*hidden) if hidden else frozenset(),
        )

    def has(self, name: str) -> bool | None:
        """Whether there is a column of a name, None if that is not known."""
        if self.all is None:
            return False if name in self.hidden else None
        return name in self.all


@dataclass(frozen=True)
class _Ctes:
    """The CTEs that a part of a query can read, in the order met."""

    effects: dict[Reference, Effect] = field(default_factory=dict)
    columns: dict[Reference, tuple[str, ...] | None] = field(default_factory=dict)

    def add(self, name: str, query: Query, *, effect: Effect) -> None:
        """The next CTE; what comes after it can read it."""
        columns = output_names(lineage_of(query, self._surroundings()))
        self.effects[_cte(name)] = effect
        self.columns[_cte(name)] = columns

    def followed(self, base: Query, head: Query, *, seen: Collection[str]) -> Effect:
        """What becomes of one part: its own edit, over the same CTEs, and then what has become of the CTEs.

        A name that is a CTE's on one side only, among those ``seen`` by base's part or by head's, means something else.
        """
        captured = {*map(_cte, seen)} ^ self.effects.keys()
        own = AllRows() if any(_reads_one(part, captured) for part in (base, head)) else _own(base, head)
        if isinstance(own, AllRows):
            return own
        return both(own, propagate(lineage_of(head, self._surroundings()), self.effects).effect)

    def _surroundings(self) -> Surroundings:
        return Surroundings(self._resolve, self.columns.get)

    def _resolve(self, table: exp.Table) -> Reference:
        cte = _cte(table.name)
        return cte if not table.db and cte in self.effects else SourceRead(".".join(part.name for part in table.parts))


def _reads_one(query: Query, ctes: Collection[Reference]) -> bool:
    return bool(ctes) and any(not table.db and _cte(table.name) in ctes for table in query.tree.find_all(exp.Table))


def _cte(name: str) -> SourceRead:
    """No table's name has a space in front."""
    return SourceRead(f" {name.lower()}")


def _own(base: Query, head: Query) -> Effect:
    """What an edit of one part does, whatever the names in it stand for."""
    if same_query(base, head):
        return Untouched()
    was, now = branches(base) or (base,), branches(head) or (head,)
    if len(was) != len(now):
        return AllRows()
    found = [_changed(one, other) for one, other in zip(was, now, strict=True)]
    first, *others = found
    if first is None or any(one is None or one.moved != first.moved for one in others):
        return AllRows()
    columns = first.columns
    for one in others:
        columns |= {first.names(side)[at] for side, at in one.positions()} if one is not None else set()
    return SomeColumns(frozenset(name.lower() for name in columns))


@dataclass(frozen=True)
class _Changed:
    """The columns of one SELECT on both sides, a star counting as one without a name, and those that differ."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    columns: frozenset[str]

    def names(self, side: str) -> tuple[str, ...]:
        """The columns of one side."""
        return self.before if side == "base" else self.after

    def positions(self) -> list[tuple[str, int]]:
        """Where the columns that differ stand, on each side."""
        sides = ("base", "head")
        return [(side, at) for side in sides for at, name in enumerate(self.names(side)) if name in self.columns]

    @property
    def moved(self) -> object:
        """How many columns there are, and where columns went or came: the others keep their places by it.

        With a star nothing is said about places, so two branches that have one do not agree.
        """
        if not all((*self.before, *self.after)):
            return object()
        common = {*self.before} & {*self.after}
        places = [
            (side, at) for side in ("base", "head") for at, name in enumerate(self.names(side)) if name not in common
        ]
        return len(self.before), len(self.after), places


def _changed(base: Query, head: Query) -> _Changed | None:
    """What an edit of one SELECT does; None if more than some columns can differ."""
    was, now = _select(base), _select(head)
    columns = None if was is None or now is None else changed_outputs(was, now)
    if was is None or now is None or columns is None:
        return None
    return _Changed(tuple(one.name or "" for one in was.outputs), tuple(one.name or "" for one in now.outputs), columns)


def _select(query: Query) -> CanonicalSelect | None:
    """What a part is if it is one SELECT, without a WITH of its own: that would be another part."""
    canonical = canonical_of(query)
    return None if canonical is None or canonical.ctes else canonical.select
