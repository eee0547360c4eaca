"""Addresses: where a request goes, and where an answer leads."""

from __future__ import annotations

from collections.abc import Collection

import httpx

from rocky_action.errors import InputError
from rocky_action.forges.refusals import NoAnswerError


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: to which of them a token may go. Raises InputError for what is no web address."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as err:
        raise InputError(f"Not an address: {url!r}", advice="Check GITHUB_API_URL and GITHUB_GRAPHQL_URL.") from err
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise InputError(f"Not a web address: {url!r}", advice="Check GITHUB_API_URL and GITHUB_GRAPHQL_URL.")
    return parsed.scheme, parsed.host, parsed.port


def is_at(url: httpx.URL, origins: Collection[tuple[str, str, int | None]]) -> bool:
    """Whether an address is at one of these; what is no web address at all, an answer's doing, is at none."""
    try:
        return origin(str(url)) in origins
    except InputError:
        return False


def joined(url: httpx.URL, target: str) -> httpx.URL:
    """Where an answer from ``url`` leads. Raises NoAnswerError."""
    try:
        return url.join(target)
    except httpx.InvalidURL as err:
        raise NoAnswerError("an answer leads to an address that is none") from err
