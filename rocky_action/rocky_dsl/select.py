"""One SELECT that grows step by step. Steps that Rocky makes invalid SQL of are errors here, with a way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from rocky_action.rocky_dsl.spelling import Fragment, Speller, sort_key
from rocky_action.rocky_dsl.syntax import (
    Column,
    Derive,
    Distinct,
    From,
    Group,
    Join,
    Replicate,
    Select,
    Sort,
    SortKey,
    Step,
    Take,
    Where,
)
from rocky_action.rocky_dsl.words import LoweringWarning, Place, refusal

_LET = "Put the steps so far into a let, and go on with `from` and its name."


@dataclass(frozen=True, slots=True)
class _Output:
    """One item of the SELECT list; ``plain`` is the column it is, None for an expression or a star."""

    name: str
    sql: str
    plain: Column | None = None

    @staticmethod
    def of(column: Column) -> _Output:
        """A column as it is."""
        return _Output(column.name, column.text, column)

    @staticmethod
    def named(name: str, fragment: Fragment) -> _Output:
        """An expression with its name."""
        return _Output(name, f"{fragment.sql} AS {name}")


class FlatSelect:
    """The clauses of one SELECT, as far as the steps have come."""

    def __init__(self, dialect: str) -> None:
        self._speller = Speller(dialect)
        self._source = ""
        self._first_table = ""
        self._joins: list[str] = []
        self._joined_on: set[str] = set()
        self._where: list[tuple[Fragment, Place]] = []
        self._group: Group | None = None
        self._having: list[tuple[Fragment, Place]] = []
        self._derived: list[_Output] = []
        self._outputs: list[_Output] = []
        self._select: Select | None = None
        self._keep: Join | None = None
        self._sort: list[tuple[SortKey, bool]] = []
        self._limit: int | None = None
        self._distinct = False
        self._about_outputs: list[tuple[Place, str]] = []

    @property
    def warnings(self) -> list[LoweringWarning]:
        """What the reader must know about the steps added."""
        return self._speller.warnings

    def add(self, step: Step) -> None:
        """One step more."""
        match step:
            case From():
                if self._joins:
                    raise refusal(step.at, "`from` has to stand before the joins: they join what it names")
                self._source = step.source if step.alias is None else f"{step.source} {step.alias}"
                self._first_table = step.alias or step.source
            case Where():
                self._add_condition(step)
            case Group():
                self._add_group(step)
            case Derive():
                self._add_derived(step)
            case Select():
                self._add_select(step)
            case Join():
                self._add_join(step)
            case Sort():
                self._sort += [(key, key.name in self._speller.derived) for key in step.keys]
            case Take():
                self._limit = step.count
            case Distinct():
                self._distinct = True
            case Replicate():
                pass  # then there is no SELECT of this kind
            case _:
                assert_never(step)

    def sql(self) -> str:
        """The whole SELECT, a clause a line. Raises RockyError for what can only be told when all steps are known."""
        outputs = self._projection()
        self._check_sort(outputs)
        self._check_keys()
        self._warn_at_the_end()
        names = ", ".join(output.sql for output in outputs)
        lines = [f"SELECT DISTINCT {names}" if self._distinct else f"SELECT {names}", f"FROM {self._source}"]
        lines += self._joins
        if self._where:
            lines.append(f"WHERE {self._together(self._where)}")
        if self._group is not None and self._group.keys:
            lines.append(f"GROUP BY {', '.join(key.name for key in self._group.keys)}")
        if self._having:
            lines.append(f"HAVING {self._together(self._having)}")
        if self._sort:
            lines.append(f"ORDER BY {', '.join(sort_key(key) for key, _ in self._sort)}")
        if self._limit is not None:
            lines.append(f"LIMIT {self._limit}")
        return "\n".join(lines)

    def _add_condition(self, step: Where) -> None:
        condition = self._speller.write(step.condition)
        if condition.windowed:
            raise refusal(step.at, "a window function cannot be filtered by in the same SELECT", way_out=_LET)
        (self._where if self._group is None else self._having).append((condition, step.at))

    def _add_group(self, step: Group) -> None:
        if self._group is not None:
            line = self._group.at.line
            raise refusal(step.at, f"there is a group already, in line {line}, and one SELECT has one", way_out=_LET)
        for key in step.keys:
            if key.name in self._speller.derived:
                message = f"`{key.name}` is derived, and Rocky groups by the column of that name in the source"
                raise refusal(key.at, message, way_out=_LET)
        self._group = step
        for output in self._outputs:
            self._refuse_ungrouped(output, step.at)
        columns = [_Output.named(one.name, self._speller.write(one.value)) for one in step.columns]
        self._outputs += [_Output.of(key) for key in step.keys]
        self._outputs += columns
        self._speller.hidden.update(one.name for one in step.columns if one.name in self._speller.derived)

    def _refuse_ungrouped(self, output: _Output, at: Place) -> None:
        keys = () if self._group is None else tuple(key.name.lower() for key in self._group.keys)
        if output.plain is not None and output.plain.name.lower() in keys:
            return
        if output.plain is None and output.name != "*":
            return  # an expression, which may be of the keys: the warehouse knows
        message = f"`{output.sql}` is in the output and not a key of the group, so this cannot run"
        raise refusal(at, message, way_out="group makes its own columns: leave the select or keep out, or add a key.")

    def _add_derived(self, step: Derive) -> None:
        for one in step.columns:
            fragment = self._speller.write(one.value)
            output = _Output.named(one.name, fragment)
            if self._group is not None:
                self._outputs.append(output)
                continue
            if one.name in self._speller.derived:
                message = f"`{one.name}` is derived twice: later steps use the first, and both are columns, as in Rocky"
                self._speller.warn(one.at, message)
            self._speller.derived.setdefault(one.name, fragment)
            self._derived.append(output)
            if self._select is not None:
                self._outputs.append(output)
                message = f"`{one.name}`, derived after select, is in the output; Rocky leaves it out without a word"
                self._about_outputs.append((one.at, message))

    def _add_select(self, step: Select) -> None:
        self._select = step
        self._about_outputs.clear()
        columns = step.columns or (None,)
        named = {column.text for column in columns if column is not None}
        outputs: list[_Output] = []
        for column in columns:
            if column is not None:
                outputs.append(self._selected(column))
            elif self._group is not None:
                raise refusal(
                    step.at,
                    "`select` of everything cannot follow `group`",
                    way_out="Leave it out: group names its columns.",
                )
            else:
                outputs.append(_Output("*", "*"))
                outputs += self._starred(named, step)
        self._outputs = outputs

    def _starred(self, named: set[str], step: Select) -> Iterator[_Output]:
        """What ``*`` stands for besides the source's columns."""
        lost = [output for output in self._derived if output.name not in named]
        if lost:
            names = ", ".join(f"`{output.name}`" for output in lost)
            message = f"`*` takes in what was derived ({names}); Rocky leaves it out without a word"
            self._about_outputs.append((step.at, message))
        named.update(output.name for output in lost)  # a second star adds nothing
        return iter(lost)

    def _selected(self, column: Column) -> _Output:
        fragment = self._speller.write(column)
        if column.qualifier is None and column.name in self._speller.derived:
            return _Output.named(column.name, fragment)
        if self._group is not None and column.name.lower() not in {key.name.lower() for key in self._group.keys}:
            message = f"`{column.text}` is not a key of the group, and after group select can only name keys"
            advice = "Leave the select out: group names its columns. Or put the group into a let and select from that."
            raise refusal(column.at, message, way_out=advice)
        return _Output.of(column)

    def _add_join(self, step: Join) -> None:
        if not self._source:
            raise refusal(step.at, "a join needs a `from` before it")
        alias = step.alias or step.model
        kind = f"{step.kind} JOIN" if step.kind else "JOIN"
        on = " AND ".join(f"{self._first_table}.{key} = {alias}.{key}" for key in step.keys)
        self._joins.append(f"{kind} {step.model} AS {alias}" + (f" ON {on}" if on else ""))
        self._joined_on.update(key.lower() for key in step.keys)
        kept = [_Output.of(column) for column in step.kept]
        if kept:
            self._keep = step
        if self._group is not None:
            for output in kept:
                self._refuse_ungrouped(output, step.at)
        self._outputs += kept

    def _projection(self) -> list[_Output]:
        if self._derived and self._select is None and self._group is None:
            return [_Output("*", "*"), *self._derived, *self._outputs]
        return self._outputs or [_Output("*", "*")]

    def _check_sort(self, outputs: Sequence[_Output]) -> None:
        names = {output.name for output in outputs}
        for key, derived in self._sort:
            if derived and key.name not in names:
                message = f"`{key.name}` is derived and not in the output, so nothing can be sorted by it"
                raise refusal(key.at, message, way_out="Select it too, or derive it in a let.")

    def _check_keys(self) -> None:
        for key in () if self._group is None else self._group.keys:
            if key.name.lower() in self._joined_on:
                message = f"`{key.name}` is joined on, so both tables have it, and a key of group cannot say which"
                raise refusal(key.at, message, way_out=_LET)

    def _warn_at_the_end(self) -> None:
        for at, message in self._about_outputs:
            self._speller.warn(at, message, differs=True)
        if self._keep is not None and self._select is None and self._group is None and not self._derived:
            message = (
                "only the columns after `keep` are in the output, as in Rocky: neither select nor derive names others"
            )
            self._speller.warn(self._keep.at, message)

    def _together(self, conditions: Sequence[tuple[Fragment, Place]]) -> str:
        """All of them hold: each in parentheses, so that an ``or`` in one stays there."""
        if len(conditions) == 1:
            return conditions[0][0].sql
        for condition, at in conditions:
            if condition.operator == "or":
                message = (
                    "this `where` holds on its own; in Rocky's SQL, without parentheses, its `or` takes in the others"
                )
                self._speller.warn(at, message, differs=True)
        return " AND ".join(f"({condition.sql})" for condition, _ in conditions)
