"""Who logs in to Snowflake, and with what: the adapter's table first, then the environment, as Snowflake's tools do."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import quote

from rocky_action.errors import MissingCredentialsError, ProjectError, WarehouseError
from rocky_action.warehouses.request import OpenRequest

Option = str | int | float | bool
Options = Mapping[str, Option]

_AUDIENCE = "snowflakecomputing.com"
"""Whom a token is made for, as Snowflake expects where a user's OIDC_AUDIENCE_LIST names nobody else."""
_PLACE = (
    ("account", "account", "SNOWFLAKE_ACCOUNT"),
    ("user", "username", "SNOWFLAKE_USER"),
    ("role", "role", "SNOWFLAKE_ROLE"),
    ("warehouse", "warehouse", "SNOWFLAKE_WAREHOUSE"),
    ("database", "database", "SNOWFLAKE_DATABASE"),
    ("host", "host", "SNOWFLAKE_HOST"),
    ("port", "", "SNOWFLAKE_PORT"),
    ("protocol", "", "SNOWFLAKE_PROTOCOL"),
)
"""The driver's name for each fact, the adapter table's and the environment's."""
_EXTRAS = (
    ("workload_identity_entra_resource", "SNOWFLAKE_WORKLOAD_IDENTITY_ENTRA_RESOURCE"),
    ("workload_identity_impersonation_path", "SNOWFLAKE_WORKLOAD_IDENTITY_IMPERSONATION_PATH"),
)
_SECRET = frozenset({"password", "token", "private_key", "private_key_password", "oauth_client_secret"})
_WAYS = (
    "a workload identity (SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER), `pat`, `oauth_token`, or `username` with"
    " `private_key_path` or `password`"
)
_FORKS = "Pull requests from forks and from Dependabot get no secrets; elsewhere, see docs/warehouses/snowflake.md."


@dataclass(frozen=True)
class GitHubIdentity:
    """Where GitHub's runner gives out tokens that say which repository and job this is."""

    url: str = field(repr=False)
    bearer: str = field(repr=False)

    def token(self) -> str:
        """A fresh token; it lives for minutes only, so each login asks for its own."""
        asked = urllib.request.Request(  # noqa: S310  the runner says where, and means itself
            f"{self.url}&audience={quote(_AUDIENCE)}", headers={"Authorization": f"bearer {self.bearer}"}
        )
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310  as above
                return str(json.load(answer)["value"])
        except (OSError, ValueError, KeyError) as err:
            reason = type(err).__name__
            if isinstance(err, urllib.error.HTTPError):
                err.close()
                reason = f"HTTP {err.code}"
            raise WarehouseError(
                f"GitHub gave out no identity token for Snowflake ({reason})",
                advice="Give the job the permission `id-token: write`, and run it again.",
            ) from None  # its own words may hold the address, which is the job's secret


