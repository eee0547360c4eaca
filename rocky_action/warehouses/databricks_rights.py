"""What the principal that logged in may do to production, as far as the information schema says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from rocky_action.domain.project import Relation
from rocky_action.errors import WarehouseError
from rocky_action.sql.quoting import quote, text_literal
from rocky_action.warehouses.databricks_statements import Statements

_DIALECT = "databricks"
_CHANGES = {"ALL PRIVILEGES": "may do anything in", "MANAGE": "may manage", "MODIFY": "may change tables in"}
_OWNS = "OWNERSHIP"


def powers(statements: Statements, *, catalog: str, production: Sequence[Relation]) -> str | None:
    """What the principal may do to production's schemas, in words; None also where Unity Catalog does not say.

    One query, of the catalog that most of production is in: privileges on schemas, also those that catalogs hand down,
    of the principal and of its groups. Those on single tables are not looked at.
    """
    catalogs = [one.catalog or catalog for one in production]
    most = max(dict.fromkeys(catalogs), key=catalogs.count)
    schemas = dict.fromkeys(one.schema for one in production if (one.catalog or catalog) == most)
    with suppress(WarehouseError):  # not known, and nothing is said of what is not known
        rows = statements.run(_asked(most, tuple(schemas)), timeout=60.0, reads=True).rows
        found: dict[str, None] = {}
        for schema, privilege in rows:
            kind = str(privilege).upper().replace("_", " ")
            if (words := "owns" if kind == _OWNS else _CHANGES.get(kind)) is not None:
                found[f"{words} {most}.{schema}"] = None
        return f"the principal that logs in {', '.join(sorted(found))}" if found else None
    return None


def _asked(catalog: str, schemas: Sequence[str]) -> str:
    of = f"{quote(catalog, _DIALECT)}.information_schema"
    listed = ", ".join(text_literal(schema.lower(), _DIALECT) for schema in schemas)
    is_us = "({0} = current_user() OR is_account_group_member({0}))"
    return (
        f"SELECT schema_name, privilege_type FROM {of}.schema_privileges"
        f" WHERE lower(schema_name) IN ({listed}) AND {is_us.format('grantee')}"
        f" UNION SELECT schema_name, '{_OWNS}' FROM {of}.schemata"
        f" WHERE lower(schema_name) IN ({listed}) AND {is_us.format('schema_owner')}"
    )
