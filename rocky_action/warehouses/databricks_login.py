"""Who this program is to a Databricks workspace: settings and environment become a signed-in client of the SDK.

Nothing is tried that nobody asked for: no ~/.databrickscfg, no Azure or Databricks command line, unless
DATABRICKS_CONFIG_PROFILE or DATABRICKS_AUTH_TYPE names it.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from databricks.sdk.clock import Clock
from databricks.sdk.config import Config
from databricks.sdk.core import ApiClient
from databricks.sdk.credentials_provider import CredentialsProvider, CredentialsStrategy, OAuthCredentialsProvider
from databricks.sdk.oidc import DatabricksOidcTokenSource, IdToken, IdTokenSource
from databricks.sdk.oidc_token_supplier import GitHubOIDCTokenSupplier

from rocky_action import __version__
from rocky_action.errors import MissingCredentialsError, ProjectError
from rocky_action.warehouses.databricks_errors import Told
from rocky_action.warehouses.request import OpenRequest

logging.getLogger("databricks.sdk").setLevel(logging.CRITICAL)  # it repeats what a workspace says, and is not scrubbed
_GITHUB = "github-oidc"
_NEEDED = {
    "pat": ("token",),
    "oauth-m2m": ("client_id", "client_secret"),
    _GITHUB: ("client_id", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
}
"""What each way in takes: settings (or DATABRICKS_ and their name in capitals), or variables that GitHub sets."""
_PATH = re.compile(r"/?sql/1\.0/(?:warehouses|endpoints)/([0-9a-zA-Z]+)/?")
_HTTP_SECONDS = 60


@dataclass(frozen=True)
class Login:
    """A signed-in client, the SQL warehouse that it is to use, and how its errors are told."""

    api: ApiClient = field(repr=False)
    warehouse_id: str
    told: Told


class _OneTry(Clock):
    """A clock on which every pause is over at once and has used up all patience, so that the SDK tries once.

    The SDK would send a statement again after a broken connection, although the first may be running; which requests
    are safe to repeat is decided in ``databricks_statements``.
    """

    def __init__(self) -> None:
        self._passed = threading.local()

    def time(self) -> float:
        """Seconds; after each pause a year later, for the thread that made it."""
        return time.monotonic() + getattr(self._passed, "seconds", 0.0)

    def sleep(self, seconds: float) -> None:
        """Returns at once."""
        self._passed.seconds = getattr(self._passed, "seconds", 0.0) + seconds + 365 * 86400.0


class _GithubToken(IdTokenSource):
    """The job's own identity, signed by GitHub, anew each time: such a token lives for minutes."""

    def __init__(self, audience: str) -> None:
        self._audience = audience

    def id_token(self) -> IdToken:
        """Raises ValueError if GitHub gives none."""
        token = GitHubOIDCTokenSupplier().get_oidc_token(self._audience)
        if not token:
            raise ValueError("GitHub gave the job no identity token")
        return IdToken(token)


class _GithubOidc(CredentialsStrategy):
    """The SDK's own exchange of GitHub's token for one of Databricks', with the token kept until it goes stale.

    The strategy of that name in the SDK asks both again for every single request.
    """

    def auth_type(self) -> str:
        """The SDK's name for it."""
        return _GITHUB

    def __call__(self, cfg: Config) -> CredentialsProvider:
        """Headers for each request; the exchange happens when they are first needed, and when the token goes stale."""
        endpoints = cfg.databricks_oidc_endpoints
        if endpoints is None:
            raise ValueError("no host is configured")
        endpoint = endpoints.token_endpoint
        source = DatabricksOidcTokenSource(
            host=cfg.host,
            token_endpoint=endpoint,
            id_token_source=_GithubToken(cfg.token_audience or endpoint),
            client_id=cfg.client_id,
            disable_async=True,
            scopes=cfg.get_scopes_as_string(),
        )

        def headers() -> dict[str, str]:
            token = source.token()
            return {"Authorization": f"{token.token_type} {token.access_token}"}

        return OAuthCredentialsProvider(headers, source.token)