@dataclass(frozen=True)
class Login:
    """What the driver is given, by the driver's names. ``timeout`` in seconds is for statements that have none.

    ``identity`` gives a token for each login, if there is one.
    """

    options: Options = field(repr=False)
    identity: GitHubIdentity | None = None
    timeout: int | None = None

    def fresh(self) -> Login:
        """The same with credentials that are good now."""
        if self.identity is None:
            return self
        return replace(self, options={**self.options, "token": self.identity.token()})

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be shown to anybody."""
        known = {str(value) for name, value in self.options.items() if name in _SECRET}
        return frozenset(known | ({self.identity.bearer} if self.identity else set()))


def login_from(request: OpenRequest) -> Login:
    """The login that an adapter's table and the environment describe.

    Raises MissingCredentialsError, naming what is missing, when there is nothing to log in with; ProjectError for a
    number that is none.
    """
    settings, environ = request.adapter.settings, request.environ
    place: dict[str, Option] = {
        name: value
        for name, setting, variable in _PLACE
        if (value := settings.get(setting, "") or environ.get(variable, ""))
    }
    if "port" in place:
        place["port"] = _whole(str(place["port"]), "SNOWFLAKE_PORT")
    credentials = _from_table(request) or _from_environ(request)
    if not credentials:
        raise MissingCredentialsError(
            f"[adapter.{request.adapter.name}] has nothing to log in to Snowflake with: give {_WAYS}", advice=_FORKS
        )
    needed = {"account": ("account", "SNOWFLAKE_ACCOUNT")}
    if credentials["authenticator"] in ("SNOWFLAKE", "SNOWFLAKE_JWT", "USERNAME_PASSWORD_MFA"):
        needed["user"] = ("username", "SNOWFLAKE_USER")
    for name, (setting, variable) in needed.items():
        if name not in place:
            raise MissingCredentialsError(
                f"[adapter.{request.adapter.name}] does not say which {name} of Snowflake to log in to or as: write"
                f" `{setting}`, or set {variable}",
                advice=_FORKS,
            )
    identity = None
    if credentials.get("workload_identity_provider") == "OIDC" and not {"token", "token_file_path"} & set(credentials):
        identity = _github(environ)
    timeout = settings.get("timeout_secs", "")
    return Login(
        MappingProxyType({**place, **_retries(settings), **credentials}),
        identity,
        _whole(timeout, "timeout_secs") if timeout else None,
    )


def _from_table(request: OpenRequest) -> Options:
    """Credentials of the adapter's table, in the order in which Rocky prefers them; empty if there are none."""
    settings = request.adapter.settings
    if settings.get("pat"):
        return {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": settings["pat"]}
    if settings.get("oauth_token"):
        return {"authenticator": "OAUTH", "token": settings["oauth_token"]}
    if settings.get("private_key_path"):
        return _key_file(request, settings["private_key_path"])
    if settings.get("password"):
        return {"authenticator": "SNOWFLAKE", "password": settings["password"]}
    return {}


def _from_environ(request: OpenRequest) -> Options:
    """Credentials of the environment, by the names that Snowflake's command line documents; empty if there are none."""
    environ = request.environ
    given = environ.get("SNOWFLAKE_AUTHENTICATOR", "").upper()
    provider = environ.get("SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER", "").upper()
    token = _token(environ)
    if provider or given == "WORKLOAD_IDENTITY":
        known = {"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": provider or "OIDC"}
        extras = {name: environ[variable] for name, variable in _EXTRAS if environ.get(variable)}
        return {**known, **extras, **(token if known["workload_identity_provider"] == "OIDC" else {})}
    if token:
        return {"authenticator": given or "OAUTH", **token}
    if environ.get("SNOWFLAKE_PRIVATE_KEY_RAW"):
        return {
            "authenticator": "SNOWFLAKE_JWT",
            "private_key": environ["SNOWFLAKE_PRIVATE_KEY_RAW"],
            **_passphrase(environ),
        }
    path = environ.get("SNOWFLAKE_PRIVATE_KEY_FILE") or environ.get("SNOWFLAKE_PRIVATE_KEY_PATH")
    if path:
        return _key_file(request, path)
    if environ.get("SNOWFLAKE_PASSWORD"):
        return {"authenticator": given or "SNOWFLAKE", "password": environ["SNOWFLAKE_PASSWORD"]}
    return {}


def _token(environ: Mapping[str, str]) -> Options:
    if environ.get("SNOWFLAKE_TOKEN"):
        return {"token": environ["SNOWFLAKE_TOKEN"]}
    path = environ.get("SNOWFLAKE_TOKEN_FILE_PATH", "")
    return {"token_file_path": path} if path else {}


def _key_file(request: OpenRequest, named: str) -> Options:
    path = request.folder / named
    if not path.is_file():
        raise MissingCredentialsError(f"the private key for Snowflake, {named}, does not exist", advice=_FORKS)
    return {"authenticator": "SNOWFLAKE_JWT", "private_key_file": str(path), **_passphrase(request.environ)}


def _passphrase(environ: Mapping[str, str]) -> Options:
    phrase = environ.get("PRIVATE_KEY_PASSPHRASE") or environ.get("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE")
    return {"private_key_password": phrase} if phrase else {}


def _github(environ: Mapping[str, str]) -> GitHubIdentity:
    url, bearer = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"), environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not url or not bearer:
        raise MissingCredentialsError(
            "there is no OIDC token to log in to Snowflake with: SNOWFLAKE_TOKEN is not set, and GitHub gives none to"
            " this job",
            advice="Give the job the permission `id-token: write`. A pull request from a fork never has it.",
        )
    return GitHubIdentity(url, bearer)


def _retries(settings: Mapping[str, str]) -> Options:
    """The adapter's ``retry`` table in the driver's words: it repeats a request under one id, so nothing runs twice."""
    found: dict[str, Option] = {}
    if most := settings.get("retry.max_retries"):
        found["retry_max_attempts"] = _whole(most, "retry.max_retries") + 1
    if first := settings.get("retry.initial_backoff_ms"):
        found["retry_backoff_base_ms"] = _whole(first, "retry.initial_backoff_ms")
    if longest := settings.get("retry.max_backoff_ms"):
        found["retry_backoff_cap_ms"] = _whole(longest, "retry.max_backoff_ms")
    return found


def _whole(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError as err:
        raise ProjectError(f"{name} is {text!r}, and must be a whole number", advice=f"Correct {name}.") from err
