"""docs/benchmarks.md: text by hand, and between markers what the benchmarks have measured."""

from __future__ import annotations

from _measure import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


def write_section(name: str, text: str) -> None:
    """Replaces what stands between ``<!-- name -->`` and ``<!-- /name -->``."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{PAGE} has no place for {name}: it needs a line {begin} and a line {end}")
    PAGE.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {name} written")
