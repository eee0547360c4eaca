"""One statement of BigQuery's, checked, carried out on DuckDB, and reckoned up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from tests.support.bigquery_binding import Binding
from tests.support.bigquery_grouping import refuse_groups
from tests.support.bigquery_layout import clustering, partitioning
from tests.support.bigquery_refusal import Refused, not_found
from tests.support.bigquery_shelf import Dataset, Path, Stored
from tests.support.bigquery_spelling import nameless
from tests.support.bigquery_types import declared_field, field_of, rows_of, width

_TYPES = {
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "NUMERIC": "DECIMAL(38, 9)",
    "BIGNUMERIC": "DECIMAL(38, 9)",
    "STRING": "VARCHAR",
    "BYTES": "BLOB",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a statement. ``affected`` counts rows for what changes rows only."""

    kind: str
    schema: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Mapping[str, Any]] | None = None
    affected: int | None = None
    processed: int = 0
    billed: int = 0
    made: Path | None = None
    tables: Sequence[Path] = ()


def kind_of(tree: exp.Expr) -> str:
    """BigQuery's statementType."""
    if isinstance(tree, exp.Query):
        return "SELECT"
    if isinstance(tree, exp.Create):
        what = str(tree.args["kind"]).upper()
        if what == "VIEW" and tree.find(exp.MaterializedProperty) is not None:
            return "CREATE_MATERIALIZED_VIEW"
        return f"CREATE_{what}" + ("_AS_SELECT" if what == "TABLE" and tree.expression is not None else "")
    if isinstance(tree, exp.Drop):
        return f"DROP_{str(tree.args['kind']).upper()}"
    names: dict[type[exp.Expr], str] = {
        exp.Alter: "ALTER_TABLE",
        exp.Insert: "INSERT",
        exp.Update: "UPDATE",
        exp.Delete: "DELETE",
        exp.Merge: "MERGE",
        exp.TruncateTable: "TRUNCATE_TABLE",
        exp.Transaction: "BEGIN_TRANSACTION",
        exp.Commit: "COMMIT_TRANSACTION",
        exp.Rollback: "ROLLBACK_TRANSACTION",
    }
    found = names.get(type(tree))
    if found is None:
        raise Refused(f"Syntax error: the fake does not know {type(tree).__name__}")
    return found


