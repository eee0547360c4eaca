"""Snowflake's refusals in our words: what it said, without secrets, and what a person can do about it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from snowflake.connector import errors

from rocky_action.errors import StatementTimeoutError, WarehouseError

OUR_BUG = "Please report it: nothing in a project should be able to lead here."
_INTERRUPTED = frozenset({604, 630})
"""Cancelled, and cancelled by a time-out (both SQLSTATE 57014)."""
_MISSING = frozenset({2003, 2043})
_EXPIRED = frozenset({390114, 390195})
_NAMED = re.compile(r"(?P<kind>Database|Schema|Warehouse|Object|Table|View) '(?P<name>[^']+)' does not exist")
_USAGE = frozenset({"DATABASE", "SCHEMA", "WAREHOUSE"})
_PAGE = "docs/warehouses/snowflake.md lists what it needs."
_ADVICE = {
    3001: f"Grant the role what it lacks; {_PAGE}",
    606: "Name a warehouse (`warehouse` in the adapter's table, or SNOWFLAKE_WAREHOUSE) that the role has USAGE of.",
    2015: "Give the user a default warehouse that exists, or name one in the adapter's table.",
    90073: "A resource monitor has stopped the warehouse: raise its quota, or name another warehouse.",
    390100: "Check `username` and `password`; better, log in without a password as docs/warehouses/snowflake.md shows.",
    390144: "Check `username` and `account`, and that the user's RSA_PUBLIC_KEY belongs to this private key.",
    390189: "Grant the role to the user, or name another `role`.",
    390303: "Make a new OAuth token; this one is not valid.",
    390318: "Make a new OAuth token; this one has expired.",
    390422: "The network policy does not admit this machine: let its address in, or use a runner whose address is.",
}
_ALONE = "Nobody is there to answer a second factor: use a SERVICE user with a workload identity or a key pair."
_SIGNS = {
    "ulti-factor": _ALONE,
    "MFA": _ALONE,
    "not allowed to access Snowflake": _ADVICE[390422],
    "ailed to login: HTTP": "Check `account`, and that this machine reaches Snowflake (proxy, network policy).",
    "current database": "Name a `database` in the adapter's table, or a catalog in each model's target.",
}
"""What Snowflake's message says, in the order of looking, where its number is not known to be the only one."""


def is_missing(err: errors.Error) -> bool:
    """Whether a relation does not exist, or may not be seen: Snowflake does not say which."""
    return err.errno in _MISSING


def is_interrupted(err: errors.Error) -> bool:
    """Whether a statement was cancelled, by us or by a time-out."""
    return err.errno in _INTERRUPTED


def is_expired(err: errors.Error) -> bool:
    """Whether the session has ended and cannot be renewed: nothing was run, and a new login is needed."""
    return isinstance(err, errors.ReauthenticationRequest) or err.errno in _EXPIRED


@contextmanager
def translated(secrets: Collection[str], *, role: str = "", about: str = "") -> Iterator[None]:
    """Turns the driver's errors into ours. ``about`` is what was being done, where Snowflake does not name it."""
    try:
        yield
    except errors.Error as err:
        message = f"{about}: {told(err, secrets)}" if about else told(err, secrets)
        cause = err if scrubbed(str(err), secrets) == str(err) else None
        if is_interrupted(err):
            raise StatementTimeoutError(
                message, advice="Raise --timeout (or the warehouse's own limit), or make the model cheaper."
            ) from cause
        raise WarehouseError(message, advice=advice_for(err.errno, str(err.raw_msg), role=role)) from cause


def told(err: errors.Error, secrets: Collection[str]) -> str:
    """Snowflake's own sentence and number, without what the driver puts around them, and without secrets."""
    text = re.sub(r"^(Failed to login: )?(Login error: )?", "", str(err.raw_msg).strip())
    text = re.sub(r"\.?,? code: \d+$", "", text).removeprefix("SQL compilation error:")
    text = scrubbed(" ".join(text.split()) or type(err).__name__, secrets)
    return f"{text} (Snowflake {err.errno:06d})" if err.errno > 99 else text  # smaller ones are the driver's own


def scrubbed(text: str, secrets: Collection[str]) -> str:
    """The text with every secret in it replaced."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def advice_for(number: int | None, message: str, *, role: str) -> str:
    """What to do about an error, by its number, else by its message. Grants are spelled out where the name is known."""
    to = f"TO ROLE {role}" if role else "to the role that logs in"
    if number in _MISSING and (found := _NAMED.search(message)):
        kind, name = found["kind"].upper(), found["name"]
        if kind in _USAGE:
            return f"If it exists, the role may not see it: GRANT USAGE ON {kind} {name} {to}."
        return f"If it exists, the role may not see it: GRANT SELECT ON TABLE {name} {to} (ON VIEW for a view)."
    if number in _ADVICE:
        return _ADVICE[number]
    if number in _MISSING:
        return f"If it exists, the role may not see it; {_PAGE}"
    return next((advice for sign, advice in _SIGNS.items() if sign in message), "")
