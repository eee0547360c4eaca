"""What a comparison of two tables costs, against a floor and against other tools, and whether it found the truth.

The floor is a process that reads and hashes every value of both tables once: what nothing that looks at all values can
do without. Ours is the comparison that the pipeline makes of one model, in a process of its own: counts only, and with
example rows and profile. Both leave out imports and the opening of the file, both have two threads and a warm file
cache, and they take turns. The other tools are measured as whole processes, and so are we for that table.

    python benchmarks/diff.py                          1 million rows, two minutes
    python benchmarks/diff.py --full --peers --write   what docs/benchmarks.md shows
    python benchmarks/diff.py --only n10/p01,shuf --rounds 5

Tables and tools are made once, in build/bench (--full: some 20 GB of disk; --huge, 100 million rows: 10 GB more).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from _cases import HEADER, Case, Measured, at_least, every_case, ratio
from _measure import BUILD, FailedError, Sample, in_turns, machine, middle, pin, run_ours, table
from _page import write_section
from _peers import PEERS, Peer, install, run_peer
from _tables import SIZES, Truth, folder_of, make, make_for_peers

ONCE = Path(__file__).with_name("_once.py")
PEER_HEADER = (
    "tool",
    "whole process s",
    "x ours",
    "CPU s",
    "x ours",
    "without start s",
    "x ours",
    "peak MB",
    "rows",
    "bar",
)
USUAL, FULL, HUGE = ("n1", "w1"), ("n1", "w1", "n10", "w10"), ("n100",)
PEER_VARIANT = "p01"
OURS, OURS_PARQUET, OURS_INSIDE = "rocky-preview", "rocky-preview, from Parquet", "inside"


def main() -> None:
    options = parsed(sys.argv[1:])
    chosen = selected(options)
    pin()
    about = machine()
    truths = {
        size: make(SIZES[size], [case.variant for case in chosen if case.size.name == size], BUILD)
        for size in dict.fromkeys(case.size.name for case in chosen)
    }
    right = True
    if not options.no_floor:
        measured = [measured_case(case, truths[case.size.name][case.variant], options.rounds) for case in chosen]
        right = not any(one.failed or one.mistakes for one in measured)
        show("floor", [about, table(HEADER, rows_of(measured))], write=options.write)
    if options.peers:
        compared = [case for case in chosen if case.variant == PEER_VARIANT and not case.limit]
        tables = []
        for case in compared:
            rows, ours_right = peer_rows(case, truths[case.size.name][case.variant], options=options)
            tables += [f"{case.says}:", table(PEER_HEADER, rows)]
            right = right and ours_right
        show("peers", [about, *tables], write=options.write)
    sys.exit(0 if right else 1)


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured; medians are shown")
    parser.add_argument("--sizes", default=",".join(USUAL), help=f"of {', '.join(SIZES)}; default: %(default)s")
    parser.add_argument("--full", action="store_true", help=f"the sizes {', '.join(FULL)}")
    parser.add_argument("--huge", action="store_true", help="100 million rows too")
    parser.add_argument("--only", default="", help="cases such as n10/p01, or variants of the sizes such as p01,shuf")
    parser.add_argument("--peers", nargs="?", const="all", help="other tools too: all of them, or those named")
    parser.add_argument("--no-floor", action="store_true", help="the other tools only")
    parser.add_argument("--limit", type=float, default=600, help="seconds after which another tool is given up")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/benchmarks.md")
    return parser.parse_args(arguments)


def selected(options: argparse.Namespace) -> list[Case]:
    """The cases asked for, in their order. Exits for a name that there is not."""
    sizes = (*(FULL if options.full else options.sizes.split(",")), *(HUGE if options.huge else ()))
    cases = every_case()
    only = [name for name in options.only.split(",") if name]
    unknown = {*only} - {name for case in cases for name in (case.name, case.variant)} | {*sizes} - {*SIZES}
    if unknown:
        sys.exit(f"no case, variant or size: {', '.join(sorted(unknown))}; cases: {', '.join(c.name for c in cases)}")
    of_sizes = [case for case in cases if case.size.name in sizes]
    return [case for case in cases if case.name in only or (case in of_sizes and (not only or case.variant in only))]


def measured_case(case: Case, truth: Truth, rounds: int) -> Measured:
    """The floor and both of ours in turns, after one floor that fills the file cache."""
    print(f"  {case.name}", end=" ", file=sys.stderr, flush=True)
    works = {
        "floor": partial(once, case, what="floor"),
        "bare": partial(once, case, what="ours", bare=True),
        "full": partial(once, case, what="ours"),
    }
    in_turns(1, {"floor": works["floor"]})
    taken, failed = in_turns(rounds, works)
    measured = Measured(case, truth, taken, failed)
    print(" ".join(measured.row(None)[2:5]), file=sys.stderr, flush=True)
    return measured


def once(case: Case, *, what: str, bare: bool = False) -> Sample:
    """One process of ours. Raises FailedError."""
    folder = folder_of(case.size, BUILD)
    asked = {
        "what": what,
        "file": str(folder / "data.duckdb"),
        "base": "base" if case.key else "bag",
        "head": case.variant,
        "key": case.key,
        "memory": case.limit,
        "bare": bare,
    }
    return run_ours([str(ONCE), json.dumps(asked)], folder=folder)


def rows_of(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    unlimited = {(one.case.size, one.case.variant): one for one in measured if not one.case.limit and not one.failed}
    rows = []
    for one in measured:
        free = unlimited.get((one.case.size, one.case.variant)) if one.case.limit else None
        rows.append(one.row(None if free is None else free.counts_only))
    return rows


def peer_rows(case: Case, truth: Truth, *, options: argparse.Namespace) -> tuple[list[tuple[str, ...]], bool]:
    """Ours and every tool as a row, and whether ours were right; a tool that does not work is a row that says why."""
    folder = folder_of(case.size, BUILD)
    make_for_peers(case.size, case.variant, BUILD)
    peers, failed = ready([peer for peer in PEERS if options.peers in ("all", peer.tool, peer.environment.name)], case)
    asked = {"file": str(folder / "peers.duckdb"), "base": "base", "head": case.variant, "key": "id", "rows": False}
    works = {
        OURS: partial(whole, case, "main.base", f"main.{case.variant}"),
        OURS_PARQUET: partial(whole, case, "base.parquet", f"{case.variant}.parquet"),
        OURS_INSIDE: partial(once, case, what="ours"),
        **{peer.says: partial(run_peer, peer, asked, folder=folder, limit=options.limit) for peer in peers},
    }
    in_turns(1, {name: works[name] for name in (OURS, OURS_PARQUET)})
    taken, broken = in_turns(options.rounds, works)
    rows = [own_row(name, taken, truth, broken) for name in (OURS, OURS_PARQUET)]
    for peer in PEERS:
        why = failed.get(peer.says) or broken.get(peer.says)
        if why:
            rows.append((peer.says, *("" for _ in PEER_HEADER[1:-2]), why, ""))
        elif peer in peers:
            rows.append(peer_row(peer, case, taken, truth))
    right = not any(truth.mistake_in(one.found) for name in (OURS, OURS_PARQUET) for one in taken[name])
    return rows, right and not {OURS, OURS_PARQUET, OURS_INSIDE} & broken.keys()


def ready(peers: Sequence[Peer], case: Case) -> tuple[list[Peer], dict[str, str]]:
    """Those that can be run at this size, and why the others cannot."""
    found, failed = [], {}
    for peer in peers:
        if case.size.name not in peer.sizes:
            failed[peer.says] = "not run at this size: it takes minutes"
            continue
        try:
            install(peer.environment)
            found.append(peer)
        except FailedError as error:
            failed[peer.says] = str(error)
    return found, failed


def whole(case: Case, base: str, head: str) -> Sample:
    """``rocky-preview compare`` from start to end. Raises FailedError."""
    command = ["-m", "rocky_action", "compare", base, head, "--key", "id", "--quiet", "--output", "json"]
    sample = run_ours(command, folder=folder_of(case.size, BUILD), codes=(0, 1))
    counts = {name: sample.found[f"rows_{name}"] for name in ("added", "removed", "changed")}
    return replace(sample, found={**counts, "coverage": sample.found["coverage"]["kind"]})


def own_row(
    name: str, taken: Mapping[str, Sequence[Sample]], truth: Truth, broken: Mapping[str, str]
) -> tuple[str, ...]:
    if name in broken:
        return (f"**{name}**", *("" for _ in PEER_HEADER[1:-2]), broken[name], "")
    samples, inside = taken[name], taken[OURS_INSIDE] if name == OURS else ()
    return (
        f"**{name}**",
        f"{middle(samples, 'whole'):.2f}",
        "1",
        f"{middle(samples, 'processor'):.1f}",
        "1",
        f"{middle(inside, 'seconds'):.2f}" if inside else "",
        "1" if inside else "",
        f"{middle(samples, 'megabytes'):,.0f}",
        truth.mistake_in(samples[0].found) or "right",
        "",
    )


def peer_row(peer: Peer, case: Case, taken: Mapping[str, Sequence[Sample]], truth: Truth) -> tuple[str, ...]:
    """Times ours: whole process to whole process, and the work alone to the work alone, on the same kind of file."""
    samples, ours = taken[peer.says], taken[OURS_PARQUET if peer.parquet else OURS]
    times = ratio(samples, ours, "whole")
    inside = None if peer.parquet else ratio(samples, taken[OURS_INSIDE], "seconds")
    least = peer.faster.get(case.size.name)
    got = inside if peer.inside else times
    bar = "none" if least is None else at_least("without start" if peer.inside else "whole", least, got)
    return (
        peer.says,
        f"{middle(samples, 'whole'):.2f}",
        f"{times:.1f}",
        f"{middle(samples, 'processor'):.1f}",
        f"{ratio(samples, ours, 'processor'):.1f}",
        f"{middle(samples, 'seconds'):.2f}",
        "" if inside is None else f"{inside:.1f}",
        f"{middle(samples, 'megabytes'):,.0f}",
        truth.mistake_in(samples[0].found) or "right",
        bar,
    )


def show(section: str, paragraphs: Sequence[str], *, write: bool) -> None:
    text = "\n\n".join(paragraphs)
    print(text, flush=True)
    if write:
        write_section(section, text)


if __name__ == "__main__":
    main()
