"""The canonical tree of a whole query: scopes, CTEs and clauses, with the rules for what stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from rocky_action.sql.equality import clause_rules
from rocky_action.sql.equality.node import NOTHING, Node, many, node
from rocky_action.sql.equality.rules import RULES, SPELLING
from rocky_action.sql.equality.scopes import Scope, alias, fold, mentioned

_QUERIES = {"scalar", "exists", "in query", "derived", "branch"}


class Canonicaliser:
    """Makes the canonical tree of one query."""

    def __init__(self, tree: Node) -> None:
        self.always = mentioned(tree)
        self.copies: Counter[Node] = Counter()

    def query(self, query: Node, scope: Scope) -> Node:
        """A query with its ORDER BY, LIMIT and CTEs; CTEs are in the tree where they are read."""
        ctes, body, ordered, limit, offset = query.nodes
        scope = replace(scope, ctes=self.ctes(ctes, scope))
        if body.kind == "select":
            return self.select(body, scope, ends=(ordered, limit, offset))
        inner = Scope({}, set(), scope.ctes, scope, rules=SPELLING)
        ends = [self.expression(end, inner) for end in (ordered, limit, offset)]
        return node("query", self.body(body, scope), *ends)

    def ctes(self, clause: Node, scope: Scope) -> Mapping[str, Node]:
        """What each name of a WITH clause stands for; see ``unread_and_renamed_ctes``."""
        return clause_rules.unread_and_renamed_ctes(clause, scope.ctes, body=self._cte_in(scope))

    def _cte_in(self, scope: Scope) -> clause_rules.Body:
        def body(query: Node, ctes: Mapping[str, Node]) -> Node:
            found = self.query(query, replace(scope, ctes=ctes))
            self.copies[found] += 1
            return node("copy", found, str(self.copies[found]))

        return body

    def body(self, body: Node, scope: Scope) -> Node:
        """What stands between WITH and ORDER BY: a SELECT, one in parentheses, or a set operation."""
        if body.kind == "select":
            return self.select(body, scope, ends=(NOTHING, NOTHING, NOTHING))
        if body.kind == "branch":
            return node("branch", self.query(body.nodes[0], scope))
        if body.kind == "values":
            return self.expression(body, Scope({}, set(), scope.ctes, scope, rules=SPELLING))
        return Node("set", tuple(part if isinstance(part, str) else self.body(part, scope) for part in body.parts))

    def select(self, select: Node, around: Scope, *, ends: tuple[Node, Node, Node]) -> Node:
        """A SELECT together with the ORDER BY, LIMIT and OFFSET that belong to it."""
        select = clause_rules.trailing_comma(select)
        select = clause_rules.using_as_condition(select, ends)
        quantity, columns, source, *others = select.nodes
        scope = Scope.of(source, around, always=self.always)
        joins, where = self.source(source, scope), self.expression(others[0], scope)
        scope = replace(scope, rules=clause_rules.rules_of(select, ends))
        quantity = self.expression(quantity, scope)
        outputs = [self.output(column, scope) for column in columns.nodes]
        group, having, windows, qualify = (self.expression(clause, scope) for clause in others[1:])
        ordered, limit, offset = (self.expression(end, scope) for end in ends)
        group = clause_rules.positional_groups(group, outputs)
        if quantity.kind != "distinct on":
            ordered = clause_rules.positional_order(ordered, outputs)
        frame = node("frame", quantity, joins, where, group, having, windows, qualify, ordered, limit, offset)
        return node("select", frame, many("outputs", outputs))

    def output(self, column: Node, scope: Scope) -> Node:
        """One column of the result: how it is called, exactly, and what it is."""
        match clause_rules.without_as(column) if column.kind == "aliased" else column:
            case Node("star", (str() as qualifier, Node() as excluded, Node() as changes)):
                changes = self.expression(changes, scope)
                return node("star", scope.star(qualifier), clause_rules.folded_names(excluded), changes)
            case Node("aliased", (Node() as value, str() as name)):
                return node("output", "alias", name, self.expression(value, scope))
            case Node("unnamed", (Node() as value,)):
                shown, found = spelled(value), self.expression(value, scope)
                is_name = shown.kind == "column"
                return node("output", "column" if is_name else "spelled", shown.parts[-1] if is_name else shown, found)
            case _:
                raise AssertionError(column.kind)

    def source(self, source: Node, scope: Scope) -> Node:
        """A FROM clause: relations and joins in their order, aliases only where they matter."""
        parts = []
        for part in source.nodes:
            if part.kind == "relation":
                parts.append(self.relation(part, scope))
                continue
            (kind,), (right, condition) = part.texts, part.nodes
            condition = clause_rules.folded_names(condition)
            # An ASOF join looks at how its condition is written.
            reading = replace(scope, rules=SPELLING) if kind.startswith("ASOF") else scope
            joined = self.relation(right, scope), self.expression(condition, reading)
            parts.append(node("join", clause_rules.join_kind(kind), *joined))
        return many("from", parts)

    def relation(self, relation: Node, scope: Scope) -> Node:
        """A table, a CTE or a derived table, with its alias where a column may not do without it."""
        plain = clause_rules.without_as(relation)
        (written,), (source, columns) = plain.texts, plain.nodes
        name = fold(alias(relation))
        named = name in scope.kept or source.kind == "table function"  # whose column may be called by its alias
        kept = node("alias" if written else "own name", name) if named else NOTHING
        return node("relation", self._read(source, scope), kept, clause_rules.folded_names(columns))

    def _read(self, source: Node, scope: Scope) -> Node:
        if source.kind in ("derived", "lateral"):
            return node(source.kind, self.query(source.nodes[0], scope))
        if source.kind == "table function":
            return self.expression(source, replace(scope, rules=SPELLING))
        names = [*map(fold, source.texts)]
        found = scope.ctes.get(names[0]) if len(names) == 1 else None
        return found if found is not None else node("table", *names)

    def expression(self, value: Node, scope: Scope) -> Node:
        """An expression, a list of them, or a clause made of them."""
        if value.kind == "column":
            return scope.column(value)
        if value.kind in _QUERIES:
            parts = [self._part(part, scope) for part in value.parts]
            return Node(value.kind, tuple(parts if scope.rules is RULES else [*parts, spelled(value)]))
        found = value.over(lambda part: self.expression(part, scope))
        for rule in scope.rules:
            found = rule(found)
        return found

    def _part(self, part: Node | str, scope: Scope) -> Node | str:
        if isinstance(part, str):
            return part
        return self.query(part, scope) if part.kind == "query" else self.expression(part, scope)


def spelled(value: Node) -> Node:
    """How a column without an alias is called: DuckDB writes out its expression, so only parentheses may differ."""
    found = value.over(spelled)
    for rule in SPELLING:
        found = rule(found)
    return found


def canonical_tree(tree: Node) -> Node:
    """The canonical tree of a query."""
    return Canonicaliser(tree).query(tree, Scope({}, set(), {}, None))
