"""What Databricks says when it says no, as our errors: its own words without our statement, advice, and no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from databricks.sdk.errors import NotFound, PermissionDenied, Unauthenticated
from databricks.sdk.errors.base import DatabricksError

from rocky_action.errors import WarehouseError
from rocky_action.sql.quoting import quote

FOREIGN = (OSError, ValueError, KeyError, NotImplementedError)
"""What the SDK raises: its own errors and those of its HTTP client are OSErrors, a refused token is a ValueError."""
_REST = re.compile(
    r"\n\s*\n|\n== |\nSearch path:|\nIf you did not qualify|\nTo tolerate|;\s*\n|\. Config: host=| SQLSTATE: \w{5}",
    re.ASCII,
)
"""Where the part of a message ends that is about the author's SQL: then come our statement, plans and settings."""
_CLASS = re.compile(r"\[([A-Z][A-Z0-9_]+)(?:\.[A-Z0-9_]+)?\]")
_LACKING = re.compile(r"does not have (?:privilege )?([A-Z][A-Z ]+?) on (?:Unity Catalog )?(\w+) '([^']+)'")
_TOO_LARGE = "Only results of aggregates and samples are fetched: lower --max-samples, or leave out the widest columns."
_ADVICE = {
    "TABLE_OR_VIEW_NOT_FOUND": "Check the name. Unity Catalog also hides what the principal has no rights on.",
    "SCHEMA_NOT_FOUND": "Check the name. Unity Catalog also hides what the principal has no rights on.",
    "NO_SUCH_CATALOG_EXCEPTION": "Check `catalog` under [target]; the principal needs USE CATALOG on it.",
    "INSUFFICIENT_PERMISSIONS": "docs/warehouses/databricks.md has the grants that a preview needs.",
    "PERMISSION_DENIED": "docs/warehouses/databricks.md has the grants that a preview needs.",
}
"""What to do about an error class of Databricks' (its message begins with the class in brackets)."""
MISSING = frozenset({"TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "NO_SUCH_CATALOG_EXCEPTION"})
"""Error classes of a relation that is not there, or that the principal is not to know of."""


class RefusedError(WarehouseError):
    """A statement that Databricks refused; ``error_class`` as its message begins, empty if it does not."""

    def __init__(self, message: str, *, advice: str, error_class: str) -> None:
        super().__init__(message, advice=advice)
        self.error_class = error_class


@dataclass(frozen=True)
class Told:
    """Turns errors into ours; ``secrets`` are never repeated."""

    secrets: tuple[str, ...] = field(repr=False, default=())

    def scrubbed(self, text: str) -> str:
        """The text with every secret replaced, the longest first as one may contain another."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def refused(self, message: str) -> RefusedError:
        """The error for a statement that failed, by the message in its status."""
        found = _CLASS.search(message)
        error_class = found[1] if found else ""
        advice = _grant(message) or _ADVICE.get(error_class, "")
        if not advice and "byte limit exceeded" in message:
            advice = _TOO_LARGE
        return RefusedError(self.scrubbed(essence(message)), advice=self.scrubbed(advice), error_class=error_class)

    @contextmanager
    def errors(self, doing: str) -> Iterator[None]:
        """Translates what the SDK raises; ``doing`` begins the message."""
        try:
            yield
        except FOREIGN as err:
            raise self.failed(doing, err) from err

    def failed(self, doing: str, err: BaseException) -> WarehouseError:
        """The error for a request that failed; ``doing`` begins the message."""
        said = essence(str(err)) or type(err).__name__
        return WarehouseError(self.scrubbed(f"{doing}: {said}"), advice=_way_out(err))


def essence(message: str) -> str:
    """What a message says about the author's SQL or rights, on one line."""
    return " ".join(_REST.split(message.strip(), maxsplit=1)[0].split())


def _grant(message: str) -> str:
    """The GRANT that a message about lacking rights asks for, empty if it names none."""
    found = _LACKING.search(message)
    if found is None:
        return ""
    right, kind, name = found.groups()
    named = ".".join(quote(part, "databricks") for part in name.split("."))
    return f"GRANT {right} ON {kind.upper()} {named} TO `the principal that logs in`"


def _way_out(err: BaseException) -> str:
    words = str(err)
    if isinstance(err, Unauthenticated) or re.search(r"(?i)invalid access token|token .*expired|invalid_client", words):
        return "The credentials are wrong, expired or revoked: make new ones, or log in by GitHub's OIDC."
    if isinstance(err, NotFound) or re.search(r"not a valid endpoint", words):
        return "Check `http_path`: the workspace of `host` must have this SQL warehouse."
    if isinstance(err, PermissionDenied):
        return "Give the principal CAN USE on the SQL warehouse, and the grants in docs/warehouses/databricks.md."
    if isinstance(err, DatabricksError):
        return ""
    return "Check `host`, and that this machine can reach it."
