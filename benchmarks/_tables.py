"""Tables to compare, generated: the same rows for the same recipe, kept in ``build/bench`` from run to run.

Every size is one DuckDB file with a base table and the heads that it is compared with. What differs is known by
construction, never by comparing: ``Truth`` is what any tool should find. Files are written in the format of DuckDB 1.5,
which is the newest that all tools here can open.

Run as a program it makes tables: the process that measures stays small, because Linux hands a parent's peak memory on
to its children.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __name__ == "__main__":  # whoever measures does not load it
    import duckdb

KINDS = ("int", "low", "high", "decimal", "double", "date", "time")
RECIPE = 3
SCATTERED = "hash(rowid, 77) % 1000 = 0"
ANY_ORDER = "hash(rowid, 99)"
STORAGE = "v1.5.0"
ROCKY_TOML = """\
[adapter]
type = "duckdb"
path = "data.duckdb"

[pipeline.main]
type = "transformation"
models = "models/**"

[pipeline.main.target]
adapter = "default"
"""


@dataclass(frozen=True)
class Size:
    """A base table: how many rows and columns."""

    name: str
    rows: int
    width: int

    def __str__(self) -> str:
        millions = self.rows / 1_000_000
        return f"{f'{millions:g} M' if millions >= 1 else f'{self.rows:,}'} x {self.width}"


SIZES = {
    size.name: size
    for size in (
        Size("n0", 20_000, 8),  # for the tests
        Size("n1", 1_000_000, 8),
        Size("w1", 1_000_000, 60),
        Size("n10", 10_000_000, 8),
        Size("w10", 10_000_000, 60),
        Size("n100", 100_000_000, 8),
    )
}


@dataclass(frozen=True)
class Truth:
    """What differs. Without a key a changed row may be said as one removed and one added row."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)

    def mistake_in(self, found: Mapping[str, Any]) -> str | None:
        """What is wrong with a tool's counts, None if nothing."""
        if found.get("coverage", "exhaustive") != "exhaustive":
            return f"**{found['coverage']}**: {found.get('how')}"
        counts = tuple(found[name] or 0 for name in ("added", "removed", "changed"))
        exact = counts == (self.added, self.removed, self.changed)
        added, removed, changed = counts
        if not exact and (added + changed, removed + changed) != (
            self.added + self.changed,
            self.removed + self.changed,
        ):
            return f"**wrong**: {added:,} added, {removed:,} removed, {changed:,} changed"
        by_column = found.get("columns")
        if exact and self.columns and by_column is not None and by_column != self.columns:
            return f"**wrong** by column: {dict(by_column)}"
        return None


@dataclass(frozen=True)
class Variant:
    """A head table: the base table that it is made of, how, and what is in it for a reader."""

    name: str
    base: str
    says: str


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("same", "base", "identical"),
        Variant("one", "base", "one row changed"),
        Variant("p01", "base", "0.1 % of rows changed, scattered"),
        Variant("col", "base", "one column changed on every row"),
        Variant("ends", "base", "0.1 % removed at the start, 0.1 % added at the end"),
        Variant("shuf", "base", "0.1 % changed, rows in another order"),
        Variant("shufsame", "base", "identical rows in another order"),
        Variant("bag_same", "bag", "no key: identical"),
        Variant("bag_p01", "bag", "no key: 0.1 % of rows changed"),
        Variant("bag_shuf", "bag", "no key: 0.1 % changed, rows in another order"),
        Variant("bag_shufsame", "bag", "no key: identical rows in another order"),
    )
}


def folder_of(size: Size, build: Path) -> Path:
    """Where a size is kept: a project that ``compare`` can be run in."""
    return build / size.name


def make(size: Size, variants: Iterable[str], build: Path) -> dict[str, Truth]:
    """What is true of each variant, after its tables were made where they did not exist; in a process of its own."""
    folder = folder_of(size, build)
    subprocess.run([sys.executable, __file__, str(folder), size.name, *variants], check=True)
    known = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
    return {name: Truth(**truth) for name, truth in known["truth"].items()}


def make_for_peers(size: Size, variant: str, build: Path) -> None:
    """A copy of two tables for tools that write to the file that they read, and as Parquet; new each time."""
    subprocess.run(
        [sys.executable, __file__, str(folder_of(size, build)), size.name, "--for-peers", variant], check=True
    )


def columns(width: int, *, seed: str) -> dict[str, str]:
    """Columns 1 to ``width - 1`` as SQL over the row's number: one of each kind after the other, some with NULLs."""
    found = {}
    for number in range(1, width):
        kind = KINDS[(number - 1) % len(KINDS)]
        drawn = f"hash({seed}, {number})"
        found[f"{kind}_{number}"] = {
            "int": f"CAST({drawn} % 1000000 AS INTEGER)",
            "low": f"CASE {drawn} % 5 WHEN 0 THEN 'new' WHEN 1 THEN 'paid' WHEN 2 THEN 'sent' WHEN 3 THEN 'back' END",
            "high": f"'ORD-' || CAST({drawn} % 10000000000 AS VARCHAR)",
            "decimal": f"CAST(CAST({drawn} % 100000000 AS DECIMAL(18, 2)) / 100 AS DECIMAL(18, 2))",
            "double": f"CASE WHEN {drawn} % 50 > 0 THEN CAST({drawn} % 1000003 AS DOUBLE) / 997 END",
            "date": f"DATE '2020-01-01' + CAST({drawn} % 2000 AS INTEGER)",
            "time": f"TIMESTAMP '2020-01-01' + to_seconds(CAST({drawn} % 100000000 AS BIGINT))",
        }[kind]
    return found


