"""A failing case made small: what can be taken away while it still fails the same way is taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tests.support.random_projects.cases import Case, Files

Fails = Callable[[Case], bool]
MOST_TRIES = 250


def reduced(case: Case, fails: Fails) -> Case:
    """A smaller case that fails too; the given one if nothing can go."""
    tries = 0
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(case):
            tries += 1
            if tries > MOST_TRIES:
                return case
            if fails(smaller):
                case, progress = smaller, True
                break
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """Every case with one thing less, the largest things first."""
    models = sorted({path.rpartition(".")[0] for path in (*case.base, *case.head)})
    for model in models:
        base, head = _without(case.base, model), _without(case.head, model)
        if base:
            yield replace(case, base=base, head=head)
    for model in models:
        edited = {path for path in (*case.base, *case.head) if path.rpartition(".")[0] == model}
        if any(case.base.get(path) != case.head.get(path) for path in edited):
            head = {path: text for path, text in case.head.items() if path not in edited}
            same = {path: case.base[path] for path in edited if path in case.base}
            yield replace(case, head={**head, **same})
    for at, line in enumerate(lines := case.sources.splitlines()):
        yield replace(case, sources="\n".join(lines[:at] + lines[at + 1 :]) + "\n")
        yield from (replace(case, sources=case.sources.replace(line, less)) for less in _fewer_rows(line))
    for path in sorted(case.head):
        if path.endswith(".sql"):
            yield from _less_sql(case, path)


def _without(files: Files, model: str) -> dict[str, str]:
    return {path: text for path, text in files.items() if path.rpartition(".")[0] != model}


def _fewer_rows(line: str) -> Iterator[str]:
    create, found, rows = line.partition(" VALUES (")
    parts = rows.removesuffix(");").split("), (")
    if found and len(parts) > 1:
        for at in range(len(parts)):
            yield f"{create} VALUES ({'), ('.join(parts[:at] + parts[at + 1 :])});"


def _less_sql(case: Case, path: str) -> Iterator[Case]:
    """One clause or projection less; in both sides where they are the same there, else in head or base alone."""
    base, head = case.base.get(path), case.head[path]
    if base == head:
        for less in _less(head):
            yield replace(case, base={**case.base, path: less}, head={**case.head, path: less})
        return
    if base is None:
        return
    one, two = list(_less(base)), list(_less(head))
    if len(one) == len(two):
        for before, after in zip(one, two, strict=True):
            yield replace(case, base={**case.base, path: before}, head={**case.head, path: after})


def _less(sql: str) -> Iterator[str]:
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except SqlglotError:
        return
    count = len(list(tree.find_all(exp.Select)))
    for number in range(count):
        select = list(tree.find_all(exp.Select))[number]
        for clause in ("where", "having", "qualify", "distinct", "order", "limit", "joins", "with_"):
            if select.args.get(clause):
                yield _changed(tree, number, clause=clause)
        if len(select.expressions) > 1:
            for at in range(len(select.expressions)):
                yield _changed(tree, number, at=at)


def _changed(tree: exp.Expr, number: int, *, clause: str = "", at: int = 0) -> str:
    copy = tree.copy()
    select = list(copy.find_all(exp.Select))[number]
    if clause:
        select.set(clause, None)
    else:
        select.expressions[at].pop()
    return f"{copy.sql(dialect='duckdb', pretty=True)}\n"
