"""The rules for clauses: CTEs, joins, and positions. As in ``rules``, what is not always right is not here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rocky_action.sql.equality.facts import SCALARS, is_kind, is_one_column
from rocky_action.sql.equality.node import Node, many, node
from rocky_action.sql.equality.rules import RULES, SPELLING, Rules, counted_literal
from rocky_action.sql.equality.scopes import alias, fold

Body = Callable[[Node, Mapping[str, Node]], Node]
"""Makes the canonical tree of a CTE's query, given what the CTEs before it stand for."""


def unread_and_renamed_ctes(clause: Node, around: Mapping[str, Node], *, body: Body) -> Mapping[str, Node]:
    """A CTE is what it says, wherever it stands and whatever it is called; one that nothing reads is not there.

    Where a CTE is read its own tree stands, so its name and its place among the others are gone. Two CTEs of the same
    text stay two: each may give other rows. DuckDB does not even look at a CTE that nothing reads.
    """
    found = dict(around)
    for cte in clause.nodes:
        (name, hint), (columns, query) = cte.texts, cte.nodes
        found[fold(name)] = node("cte", columns, hint, body(query, found))
    return found


def without_as(named: Node) -> Node:
    """``a AS x`` is ``a x``, for columns and tables: a word that may be left out before a name that is no keyword."""
    return Node(named.kind, named.parts[:-1])


def folded_names(names: Node) -> Node:
    """Names that are looked up, not shown: USING, EXCLUDE. DuckDB ignores their case, quoted or not."""
    if names.kind != "names":
        return names
    return node("names", *map(fold, names.texts))


def trailing_comma(select: Node) -> Node:
    """``SELECT a, FROM t`` is ``SELECT a FROM t``: DuckDB allows a comma behind the last column."""
    quantity, columns, *others = select.nodes
    kept = [column for column in columns.nodes if column != node("trailing comma")]
    return node("select", quantity, many("projections", kept), *others)


def join_kind(kind: str) -> str:
    """``INNER JOIN`` is ``JOIN``, ``LEFT OUTER JOIN`` is ``LEFT JOIN``: words of the standard that may be left out."""
    return kind.removesuffix("INNER").removesuffix(" OUTER").rstrip()


def using_as_condition(select: Node, ends: Sequence[Node]) -> Node:
    """``a JOIN b USING (k)`` is ``a JOIN b ON a.k = b.k`` where nobody can tell: no star, no bare k.

    USING makes one column of two, which a star and a bare ``k`` show. Only for the first join of a FROM clause that has
    no other USING and no NATURAL, so that there is one table on the left; and only for names that are given once.
    """
    quantity, columns, source, *others = select.nodes
    items = source.nodes
    if any(item.texts[0].startswith("NATURAL") for item in items[1:]):
        return select
    if len(items) < 2 or sum(is_using(item) for item in items) != 1 or not is_using(items[1]):
        return select
    (kind,), (right, names) = items[1].texts, items[1].nodes
    keys = names.texts
    left_alias, right_alias = alias(items[0]), alias(right)
    if kind not in ("", "INNER", "LEFT", "LEFT OUTER") or not left_alias or not right_alias:
        return select
    if fold(left_alias) == fold(right_alias) or _shows(select, ends, keys={fold(key) for key in keys}):
        return select
    pairs = [node("compare", "=", node("column", left_alias, key), node("column", right_alias, key)) for key in keys]
    condition = pairs[0] if len(pairs) == 1 else many("and", pairs)
    joined = node("join", kind, right, node("on", condition))
    return node("select", quantity, columns, node("from", items[0], joined, *items[2:]), *others)


def is_using(item: Node) -> bool:
    """Whether a join is made by USING."""
    return item.kind == "join" and item.nodes[1].kind == "names"


