"""One concrete client of GitHub's REST and GraphQL interfaces; the only module that knows httpx."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import httpx

from rocky_action import __version__
from rocky_action.forges.addresses import is_at, joined, origin
from rocky_action.forges.patience import Patience
from rocky_action.forges.payload import dig, text
from rocky_action.forges.refusals import (
    BadCredentialsError,
    NoAnswerError,
    RateLimitedError,
    RefusedError,
    UsedUpError,
    is_limit,
    is_locked,
    is_missing_permission,
)
from rocky_action.forges.tokens import checked_token

PUBLIC_API = "https://api.github.com"
ACTIONS_BOT = "github-actions[bot]"
TRIES = 5
MAX_HOPS = 5
MAX_PAGES = 300
SECONDS_TO_CONNECT = 10.0
SECONDS_TO_ANSWER = 30.0
SECONDS_BETWEEN_WRITES = 1.0
SECONDS_AFTER_SECONDARY_LIMIT = 60.0
A_DAY = 86_400.0
WHO = "query{viewer{login}}"
WHO_AND_COMMENTS = (
    "query($ids:[ID!]!){viewer{login} nodes(ids:$ids){... on IssueComment{"
    "id body viewerDidAuthor lastEditedAt author{__typename login} editor{__typename login}}}}"
)


@dataclass(frozen=True)
class _Request:
    """``shape`` is what the answer must be, None for one without content; ``most`` is what it may have of bytes."""

    method: str
    url: str
    shape: type[dict[str, object] | list[object] | bytes] | None
    content: Mapping[str, object] | None = None
    repeatable: bool = True
    most: int | None = None
    again: Callable[[], None] = lambda: None
    """Called before the request is repeated, after the wait; what it raises ends the request."""


@dataclass(frozen=True)
class _Reply:
    """What came over the wire, whole."""

    status: int
    url: httpx.URL
    headers: httpx.Headers
    raw: bytes

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", "replace")


@dataclass(frozen=True)
class _Answer:
    content: object
    next_page: str | None


@dataclass(frozen=True)
class Introduction:
    """Who writes with a token, and what GraphQL knows of the comments asked about; nothing if it is silent."""

    login: str
    comments: tuple[object, ...] = ()


def graphql_of(api_url: str) -> str:
    """Where GraphQL is, beside a REST interface; Enterprise Server has it at /api/graphql and not below /api/v3."""
    return f"{api_url.rstrip('/').removesuffix('/v3')}/graphql"


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
        self._token = checked_token(token)
        self._api_url = api_url.rstrip("/")
        self._graphql_url = graphql_url
        self._hosts = {origin(api_url), origin(graphql_url)}
        self._client = client or httpx.Client()
        self.patience = patience or Patience()
        self._last_write = 0.0
        self._login = ""
        self.answered_at: datetime | None = None
        """The time of the last answer by GitHub's own clock, None if it has not said."""

    def __repr__(self) -> str:
        return f"GitHub({self._api_url!r})"

    def in_haste(self, seconds: float) -> GitHub:
        """Another client with the same token, for who has only so many seconds left."""
        patience = self.patience.for_another(seconds)
        return GitHub(self._token, api_url=self._api_url, graphql_url=self._graphql_url, patience=patience)

    def close(self) -> None:
        """Gives the connections back."""
        self._client.close()

    @property
    def login(self) -> str:
        """Who writes with this token, spelled as the author of a comment is."""
        return self._login or self.introduce().login

    def introduce(self, comments: Sequence[str] = ()) -> Introduction:
        """Asks who writes with this token and, in the same request, about comments, given by their node ids.

        ``GET /user`` is closed to the tokens of Actions and of Apps; GraphQL answers all of them.
        """
        found: Introduction | None = None
        with suppress(NoAnswerError, RateLimitedError, RefusedError):  # REST has limits and failures of its own
            found = self._introduced(comments)
            if found is None and comments:  # GraphQL is there, and takes offence at the rest of the question
                found = self._introduced(())
        if found is None:
            try:
                found = Introduction(text(self.get(route("user")), "login") or ACTIONS_BOT)
            except RefusedError:
                found = Introduction(ACTIONS_BOT)
        self._login = found.login
        return found

    def _introduced(self, comments: Sequence[str]) -> Introduction | None:
        asked: dict[str, object] = {"query": WHO}
        if comments:
            asked = {"query": WHO_AND_COMMENTS, "variables": {"ids": [*comments]}}
        answer = self._ask(_Request("POST", self._graphql_url, dict, asked)).content
        nodes = dig(answer, "data", "nodes")
        login = text(answer, "data", "viewer", "login")
        return Introduction(login, tuple(nodes) if isinstance(nodes, list) else ()) if login else None

    def get(self, path: str, **query: str) -> object:
        """One object."""
        url = str(httpx.URL(self._url(path), params=query)) if query else self._url(path)
        return self._ask(_Request("GET", url, dict)).content

    def download(self, path: str, *, most: int) -> bytes:
        """A file that GitHub keeps elsewhere. Refused where it has more than ``most`` bytes."""
        content = self._ask(_Request("GET", self._url(path), bytes, most=most)).content
        return content if isinstance(content, bytes) else b""

    def pages(self, path: str, **query: str) -> list[object]:
        """A list, all of its pages."""
        found: list[object] = []
        url: str | None = str(httpx.URL(self._url(path), params={"per_page": "100", **query}))
        asked: set[str] = set()
        while url is not None:
            if url in asked or len(asked) == MAX_PAGES:
                raise NoAnswerError(f"the pages of a list go in a circle, or are more than {MAX_PAGES}")
            asked.add(url)
            answer = self._ask(_Request("GET", url, list))
            page = answer.content if isinstance(answer.content, list) else []
            found += page
            url = answer.next_page
            if url is not None and page:
                self.patience.allow_another()
        return found

    def post(self, path: str, content: Mapping[str, object]) -> object:
        """Creates something. Not repeated when no answer came, for it may have been created all the same."""
        return self._ask(_Request("POST", self._url(path), dict, content, repeatable=False)).content

    def add(self, path: str, content: Mapping[str, object]) -> object:
        """Adds to a list of things that are there only once, however often they are added; the list as it is then."""
        return self._ask(_Request("POST", self._url(path), list, content)).content

    def patch(
        self,
        path: str,
        content: Mapping[str, object],
        *,
        repeatable: bool = True,
        again: Callable[[], None] = lambda: None,
    ) -> object:
        """Changes something. ``again`` is called before it is asked once more, and may raise what ends that."""
        return self._ask(_Request("PATCH", self._url(path), dict, content, repeatable=repeatable, again=again)).content

    def delete(self, path: str) -> None:
        """Deletes something."""
        self._ask(_Request("DELETE", self._url(path), None))

    def _url(self, path: str) -> str:
        # Joined as text: on GitHub Enterprise Server the API lives below a path of its own.
        return f"{self._api_url}/{path}"

    def _ask(self, request: _Request) -> _Answer:
        tries = 0
        while True:
            tries += 1
            try:
                return self._judge(request, self._follow(request))
            except NoAnswerError:
                pause = 2.0 ** (tries - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
                if (
                    not request.repeatable
                    or tries == TRIES
                    or self.patience.is_used_up
                    or not self.patience.wait(pause)
                ):
                    raise
            except RateLimitedError as err:
                if tries == TRIES or self.patience.is_used_up or not self.patience.wait(err.seconds):
                    raise
            request.again()

    def _follow(self, request: _Request) -> _Reply:
        """The answer at the end of all redirects. Unlike httpx's own, the method stays, and so does the host."""
        url = httpx.URL(request.url)
        for _ in range(MAX_HOPS + 1):
            self._refuse_stranger(url)
            reply = self._send(request, url)
            if request.shape is bytes and reply.status == 302:
                return self._fetch(request, joined(url, reply.headers.get("location", "")), asked=url)
            if reply.status not in {301, 302, 307, 308}:
                return reply
            url = joined(url, reply.headers.get("location", ""))
        raise RefusedError(0, f"more than {MAX_HOPS} redirects")

    def _fetch(self, request: _Request, url: httpx.URL, *, asked: httpx.URL) -> _Reply:
        """The file at the address to which GitHub has signed the way: the token has no business there."""
        if url.scheme not in {"https", asked.scheme}:
            raise RefusedError(0, f"a file is to be fetched from {url.scheme}://{url.host}, and not by https")
        reply = self._send(request, url, with_token=False)
        if 300 <= reply.status < 500:  # not GitHub's own words: a refusal here says nothing about the token
            raise RefusedError(0, f"{url.host}, where it keeps its files, answers with status {reply.status}")
        return reply

    def _send(self, request: _Request, url: httpx.URL, *, with_token: bool = True) -> _Reply:
        if request.method != "GET" and request.url != self._graphql_url:
            self._space_writes()
        if self.patience.is_used_up:
            raise UsedUpError
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": f"rocky-preview/{__version__}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        if request.most is not None:  # what is compressed on the way may be any size
            headers["Accept-Encoding"] = "identity"
        if not with_token:
            del headers["Authorization"]
        raw_content = None if request.content is None else _json(request.content)
        if raw_content is not None:
            headers["Content-Type"] = "application/json"
        longest = min(SECONDS_TO_ANSWER, self.patience.seconds_left)
        asked = self._client.build_request(
            request.method,
            url,
            headers=headers,
            content=raw_content,
            timeout=httpx.Timeout(longest, connect=min(SECONDS_TO_CONNECT, longest)),
        )
        raw = bytearray()
        try:
            with self.patience.asking() as began, closing(self._client.send(asked, stream=True)) as response:
                # httpx's own limit is for each piece: an answer that comes byte by byte would never meet it
                for piece in response.iter_bytes() if request.most is None else response.iter_raw():
                    raw += piece
                    if request.most is not None and len(raw) > request.most:
                        raise RefusedError(0, f"the file has more than {request.most:,} bytes")
                    if self.patience.clock() - began > longest:
                        raise NoAnswerError(f"it was not complete after {longest:.0f} s")
        except (httpx.HTTPError, httpx.InvalidURL) as err:  # the latter for a redirect, which it looks at unasked
            raise NoAnswerError(self._redacted(f"{type(err).__name__}: {err}")) from err
        self.answered_at = _date(response.headers.get("date", ""))
        return _Reply(response.status_code, response.url, response.headers, bytes(raw))

    def _space_writes(self) -> None:
        """GitHub asks for a second between writes; faster ones run into its secondary limits."""
        pause = self._last_write + SECONDS_BETWEEN_WRITES - self.patience.clock()
        if 0 < pause <= SECONDS_BETWEEN_WRITES:
            self.patience.wait(pause)
        self._last_write = self.patience.clock()

    def _judge(self, request: _Request, reply: _Reply) -> _Answer:
        if reply.status >= 500:
            raise NoAnswerError(f"status {reply.status}")
        if not 200 <= reply.status < 300:
            raise self._refusal(reply)
        if request.shape is None:
            return _Answer(None, None)
        if request.shape is bytes:
            return _Answer(reply.raw, None)
        try:
            content = json.loads(reply.raw)
        except ValueError as err:
            raise NoAnswerError("the answer is not JSON") from err
        if not isinstance(content, request.shape):
            raise NoAnswerError(f"expected a {request.shape.__name__}, got a {type(content).__name__}")
        links = httpx.Response(reply.status, headers={"link": reply.headers.get("link", "")}).links
        target = links.get("next", {}).get("url")
        return _Answer(content, str(joined(reply.url, target)) if target else None)

    def _refusal(self, reply: _Reply) -> BadCredentialsError | RateLimitedError | RefusedError:
        said = self._redacted(_said(reply))
        if reply.status == 401:
            return BadCredentialsError(said)
        seconds = _seconds_to_wait(reply, said, now=self.patience.clock())
        if seconds is not None:
            return RateLimitedError(seconds, self.patience.clock())
        return RefusedError(reply.status, said, accepted=reply.headers.get("x-accepted-github-permissions", ""))

    def _refuse_stranger(self, url: httpx.URL) -> None:
        if not is_at(url, self._hosts):
            raise RefusedError(0, f"an answer leads away from the API, to {url.host!r}; the token stays here")

    def _redacted(self, said: str) -> str:
        return " ".join(said.replace(self._token, "***").split())[:300]


def _json(content: Mapping[str, object]) -> bytes:
    """As it is sent. What strangers wrote can hold halves of characters, which have no UTF-8."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _date(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header)
    except ValueError:
        return None


def _said(reply: _Reply) -> str:
    """GitHub's own words: the message and those of its errors."""
    try:
        content = json.loads(reply.raw)
    except ValueError:
        return reply.text
    errors = dig(content, "errors")
    details = [text(error, "message") for error in errors] if isinstance(errors, list) else []
    return "; ".join(word for word in (text(content, "message"), *details) if word) or "no reason given"


def _seconds_to_wait(reply: _Reply, said: str, *, now: float) -> float | None:
    """How long a rate limit asks us to wait; None when the refusal is not about rates."""
    if reply.status not in {403, 429} or is_missing_permission(said) or is_locked(said):
        return None
    retry_after = reply.headers.get("retry-after", "")
    if retry_after.isdecimal():
        return min(float(retry_after), A_DAY)
    reset = reply.headers.get("x-ratelimit-reset", "")
    if reply.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        # The reset may lie in the past; the clocks of two machines are never quite the same.
        return min(max(float(reset) - now, 1.0), A_DAY)
    if reply.status == 429 or is_limit(reply.text):
        return SECONDS_AFTER_SECONDARY_LIMIT
    return None
