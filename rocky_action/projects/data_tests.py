"""``[[tests]]`` and ``[[use_test]]``: read for what they say about keys, and checked for shape.

See docs/rocky-format.md, 2.9.
"""

from __future__ import annotations

from collections.abc import Mapping

from rocky_action.domain.project import DataTest
from rocky_action.projects.mistakes import nearest
from rocky_action.projects.toml import Table

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "not_null": (),
    "unique": (),
    "accepted_values": ("values",),
    "relationships": ("to_table", "to_column"),
    "expression": ("expression",),
    "row_count_range": (),
    "in_range": (),
    "regex_match": ("pattern",),
    "aggregate": ("op", "cmp", "value"),
    "composite": ("kind", "columns"),
    "unique_expr": ("key_expr",),
    "not_in_future": (),
    "older_than_n_days": ("days",),
}
"""For each type of test the keys it cannot do without, besides ``column``."""
_OVERRIDES = ("column", "severity", "filter")


def read_tests(sidecar: Table, definitions: Mapping[str, Table | None]) -> tuple[DataTest, ...]:
    """The tests of a model, those it takes from ``test_definitions.toml`` included; mistakes are noted."""
    tables = [*sidecar.tables("tests")]
    for use in sidecar.tables("use_test"):
        use.unknown(("name", *_OVERRIDES), verdict="mistake")
        name = use.text("name", required=True)
        if name is not None and name not in definitions:
            message = f"test {use.document.show(name)} is not defined in this folder's test_definitions.toml"
            use.wrong("name", message, advice=nearest(name, definitions))
        definition = definitions.get(name) if name is not None else None
        if definition is not None:
            own = {key: value for key, value in use.values.items() if key in _OVERRIDES}
            tables.append(Table({**definition.values, **own}, definition.document, definition.where))
    return tuple(test for table in tables if (test := _test(table)) is not None)


def _test(table: Table) -> DataTest | None:
    kind = table.choice("type", _NEEDS, required=True)
    table.choice("severity", ("error", "warning"))
    column, condition = table.text("column"), table.text("filter")
    if kind is None:
        return None
    for key in _NEEDS[kind]:
        if key not in table.values:
            table.wrong(None, f'a {kind} test needs "{key}"')
    columns: tuple[str, ...] = (column,) if column is not None else ()
    if kind == "composite":
        table.choice("kind", ("unique",))
        columns = table.texts("columns") or ()
        if "columns" in table.values and len(columns) < 2:
            table.wrong("columns", "a composite test needs two columns or more")
        # Over several columns it says exactly what "unique" says over one.
        kind = "unique"
    elif kind == "unique" and column is None:
        table.wrong(None, 'a unique test needs "column"')
    return DataTest(kind, columns, condition)
