"""One concrete client of GitHub's REST and GraphQL interfaces; the only module that knows httpx."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

import httpx

from rocky_action import __version__
from rocky_action.errors import InputError
from rocky_action.forges.payload import dig, text
from rocky_action.forges.refusals import (
    BadCredentialsError,
    NoAnswerError,
    RateLimitedError,
    RefusedError,
    is_missing_permission,
)

PUBLIC_API = "https://api.github.com"
ACTIONS_BOT = "github-actions[bot]"
TRIES = 5
MAX_HOPS = 5
MAX_PAGES = 300
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
SECONDS_BETWEEN_WRITES = 1.0
SECONDS_AFTER_SECONDARY_LIMIT = 60.0
A_DAY = 86_400.0


class Patience:
    """How long all waiting for GitHub may take together; the time that requests take is part of it."""

    def __init__(
        self,
        seconds: float = 60.0,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._left = seconds
        self._sleep = sleep
        self.clock = clock

    def wait(self, seconds: float) -> bool:
        """Waits, unless that is longer than what is left; then it returns False at once."""
        if seconds > self._left:
            return False
        self._left -= seconds
        self._sleep(seconds)
        return True

    def charge(self, since: float) -> None:
        """Takes away the time that has passed; a clock that was set back gives nothing."""
        self._left -= max(0.0, self.clock() - since)


@dataclass(frozen=True)
class _Request:
    """``shape`` is what the answer must be; None for an answer without content."""

    method: str
    url: str
    shape: type[dict[str, object] | list[object]] | None
    content: Mapping[str, object] | None = None
    repeatable: bool = True


@dataclass(frozen=True)
class _Answer:
    content: object
    next_page: str | None


def route(*parts: str | int) -> str:
    """A path made of parts that may contain anything."""
    return "/".join(quote(str(part), safe="") for part in parts)


class GitHub:
    """GitHub as one token sees it.

    Every method raises a ForgeError: BadCredentialsError, RefusedError, RateLimitedError or, after repeated tries,
    NoAnswerError. Requests go out one after the other. The token is sent to the API's own host only.
    """

    def __init__(
        self,
        token: str,
        *,
        api_url: str = PUBLIC_API,
        graphql_url: str = f"{PUBLIC_API}/graphql",
        client: httpx.Client | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._token = _checked_token(token)
        self._api_url = api_url.rstrip("/")
        self._graphql_url = graphql_url
        self._hosts = {_origin(api_url), _origin(graphql_url)}
        self._client = client or httpx.Client()
        self.patience = patience or Patience()
        self._last_write = 0.0

    def __repr__(self) -> str:
        return f"GitHub({self._api_url!r})"

    def close(self) -> None:
        """Gives the connections back."""
        self._client.close()

    @cached_property
    def login(self) -> str:
        """Who writes with this token, spelled as the author of a comment is.

        ``GET /user`` is closed to the tokens of Actions and of Apps; GraphQL answers all of them.
        """
        query = {"query": "query{viewer{login}}"}
        try:
            answer = self._ask(_Request("POST", self._graphql_url, dict, query))
            if login := text(answer.content, "data", "viewer", "login"):
                return login
        except (NoAnswerError, RateLimitedError, RefusedError):
            pass  # the REST interface has limits and failures of its own
        try:
            return text(self.get(route("user")), "login") or ACTIONS_BOT
        except RefusedError:
            return ACTIONS_BOT

    def get(self, path: str) -> object:
        """One object."""
        return self._ask(_Request("GET", self._url(path), dict)).content

    def pages(self, path: str, **query: str) -> list[object]:
        """A list, all of its pages."""
        found: list[object] = []
        url: str | None = str(httpx.URL(self._url(path), params={"per_page": "100", **query}))
        for _ in range(MAX_PAGES):
            if url is None:
                return found
            answer = self._ask(_Request("GET", url, list))
            found += answer.content if isinstance(answer.content, list) else []
            url = answer.next_page
        raise NoAnswerError(f"a list of more than {MAX_PAGES} pages")

    def post(self, path: str, content: Mapping[str, object]) -> object:
        """Creates something. Not repeated when no answer came, for it may have been created all the same."""
        return self._ask(_Request("POST", self._url(path), dict, content, repeatable=False)).content

    def patch(self, path: str, content: Mapping[str, object]) -> object:
        """Changes something."""
        return self._ask(_Request("PATCH", self._url(path), dict, content)).content

    def delete(self, path: str) -> None:
        """Deletes something."""
        self._ask(_Request("DELETE", self._url(path), None))

    def _url(self, path: str) -> str:
        # Joined as text: on GitHub Enterprise Server the API lives below a path of its own.
        return f"{self._api_url}/{path}"

    def _ask(self, request: _Request) -> _Answer:
        tries = 0
        while True:
            started = self.patience.clock()
            tries += 1
            try:
                return self._judge(request, self._follow(request))
            except NoAnswerError:
                self.patience.charge(started)
                pause = 2.0 ** (tries - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
                if not request.repeatable or tries == TRIES or not self.patience.wait(pause):
                    raise
            except RateLimitedError as err:
                self.patience.charge(started)
                if tries == TRIES or not self.patience.wait(err.seconds):
                    raise

    def _follow(self, request: _Request) -> httpx.Response:
        """The answer at the end of all redirects. Unlike httpx's own, the method stays, and so does the host."""
        url = httpx.URL(request.url)
        for _ in range(MAX_HOPS + 1):
            self._refuse_stranger(url)
            response = self._send(request, url)
            if response.status_code not in {301, 302, 307, 308}:
                return response
            url = _joined(url, response.headers.get("location", ""))
        raise RefusedError(0, f"more than {MAX_HOPS} redirects")

    def _send(self, request: _Request, url: httpx.URL) -> httpx.Response:
        if request.method != "GET" and request.url != self._graphql_url:
            self._space_writes()
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": f"rocky-preview/{__version__}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        try:
            return self._client.request(
                request.method,
                url,
                headers=headers,
                json=request.content,
                timeout=TIMEOUT,
                follow_redirects=False,
            )
        except httpx.HTTPError as err:
            raise NoAnswerError(self._redacted(f"{type(err).__name__}: {err}")) from err

    def _space_writes(self) -> None:
        """GitHub asks for a second between writes; faster ones run into its secondary limits."""
        pause = self._last_write + SECONDS_BETWEEN_WRITES - self.patience.clock()
        if 0 < pause <= SECONDS_BETWEEN_WRITES:
            self.patience.wait(pause)
        self._last_write = self.patience.clock()

    def _judge(self, request: _Request, response: httpx.Response) -> _Answer:
        status = response.status_code
        if status >= 500:
            raise NoAnswerError(f"status {status}")
        if not response.is_success:
            raise self._refusal(response)
        if request.shape is None:
            return _Answer(None, None)
        try:
            content = response.json()
        except ValueError as err:
            raise NoAnswerError("the answer is not JSON") from err
        if not isinstance(content, request.shape):
            raise NoAnswerError(f"expected a {request.shape.__name__}, got a {type(content).__name__}")
        target = response.links.get("next", {}).get("url")
        return _Answer(content, str(_joined(response.url, target)) if target else None)

    def _refusal(self, response: httpx.Response) -> BadCredentialsError | RateLimitedError | RefusedError:
        status = response.status_code
        said = self._redacted(_said(response))
        if status == 401:
            return BadCredentialsError(said)
        seconds = _seconds_to_wait(response, said, now=self.patience.clock())
        if seconds is not None:
            return RateLimitedError(seconds, self.patience.clock())
        return RefusedError(status, said, accepted=response.headers.get("x-accepted-github-permissions", ""))

    def _refuse_stranger(self, url: httpx.URL) -> None:
        if _origin(str(url)) not in self._hosts:
            raise RefusedError(0, f"an answer leads away from the API, to {url.host!r}; the token stays here")

    def _redacted(self, said: str) -> str:
        return " ".join(said.replace(self._token, "***").split())[:300]


