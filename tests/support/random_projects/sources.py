"""Source tables with few rows and nasty values: NULLs, ties, duplicates, empty strings, NaN, mixed case."""

from __future__ import annotations

from random import Random

VALUES: dict[str, tuple[str, tuple[str, ...]]] = {
    "id": ("INTEGER", ("1", "2", "3", "3", "4", "NULL", "-1")),
    "k": ("INTEGER", ("1", "1", "2", "3", "NULL", "0")),
    "qty": ("INTEGER", ("0", "1", "5", "5", "-2", "NULL")),
    "amount": ("DECIMAL(10,2)", ("1.50", "-3.25", "0.00", "NULL", "10.00", "10.00")),
    "name": ("VARCHAR", ("'a'", "'A'", "''", "NULL", "'b'", "'10'", "'é'")),
    "note": ("VARCHAR", ("'x'", "'x'", "'X '", "''", "NULL", "'1'")),
    "day": ("DATE", ("DATE '2024-01-01'", "DATE '2024-02-29'", "NULL", "DATE '2024-01-01'")),
    "flag": ("BOOLEAN", ("true", "false", "NULL")),
    "f": ("DOUBLE", ("1.5", "'NaN'::DOUBLE", "NULL", "0.0", "'inf'::DOUBLE")),
    "s": ("STRUCT(a INTEGER, name VARCHAR)", ("{'a': 1, 'name': 'a'}", "{'a': NULL, 'name': ''}", "NULL")),
    "l": ("INTEGER[]", ("[1, 2]", "[]", "NULL", "[3, NULL, 3]")),
    '"Mixed Case"': ("INTEGER", ("7", "8", "NULL", "7")),
    '"Amount2"': ("DECIMAL(10,2)", ("2.00", "NULL", "-1.00")),
}
TABLES = ("raw.orders", "raw.customers", "main.events", "raw.items")
ALWAYS = ("id", "k")


def random_sources(rng: Random) -> str:
    """Two to four CREATE TABLE statements, one a line; the same name has the same type everywhere."""
    statements = []
    for table in TABLES[: rng.randint(2, len(TABLES))]:
        others = [name for name in VALUES if name not in ALWAYS]
        columns = [*ALWAYS, *rng.sample(others, rng.randint(3, 6))]
        rng.shuffle(columns)
        rows = [[rng.choice(VALUES[name][1]) for name in columns] for _ in range(rng.randint(2, 6))]
        if rng.random() < 0.5:
            rows.append(rows[0])
        types = ", ".join(f"{name} {VALUES[name][0]}" for name in columns)
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        statements.append(f"CREATE TABLE {table} ({types}); INSERT INTO {table} VALUES {values};")
    return "\n".join(statements) + "\n"
