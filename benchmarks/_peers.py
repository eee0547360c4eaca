"""Other tools that compare tables, each installed into a virtual environment of its own under ``build/bench``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _measure import BUILD, FailedError, Sample, run

ONCE = Path(__file__).with_name("_peer_once.py")


@dataclass(frozen=True)
class Environment:
    """What pip installs together. No hashes: none of this is a dependency."""

    name: str
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Peer:
    """One way to run a tool. ``faster`` is how many times faster we mean to be, by the size where that is judged.

    ``inside`` is judged without the start of either process; ``sizes`` are those where it takes minutes at most.
    """

    tool: str
    says: str
    environment: Environment
    faster: Mapping[str, float]
    inside: bool = False
    sizes: tuple[str, ...] = ("n0", "n1", "w1", "n10")
    parquet: bool = False


DATADIFFER = Environment("datadiffer", ("datadiffer==0.1.0",))
RELADIFF = Environment("reladiff", ("reladiff[duckdb]==0.6.0",))
# Without the bound pip takes a dbt-core 2 whose source distribution downloads a binary while it is built.
DATA_DIFF = Environment("data-diff", ("collate-data-diff[duckdb]==0.11.18", "dbt-core<1.11"))
SQLMESH = Environment("sqlmesh", ("sqlmesh==0.236.4",))
DATACOMPY = Environment("datacompy", ("datacompy==1.1.0", "duckdb<2", "pyarrow"))
SMALL = ("n0", "n1")

PEERS = (
    Peer("datadiffer-plain", "datadiffer 0.1.0 `--no-attribution`", DATADIFFER, {"n10": 7}),
    Peer("datadiffer", "datadiffer 0.1.0", DATADIFFER, {}),
    Peer("reladiff-join", "reladiff 0.6.0, joindiff", RELADIFF, {"n10": 8}),
    Peer("data-diff-join", "data-diff (collate 0.11.18), joindiff", DATA_DIFF, {"n10": 8}),
    Peer("sqlmesh", "SQLMesh 0.236.4, table_diff", SQLMESH, {"n10": 13}),
    Peer("datacompy", "datacompy 1.1.0, Polars", DATACOMPY, {"n10": 20}),
    Peer("datacompy-parquet", "datacompy 1.1.0, Polars, from Parquet", DATACOMPY, {}, parquet=True),
    Peer("reladiff-hash", "reladiff 0.6.0, hashdiff", RELADIFF, {"n1": 100}, inside=True, sizes=SMALL),
    Peer("data-diff-hash", "data-diff (collate 0.11.18), hashdiff", DATA_DIFF, {}, inside=True, sizes=SMALL),
)


def install(environment: Environment) -> Path:
    """The Python of a virtual environment, made where it does not exist. Raises FailedError with pip's last words."""
    folder = BUILD / "venvs" / environment.name
    done, python = folder / "installed.json", folder / "bin" / "python"
    wanted = json.dumps([sys.version_info[:2], *environment.requirements])
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return python
    print(f"  installing {', '.join(environment.requirements)}", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *environment.requirements]
    result = subprocess.run(pip, check=False, capture_output=True, text=True)
    if result.returncode:
        said = [line for line in result.stderr.splitlines() if line.strip()]
        raise FailedError(f"cannot be installed: {said[-1][:160] if said else 'pip says nothing'}")
    done.write_text(wanted, encoding="utf-8")
    return python


def run_peer(peer: Peer, asked: Mapping[str, Any], *, folder: Path, limit: float = 600) -> Sample:
    """One run of a tool. Raises FailedError with what it said when it gave no result."""
    python = install(peer.environment)
    return run([str(python), str(ONCE), json.dumps({"tool": peer.tool, **asked})], folder=folder, limit=limit)
