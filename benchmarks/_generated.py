"""Generated projects of any size, for benchmarks and tests: a layered DAG of realistic models in a git repository.

One model in ten is written in the `.rocky` language, the others in 20 to 200 lines of SQL. Models belong to areas of a
company; most of what a model reads is of its own area, so a change reaches some tens of models and not all of them.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

AREA = 60
LAYERS = (("stg", 18), ("int", 20), ("fct", 14), ("rpt", 8))
WORDS = ("order", "customer", "payment", "invoice", "session", "product", "refund", "shipment", "account", "campaign")
COLUMNS = tuple(
    f"{word}_{what}" for word in WORDS for what in ("id", "amount", "status", "created_at", "region", "count")
)
ROCKY_TOML = """\
[adapter]
type = "duckdb"
path = "shop.duckdb"

[pipeline.main]
type = "transformation"
models = "models/**"

[pipeline.main.target]
adapter = "default"
"""
DEFAULTS = '[target]\ncatalog = "shop"\nschema = "main"\n\n[strategy]\ntype = "{strategy}"\n'


@dataclass(frozen=True)
class Generated:
    """A project's files, and what each model reads by construction."""

    files: Mapping[str, str]
    reads: Mapping[str, tuple[str, ...]]

    @cached_property
    def readers(self) -> Mapping[str, tuple[str, ...]]:
        """Who reads each model."""
        found: dict[str, list[str]] = {name: [] for name in self.reads}
        for reader, upstreams in self.reads.items():
            for upstream in upstreams:
                found[upstream].append(reader)
        return {name: tuple(readers) for name, readers in found.items()}

    def downstream(self, model: str) -> frozenset[str]:
        """A model and all that reads it, directly or not."""
        reached, open_ends = {model}, [model]
        while open_ends:
            new = {*self.readers[open_ends.pop()]} - reached
            reached |= new
            open_ends += new
        return frozenset(reached)

    def model_with_downstream(self, count: int) -> str:
        """The SQL model whose change reaches about so many models besides itself; the first by name of the nearest."""
        models = sorted(name for name in self.reads if f"models/{name}.sql" in self.files)
        return min(models, key=lambda name: abs(len(self.downstream(name)) - 1 - count))

    def edited(self, model: str) -> dict[str, str]:
        """The files with one more condition in a model's query."""
        path = f"models/{model}.sql"
        return {**self.files, path: self.files[path].replace("WHERE ", "WHERE 1 < 2 AND ", 1)}

    def with_strategy(self, strategy: str) -> dict[str, str]:
        """The files with another default strategy for all models."""
        return {**self.files, "models/_defaults.toml": DEFAULTS.format(strategy=strategy)}


def generate(count: int, *, seed: int = 7) -> Generated:
    """A project of ``count`` models, the same for the same seed."""
    rng = random.Random(seed)
    files = {"rocky.toml": ROCKY_TOML, "models/_defaults.toml": DEFAULTS.format(strategy="full_refresh")}
    reads: dict[str, tuple[str, ...]] = {}
    everything: list[str] = []
    for area in range(-(-count // AREA)):
        above: list[str] = []
        for layer, size in LAYERS:
            names = [f"{layer}_{WORDS[(area + at) % len(WORDS)]}_{area}_{at}" for at in range(size)]
            names = names[: count - len(reads)]
            for name in names:
                reads[name] = () if layer == "stg" else _upstreams(rng, above, everything)
                files |= _model_files(rng, name, reads[name], number=len(reads))
            above = [*above[-20:], *names]
        everything += above[-4:]
    return Generated(files, reads)


def commit(folder: Path, sides: Sequence[Mapping[str, str]]) -> None:
    """A new repository with one commit a side on ``main`` and then ``pr``, checked out; by fast-import."""
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "fast-import", "--quiet", given=b"".join(_stream(sides)))
    _git(folder, "checkout", "--quiet", "pr")


def _stream(sides: Sequence[Mapping[str, str]]) -> Iterator[bytes]:
    before: Mapping[str, str] = {}
    for number, files in enumerate(sides):
        branch = "main" if number == 0 else "pr"
        yield f"commit refs/heads/{branch}\ncommitter Ada <ada@example.com> {1_780_000_000 + number} +0000\n".encode()
        yield b"data 4\nside\n"
        if number:
            yield b"from refs/heads/main\n"
        for path in before.keys() - files.keys():
            yield f"D {path}\n".encode()
        for path, text in files.items():
            if before.get(path) != text:
                content = text.encode()
                yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)
        before = files