def carry_out(tree: exp.Expr, binding: Binding, *, cursor: duckdb.DuckDBPyConnection, dry: bool = False) -> Outcome:
    """Runs a statement, or only checks it and says what it would read."""
    kind = kind_of(tree)
    tree = tree.copy()
    mentioned = {column.name for column in tree.find_all(exp.Column)}
    whole = any(True for _ in tree.find_all(exp.Star))
    if isinstance(tree, exp.Query):
        outcome = _selected(tree, binding, cursor=cursor, dry=dry)
    elif isinstance(tree, exp.Create):
        outcome = _created(tree, kind, binding=binding, cursor=cursor, dry=dry)
    elif isinstance(tree, exp.Drop):
        outcome = _dropped(tree, kind, binding=binding, dry=dry)
    elif isinstance(tree, exp.Alter):
        outcome = _altered(tree, binding, cursor=cursor, dry=dry)
    else:
        outcome = _changed(tree, kind, binding=binding, cursor=cursor, dry=dry)
    if kind in ("CREATE_VIEW", "CREATE_TABLE", "CREATE_SCHEMA", "DROP_TABLE", "DROP_VIEW"):
        return outcome
    tables = {stored.path: stored for stored in binding.reads if stored.storage}
    processed = sum(_bytes(stored, None if whole else mentioned, cursor=cursor) for stored in tables.values())
    billed = max(10 * len(tables), -(-processed // 2**20)) * 2**20 if tables else 0
    return replace(outcome, processed=processed, billed=billed, tables=tuple(tables))


def stored_bytes(stored: Stored, cursor: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """A table's rows and logical bytes."""
    counted = cursor.execute(f"SELECT count(*) FROM {stored.storage}").fetchone()
    assert counted is not None
    return int(counted[0]), _bytes(stored, None, cursor=cursor)


def _bytes(stored: Stored, names: set[str] | None, *, cursor: duckdb.DuckDBPyConnection) -> int:
    lowered = None if names is None else {name.lower() for name in names}
    fields = [part for part in stored.schema if lowered is None or part["name"].lower() in lowered]
    total = 0
    for part in fields:
        name = part["name"].replace('"', '""')
        rows = cursor.execute(f'SELECT CAST("{name}" AS VARCHAR) FROM {stored.storage}').fetchall()
        total += width([row[0] for row in rows], part)
    return total


def _sql(tree: exp.Expr) -> str:
    return tree.sql("duckdb", unsupported_level=ErrorLevel.IGNORE)


def described(sql: str, cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The columns of a query that DuckDB can run; names must differ."""
    schema = [
        field_of(name, kind) for name, kind, *_ in cursor.execute(f"SELECT * FROM ({sql}) LIMIT 0").description or ()
    ]
    names = [str(row[0]).lower() for row in cursor.execute(f"DESCRIBE {sql}").fetchall()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refused(f"Duplicate column names in the result are not supported. Found duplicate(s): {twice[0]}")
    return schema


def _bound(tree: exp.Expr, binding: Binding, *, cursor: duckdb.DuckDBPyConnection) -> exp.Expr:
    bound = binding.bound(tree)
    refuse_groups(bound, cursor)
    return bound


def _selected(tree: exp.Query, binding: Binding, *, cursor: duckdb.DuckDBPyConnection, dry: bool) -> Outcome:
    sql = _sql(_bound(tree, binding, cursor=cursor))
    schema = described(sql, cursor)
    if dry:
        return Outcome("SELECT", schema)
    kinds = cursor.execute(f"SELECT * FROM ({sql}) LIMIT 0").description or ()
    if any("TIME ZONE" in str(kind) for _, kind, *_ in kinds):  # Python has these only with another package
        plain = ", ".join(
            f'CAST("{name}" AS {str(kind).replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMP")}) AS "{name}"'
            for name, kind, *_ in kinds
        )
        sql = f"SELECT {plain} FROM ({sql})"
    return Outcome("SELECT", schema, rows_of(cursor.execute(sql).fetchall(), schema))


def _created(tree: exp.Create, kind: str, *, binding: Binding, cursor: duckdb.DuckDBPyConnection, dry: bool) -> Outcome:
    if kind == "CREATE_SCHEMA":
        named = tree.this
        project = named.catalog or binding.project
        binding.access.on_project(binding.account, "bigquery.datasets.create", project=project)
        if not dry:
            binding.shelf.add_dataset(Dataset(project, named.db, binding.location))
            binding.access.owns(binding.account, project=project, dataset=named.db)
        return Outcome(kind)
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    path = binding.path(table)
    binding.may("create", path)
    there = binding.shelf.dataset(path[0], path[1], location=binding.location).tables.get(path[2])
    if there is not None and tree.args.get("exists"):
        return Outcome(kind)
    _refuse_replacing(tree, kind, there=there)
    new = _new_table(tree, kind, path=path, binding=binding, cursor=cursor, dry=dry)
    if not dry:
        binding.shelf.put(new, location=binding.location)
    return Outcome(kind, new.schema, made=path)


def _refuse_replacing(tree: exp.Create, kind: str, *, there: Stored | None) -> None:
    if there is None:
        return
    if not tree.args.get("replace"):
        raise Refused(f"Already Exists: {there.label}", "duplicate")
    wanted = "VIEW" if kind == "CREATE_VIEW" else "MATERIALIZED_VIEW" if "MATERIALIZED" in kind else "TABLE"
    if there.kind != wanted:
        name = there.label.removeprefix("Table ")
        raise Refused(f"{name} is not allowed for this operation because it is currently a {there.kind}.", "invalid")
    if tree.args.get("clone") is None and wanted == "TABLE" and partitioning(tree) != there.partitioning:
        raise Refused(
            "Cannot replace a table with a different partitioning spec. Instead, DROP the table, and then recreate it.",
            "invalid",
        )


def _new_table(
    tree: exp.Create, kind: str, *, path: Path, binding: Binding, cursor: duckdb.DuckDBPyConnection, dry: bool
) -> Stored:
    """The table that CREATE makes, with its rows unless nothing is to be done."""
    clone, query = tree.args.get("clone"), tree.expression
    storage = binding.shelf.storage()
    if clone is not None:
        source = _source(clone, binding)
        if not dry:
            cursor.execute(f"CREATE TABLE {storage} AS FROM {source.storage}")
        base = None if clone.args.get("copy") else source.path
        return replace(source, path=path, kind="TABLE", storage=storage, base=base, expires=None)
    partitions, clusters = partitioning(tree), clustering(tree)
    if query is None:
        if not isinstance(tree.this, exp.Schema):
            raise Refused("CREATE TABLE requires a schema or a query")
        schema = tuple(declared_field(one) for one in tree.this.find_all(exp.ColumnDef) if one.parent is tree.this)
        if not dry:
            cursor.execute(f"CREATE TABLE {storage} ({_declared(schema)})")
        return Stored(path, "TABLE", schema, storage, partitioning=partitions, clustering=clusters)
    if isinstance(query, exp.Select):
        for index, column in enumerate(query.expressions):
            if nameless(column):
                raise Refused(f"CREATE {kind.split('_')[1]} columns must be named, but column {index + 1} has no name")
    text = query.sql("bigquery")
    sql = _sql(_bound(query, binding, cursor=cursor))
    schema = tuple(described(sql, cursor))
    if kind != "CREATE_TABLE_AS_SELECT":
        return Stored(path, kind.removeprefix("CREATE_"), schema, query=text)
    if not dry:
        binding.may("updateData", path)
        cursor.execute(f"CREATE TABLE {storage} ({_declared(schema)})")
        cursor.execute(f"INSERT INTO {storage} {sql}")
    return Stored(path, "TABLE", schema, storage, partitioning=partitions, clustering=clusters)


def _source(clone: exp.Expr, binding: Binding) -> Stored:
    path = binding.path(clone.this)
    for permission in ("get", "getData"):
        binding.may(permission, path)
    source = binding.shelf.table(path, location=binding.location)
    if source.kind not in ("TABLE", "SNAPSHOT"):
        raise Refused(f"{source.label} is a {source.kind}: only tables can be cloned or copied", "invalid")
    return source


def _declared(schema: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f'"{part["name"]}" {_type(part)}{_required(part)}' for part in schema)


def _required(part: Mapping[str, Any]) -> str:
    return " NOT NULL" if part["mode"] == "REQUIRED" else ""


def _type(part: Mapping[str, Any]) -> str:
    if part["type"] == "RECORD":
        inner = ", ".join(f'"{one["name"]}" {_type(one)}' for one in part["fields"])
        kind = f"STRUCT({inner})"
    elif "scale" in part:
        kind = f"DECIMAL({part['precision']}, {part['scale']})"
    else:
        kind = _TYPES.get(part["type"], part["type"])
    return f"{kind}[]" if part["mode"] == "REPEATED" else kind


def _dropped(tree: exp.Drop, kind: str, *, binding: Binding, dry: bool) -> Outcome:
    path = binding.path(tree.args["tables"][0])
    binding.may("delete", path)
    tables = binding.shelf.dataset(path[0], path[1], location=binding.location).tables
    there = tables.get(path[2])
    if there is None:
        if tree.args.get("exists"):
            return Outcome(kind)
        raise not_found(f"Table {path[0]}:{path[1]}.{path[2]}")
    if there.kind != kind.removeprefix("DROP_"):
        raise Refused(f"Cannot drop {there.label} which has type {there.kind}. An object of another type was expected.")
    if not dry:
        del tables[path[2]]
    return Outcome(kind)


def _altered(tree: exp.Alter, binding: Binding, *, cursor: duckdb.DuckDBPyConnection, dry: bool) -> Outcome:
    """ALTER TABLE ADD COLUMN, which is all that anybody here has needed."""
    path = binding.path(tree.this)
    stored = binding.target(tree.this, permission="update")
    added = tuple(declared_field(one) for one in tree.args["actions"] if isinstance(one, exp.ColumnDef))
    if len(added) != len(tree.args["actions"]):
        raise Refused("Syntax error: the fake knows ADD COLUMN only")
    for part in added if not dry else ():
        cursor.execute(f"ALTER TABLE {stored.storage} ADD COLUMN {_declared([part])}")
    if not dry:
        binding.shelf.datasets[path[0], path[1]].tables[path[2]] = replace(stored, schema=stored.schema + added)
    return Outcome("ALTER_TABLE")


def _changed(tree: exp.Expr, kind: str, *, binding: Binding, cursor: duckdb.DuckDBPyConnection, dry: bool) -> Outcome:
    named = tree.expressions[0] if isinstance(tree, exp.TruncateTable) else tree.this
    table = named.this if isinstance(named, exp.Schema) else named
    target = binding.target(table, permission="updateData")
    if isinstance(tree, exp.Insert):
        table.set("alias", None)
        _refuse_nameless(tree, target)
    if isinstance(tree, exp.TruncateTable):
        sql = f"DELETE FROM {target.storage}"
    else:
        if isinstance(tree, exp.Merge):
            _spell_rows(tree, target)
        binding.reads += [] if isinstance(tree, exp.Insert) else [target]
        bound = _bound(tree, binding, cursor=cursor)
        if isinstance(bound, exp.Merge):
            _refuse_many(bound, target, cursor=cursor)
        sql = _sql(bound)
    if dry:
        cursor.execute(f"EXPLAIN {sql}").fetchall()
        return Outcome(kind, target.schema)
    counted = cursor.execute(sql).fetchone()
    return Outcome(kind, affected=int(counted[0]) if counted else 0)


def _refuse_nameless(tree: exp.Insert, target: Stored) -> None:
    query = tree.expression
    wanted = len(tree.this.expressions) if isinstance(tree.this, exp.Schema) else len(target.schema)
    if isinstance(query, exp.Select) and not query.is_star and len(query.expressions) != wanted:
        raise Refused(
            f"Inserted row has wrong column count; Has {len(query.expressions)}, expected {wanted}",
        )


def _spell_rows(tree: exp.Merge, target: Stored) -> None:
    """INSERT ROW, which DuckDB does not have, column by column."""
    source = tree.args["using"].alias_or_name
    for insert in tree.args["whens"].find_all(exp.Insert):
        if isinstance(insert.this, exp.Var) and insert.this.name.upper() == "ROW":
            names = [exp.to_identifier(part["name"], quoted=True) for part in target.schema]
            insert.set("this", exp.Tuple(expressions=[exp.Column(this=name.copy()) for name in names]))
            values = [exp.Column(this=name.copy(), table=exp.to_identifier(source)) for name in names]
            insert.set("expression", exp.Tuple(expressions=values))


def _refuse_many(tree: exp.Merge, target: Stored, *, cursor: duckdb.DuckDBPyConnection) -> None:
    """One row of the target may be matched by one row of the source only."""
    if not any(when.args.get("matched") for when in tree.args["whens"].expressions):
        return
    own, using, condition = tree.this.alias_or_name, _sql(tree.args["using"]), _sql(tree.args["on"])
    pairs = f'SELECT 1 FROM {target.storage} AS "{own}" JOIN {using} ON {condition}'
    if cursor.execute(f'{pairs} GROUP BY "{own}".rowid HAVING count(*) > 1 LIMIT 1').fetchone():
        raise Refused("UPDATE/MERGE must match at most one source row for each target row")