def generated(size: Size, name: str, *, first: int, last: int) -> str:
    """SQL: the rows ``first`` to ``last`` (exclusive) of a base table.

    ``bag`` has no unique set of columns: every hundredth row occurs twice.
    """
    keyed = name == "base"
    seed = "i" if keyed else "(i - CAST(i % 100 = 1 AS BIGINT))"
    key = {"id": "i"} if keyed else {"part": f"CAST({seed} % 1000 AS SMALLINT)"}
    selected = ", ".join(f"{sql} AS {column}" for column, sql in {**key, **columns(size.width, seed=seed)}.items())
    return f"SELECT {selected} FROM range({first}, {last}) AS numbers(i)"


def changed_rows(base: str, condition: str, *, order: str = "rowid") -> str:
    """SQL: the base table with two columns changed where a condition holds, to values that no row of base has."""
    changes = {"int_1": "-int_1 - 1", "decimal_4": "CAST(decimal_4 + 1000000000 AS DECIMAL(18, 2))"}
    replaced = ", ".join(f"CASE WHEN {condition} THEN {sql} ELSE {name} END AS {name}" for name, sql in changes.items())
    return f"SELECT * REPLACE ({replaced}) FROM {base}" + ("" if order == "rowid" else f" ORDER BY {order}")


def statement(size: Size, name: str) -> str:
    """SQL: the rows of any table by its name."""
    if name in ("base", "bag"):
        return generated(size, name, first=0, last=size.rows)
    base = VARIANTS[name].base
    ends = max(1, size.rows // 1000)
    match name.removeprefix("bag_"):
        case "same":
            return f"FROM {base}"
        case "one":
            return changed_rows(base, f"rowid = {size.rows // 2}")
        case "p01":
            return changed_rows(base, SCATTERED)
        case "col":
            return f"SELECT * REPLACE (CAST(decimal_4 + 0.01 AS DECIMAL(18, 2)) AS decimal_4) FROM {base}"
        case "ends":
            new = generated(size, "base", first=size.rows, last=size.rows + ends)
            return f"SELECT * FROM {base} WHERE rowid >= {ends} UNION ALL ({new})"
        case "shuf":
            return changed_rows(base, SCATTERED, order=ANY_ORDER)
        case "shufsame":
            return f"SELECT * FROM {base} ORDER BY {ANY_ORDER}"
        case unknown:
            raise ValueError(f"there is no table {unknown}")


def truth(size: Size, name: str, *, scattered: int) -> Truth:
    """What a comparison of a variant with its base must find; ``scattered`` is how many rows ``SCATTERED`` chooses."""
    keyless = VARIANTS[name].base == "bag"
    match name.removeprefix("bag_"):
        case "same" | "shufsame":
            return Truth()
        case "one":
            return Truth(changed=1, columns={"int_1": 1, "decimal_4": 1})
        case "p01" | "shuf" if keyless:
            return Truth(added=scattered, removed=scattered)
        case "p01" | "shuf":
            return Truth(changed=scattered, columns={"int_1": scattered, "decimal_4": scattered})
        case "col":
            return Truth(changed=size.rows, columns={"decimal_4": size.rows})
        case "ends":
            ends = max(1, size.rows // 1000)
            return Truth(added=ends, removed=ends)
        case unknown:
            raise ValueError(f"there is no table {unknown}")


def main() -> None:
    folder, size = Path(sys.argv[1]), SIZES[sys.argv[2]]
    if sys.argv[3:4] == ["--for-peers"]:
        copy_for_peers(folder, ["base", sys.argv[4]], duckdb.connect())
        return
    recipe = {"recipe": RECIPE, "engine": duckdb.__version__}
    notes, file = folder / "tables.json", folder / "data.duckdb"
    known = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else {}
    if {name: known.get(name) for name in recipe} != recipe:
        file.unlink(missing_ok=True)
        known = {**recipe, "truth": {}}
    as_project(folder)
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{file}' AS data (STORAGE_VERSION '{STORAGE}'); USE data")
    there = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    wanted = dict.fromkeys(name for variant in sys.argv[3:] for name in (VARIANTS[variant].base, variant))
    for name in wanted:
        if name not in there:
            print(f"  making {size.name}.{name} ({size})", file=sys.stderr, flush=True)
            connection.execute(f"CREATE TABLE {name} AS {statement(size, name)}")
    counted = connection.execute(
        f"SELECT count(*) FROM (SELECT i AS rowid FROM range({size.rows}) AS t(i)) WHERE {SCATTERED}"
    ).fetchall()
    for name in sys.argv[3:]:
        known["truth"][name] = asdict(truth(size, name, scattered=counted[0][0]))
    connection.close()
    notes.write_text(json.dumps(known), encoding="utf-8")


def copy_for_peers(folder: Path, names: Iterable[str], connection: duckdb.DuckDBPyConnection) -> None:
    file = folder / "peers.duckdb"
    for old in folder.glob("peers.duckdb*"):
        old.unlink()
    connection.execute(f"ATTACH '{folder / 'data.duckdb'}' AS data (READ_ONLY)")
    connection.execute(f"ATTACH '{file}' AS peers (STORAGE_VERSION '{STORAGE}')")
    for name in names:
        connection.execute(f"CREATE TABLE peers.{name} AS FROM data.{name}")
        connection.execute(f"COPY data.{name} TO '{folder / name}.parquet'")
    connection.close()


def as_project(folder: Path) -> None:
    """A folder that ``rocky-preview compare`` can be run in: a repository with a project file."""
    (folder / "models").mkdir(parents=True, exist_ok=True)
    (folder / "rocky.toml").write_text(ROCKY_TOML, encoding="utf-8")
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
        author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        subprocess.run(["git", "-C", str(folder), *author, "commit", "--quiet", "--allow-empty", "-m", "a"], check=True)


if __name__ == "__main__":
    main()