def _shows(select: Node, ends: Sequence[Node], *, keys: set[str]) -> bool:
    """Whether a star or a bare name shows that USING made one column of two; aliases count, for they can be meant."""
    for one in (inner for part in (select, *ends) for inner in part.walk()):
        if (
            (one.kind == "star" and one.parts)
            or one.kind == "group all"
            or (one.kind == "call" and one.parts[0] == "COLUMNS")
        ):
            return True
        names = [*map(fold, one.texts)]
        if (one.kind == "column" and len(names) != 2 and keys & set(names)) or (
            one.kind == "aliased" and keys & set(names)
        ):
            return True
    return False


def positional_groups(group: Node, outputs: Sequence[Node]) -> Node:
    """``GROUP BY 1`` is ``GROUP BY`` what the first column is, if that is made of columns and known functions.

    A name in it that is also the alias of another output stays a position: which of the two is meant is not the same
    in both places. So does a column that is given twice, a window, an aggregate and a query. And nothing is known about
    positions behind what may unfold into more columns: a star, or UNNEST of a struct.
    """
    if group.kind != "group" or not _are_columns(outputs):
        return group
    aliases = {fold(str(output.parts[1])) for output in outputs if output.parts[0] == "alias"}
    items = []
    for item in group.nodes:
        at = _position(item, outputs)
        meant = outputs[at].nodes[-1] if at is not None else item  # an output ends with its value
        items.append(meant if at is not None and _is_grouped_as_written(meant, aliases) else item)
    return many("group", items)


def positional_order(order: Node, outputs: Sequence[Node]) -> Node:
    """``ORDER BY total`` is ``ORDER BY 2`` where the second column alone is called so: aliases come before columns.

    Not where an output may be more columns than one, as above.
    """
    if order.kind != "order" or not _are_columns(outputs):
        return order
    names = [fold(str(output.parts[1])) if output.parts[0] == "alias" else "" for output in outputs]
    items = []
    for item in order.nodes:
        match item:
            case Node("by", (Node("column", (str() as name,)), direction, nulls)) if names.count(name) == 1:
                items.append(node("by", node("number", str(names.index(name) + 1)), direction, nulls))
            case _:
                items.append(item)
    return many("order", items)


def _are_columns(outputs: Sequence[Node]) -> bool:
    """Whether each entry of a SELECT's list certainly is one column."""
    return all(output.kind != "star" and is_one_column(output) for output in outputs)


def rules_of(select: Node, ends: Sequence[Node]) -> Rules:
    """The rules for the expressions of a SELECT: next to none where DuckDB looks for one in another, as it is spelled.

    With ``GROUP BY a + 1`` a column may be ``a + 1``, while ``1 + a`` is an error; and likewise for what DISTINCT is
    ordered by. No rule may change one of the two and not the other, so none is applied; columns need no rule. A
    count is never what is grouped by.
    """
    quantity, columns, _, _, group, *_ = select.nodes
    outputs = columns.nodes
    grouped = False
    for item in group.nodes:
        at = _position(item, outputs)
        if not is_kind(outputs[at].parts[0] if at is not None else item, "column"):
            grouped = True
    if (quantity == node("DISTINCT") and ends[0]) or is_kind(quantity, "distinct on"):
        return SPELLING
    return (*SPELLING, counted_literal) if grouped else RULES


def _position(item: Node, outputs: Sequence[Node]) -> int | None:
    text = item.texts[0] if item.kind == "number" else ""
    at = int(text) if text.isdigit() else 0
    return at - 1 if 1 <= at <= len(outputs) else None


def _is_grouped_as_written(value: Node, aliases: set[str]) -> bool:
    for one in value.walk():
        if one.kind in ("number", "string", "constant") and one is value:
            return False
        if one.kind in ("scalar", "exists", "in query", "window", "window name"):
            return False
        if one.kind == "call" and one.parts[0] not in SCALARS:
            return False
        if one.kind == "column" and one.parts and one.parts[0] in aliases:
            return False
    return True
