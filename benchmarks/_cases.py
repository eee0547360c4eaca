"""What is compared, which figures it is held to, and whether it meets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from _measure import Sample, middle
from _tables import SIZES, VARIANTS, Size, Truth

HEADER = ("case", "floor s", "counts s", "x floor", "x CPU", "peak MB (floor)", "+ examples, profile", "rows", "bar")
BUSY = 1.2
"""How far apart the floor's rounds may be before times say more about the machine than about what is measured."""
PARTS = {"floor": "the floor", "bare": "counts only", "full": "with examples and profile"}
BY_WAY = {way: f", by {way}" for way in ("positions", "checksums", "groups", "bisection", "window")}
ALIGNED, SHUFFLED = ("one", "p01", "col", "ends"), ("shuf", "shufsame")


@dataclass(frozen=True)
class Bar:
    """The most that is meant to be taken, as ratios to the floor in the same rounds; None where nothing is promised.

    ``megabytes`` is no ratio; ``unlimited`` is of the CPU of the same case without a memory limit.
    """

    wall: float | None = None
    processor: float | None = None
    memory: float | None = None
    extras: float | None = None
    megabytes: float | None = None
    unlimited: float | None = None


@dataclass(frozen=True)
class Case:
    """A variant of a size, compared with its base; ``limit`` is DuckDB's memory limit, None for its default."""

    size: Size
    variant: str
    limit: str | None = None

    @property
    def name(self) -> str:
        """How ``--only`` calls it."""
        return f"{self.size.name}/{self.variant}" + (f"/{self.limit}" if self.limit else "")

    @property
    def says(self) -> str:
        """What it is, for a reader."""
        return f"{self.size}, {VARIANTS[self.variant].says}" + (f", {self.limit} of memory" if self.limit else "")

    @property
    def key(self) -> tuple[str, ...]:
        return ("id",) if VARIANTS[self.variant].base == "base" else ()

    @property
    def bar(self) -> Bar:
        """Judged from ten million rows on; below that what every comparison does once weighs too much."""
        if self.size.name == "n100":
            return Bar(megabytes=8_000)
        if self.size.rows < SIZES["n10"].rows:
            return Bar()
        if self.limit:
            return Bar(processor=1.5, unlimited=1.1)
        if self.size.width > 8:
            return Bar(wall=1.3, extras=0.5) if self.variant == "same" else Bar(processor=1.5, extras=0.5)
        if not self.key:
            return Bar(wall=4.0 if "shuf" in self.variant else 1.3, extras=0.5)
        if self.variant in SHUFFLED:
            return Bar(wall=2.5, extras=0.5)
        return Bar(wall=1.2 if self.variant in ALIGNED else 1.1, memory=1.1, extras=0.5)


def every_case() -> tuple[Case, ...]:
    """All of them; those of one size together, because they share a base table in the file cache."""
    keyed = ("same", *ALIGNED, *SHUFFLED)
    keyless = tuple(name for name, variant in VARIANTS.items() if variant.base == "bag")
    chosen: Mapping[str, Sequence[str]] = {
        "n0": keyed + keyless,
        "n1": keyed + keyless,
        "w1": ("same", "p01", "col", "shuf"),
        "n10": keyed + keyless,
        "w10": ("same", "p01", "col", "shuf"),
    }
    usual = [Case(SIZES[size], variant) for size, variants in chosen.items() for variant in variants]
    limited = [Case(SIZES["w10"], "p01", "1GB"), *(Case(SIZES["n100"], name, "8GB") for name in ("p01", "shuf"))]
    return (*usual, *limited)


@dataclass(frozen=True)
class Measured:
    """The samples of a case: the floor, counts only, and with examples and profile; or why there are none."""

    case: Case
    truth: Truth
    taken: Mapping[str, Sequence[Sample]]
    failed: Mapping[str, str]

    @property
    def counts_only(self) -> float:
        """Seconds on cores."""
        return middle(self.taken["bare"], "processor")

    @property
    def mistakes(self) -> list[str]:
        """What was found and is not so, each once."""
        found = [sample.found for work in ("bare", "full") for sample in self.taken[work]]
        return [*dict.fromkeys(mistake for one in found if (mistake := self.truth.mistake_in(one)))]

    def row(self, unlimited: float | None) -> tuple[str, ...]:
        """The row of the table; ``unlimited`` as in ``judged``."""
        if self.failed:
            why = "; ".join(f"{PARTS[work]}: {reason}" for work, reason in self.failed.items())
            return (
                self.case.says,
                *("" for _ in HEADER[1:-2]),
                why,
                "none" if self.case.bar == Bar() else "**missed**",
            )
        floor, bare = self.taken["floor"], self.taken["bare"]
        best, worst = (pick(sample.seconds for sample in floor) for pick in (min, max))
        return (
            self.case.says,
            f"{middle(floor, 'seconds'):.3f} ({best:.3f} to {worst:.3f}{', busy' if worst > BUSY * best else ''})",
            f"{middle(bare, 'seconds'):.3f}",
            f"{ratio(bare, floor, 'seconds'):.2f}",
            f"{ratio(bare, floor, 'processor'):.2f}",
            f"{middle(bare, 'megabytes'):,.0f} ({middle(floor, 'megabytes'):,.0f})",
            f"{extras(self.taken):+.2f}",
            "; ".join(self.mistakes) or f"right{BY_WAY.get(bare[0].found['how'], '')}",
            "; ".join(judged(self, unlimited)) or "none",
        )


def ratio(samples: Sequence[Sample], floor: Sequence[Sample], of: str) -> float:
    """Median to median."""
    return middle(samples, of) / middle(floor, of)


def extras(taken: Mapping[str, Sequence[Sample]]) -> float:
    """What example rows and the profile take, in floors."""
    return ratio(taken["full"], taken["floor"], "seconds") - ratio(taken["bare"], taken["floor"], "seconds")


def judged(measured: Measured, unlimited: float | None) -> list[str]:
    """Each figure that is promised, and whether it was met; ``unlimited`` is CPU seconds without a memory limit."""
    bar, taken = measured.case.bar, measured.taken
    floor, bare, full = taken["floor"], taken["bare"], taken["full"]
    figures = (
        ("time", bar.wall, ratio(bare, floor, "seconds")),
        ("CPU", bar.processor, ratio(bare, floor, "processor")),
        ("CPU to unlimited", bar.unlimited, None if unlimited is None else measured.counts_only / unlimited),
        ("memory", bar.memory, ratio(bare, floor, "megabytes")),
        ("MB", bar.megabytes, middle(full, "megabytes")),
        ("extras", bar.extras, extras(taken)),
    )
    return [verdict(name, most, got) for name, most, got in figures if most is not None]


def verdict(name: str, most: float, got: float | None) -> str:
    """One promised figure: met, missed by how much, or not measured."""
    said = f"{name} ≤ {most:,g}"
    if got is None:
        return f"{said} not measured"
    return f"{said} met" if got <= most else f"{said} **missed** ({got:,.2f})"


def at_least(name: str, least: float, got: float | None) -> str:
    """How many times faster, met or missed."""
    if got is None:
        return f"{name} ≥ {least:g} not measured"
    return f"{name} ≥ {least:g} met" if got >= least else f"{name} ≥ {least:g} **missed** ({got:.1f})"
