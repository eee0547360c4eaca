"""What is certain about an expression: that it cannot fail, that it is a truth value, a number, no list."""

from __future__ import annotations

from rocky_action.sql.equality.node import NOTHING, Node, word_set

SCALARS = word_set(
    """ABS BIT_LENGTH CEIL CEILING CHR COALESCE CONCAT CONCAT_WS CONTAINS DATE_DIFF DATE_PART DATE_TRUNC DATEDIFF
    DATEPART DATETRUNC DAY DAYNAME DAYOFMONTH DAYOFWEEK DAYOFYEAR ENDS_WITH EPOCH EPOCH_MS EXP FLOOR GREATEST
    HASH HOUR IF IFNULL ISFINITE ISINF ISNAN ISODOW ISOYEAR LAST_DAY LCASE LEAST LEFT LEN LENGTH LN LOG LOG10
    LOG2 LOWER LPAD LTRIM MAKE_DATE MD5 MINUTE MOD MONTH MONTHNAME NULLIF POW POWER PREFIX QUARTER
    REGEXP_EXTRACT REGEXP_MATCHES REGEXP_REPLACE REPEAT REPLACE REVERSE RIGHT ROUND RPAD RTRIM SECOND SHA256
    SIGN SPLIT_PART SQRT STARTS_WITH STRFTIME STRIP_ACCENTS STRLEN STRPTIME SUBSTR SUBSTRING SUFFIX TRANSLATE
    TRIM TRUNC TRY_STRPTIME UCASE UPPER WEEK WEEKDAY WEEKOFYEAR YEAR YEARWEEK"""
)
"""Functions of one row that give the same for the same arguments whenever they are called."""
AGGREGATES = word_set(
    """ANY_VALUE AVG BIT_AND BIT_OR BIT_XOR BOOL_AND BOOL_OR CORR COUNT COUNT_IF COUNTIF COVAR_POP COVAR_SAMP KURTOSIS
    MAX MEAN MEDIAN MIN PRODUCT SKEWNESS STDDEV STDDEV_POP STDDEV_SAMP SUM VAR_POP VAR_SAMP VARIANCE"""
)
"""Aggregates that give the same for the same rows, but for the order in which floats are added up."""
WINDOWS = word_set("CUME_DIST DENSE_RANK FIRST_VALUE LAG LAST_VALUE LEAD NTH_VALUE NTILE PERCENT_RANK RANK ROW_NUMBER")
"""Functions that only exist with OVER."""
OTHERS = word_set(
    """ARRAY_LENGTH ARRAY_TO_STRING DATE_ADD DATE_SUB ELEMENT_AT EPOCH_US JSON_EXTRACT JSON_EXTRACT_STRING LIST_CONTAINS
    LIST_DISTINCT LIST_FILTER LIST_SORT LIST_TRANSFORM LIST_VALUE MAP_KEYS MAP_VALUES STRING_SPLIT STRUCT_EXTRACT
    STRUCT_PACK TO_JSON TO_TIMESTAMP"""
)
"""More functions of one row: what is known of them is that they give one value, and no column or row more."""
PICKED = word_set(
    """APPROX_COUNT_DISTINCT ARG_MAX ARG_MIN ARRAY_AGG FIRST GROUP_CONCAT LAST LIST LISTAGG MAX_BY MIN_BY MODE
    PERCENTILE_CONT PERCENTILE_DISC QUANTILE QUANTILE_CONT QUANTILE_DISC STRING_AGG"""
)
"""Aggregates of which the same is known: what they give can depend on the order of rows."""
_ONE_VALUE = word_set(
    """ABS AVG CEIL CEILING COUNT COUNT_IF COUNTIF DATE_DIFF DATEDIFF DATE_PART DATEPART DAY EPOCH EXP FLOOR HOUR LEN
    LENGTH LN LOG LOG10 LOG2 MEAN MINUTE MOD MONTH POW POWER QUARTER ROUND SECOND SIGN SQRT STRLEN SUM TRUNC
    WEEK YEAR"""
)
"""Functions that never give a list, whatever their arguments are."""
_FOLDING = AGGREGATES | PICKED
_KNOWN = SCALARS | OTHERS | _FOLDING | WINDOWS
_ATOMS = frozenset({"column", "bound", "number", "string", "constant"})
_TRUTHS = frozenset(
    {"and", "or", "not", "compare", "is", "is not", "distinct", "not distinct", "between", "in", "in query", "like"}
)
_QUIET = _TRUTHS - {"in query"}
_OWN_QUERIES = frozenset({"scalar", "exists", "in query"})
_INT32 = 2**31
_STAR = Node("star", ())
"""The argument of COUNT(*)."""


