"""What BigQuery, its client and its login refuse, told as our errors: with advice, and without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, RetryError
from google.auth.exceptions import GoogleAuthError
from requests.exceptions import RequestException

from rocky_action.errors import StatementTimeoutError, WarehouseError
from rocky_action.warehouses.bigquery_login import Login

OUR_BUG = "Please report it: nothing in a project should be able to lead here."
INTERRUPTED = "Raise --timeout, or make the model cheaper."
_STOPPED = frozenset({"stopped", "timeout"})
_NO_LOGIN = "Log in again: the token has run out, or the key or the federation behind it is not accepted any more."
_NO_ANSWER = "Check the network, and https://status.cloud.google.com; nothing was changed that a second run could not."
_ADVICE = {
    "accessDenied": "Grant the account roles/bigquery.user on the project, and roles/bigquery.dataViewer on the"
    " datasets that production is in; docs/warehouses/bigquery.md lists every single permission.",
    "authError": _NO_LOGIN,
    "required": _NO_LOGIN,
    "backendError": _NO_ANSWER,
    "internalError": _NO_ANSWER,
    "billingNotEnabled": "Enable billing for the project: BigQuery's sandbox runs no INSERT, DELETE or MERGE.",
    "quotaExceeded": "A quota of the project is used up: wait until it is filled again, or have it raised.",
    "rateLimitExceeded": "BigQuery was asked too often in too short a time: try again, with fewer --threads.",
    "jobRateLimitExceeded": "BigQuery was asked too often in too short a time: try again, with fewer --threads.",
    "resourcesExceeded": "Make the query cheaper: it needs more memory than BigQuery gives to one query.",
    "responseTooLarge": "Please report it: this program should never ask for so large a result.",
}
"""BigQuery's reason, and what to do about it."""


@dataclass(frozen=True)
class Voice:
    """How errors are told: which adapter and location advice names, and whose secrets must never be said."""

    adapter: str
    location: str
    login: Login = field(repr=False)

    def clean(self, text: str) -> str:
        """A text in which every secret is replaced, the token of the hour among them."""
        token = self.login.credentials.token
        known = self.login.secrets | ({token} if isinstance(token, str) and token else set())
        for secret in sorted(known, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def advice(self, reason: str) -> str:
        """What to do about a refusal, by BigQuery's reason for it."""
        if reason == "notFound":
            return (
                f"Check the name, and `location` of [adapter.{self.adapter}]: statements run in {self.location}, and"
                " BigQuery finds nothing that lies elsewhere."
            )
        return _ADVICE.get(reason, "")


def reason_of(err: GoogleAPICallError) -> str:
    """BigQuery's one word for what went wrong, empty if it gave none."""
    first = err.errors[0] if err.errors else None
    reason = first.get("reason") if isinstance(first, dict) else None
    return reason if isinstance(reason, str) else ""


def message_of(err: GoogleAPICallError) -> str:
    """BigQuery's own words, without the address and the job that its client puts around them."""
    first = err.errors[0] if err.errors else None
    message = first.get("message") if isinstance(first, dict) else None
    return (message if isinstance(message, str) and message else str(err.message).split("\n\nLocation: ")[0]).strip()


@contextmanager
def translated(voice: Voice, about: str = "") -> Iterator[None]:
    """Turns errors of BigQuery's client into ours. ``about`` is put before the message, where that names nothing."""
    prefix = f"{about}: " if about else ""
    try:
        yield
    except GoogleAPICallError as err:
        raise _refusal(err, voice, prefix=prefix) from err
    except RetryError as err:
        said = message_of(err.cause) if isinstance(err.cause, GoogleAPICallError) else str(err.cause)
        raise WarehouseError(
            voice.clean(f"{prefix}BigQuery did not answer in time: {said}"), advice=_NO_ANSWER
        ) from err
    except GoogleAuthError as err:
        raise WarehouseError(
            voice.clean(f"{prefix}Google did not accept the login: {err.args[0] if err.args else err}"),
            advice=_NO_LOGIN,
        ) from err
    except (GoogleAPIError, RequestException) as err:
        raise WarehouseError(voice.clean(f"{prefix}BigQuery cannot be reached: {err}"), advice=_NO_ANSWER) from err


def _refusal(err: GoogleAPICallError, voice: Voice, *, prefix: str) -> WarehouseError:
    message, reason = voice.clean(message_of(err)), reason_of(err)
    if reason in _STOPPED:
        return StatementTimeoutError(f"{prefix}the statement was interrupted: {message}", advice=INTERRUPTED)
    if "Billing has not been enabled" in message:
        reason = "billingNotEnabled"
    return WarehouseError(f"{prefix}{message}", advice=voice.advice(reason))
