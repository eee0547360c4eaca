"""Which columns BigQuery can group by, tell apart and partition by; DuckDB takes any."""

from __future__ import annotations

import duckdb
from sqlglot import exp

from tests.support.bigquery_refusal import Refused
from tests.support.bigquery_types import field_of


def refuse_groups(tree: exp.Expr, cursor: duckdb.DuckDBPyConnection) -> None:
    """Refuses groups, distinct rows and windows' partitions by ARRAY, STRUCT or JSON (partitions by FLOAT64, too).

    ``tree`` is bound to DuckDB's tables. A part that refers to a query around it has no types by itself, and passes.
    """
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        if group is not None:
            _check(select, _keys(select, group), words="Grouping by expressions of type {} is not allowed", at=cursor)
        if select.args.get("distinct") is not None:
            words = "Column of type {} cannot be used in SELECT DISTINCT"
            _check(select, list(select.expressions), words=words, at=cursor)
        partitions = [key for window in select.find_all(exp.Window) for key in window.args.get("partition_by") or ()]
        own = [key for key in partitions if key.find_ancestor(exp.Select) is select]
        words = "Partitioning by expressions of type {} is not allowed"
        _check(select, own, words=words, at=cursor, also=("FLOAT",))


def _keys(select: exp.Select, group: exp.Expr) -> list[exp.Expr]:
    """What a query groups by, numbers and names of columns looked up."""
    by_name = {column.alias_or_name: column.unalias() for column in select.expressions}
    keys: list[exp.Expr] = []
    for key in group.expressions:
        if isinstance(key, exp.Literal) and not key.is_string:
            keys.append(select.expressions[int(key.name) - 1].unalias())
        elif isinstance(key, exp.Column) and not key.table and isinstance(by_name.get(key.name), exp.Func):
            keys.append(by_name[key.name])
        else:
            keys.append(key)
    return keys


def _check(
    select: exp.Select, keys: list[exp.Expr], *, words: str, at: duckdb.DuckDBPyConnection, also: tuple[str, ...] = ()
) -> None:
    if not keys:
        return
    probe = select.copy()
    for clause in ("group", "having", "qualify", "order", "distinct", "limit", "windows", "with_"):
        probe.set(clause, None)
    probe.set("expressions", [key.copy() for key in keys])
    above = [node for node in (select, *_ancestors(select)) if node.args.get("with_") is not None]
    for node in above:  # the innermost first: an outer name must not hide an inner one
        for cte in node.args["with_"].expressions:
            if all(known.alias != cte.alias for known in probe.ctes):
                probe = probe.with_(cte.alias, cte.this.copy(), append=True)
    try:
        described = at.execute(f"SELECT * FROM ({probe.sql('duckdb')}) LIMIT 0").description
    except duckdb.Error:  # it refers to what is around it, or is wrong, which is found out when it runs
        return
    for name, kind, *_ in described or ():
        field = field_of(name, kind)
        shown = "ARRAY" if field["mode"] == "REPEATED" else {"RECORD": "STRUCT"}.get(field["type"], field["type"])
        if shown in ("ARRAY", "STRUCT", "JSON", *also):
            raise Refused(words.format("FLOAT64" if shown == "FLOAT" else shown))


def _ancestors(node: exp.Expr) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    above = node.parent
    while above is not None:
        found.append(above)
        above = above.parent
    return found
