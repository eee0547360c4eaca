"""Databricks to test on: the real adapter and SDK, a loopback workspace, and Apache Spark with Delta Lake behind it.

It takes Java 17, an environment with pyspark and Delta Lake's jars, which this makes (once, in ``build/spark``)::

    make warehouses
"""

from __future__ import annotations

import atexit
import itertools
import json
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rocky_action.domain.project import Adapter
from rocky_action.ports import WarehouseAdapter
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from rocky_action.warehouses.request import OpenRequest
from tests.support.ground import Ground, Missing

ROOT = Path(__file__).parents[2]
SPARK = ROOT / "build" / "spark"
SHM = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  tables in memory, where there is some
CATALOG = "spark_catalog"
_SCHEMAS = itertools.count(1)
WAREHOUSE = "0123456789abcdef"
TOKEN = "dapi-tests-only"


@dataclass(frozen=True)
class LocalWorkspace:
    """A running workspace's address, and what a test may say to it."""

    address: str

    def production(self, sql: str) -> None:
        """Runs one statement with all rights."""
        self.say("production", sql=sql)

    def say(self, what: str, **body: object) -> dict[str, Any]:
        """``options`` (chunk_rows, starts_at, token_seconds; the others fall back), ``requests``, ``statements`` …"""
        request = urllib.request.Request(  # noqa: S310  its own address
            f"{self.address}/_test/{what}", json.dumps(body).encode(), method="POST"
        )
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as err:
            raise AssertionError(f"{body}: {json.load(err)}") from err

    def settings(self) -> dict[str, str]:
        """An adapter's settings that open it with a token."""
        return {"host": self.address, "http_path": f"/sql/1.0/warehouses/{WAREHOUSE}", "token": TOKEN}


def opened(settings: dict[str, str], *, environ: dict[str, str] | None = None, **more: Any) -> WarehouseAdapter:
    """The adapter, opened as the product opens it."""
    adapter = Adapter("db", "databricks", settings)
    return open_warehouse(OpenRequest(adapter, ROOT, tuple, environ=environ or {}, **more)).warehouse


@cache
def workspace() -> LocalWorkspace:
    """The one workspace of this process; it ends with it. Raises Missing."""
    python, jars = SPARK / "bin" / "python", SPARK / "jars"
    if shutil.which("java") is None:
        raise Missing("Apache Spark needs Java 17, and there is no java")
    if not python.exists() or not list(jars.glob("delta-spark*.jar")):
        raise Missing("Apache Spark and Delta Lake are not in build/spark: make warehouses")
    script = ROOT / "tests" / "support" / "spark" / "workspace.py"
    folder = tempfile.mkdtemp(prefix="rocky-preview-spark-", dir=SHM)
    process = subprocess.Popen(
        [str(python), str(script), "--jars", str(jars), "--folder", folder],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    atexit.register(_end, process, folder)
    line = process.stdout.readline().strip() if process.stdout else ""
    if not line.startswith("http"):
        raise Missing("Apache Spark does not start here: run tests/support/spark/workspace.py to see why")
    return LocalWorkspace(line)


def _end(process: subprocess.Popen[str], folder: str) -> None:
    """The workspace ends when its input does, Spark with it."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def open_ground() -> Iterator[Ground]:
    """The workspace with an empty schema of production's. Raises Missing."""
    local, schema = workspace(), f"shop_{next(_SCHEMAS)}"
    local.production(f"CREATE SCHEMA {CATALOG}.{schema}")
    settings = local.settings()
    try:
        with closing(opened(settings)) as adapter:
            yield Ground("databricks", adapter, local.production, CATALOG, schema, settings)
    finally:
        local.production(f"DROP SCHEMA {CATALOG}.{schema} CASCADE")
