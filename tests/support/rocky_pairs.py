"""The pairs of ``rocky_pairs.toml`` as values, and a DuckDB with the tables that they name."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import duckdb

_TABLES = """
CREATE TABLE shipments AS SELECT
    i::INTEGER AS id, ['UPS', 'DHL', 'it''s'][i % 3 + 1] AS carrier, i % 4 AS depot_id,
    ['eu', 'us'][i % 2 + 1] AS region,
    CASE i % 4 WHEN 0 THEN 'ok' WHEN 1 THEN 'lost' WHEN 2 THEN 'on its way' END AS state,
    (i * 1.7 % 19)::DOUBLE AS weight, i * 130 AS grams, 1 + i % 5 AS rate, ['it''s late', 'x'][i % 2 + 1] AS note,
    i % 2 = 0 AS paid, i % 7 = 0 AS free, CASE WHEN i % 3 = 0 THEN TIMESTAMP '2026-03-02' END AS returned_at,
    DATE '2026-02-25' + (i % 9)::INTEGER AS sent_on, TIMESTAMP '2026-02-27' + INTERVAL (i) HOUR AS scanned_at,
    CASE i % 3 WHEN 0 THEN 1 WHEN 1 THEN 0 END AS a, CASE i % 5 WHEN 0 THEN 0 WHEN 1 THEN 1 END AS b,
    i % 2 = 1 AS c, i * 3 AS p, i % 4 + 1 AS q, i % 3 + 1 AS r
    FROM range(60) AS t(i);
CREATE TABLE carriers AS SELECT * FROM (VALUES ('UPS', 'eu', 'BE', 1), ('DHL', 'us', 'DE', 2), (NULL, 'eu', 'FR', 3))
    AS t(carrier, region, country, tier);
CREATE TABLE regions AS SELECT * FROM (VALUES ('eu'), ('us')) AS t(code);
CREATE TABLE depots AS SELECT * FROM (VALUES (0, 'Bonn'), (1, 'Gent'), (9, 'Oslo')) AS t(depot_id, city);
"""


@dataclass(frozen=True)
class Pair:
    """A text, Rocky's SQL for it, and ours where it is another; or our refusal."""

    number: int
    dsl: str
    rocky: str
    ours: str | None = None
    reason: str | None = None
    same: bool = False
    binds: bool = True
    error: str | None = None

    @property
    def sql(self) -> str:
        """What lowering has to make of the text."""
        return self.rocky if self.ours is None else self.ours


def pairs() -> list[Pair]:
    """All of them, in the order of the description."""
    with (Path(__file__).parent / "rocky_pairs.toml").open("rb") as file:
        return [Pair(**values) for values in tomllib.load(file)["pair"]]


def shipments() -> duckdb.DuckDBPyConnection:
    """A database in memory with the tables."""
    connection = duckdb.connect()
    connection.execute(_TABLES)
    return connection