def _git(folder: Path, *arguments: str, given: bytes | None = None) -> None:
    subprocess.run(["git", *arguments], cwd=folder, input=given, check=True, capture_output=True)


def _upstreams(rng: random.Random, above: Sequence[str], everything: Sequence[str]) -> tuple[str, ...]:
    found = {rng.choice(above) for _ in range(rng.choice((1, 2, 2, 3, 3)))}
    if everything and rng.random() < 0.02:
        found.add(rng.choice(everything))
    return tuple(sorted(found))


def _model_files(rng: random.Random, name: str, upstreams: Sequence[str], *, number: int) -> dict[str, str]:
    sidecar = f'name = "{name}"\n\n[intent]\n'.replace("\n[intent]\n", "")
    sidecar += f'intent = "What is known about {name.replace("_", " ")}."\ntags = {{ layer = "{name[:3]}" }}\n'
    if rng.random() < 0.3:
        sidecar += f'\n[[tests]]\ntype = "not_null"\ncolumn = "{rng.choice(COLUMNS)}"\n'
    if number % 10 == 0:
        return {f"models/{name}.rocky": _rocky(rng, upstreams), f"models/{name}.toml": sidecar}
    sql = _sql(rng, upstreams)
    if number % 5 == 1:
        return {f"models/{name}.sql": f"---toml\n{sidecar}---\n\n{sql}"}
    return {f"models/{name}.sql": sql, f"models/{name}.toml": sidecar}


def _rocky(rng: random.Random, upstreams: Sequence[str]) -> str:
    first, *others = upstreams or ("raw_events",)
    key, region, amount = COLUMNS[0], rng.choice(COLUMNS), rng.choice(COLUMNS)
    lines = [f"-- One row for each {region.replace('_', ' ')}.", f"from {first}"]
    lines += [f"left join {other} as j{at} on {key} {{ keep j{at}.{amount} }}" for at, other in enumerate(others)]
    lines += [f"where {rng.choice(COLUMNS)} > {rng.randrange(100)}" for _ in range(rng.randrange(1, 4))]
    lines.append(f"derive {{\n    net: {amount} * 2 - {rng.choice(COLUMNS)},\n    share: {amount} / 100\n}}")
    lines.append(f"group {region} {{\n    total: sum(net),\n    top: max(share),\n    rows_seen: count({key})\n}}")
    return "\n".join([*lines, "sort total desc", "take 1000", ""])


def _sql(rng: random.Random, upstreams: Sequence[str]) -> str:
    sources = [*upstreams] or [f"raw.{rng.choice(WORDS)}s"]
    width = rng.choice((4, 8, 8, 14, 20, 36))
    parts = []
    for at, source in enumerate(sources):
        chosen = rng.sample(COLUMNS, width)
        columns = ",\n".join(f"        {_expression(rng, column)} AS {column}" for column in chosen)
        parts.append(
            f"part_{at} AS (\n    -- {source}: one row a {rng.choice(WORDS)}\n    SELECT\n"
            f"        s.{COLUMNS[0]} AS key_{at},\n{columns}\n    FROM {source} AS s\n"
            f"    WHERE s.{rng.choice(COLUMNS)} IS NOT NULL\n"
            f"      AND s.{rng.choice(COLUMNS)} > {rng.randrange(1000)}\n)"
        )
    joins = "\n".join(f"LEFT JOIN part_{at}\n    ON part_0.key_0 = part_{at}.key_{at}" for at in range(1, len(sources)))
    own = ",\n".join(
        f"    sum(CASE WHEN part_0.key_0 > {rng.randrange(100)} THEN 1 ELSE 0 END) AS {column}_total"
        for column in rng.sample(COLUMNS, width // 2)
    )
    ends = "GROUP BY part_0.key_0\nHAVING count(*) > 0\nORDER BY part_0.key_0\n"
    return f"WITH {', '.join(parts)}\n\nSELECT\n    part_0.key_0,\n{own}\nFROM part_0\n{joins}\n{ends}"


def _expression(rng: random.Random, column: str) -> str:
    return rng.choice(
        (
            f"s.{column}",
            f"s.{column}",
            f"coalesce(s.{column}, 0)",
            f"CAST(s.{column} AS VARCHAR)",
            f"CASE\n            WHEN s.{column} IN ('a', 'b') THEN 'x'\n            ELSE s.{column}\n        END",
            f"date_trunc('day', s.{column})",
            f"row_number() OVER (PARTITION BY s.{column} ORDER BY s.{COLUMNS[0]} DESC)",
        )
    )
