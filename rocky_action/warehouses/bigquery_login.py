"""How to get into BigQuery: which credentials there are, in which order they are looked for, what of them is secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import google.auth
import google.oauth2.credentials
from google.auth import identity_pool, impersonated_credentials
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.oauth2 import service_account

from rocky_action.errors import MissingCredentialsError, WarehouseError

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
_SECRET_KEYS = frozenset({"Authorization", "private_key", "private_key_id", "client_secret", "refresh_token"})


@dataclass(frozen=True)
class Login:
    """Credentials, where BigQuery is (None: where Google has it), and the values that must never be said."""

    credentials: Credentials = field(repr=False)
    endpoint: str | None = None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


def log_in(name: str, settings: Mapping[str, str], *, environ: Mapping[str, str]) -> Login:
    """Finds credentials: a token, a file, gcloud's own login, then the machine's.

    The order is Rocky's (BIGQUERY_TOKEN before GOOGLE_APPLICATION_CREDENTIALS), with ``oauth_token`` of the adapter
    ``name`` before it and what Google's libraries look for behind it. Nothing is sent anywhere, but that a machine
    without any of these is asked whether it is Google's. Raises MissingCredentialsError if there is nothing,
    WarehouseError for a file that is no credentials.
    """
    endpoint = environ.get("BIGQUERY_EMULATOR_HOST") or None
    token = settings.get("oauth_token") or environ.get("BIGQUERY_TOKEN")
    if token:
        bearer = google.oauth2.credentials.Credentials(token)  # type: ignore[no-untyped-call]
        return Login(bearer, endpoint, frozenset({token}))
    path = environ.get(_FILE)
    if path:
        return _from_file(Path(path), endpoint, named=f"{_FILE} names {path}, which")
    stored = _gcloud(environ)
    if stored.is_file():
        return _from_file(stored, endpoint, named=f"{stored}, where gcloud keeps its login,")
    if endpoint is not None:
        return Login(AnonymousCredentials(), endpoint)  # type: ignore[no-untyped-call]
    try:
        credentials, _ = google.auth.default(scopes=_SCOPES)
    except DefaultCredentialsError as err:
        raise MissingCredentialsError(
            f"[adapter.{name}] has no `oauth_token`, neither BIGQUERY_TOKEN nor {_FILE} is set, gcloud has no login"
            " here, and the machine has no service account",
            advice="In a workflow, let google-github-actions/auth log in before this step"
            " (docs/warehouses/bigquery.md); at home, run: gcloud auth application-default login",
        ) from err
    return Login(credentials)


def _from_file(path: Path, endpoint: str | None, *, named: str) -> Login:
    """What a file lets in. Raises WarehouseError for one that cannot be read, without repeating what is in it."""
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        credentials = _loaded(info)
    except (OSError, ValueError, KeyError, GoogleAuthError) as err:
        what = err.strerror if isinstance(err, OSError) and err.strerror else "it holds no credentials known here"
        raise WarehouseError(
            f"{named} cannot be used: {what}",
            advice="Name a file that google-github-actions/auth or gcloud has written, or a service account's key.",
        ) from None  # the message of the parser may repeat the file
    return Login(credentials, endpoint, frozenset(_secrets(info)))


def _loaded(info: Mapping[str, object]) -> Credentials:
    """A service account's key, a federation (GitHub's OIDC token for Google's), an impersonation, a person's login.

    A federation that asks a program on this machine, or AWS, is not among them.
    """
    match info["type"]:
        case "service_account":
            return service_account.Credentials.from_service_account_info(info, scopes=_SCOPES)  # type: ignore[no-untyped-call,no-any-return]
        case "external_account":
            return identity_pool.Credentials.from_info(info, scopes=_SCOPES)  # type: ignore[no-untyped-call,no-any-return]
        case "impersonated_service_account":
            return impersonated_credentials.Credentials.from_impersonated_service_account_info(  # type: ignore[no-untyped-call,no-any-return]
                info, scopes=_SCOPES
            )
        case "authorized_user":
            return google.oauth2.credentials.Credentials.from_authorized_user_info(info, scopes=_SCOPES)  # type: ignore[no-untyped-call,no-any-return]
        case other:
            raise ValueError(other)


def _secrets(info: object) -> Iterator[str]:
    """Every value of a credentials file that is a secret, and each line of a key, as an error may repeat only one."""
    if isinstance(info, dict):
        for key, value in info.items():
            if isinstance(value, str) and key in _SECRET_KEYS:
                yield value.removeprefix("Bearer ")
                yield from (line for line in value.splitlines() if len(line) > 20)
            else:
                yield from _secrets(value)


def _gcloud(environ: Mapping[str, str]) -> Path:
    """Where ``gcloud auth application-default login`` leaves its file."""
    folder = environ.get("CLOUDSDK_CONFIG") or str(Path(environ.get("HOME") or "/") / ".config" / "gcloud")
    return Path(folder) / "application_default_credentials.json"
