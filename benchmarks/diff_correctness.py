"""Whether a comparison finds what differs where tables are not tidy: duplicates, NULL in keys, NaN, rotated values.

Six pairs of tables of 40,000 rows whose difference is known. Ours is ``rocky-preview compare``; the other tools are run
as in diff.py, and asked for their stream of rows where they have one. A tool is right when the rows that it calls
added, removed or changed are those that differ; a changed row may be called one removed and one added row. What it says
instead of counts is shown as it says it.

    python benchmarks/diff_correctness.py                    ours
    python benchmarks/diff_correctness.py --peers --write    every tool, for docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import duckdb
from _measure import BUILD, FailedError, Sample, machine, run_ours, table
from _page import write_section
from _peers import PEERS, Peer, run_peer
from _tables import STORAGE, Truth, as_project

FOLDER = BUILD / "correctness"
ROWS = 40_000
RIGHT = "right"
MOST_TEXT = 60
PLAIN = f"SELECT i AS id, i % 7 AS kind, 'v' || i AS value, CAST(i AS DOUBLE) AS amount FROM range({ROWS}) AS t(i)"
TOOLS = (
    "datadiffer-plain",
    "reladiff-join",
    "reladiff-hash",
    "data-diff-join",
    "data-diff-hash",
    "sqlmesh",
    "datacompy",
)


@dataclass(frozen=True)
class Untidy:
    """Two tables as SQL, and what differs between them."""

    name: str
    says: str
    base: str
    head: str
    truth: Truth


DUPLICATED = f"{PLAIN} UNION ALL (SELECT 7, 0, 'v7', 7.0)"
TWICE = f"SELECT * FROM ({PLAIN}) WHERE id <> 7 UNION ALL (SELECT 7, 0, unnest(['v', 'v']) || {{}}, 7.0)"
WITH_NULL = f"{PLAIN} UNION ALL (SELECT NULL, 0, 'nobody', 0.0)"
SOME_NULL = f"""
SELECT * REPLACE (CASE WHEN id % 1000 = {{}} AND id < 20000 THEN NULL ELSE value END AS value) FROM ({PLAIN})"""
SPECIAL = f"""
SELECT * REPLACE (CASE WHEN id % 400 = 0 THEN amount + {{}} WHEN id % 400 = 1 THEN CAST('NaN' AS DOUBLE)
                       WHEN id % 400 = 2 THEN {{}} ELSE amount END AS amount) FROM ({PLAIN})"""
CASES = (
    Untidy("lost", "one copy of a duplicated row lost", DUPLICATED, PLAIN, Truth(removed=1)),
    Untidy("alike", "two equal rows changed alike", TWICE.format("'7'"), TWICE.format("'8'"), Truth(changed=2)),
    Untidy("null", "a row with a NULL key lost", WITH_NULL, PLAIN, Truth(removed=1)),
    Untidy("values", "NULL in values, 40 changed", SOME_NULL.format(1), SOME_NULL.format(2), Truth(changed=40)),
    Untidy(
        "rotated",
        "values rotated between rows, all changed",
        PLAIN,
        f"SELECT id, kind, 'v' || ((id + 1) % {ROWS}) AS value, amount FROM ({PLAIN})",
        Truth(changed=ROWS),
    ),
    Untidy(
        "special",
        "NaN and NaN, 0.0 and -0.0, 100 changed by 1e-9",
        SPECIAL.format("0.0", "0.0"),
        SPECIAL.format("0.000000001", "CAST('-0.0' AS DOUBLE)"),
        Truth(changed=100),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peers", action="store_true", help="other tools too")
    parser.add_argument("--write", action="store_true", help="write the table to docs/benchmarks.md")
    options = parser.parse_args()
    about = machine()
    make_all()
    works: dict[str, Callable[[Untidy], Sample]] = {"**rocky-preview**": ours}
    if options.peers:
        works |= {peer.says: partial(theirs, peer) for peer in PEERS if peer.tool in TOOLS}
    cells = {name: [said(work, case) for case in CASES] for name, work in works.items()}
    text = table(("tool", *(case.says for case in CASES)), [(name, *row) for name, row in cells.items()])
    print(text)
    if options.write:
        write_section("correctness", f"{about}\n\n{text}")
    sys.exit(0 if all(cell == RIGHT for cell in cells["**rocky-preview**"]) else 1)


def make_all() -> None:
    """The tables, new each time, as one DuckDB file; for one tool as another, because it writes to what it reads."""
    as_project(FOLDER)
    for file in ("data.duckdb", "peers.duckdb"):
        for old in FOLDER.glob(f"{file}*"):
            old.unlink()
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{FOLDER / file}' AS made (STORAGE_VERSION '{STORAGE}'); USE made")
            for case in CASES:
                connection.execute(f"CREATE TABLE {case.name}_base AS {case.base}")
                connection.execute(f"CREATE TABLE {case.name}_head AS {case.head}")


def ours(case: Untidy) -> Sample:
    """``rocky-preview compare``. Raises FailedError."""
    command = ["-m", "rocky_action", "compare", f"main.{case.name}_base", f"main.{case.name}_head", "--key", "id"]
    sample = run_ours([*command, "--quiet", "--output", "json"], folder=FOLDER, codes=(0, 1))
    counts = {name: sample.found[f"rows_{name}"] for name in ("added", "removed", "changed")}
    return replace(sample, found={**counts, "coverage": sample.found["coverage"]["kind"]})


def theirs(peer: Peer, case: Untidy) -> Sample:
    """Another tool. Raises FailedError."""
    tables = {"base": f"{case.name}_base", "head": f"{case.name}_head"}
    asked = {"file": str(FOLDER / "peers.duckdb"), **tables, "key": "id", "rows": True}
    return run_peer(peer, asked, folder=FOLDER)


def said(work: Callable[[Untidy], Sample], case: Untidy) -> str:
    """One cell: right, what was found instead, or the tool's own words."""
    try:
        found = work(case).found
    except FailedError as error:
        kind, _, message = str(error).partition(": ")
        refuses = any(word in message.lower() for word in ("duplicate", "unique", "null"))
        return f"{'refuses' if refuses else 'fails'}: {shortened(message or kind)}"
    mistake = case.truth.mistake_in(found)
    warned = f", and warns: {found['warns']}" if "warns" in found else ""
    return f"{mistake or RIGHT}{warned}"


def shortened(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1].rstrip()}…"


if __name__ == "__main__":
    main()
