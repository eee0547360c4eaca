"""The nightly search: thousands of random cases, failures kept as files, tightness by kind of edit.

`python -m tests.support.random_projects --cases 5000 --first 0 --keep build/pruning`; exit code 1 if a promise broke.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.support.random_projects.search import Found, search_range

CHUNK = 100


def main() -> int:
    """Searches and reports."""
    parser = argparse.ArgumentParser(prog="random_projects", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--keep", type=Path, default=Path("build/pruning"), help="where failures are written")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    last = arguments.first + arguments.cases
    chunks = [(start, min(start + CHUNK, last)) for start in range(arguments.first, last, CHUNK)]
    total = Found()
    with ProcessPoolExecutor(arguments.processes, mp_context=get_context("spawn")) as pool:
        for done, found in enumerate(pool.map(search_range, chunks), 1):
            total.add(found)
            sys.stderr.write(f"{done} of {len(chunks)} hundreds, {len(total.failures)} failures\n")
    for failure in total.failures:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        (arguments.keep / f"seed_{failure.seed}.yml").write_text(failure.text, encoding="utf-8")
        sys.stdout.write(f"{failure}\n")
    sys.stdout.write("\n".join(_report(total)) + "\n")
    return 1 if total.failures or not total.cases else 0


def _report(found: Found) -> Iterator[str]:
    yield f"{found.cases} cases, {found.skipped} too large to be judged, {found.differing} with a difference,"
    yield f"{found.broken} in which head fails, {len(found.failures)} failures"
    yield ""
    yield f"{'one edit of kind':<36}{'cases':>7}{'models':>8}{'run':>7}{'in vain':>9}{'share':>7}"
    for kind, one in sorted(found.tightness.items()):
        share = f"{one.in_vain / one.ran:.0%}" if one.ran else "-"
        yield f"{kind:<36}{one.cases:>7}{one.models:>8}{one.ran:>7}{one.in_vain:>9}{share:>7}"


if __name__ == "__main__":
    sys.exit(main())
