"""The rules for expressions: each says two spellings to be one, and why that keeps every result.

A rule is given a node whose parts are canonical already, and gives back the canonical spelling. It holds in
three-valued logic, for every type that the columns may have. A rule that is not always right does not exist: what is
not here is a change.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable

from rocky_action.sql.equality.facts import integer, is_calm, is_kind, is_no_list, is_steady, is_truth
from rocky_action.sql.equality.node import NOTHING, Node, many, node

_TYPES = {
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "INT2": "SMALLINT",
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "FLOAT8": "DOUBLE",
    "DOUBLE PRECISION": "DOUBLE",
    "FLOAT4": "FLOAT",
    "REAL": "FLOAT",
    "BOOL": "BOOLEAN",
    "NUMERIC": "DECIMAL",
}
Rules = tuple[Callable[[Node], Node], ...]
_LITERALS = frozenset({"number", "string", "constant"})
_OPERATIONS = frozenset({"and", "between", "cast", "chain", "compare", "in", "is", "is not", "not", "or", "when"})
_LONG = 20
_MIRRORED = {">": "<", ">=": "<="}
_SAFE_FOLDS: dict[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def redundant_parentheses(value: Node) -> Node:
    """``(a)`` is ``a``: the tree keeps what groups with what, so parentheses add nothing to it.

    Around a bare literal they stay, but for operands: ``ORDER BY 1`` is a position, and ``(1)`` need not be one.
    """
    match value:
        case Node("paren", (Node() as inner,)) if inner.kind not in _LITERALS:
            return inner
        case Node(kind, _) if kind in _OPERATIONS:
            return value.over(_without_parentheses)
        case _:
            return value


def _without_parentheses(part: Node) -> Node:
    match part:
        case Node("paren", (Node() as inner,)):
            return inner
        case _:
            return part


def chains_from_the_left(value: Node) -> Node:
    """``a - b - c`` is ``(a - b) - c``: operators of one rank group from the left. ``a - (b - c)`` is something else.

    Nothing is ever grouped anew: sums of floats, of integers that may overflow and of dates with months depend on it.
    """
    # What may be commuted is looked for at each step, in all that came before: not in chains without end.
    return _from_the_left(value, commuted_sums) if len(value.parts) < _LONG else chains_as_spelled(value)


def commuted_sums(value: Node) -> Node:
    """``1 + a`` is ``a + 1`` and ``b * a`` is ``a * b``: exact in integers, decimals, IEEE floats, dates and intervals.

    Overflow depends on both operands and not on their order. ``+`` also joins lists, so one operand has to be certain
    not to be a list. Two operands with functions that are not known stay as they are: either may depend on the other.
    """
    match value:
        case Node("op", (("+" | "*") as sign, Node() as left, Node() as right)):
            known = sign == "*" or is_no_list(left) or is_no_list(right)
            if known and (is_steady(left) or is_steady(right)):
                return node("op", sign, *_in_order((left, right)))
        case _:
            pass
    return value


def joined_conditions(value: Node) -> Node:
    """``(a AND b) AND c`` is ``a AND (b AND c)``, and OR likewise: both are associative, NULL included.

    The order in which the conditions are evaluated is the same in both, so an error is raised by both or by neither.
    """
    if value.kind not in ("and", "or"):
        return value
    operands: list[Node] = []
    for part in value.nodes:
        operands += part.nodes if part.kind == value.kind else [part]
    return many(value.kind, operands)


def commuted_conditions(value: Node) -> Node:
    """``a AND b`` is ``b AND a``, and OR likewise, for neighbours that cannot fail.

    Both are commutative, NULL included. But warehouses stop at the first FALSE, and people rely on it: in ``x <> 0 AND
    1 / x > 2`` one condition guards the other. So only comparisons of columns and literals change places, and none of
    them moves across a condition with a cast, a function, arithmetic or a query, which stays where it is.

    What is assumed: columns are compared with their own type. ``text = 1`` casts each text, and can fail on a row that
    its neighbour would have kept away; types are not known here. Data never differs, only whether there is an error.
    """
    if value.kind not in ("and", "or"):
        return value
    found: list[Node] = []
    calm: list[Node] = []
    for part in value.nodes:
        if is_calm(part):
            calm.append(part)
        else:
            found += [*_in_order(calm), part]
            calm = []
    return many(value.kind, [*found, *_in_order(calm)])


def mirrored_comparison(value: Node) -> Node:
    """``a > b`` is ``b < a``, ``a = b`` is ``b = a``, ``!=`` is ``<>``: one comparison, whose operands get one type.

    Both operands are evaluated in either order. Two operands with functions that are not known stay as they are.
    """
    match value:
        case Node("compare", (str() as sign, Node() as left, Node() as right)):
            sign = "<>" if sign == "!=" else sign
            if not (is_steady(left) or is_steady(right)):
                return node("compare", sign, left, right)
            if sign in _MIRRORED:
                return node("compare", _MIRRORED[sign], right, left)
            if sign in ("=", "<>"):
                left, right = _in_order((left, right))
            return node("compare", sign, left, right)
        case _:
            return value


def folded_integers(value: Node) -> Node:
    """``a > 1 + 1`` is ``a > 2``: integers within 32 bits, added, subtracted or multiplied within 32 bits, never fail.

    Only where they are compared, and with something that is no literal: anywhere else the type shows, and a sum is an
    INTEGER where a literal fits itself to its neighbour (``tiny + 2`` is a TINYINT, ``tiny + (1 + 1)`` an INTEGER).
    """
    match value:
        case Node("compare", (sign, Node() as left, Node() as right)):
            if is_kind(left, "op") != is_kind(right, "op"):
                folded = node("compare", sign, _folded(left), _folded(right))
                return folded if _is_column(left) or _is_column(right) else value
        case _:
            pass
    return value


def identity_conditions(value: Node) -> Node:
    """``a = b AND TRUE`` is ``a = b``, and ``OR FALSE`` likewise, in three-valued logic too.

    Only where a truth value is left: ``n AND TRUE`` makes a BOOLEAN of a number. No condition with a column goes, not
    even beside FALSE: with it would go the error that it has no such column.
    """
    identity = {"and": "TRUE", "or": "FALSE"}.get(value.kind)
    if identity is None:
        return value
    kept = [part for part in value.nodes if part != node("constant", identity)]
    if not kept:
        return node("constant", identity)
    if not all(is_truth(part) for part in kept):
        return value
    return kept[0] if len(kept) == 1 else many(value.kind, kept)


def negated_predicate(value: Node) -> Node:
    """``a NOT IN (...)`` is ``NOT a IN (...)``, with BETWEEN and LIKE as well: that is how standard SQL defines it."""
    match value:
        case Node("negated", (Node() as inner,)):
            return negation(node("not", inner))
        case _:
            return value


def negation(value: Node) -> Node:
    """``NOT a = b`` is ``a <> b``, ``NOT a IS NULL`` is ``a IS NOT NULL``, ``NOT NOT p`` is ``p`` for a truth value p.

    Comparing with NULL is NULL, and so is its negation; IS is never NULL. ``NOT a < b`` stays: not every type need be
    ordered as numbers are. ``NOT NOT n`` stays for what may be a number, for it is a BOOLEAN.
    """
    match value:
        case Node("not", (Node("compare", (("=" | "<>") as sign, left, right)),)):
            return node("compare", "<>" if sign == "=" else "=", left, right)
        case Node("not", (Node("is" as kind, (inner, what)),)) | Node("not", (Node("is not" as kind, (inner, what)),)):
            return node("is not" if kind == "is" else "is", inner, what)
        case Node("not", (Node("not", (Node() as inner,)),)) if is_truth(inner):
            return inner
        case _:
            return value


def between_as_comparisons(value: Node) -> Node:
    """``a BETWEEN 1 AND 9`` is ``a >= 1 AND a <= 9``, by definition, if both bounds have one type and a is a column.

    BETWEEN gives all three the widest of their types, two comparisons do so by pairs: with bounds of two types a BIGINT
    is compared as a DOUBLE here and exactly there. What is not a column might be evaluated twice, or fail.
    """
    match value:
        case Node("between", (Node("column" | "bound") as middle, Node() as low, Node() as high)):
            integers = integer(low) is not None and integer(high) is not None
            if integers or (low.kind == high.kind == "string"):
                lower, upper = node("compare", ">=", middle, low), node("compare", "<=", middle, high)
                return commuted_conditions(node("and", mirrored_comparison(lower), mirrored_comparison(upper)))
        case _:
            pass
    return value


def single_membership(value: Node) -> Node:
    """``a IN (1)`` is ``a = 1``, by definition, NULL included; for one literal, as others could be a list."""
    match value:
        case Node("in", (Node() as left, Node("string" | "number") as only)):
            return mirrored_comparison(node("compare", "=", left, only))
        case _:
            return value


def counted_literal(value: Node) -> Node:
    """``COUNT(1)`` is ``COUNT(*)``: a literal is never NULL, so every row counts. Not with DISTINCT, nor for NULL."""
    match value:
        case Node("call", ("COUNT", "", Node("arguments", (Node("number" | "string"),)), *rest)):
            return node("call", "COUNT", "", node("arguments", node("star")), *rest)
        case _:
            return value


def cast_spelling(value: Node) -> Node:
    """``a::INT`` is ``CAST(a AS INT)``. TRY_CAST is another function, which gives NULL where these fail."""
    match value:
        case Node("cast", ("::", inner, kind)):
            return node("cast", "CAST", inner, kind)
        case _:
            return value


def type_synonyms(value: Node) -> Node:
    """``INT`` is ``INTEGER``, ``TEXT`` is ``VARCHAR`` and so on: names that DuckDB has for one and the same type."""
    match value:
        case Node("type", (str() as name, str(), *numbers)):
            return node("type", _TYPES.get(name, name), *numbers)
        case Node("typed", (name, str(), text)):
            return node("typed", name, text)
        case _:
            return value


def else_null(value: Node) -> Node:
    """``CASE ... ELSE NULL END`` is ``CASE ... END``: without ELSE it is NULL, and NULL has no type to show."""
    match value:
        case Node("case", (operand, branches, Node("constant", ("NULL",)))):
            return node("case", operand, branches, NOTHING)
        case _:
            return value


RULES: Rules = (
    redundant_parentheses,
    chains_from_the_left,
    cast_spelling,
    type_synonyms,
    counted_literal,
    else_null,
    between_as_comparisons,
    single_membership,
    folded_integers,
    mirrored_comparison,
    negated_predicate,
    negation,
    joined_conditions,
    identity_conditions,
    commuted_conditions,
)
"""In the order in which they are applied to each node, from the leaves up."""


def chains_as_spelled(value: Node) -> Node:
    """The operators of a chain from the left, without any other rule."""
    return _from_the_left(value, lambda one: one)


SPELLING: Rules = (redundant_parentheses, chains_as_spelled)
"""What alone is done where the spelling is the name of a column, or is looked for elsewhere in the query."""


def _from_the_left(value: Node, step: Callable[[Node], Node]) -> Node:
    if value.kind != "chain":
        return value
    found, *operands = value.nodes
    for sign, operand in zip(value.texts, operands, strict=True):
        found = step(node("op", sign, found, operand))
    return found


def _in_order(nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=lambda one: one.digest)


def _is_column(value: Node) -> bool:
    return value.kind in ("column", "bound")


def _folded(value: Node) -> Node:
    match value:
        case Node("op", (str() as sign, Node() as left, Node() as right)) if sign in _SAFE_FOLDS:
            one, other = integer(_folded(left)), integer(_folded(right))
            if one is not None and other is not None:
                result = _SAFE_FOLDS[sign](one, other)
                number = node("number", str(abs(result)))
                found = node("sign", "-", number) if result < 0 else number
                return found if integer(found) is not None else value
        case _:
            pass
    return value