def _checked_token(token: str) -> str:
    token = token.strip()
    if not token:
        raise InputError("There is no GitHub token", advice="Set the input `github_token` to `${{ github.token }}`.")
    if not (token.isascii() and token.isprintable()):
        # httpx would quote such a header, and with it the token, in its complaint.
        raise InputError(
            "The GitHub token contains characters that no token has",
            advice="Check the secret for line breaks and stray characters.",
        )
    return token


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as err:
        raise InputError(f"Not an address: {url!r}", advice="Check GITHUB_API_URL and GITHUB_GRAPHQL_URL.") from err
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise InputError(f"Not a web address: {url!r}", advice="Check GITHUB_API_URL and GITHUB_GRAPHQL_URL.")
    return parsed.scheme, parsed.host, parsed.port


def _joined(url: httpx.URL, target: str) -> httpx.URL:
    try:
        return url.join(target)
    except httpx.InvalidURL as err:
        raise NoAnswerError("an answer leads to an address that is none") from err


def _said(response: httpx.Response) -> str:
    """GitHub's own words: the message and those of its errors."""
    try:
        content = response.json()
    except ValueError:
        return response.text
    errors = dig(content, "errors")
    details = [text(error, "message") for error in errors] if isinstance(errors, list) else []
    return "; ".join(word for word in (text(content, "message"), *details) if word) or "no reason given"


def _seconds_to_wait(response: httpx.Response, said: str, *, now: float) -> float | None:
    """How long a rate limit asks us to wait; None when the refusal is not about rates."""
    if response.status_code not in {403, 429} or is_missing_permission(said) or "locked" in said.lower():
        return None
    retry_after = response.headers.get("retry-after", "")
    if retry_after.isdecimal():
        return min(float(retry_after), A_DAY)
    reset = response.headers.get("x-ratelimit-reset", "")
    if response.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        # The reset may lie in the past; the clocks of two machines are never quite the same.
        return min(max(float(reset) - now, 1.0), A_DAY)
    # A secondary limit may be named in the documentation's address only.
    if response.status_code == 429 or re.search("rate[ -]limit", response.text, re.IGNORECASE):
        return SECONDS_AFTER_SECONDARY_LIMIT
    return None
