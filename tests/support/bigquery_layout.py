"""How CREATE TABLE lays a table out: partitions and clusters, read off its properties into the REST API's form."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from tests.support.bigquery_refusal import Refused

_UNITS = ("HOUR", "DAY", "MONTH", "YEAR")


def partitioning(create: exp.Create) -> dict[str, Any]:
    """``{"timePartitioning": …}``, ``{"rangePartitioning": …}`` or nothing."""
    found = create.find(exp.PartitionedByProperty)
    if found is None:
        return {}
    by = found.this
    if isinstance(by, exp.RangeBucket):
        numbers = by.expression
        bounds = {"start": numbers.args["start"].sql(), "end": numbers.args["end"].sql()}
        interval = numbers.args["step"].sql()
        return {"rangePartitioning": {"field": by.this.name, "range": {**bounds, "interval": interval}}}
    if isinstance(by, (exp.Identifier, exp.Column)):
        field = {} if by.name.upper() == "_PARTITIONDATE" else {"field": by.name}
        return {"timePartitioning": {"type": "DAY", **field}}
    column = by.find(exp.Column)
    unit = by.args.get("unit")
    kind = "DAY" if unit is None else unit.name.upper()
    if column is None or kind not in _UNITS:
        raise Refused("PARTITION BY expression must be DATE(<timestamp_column>) or a truncation of a column")
    return {"timePartitioning": {"type": kind, "field": column.name}}


def clustering(create: exp.Create) -> tuple[str, ...]:
    """The columns of CLUSTER BY."""
    found = create.find(exp.ClusterProperty)
    return () if found is None else tuple(column.name for column in found.expressions)
