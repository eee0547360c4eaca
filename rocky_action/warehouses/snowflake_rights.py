"""What the role that logged in may do to production, as far as one SHOW GRANTS says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from snowflake.connector import errors

from rocky_action.domain.project import Relation
from rocky_action.sql.quoting import quote
from rocky_action.warehouses.snowflake_sessions import Sessions

_MIGHTY = frozenset({"ACCOUNTADMIN", "GLOBALORGADMIN", "ORGADMIN", "SECURITYADMIN", "SYSADMIN", "USERADMIN"})
"""Roles that Snowflake makes, each of which may do more than any preview needs."""
_CHANGES = frozenset({"DELETE", "INSERT", "OWNERSHIP", "TRUNCATE", "UPDATE"})
_PART = re.compile(r'"((?:[^"]|"")*)"|([^.]+)')


def powers(sessions: Sessions, *, role: str, catalog: str, production: Sequence[Relation]) -> str | None:
    """What the role may do to where production is, in words; None also where Snowflake does not say.

    Grants to the role itself are looked at, and whether it inherits one of Snowflake's own; not what it has by other
    roles, nor what secondary roles add.
    """
    if role.upper() in _MIGHTY:
        return f"{role} is a role of Snowflake's own that may do nearly anything"
    with suppress(errors.Error):  # not known, and nothing is said of what is not known
        done = sessions.read(f"SHOW GRANTS TO ROLE {quote(role, 'snowflake')}")
        names = [column.name.lower() for column in done.columns]
        grants = [dict(zip(names, row, strict=True)) for row in done.rows]
        schemas = {((one.catalog or catalog).upper(), one.schema.upper()) for one in production}
        found = dict.fromkeys(_excess(grants, schemas))
        return f"the role {role} {_listed(found)}" if found else None
    return None


def _excess(grants: Iterable[Mapping[str, object]], schemas: set[tuple[str, str]]) -> Iterator[str]:
    for grant in grants:
        privilege, kind, name = (str(grant.get(key, "")).upper() for key in ("privilege", "granted_on", "name"))
        path = tuple((quoted or plain).upper() for quoted, plain in _PART.findall(name))
        here = ".".join(path[:2])
        if kind == "ROLE" and name in _MIGHTY:
            yield f"inherits from {name}"
        elif kind == "ACCOUNT" and privilege == "MANAGE GRANTS":
            yield "may grant itself anything"
        elif kind == "DATABASE" and privilege == "OWNERSHIP" and name in {database for database, _ in schemas}:
            yield f"owns the database {name}"
        elif path[:2] not in schemas:
            continue
        elif kind == "SCHEMA" and (privilege == "OWNERSHIP" or privilege.startswith("CREATE ")):
            yield f"{'owns' if privilege == 'OWNERSHIP' else 'may make tables in'} {here}"
        elif len(path) > 2 and privilege in _CHANGES:
            yield f"{'owns tables in' if privilege == 'OWNERSHIP' else 'may change tables in'} {here}"


def _listed(found: Iterable[str]) -> str:
    """Three at most: the first says enough."""
    words = list(found)
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")