def is_steady(value: Node) -> bool:
    """Whether every call in it is to a function that gives the same for the same arguments, and there is no query."""
    return all(
        node.kind not in ("scalar", "exists", "in query", "derived")
        and (node.kind != "call" or node.parts[0] in SCALARS or node.parts[0] in AGGREGATES)
        for node in value.walk()
    )


def is_one_row(value: Node) -> bool:
    """Whether it gives one value for each row or group, and is no query: nothing in it can unfold into more rows."""
    return all(
        node.kind not in {*_OWN_QUERIES, "star"} and (node.kind != "call" or node.parts[0] in _KNOWN)
        for node in value.walk()
        if node != _STAR
    )


def is_one_column(value: Node) -> bool:
    """Whether nothing in it can unfold into more columns, as UNNEST of a struct does; a query has one column."""
    stack = [value]
    while stack:
        node = stack.pop()
        if node.kind == "call" and node.parts[0] not in _KNOWN:
            return False
        if node.kind not in ("scalar", "exists"):
            stack.extend(node.nodes)
    return True


def has_aggregate(value: Node) -> bool:
    """Whether a known aggregate folds rows in it: one with OVER does not, nor one in a query of its own."""
    stack = [value]
    while stack:
        node = stack.pop()
        if node.kind in _OWN_QUERIES:
            continue
        if node.kind == "call" and node.parts[0] in _FOLDING and node.parts[-1] == NOTHING:
            return True
        stack.extend(node.nodes)
    return False


def is_calm(value: Node) -> bool:
    """Whether a condition can be evaluated on any row without an error: predicates over columns and literals only."""
    stack = [value]
    while stack:
        node = stack.pop()
        if node.kind in _QUIET:
            stack.extend(node.nodes)
        elif node.kind not in _ATOMS and not (node.kind == "sign" and is_kind(node.parts[1], "number")):
            return False
    return True


def is_truth(value: Node) -> bool:
    """Whether it is TRUE, FALSE or NULL of type BOOLEAN, whatever the columns are."""
    return value.kind in _TRUTHS or value.kind == "exists" or value.parts in (("TRUE",), ("FALSE",))


def is_no_list(value: Node) -> bool:
    """Whether its type is certainly not a list, the one type whose ``+`` is not commutative."""
    match value.kind, value.parts:
        case "number" | "typed" | "interval" | "string" | "extract", _:
            return True
        case "cast", (_, _, Node("type")):
            return True
        case "sign", (_, Node() as inner):
            return is_no_list(inner)
        case "op", ("+", Node() as left, Node() as right):
            return is_no_list(left) or is_no_list(right)
        case "op", (sign, *_):
            return sign in ("-", "*", "/", "//", "%")
        case "call", (str() as name, *_):
            return name in _ONE_VALUE
        case _:
            return False


def integer(value: Node) -> int | None:
    """The value of an integer literal, with or without a sign, that certainly is of type INTEGER."""
    match value:
        case Node("sign", ("-", Node("number", (str() as text,)))):
            found = -int(text) if text.isdigit() else None
        case Node("number", (str() as text,)):
            found = int(text) if text.isdigit() else None
        case _:
            return None
    return found if found is not None and -_INT32 < found < _INT32 else None


def is_kind(part: Node | str, kind: str) -> bool:
    """Whether a part is a node of this kind."""
    return isinstance(part, Node) and part.kind == kind
