"""How the fake says no: BigQuery's reason, its status over HTTP, its words."""

from __future__ import annotations

_STATUS = {
    "accessDenied": 403,
    "duplicate": 409,
    "notFound": 404,
    "required": 401,
    "quotaExceeded": 403,
    "rateLimitExceeded": 403,
    "backendError": 503,
}


class Refused(Exception):  # noqa: N818  an answer of the server, no failure of the tests
    """What BigQuery answers instead of doing it."""

    def __init__(self, message: str, reason: str = "invalidQuery") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason

    @property
    def status(self) -> int:
        """The HTTP status that such a reason has."""
        return _STATUS.get(self.reason, 400)

    def proto(self) -> dict[str, str]:
        """BigQuery's ErrorProto."""
        return {"reason": self.reason, "message": self.message, "location": "query"}


def not_found(what: str) -> Refused:
    return Refused(f"Not found: {what}", "notFound")


def denied(permission: str, what: str) -> Refused:
    return Refused(
        f"Access Denied: {what}: Permission {permission} denied on {what.lower()} (or it may not exist).",
        "accessDenied",
    )
