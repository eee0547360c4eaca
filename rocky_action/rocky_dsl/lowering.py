"""A file as SQL text: every pipeline becomes one flat SELECT, as in Rocky."""

from __future__ import annotations

from collections.abc import Iterator

from rocky_action.errors import RockyError
from rocky_action.rocky_dsl.order import misplaced, repeated
from rocky_action.rocky_dsl.parser import parse
from rocky_action.rocky_dsl.select import FlatSelect
from rocky_action.rocky_dsl.syntax import Column, Derive, From, Group, Join, Pipeline, Replicate, Select
from rocky_action.rocky_dsl.words import START, Lowered, LoweringWarning, Place, refusal


def lower(text: str, *, dialect: str, first_line: int = 1) -> Lowered:
    """The SQL of a file, and warnings in the order of its lines; ``first_line`` is where the text begins in its file.

    Raises RockyError for what cannot be read, and for what Rocky makes invalid SQL of.
    """
    try:
        return _lower(text, dialect, first_line=first_line)
    except RecursionError as err:
        raise refusal(Place(first_line, START.column), "this is nested too deeply") from err


def column_lines(text: str, *, first_line: int = 1) -> dict[str, int]:
    """The line on which each column gets its name, or is selected: the last one of the model itself, else of a let.

    Empty for what cannot be read.
    """
    try:
        file = parse(text, first_line)
    except (RockyError, RecursionError):
        return {}
    found: dict[str, int] = {}
    for pipeline in (*(let.pipeline for let in file.lets), file.main):
        selected = [(column.name, column.at) for column in _plain_columns(pipeline)]
        named = [
            (one.name, one.at) for step in pipeline.steps if isinstance(step, (Derive, Group)) for one in step.columns
        ]
        found |= {name: at.line for name, at in (*selected, *named)}
    return found


def _plain_columns(pipeline: Pipeline) -> Iterator[Column]:
    for step in pipeline.steps:
        match step:
            case Group(keys=columns) | Join(kept=columns) | Select(columns=columns):
                yield from filter(None, columns)
            case _:
                pass


def _lower(text: str, dialect: str, *, first_line: int) -> Lowered:
    file = parse(text, first_line)
    warnings: list[LoweringWarning] = []
    named: dict[str, str] = {}
    for let in file.lets:
        if let.name.lower() in named:
            raise refusal(let.at, f"there are two lets called `{let.name}`")
        named[let.name.lower()] = f"{let.name} AS ({_pipeline(let.pipeline, dialect, warnings=warnings)})"
    main = _pipeline(file.main, dialect, warnings=warnings)
    sql = "WITH " + ",\n".join(named.values()) + "\n" + main if named else main
    return Lowered(sql, tuple(sorted(dict.fromkeys(warnings), key=lambda warning: warning.line)))


def _pipeline(pipeline: Pipeline, dialect: str, *, warnings: list[LoweringWarning]) -> str:
    steps = pipeline.steps
    sources = [step for step in steps if isinstance(step, From)]
    if not sources:
        raise refusal(pipeline.at, "expected `from` and the name of a model or table: nothing is read here")
    warnings += repeated(steps)
    if any(isinstance(step, Replicate) for step in steps):
        return f"SELECT * FROM {sources[-1].source}"
    warnings += misplaced(steps)
    select = FlatSelect(dialect)
    for step in steps:
        select.add(step)
    sql = select.sql()
    warnings += select.warnings
    return sql