def sign_in(request: OpenRequest) -> Login:
    """Settings first, then the environment. No request is sent that needs the credentials.

    Raises MissingCredentialsError naming all that is missing, ProjectError for an ``http_path`` of no SQL warehouse.
    """
    given = _given(request)
    profile = "profile" in given
    warehouse = _warehouse(request, given)
    missing = [] if profile or given.get("host") else [_called("host")]
    missing += [] if warehouse else ["http_path (or DATABRICKS_HTTP_PATH, DATABRICKS_WAREHOUSE_ID)"]
    known = given | {name: request.environ[name] for name in _NEEDED[_GITHUB] if request.environ.get(name)}
    auth = _auth_type(known)
    if auth is None and not profile:
        missing.append(
            f"{_called('token')}, or {_called('client_id')} with {_called('client_secret')} or GitHub's OIDC"
        )
    missing += [_called(name) for name in _NEEDED.get(auth or "", ()) if name not in known]
    if missing:
        raise MissingCredentialsError(
            f"[adapter.{request.adapter.name}] has nothing to log in to Databricks with: missing {'; '.join(missing)}",
            advice="See docs/warehouses/databricks.md. A pull request from a fork gets no secrets and no OIDC token.",
        )
    secrets = {given.get("token"), given.get("client_secret")}
    secrets |= {value for name, value in request.environ.items() if _is_secret(name)}
    told = Told(tuple(secret for secret in secrets if secret))
    chosen: dict[str, Any] = given | ({} if auth is None else {"auth_type": auth})
    with told.errors(f"cannot log in to {given.get('host', 'Databricks')}"):
        config = Config(
            credentials_strategy=_GithubOidc() if auth == _GITHUB else None,
            product="rocky-preview",
            product_version=__version__,
            clock=_OneTry(),
            http_timeout_seconds=_HTTP_SECONDS,
            retry_timeout_seconds=1,
            disable_async_token_refresh=True,
            **chosen,
        )
        return Login(ApiClient(config), warehouse, told)


def _given(request: OpenRequest) -> dict[str, str]:
    """The SDK's settings by its own names, from its own variables, the adapter's before them."""
    variables = {one.name: request.environ.get(one.env, "") for one in Config.attributes() if one.env}
    settings = {
        name: request.adapter.settings.get(name, "") for name in ("host", "token", "client_id", "client_secret")
    }
    chosen = variables | {name: value for name, value in settings.items() if value}
    return {name: value for name, value in chosen.items() if value}


def _warehouse(request: OpenRequest, given: Mapping[str, str]) -> str:
    """The id at the end of ``http_path``; empty if nobody names a warehouse."""
    path = request.adapter.settings.get("http_path") or request.environ.get("DATABRICKS_HTTP_PATH", "")
    if not path:
        return given.get("warehouse_id", "")
    found = _PATH.fullmatch(path.strip())
    if found is None:
        raise ProjectError(
            f"[adapter.{request.adapter.name}] has an `http_path` that is no SQL warehouse's",
            advice="It reads /sql/1.0/warehouses/ID, as the warehouse's page says under Connection details; a cluster"
            " cannot run a preview.",
        )
    return found[1]


def _auth_type(known: Mapping[str, str]) -> str | None:
    """The way in that is asked for by name, else the first that is complete; None if there is none."""
    return known.get("auth_type") or next((way for way, needed in _NEEDED.items() if {*needed} <= known.keys()), None)


def _called(name: str) -> str:
    return name if name.isupper() else f"{name} (or DATABRICKS_{name.upper()})"


def _is_secret(variable: str) -> bool:
    return bool(
        re.fullmatch(r"(DATABRICKS|ARM|ACTIONS|GOOGLE|GITHUB)_\w*(TOKEN|SECRET|PASSWORD|CREDENTIALS)", variable)
    )
