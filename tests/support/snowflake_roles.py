"""Roles for fakesnow, which has none: what each has been granted, what it owns, and Snowflake's refusals.

OWNER may do everything, and is whom ``GRANT`` and ``CREATE ROLE`` are taken from. Any other role may do what it was
granted, and whatever it likes with what it has made. Grants on ALL tables or views are on those that there are, those
on FUTURE ones on what is made later, and what is replaced has lost its grants, as on Snowflake.

Lacking here: roles that inherit, owners that change, and a view's owner being asked again whenever the view is read.
INFORMATION_SCHEMA and SHOW show everything to whoever may use the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

OWNER = "OWNER"
"""The role that production is of."""
Path = tuple[str, ...]
"""A database; with a schema; with a relation. Or a warehouse."""
_GRANT = re.compile(r"GRANT (?P<privileges>[\w, ]+?) ON (?P<what>.+?) TO ROLE (?P<role>\w+)", re.IGNORECASE)
_SWEEPING = re.compile(r"(?P<when>ALL|FUTURE) (?P<kind>TABLE|VIEW)S IN SCHEMA (?P<name>\S+)", re.IGNORECASE)
_SINGLE = re.compile(r"(?P<kind>DATABASE|SCHEMA|TABLE|VIEW|WAREHOUSE) (?P<name>\S+)", re.IGNORECASE)
_ROLE = re.compile(r"CREATE( OR REPLACE)? ROLE (?P<role>\w+)", re.IGNORECASE)
_SHOW_GRANTS = re.compile(r'SHOW GRANTS TO ROLE (?:"(?P<quoted>[^"]+)"|(?P<plain>\w+))', re.IGNORECASE)
_EXPLAIN = re.compile(r"\s*EXPLAIN( USING \w+)?\s", re.IGNORECASE)
_FREE = (exp.Query, exp.Describe, exp.Transaction, exp.Commit, exp.Rollback, exp.Show)
_WRITES: Mapping[type[exp.Expr], str] = {
    exp.Insert: "INSERT",
    exp.Delete: "DELETE",
    exp.Update: "UPDATE",
    exp.Merge: "UPDATE",
    exp.Alter: "OWNERSHIP",
}


class Refused(Exception):  # noqa: N818  Snowflake's answer, no error of the fake
    """A number, an SQLSTATE and a message, as Snowflake sends them."""

    def __init__(self, code: str, message: str, state: str) -> None:
        super().__init__(message)
        self.code, self.message, self.state = code, message, state


@dataclass(frozen=True)
class Grant:
    """``kind`` is what ``path`` leads to: DATABASE, SCHEMA, TABLE, VIEW or WAREHOUSE."""

    role: str
    privilege: str
    kind: str
    path: Path


@dataclass
class Roles:
    """What there is, whose it is, and what was granted. ``future`` grants are on schemas, by what is made there."""

    owners: dict[Path, str] = field(default_factory=dict)
    kinds: dict[Path, str] = field(default_factory=dict)
    grants: set[Grant] = field(default_factory=set)
    future: set[Grant] = field(default_factory=set)

    def administer(self, sql: str) -> bool:
        """Takes a grant, or makes a role anew, which then has nothing; False if the statement is another."""
        sql = " ".join(sql.strip().removesuffix(";").split())
        if made := _ROLE.fullmatch(sql):
            role = made["role"].upper()
            self.grants = {grant for grant in self.grants if grant.role != role}
            self.future = {grant for grant in self.future if grant.role != role}
            return True
        if not (granted := _GRANT.fullmatch(sql)):
            return False
        for privilege in granted["privileges"].upper().split(","):
            self._grant(granted["role"].upper(), privilege.strip(), granted["what"])
        return True

    def _grant(self, role: str, privilege: str, what: str) -> None:
        if sweeping := _SWEEPING.fullmatch(what):
            schema, kind = _path(sweeping["name"]), sweeping["kind"].upper()
            if sweeping["when"].upper() == "FUTURE":
                self.future.add(Grant(role, privilege, kind, schema))
                return
            here = [path for path, found in self.kinds.items() if found == kind and path[:-1] == schema]
            self.grants |= {Grant(role, privilege, kind, path) for path in here}
        elif single := _SINGLE.fullmatch(what):
            self.grants.add(Grant(role, privilege, single["kind"].upper(), _path(single["name"])))
        else:
            raise Refused("001003", f"SQL compilation error:\nsyntax error line 1: unexpected '{what}'.", "42000")

    def may_use(self, role: str, kind: str, name: str) -> bool:
        """Whether a login with a DATABASE or a WAREHOUSE has it."""
        return role == OWNER or Grant(role, "USAGE", kind, (name,)) in self.grants

    def shown(self, role: str, sql: str) -> list[tuple[str, str, str, str]] | None:
        """What SHOW GRANTS TO ROLE says: privilege, kind, name and role; None if the statement is another.

        A role may look at its own, and whoever grants at everybody's.
        """
        if not (asked := _SHOW_GRANTS.fullmatch(sql.strip())):
            return None
        of = asked["quoted"] or asked["plain"].upper()
        if role not in (OWNER, of):
            raise Refused("003001", f"SQL access control error:\nInsufficient privileges: role '{of}'", "42501")
        owned = [Grant(of, "OWNERSHIP", self.kinds[path], path) for path, owner in self.owners.items() if owner == of]
        held = [grant for grant in self.grants if grant.role == of]
        return sorted((one.privilege, one.kind, _spelled(one.path), of) for one in (*held, *owned))

    def check(self, role: str, sql: str, *, database: str) -> exp.Expr | None:
        """The statement, parsed. Raises Refused unless the role may run it; what cannot be read is refused as well."""
        try:
            statement = sqlglot.parse_one(_EXPLAIN.sub("", sql, count=1), read="snowflake")
        except SqlglotError as err:
            if role == OWNER:  # who is refused nothing here
                return None
            raise Refused("001003", f"SQL compilation error:\nsyntax error: {err}", "42000") from err
        if role != OWNER:
            target = _target(statement)
            if target is None and not isinstance(statement, _FREE):
                raise Refused("003001", f"SQL access control error:\nInsufficient privileges: {statement.key}", "42501")
            for table in _read(statement, but=target):
                self._may_read(role, _full(table, database))
            if target is not None:
                self._may_write(role, statement, target=target, database=database)
        return statement

    def note(self, role: str, statement: exp.Expr, *, database: str) -> None:
        """What a statement that has run has made or dropped."""
        target = _target(statement)
        if not isinstance(statement, exp.Create | exp.Drop) or target is None:
            return
        kind = str(statement.kind).upper()
        path = _full(target, database, kind=kind)
        if isinstance(statement, exp.Create) and statement.args.get("exists") and path in self.owners:
            return
        for old in [old for old in self.owners if old[: len(path)] == path]:
            del self.owners[old], self.kinds[old]
            self.grants = {grant for grant in self.grants if grant.path != old}
            self.future = {grant for grant in self.future if grant.path != old}
        if isinstance(statement, exp.Create):
            self.owners[path], self.kinds[path] = role, kind
            fitting = [grant for grant in self.future if (grant.kind, grant.path) == (kind, path[:-1])]
            self.grants |= {Grant(grant.role, grant.privilege, kind, path) for grant in fitting}

    def _has(self, role: str, privilege: str, path: Path) -> bool:
        """Whether the role owns a schema or a relation, or was granted this on it."""
        kind = self.kinds.get(path, "DATABASE" if len(path) == 1 else "")
        return self.owners.get(path) == role or Grant(role, privilege, kind, path) in self.grants

    def _may_enter(self, role: str, path: Path) -> None:
        """Raises Refused unless the role may use the database and the schema (none for a database's own objects)."""
        for size, kind in ((1, "Database"), (2, "Schema")):
            place = path[:size]
            if size < len(path) and place[1:] != ("INFORMATION_SCHEMA",) and not self._has(role, "USAGE", place):
                raise _unseen(kind, place, "02000")

    def _may_read(self, role: str, path: Path) -> None:
        self._may_enter(role, path)
        if path[1] != "INFORMATION_SCHEMA" and not self._has(role, "SELECT", path):
            raise _unseen("Object", path, "42S02")

    def _may_write(self, role: str, statement: exp.Expr, *, target: exp.Table, database: str) -> None:
        kind = str(statement.kind).upper() if isinstance(statement, exp.Create | exp.Drop) else "TABLE"
        path = _full(target, database, kind=kind)
        self._may_enter(role, path)
        if isinstance(statement, exp.Create):
            self._may_create(role, kind, path)
            allowed = (
                path not in self.owners or bool(statement.args.get("exists")) or self._has(role, "OWNERSHIP", path)
            )
        elif isinstance(statement, exp.Drop):  # which a schema's owner may do with all that is in it
            known = path in self.owners
            allowed = not known or any(self._has(role, "OWNERSHIP", place) for place in (path, path[:2]))
        else:
            if path not in self.owners:
                raise _unseen("Object", path, "42S02")
            allowed = self._has(role, _WRITES.get(type(statement), "OWNERSHIP"), path)
        if not allowed:
            raise _lacking(kind, path)

    def _may_create(self, role: str, kind: str, path: Path) -> None:
        above = path[:-1]
        if not self._has(role, f"CREATE {kind}", above):
            raise _lacking("DATABASE" if len(above) == 1 else "SCHEMA", above)


def _target(statement: exp.Expr) -> exp.Table | None:
    """What a statement makes, drops or writes to."""
    found: object = None
    if isinstance(statement, exp.TruncateTable | exp.Drop):
        (found,) = statement.args.get("tables") or statement.expressions
    elif isinstance(statement, exp.Create | exp.Insert | exp.Delete | exp.Update | exp.Merge | exp.Alter):
        found = statement.this
    if isinstance(found, exp.Schema):
        found = found.this
    return found if isinstance(found, exp.Table) else None


def _read(statement: exp.Expr, *, but: exp.Table | None) -> Iterator[exp.Table]:
    """The relations that a statement reads; functions and names of its own WITH are none."""
    own = {cte.alias for cte in statement.find_all(exp.CTE)}
    for table in statement.find_all(exp.Table):
        if table is but or not isinstance(table.this, exp.Identifier):
            continue
        if table.db or table.name not in own:
            yield table


def _full(table: exp.Table, database: str, *, kind: str = "TABLE") -> Path:
    """By database, schema and name, as Snowflake folds them. Sessions are in no schema but PUBLIC."""
    parts = [part for part in table.parts if isinstance(part, exp.Identifier)]
    names = tuple(part.name if part.quoted else part.name.upper() for part in parts)
    missing = (2 if kind == "SCHEMA" else 3) - len(names)
    return (database, "PUBLIC")[:missing] + names if missing < 2 or kind == "SCHEMA" else (database, "PUBLIC", *names)


def _path(name: str) -> Path:
    return tuple(part.upper() for part in name.split("."))


def _spelled(path: Path) -> str:
    return ".".join(part if re.fullmatch(r"[A-Z_][A-Z0-9_$]*", part) else f'"{part}"' for part in path)


def _unseen(kind: str, path: Path, state: str) -> Refused:
    message = f"SQL compilation error:\n{kind} '{_spelled(path)}' does not exist or not authorized."
    return Refused("002003", message, state)


def _lacking(kind: str, path: Path) -> Refused:
    message = f"SQL access control error:\nInsufficient privileges to operate on {kind.lower()} '{path[-1]}'"
    return Refused("003001", message, "42501")
