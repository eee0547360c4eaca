"""Apache Spark with Delta Lake in this process, as a SQL warehouse would run single statements. Needs pyspark."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.errors import PySparkException  # type: ignore[import-not-found]
from pyspark.sql import DataFrame, SparkSession  # type: ignore[import-not-found]

NAMES = {
    "TINYINT": "BYTE",
    "SMALLINT": "SHORT",
    "BIGINT": "LONG",
    "VOID": "NULL",
}
"""SQL types whose name in a manifest is another."""
MOMENT = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
_NOT_ONE_PART = re.compile(r"\[REQUIRES_SINGLE_PART_NAMESPACE\].*identifier `([^`]+)`", re.DOTALL)


class RefusedError(Exception):
    """What Spark says, as Databricks would."""


@dataclass(frozen=True)
class Answer:
    """``columns`` as in a result manifest; values are text or None, as the API sends them."""

    columns: list[dict[str, Any]]
    rows: list[list[str | None]]


class Engine:
    """One Spark; each statement has a session of its own, as the API's statements do."""

    def __init__(self, jars: Path, folder: Path) -> None:
        settings = {
            "spark.jars": ",".join(sorted(str(jar) for jar in jars.glob("*.jar"))),
            "spark.driver.memory": "1g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
            # Tables are tiny here: what would be compiled for each query is dearer than what it would save.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.ui.enabled": "false",
            "spark.default.parallelism": "2",
            "spark.sql.shuffle.partitions": "2",
            "spark.databricks.delta.snapshotPartitions": "1",
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.sources.default": "delta",
            "spark.sql.warehouse.dir": str(folder / "tables"),
            "spark.local.dir": str(folder / "scratch"),
            "spark.log.level": "OFF",
        }
        builder = SparkSession.builder.master("local[2]").appName("rocky-preview-tests")
        for name, value in settings.items():
            builder = builder.config(name, value)
        self.spark = builder.getOrCreate()

    def run(self, name: str, sql: str) -> Answer:
        """Runs one statement; ``name`` is what ``cancel`` and ``bytes_read`` know it by. Raises RefusedError."""
        context = self.spark.sparkContext
        context.setJobGroup(name, sql[:80], interruptOnCancel=True)
        try:
            frame = self.spark.newSession().sql(sql)
            return Answer(_columns(frame), _rows(frame))
        except PySparkException as err:
            raise RefusedError(_said(str(err))) from err

    def cancel(self, name: str) -> None:
        self.spark.sparkContext.cancelJobGroup(name)

    def bytes_read(self, name: str) -> int:
        """What the stages of a statement's jobs have read from files, by Spark's own count."""
        tracker = self.spark.sparkContext.statusTracker()
        store = self.spark.sparkContext._jsc.sc().statusStore()
        stages = {
            stage
            for job in tracker.getJobIdsForGroup(name)
            if (info := tracker.getJobInfo(job)) is not None
            for stage in info.stageIds
        }
        total = 0
        for stage in stages:
            attempts = store.stageData(stage, False, None, False, None)
            total += sum(attempts.apply(place).inputBytes() for place in range(attempts.size()))
        return total


def _columns(frame: DataFrame) -> list[dict[str, Any]]:
    fields = frame._jdf.schema().fields()
    columns = []
    for position, field in enumerate(fields):
        text = str(field.dataType().sql())
        base = re.split(r"[(< ]", text)[0]
        column: dict[str, Any] = {
            "name": field.name(),
            "type_text": text,
            "type_name": NAMES.get(base, base),
            "position": position,
        }
        if base == "DECIMAL":
            column["type_precision"], column["type_scale"] = (int(part) for part in re.findall(r"\d+", text))
        columns.append(column)
    return columns


def _rows(frame: DataFrame) -> list[list[str | None]]:
    """Values as Spark itself writes them as text, times in ISO 8601, nested ones as JSON with its leaves as text."""
    kinds = [str(field.dataType().sql()) for field in frame._jdf.schema().fields()]
    names = [f"c{position}" for position in range(len(kinds))]
    chosen = [_as_text(name, kind) for name, kind in zip(names, kinds, strict=True)]
    if not chosen:
        return []
    found = frame.toDF(*names).selectExpr(*chosen).collect()
    return [[_leaves(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in found]


def _as_text(name: str, kind: str) -> str:
    if kind == "TIMESTAMP":
        return f"date_format({name}, \"{MOMENT}'Z'\")"
    if kind == "TIMESTAMP_NTZ":
        return f'date_format({name}, "{MOMENT}")'
    if kind == "BINARY":
        return f"base64({name})"
    if kind.startswith(("ARRAY", "MAP", "STRUCT")):
        return f"to_json({name}, map('ignoreNullFields', 'false'))"
    return f"CAST({name} AS STRING)"


def _leaves(value: str | None, kind: str) -> str | None:
    if value is None or not kind.startswith("ARRAY"):
        return value
    items = json.loads(value)
    return json.dumps([one if one is None or isinstance(one, str) else json.dumps(one) for one in items])


def _said(message: str) -> str:
    """Without the plan that Spark adds; a catalog that is not there in Databricks' words."""
    other = _NOT_ONE_PART.search(message)
    if other is not None:
        return (
            f"[NO_SUCH_CATALOG_EXCEPTION] Catalog '{other[1]}' was not found. Please verify the catalog name and then"
            " retry the query or command again. SQLSTATE: 42704"
        )
    return message.partition(";\n'")[0].strip()


def text_size(rows: Sequence[Sequence[str | None]]) -> int:
    """Bytes of a result, near enough for its limit."""
    return sum(len(value) for row in rows for value in row if value is not None)
