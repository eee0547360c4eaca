"""A ready Markdown file as the sticky comment, for a person with a token."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rocky_action.errors import ForgeError, InputError
from rocky_action.forges.comments import NotPosted, upsert_comment
from rocky_action.forges.github_api import PUBLIC_API, GitHub, graphql_of
from rocky_action.place import Place
from rocky_action.rendering.cutting import cut
from rocky_action.settings import Settings


def read_report(settings: Settings, folder: Path) -> str:
    """The Markdown that ``report`` names. Raises InputError."""
    path = folder / (settings.report or "")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"{path} cannot be read as Markdown: {err}", advice="Give the file that `run` wrote.") from err


def post_report(settings: Settings, place: Place) -> str:
    """Upserts the comment and returns its address. Raises InputError, or ForgeError when it cannot be posted."""
    owner, slash, repository = place.environ.get("GITHUB_REPOSITORY", "").partition("/")
    missing = [
        what
        for what, known in (
            ("GITHUB_REPOSITORY (owner/name)", bool(slash and repository)),
            ("GITHUB_TOKEN", bool(settings.github_token)),
            ("--pr-number", settings.pr_number is not None),
        )
        if not known
    ]
    if missing or settings.github_token is None or settings.pr_number is None:
        raise InputError(
            f"not given: {', '.join(missing)}", advice="A comment needs a repository, a token and a number."
        )
    api_url = place.environ.get("GITHUB_API_URL") or PUBLIC_API
    graphql_url = place.environ.get("GITHUB_GRAPHQL_URL") or graphql_of(api_url)
    github = GitHub(settings.github_token, api_url=api_url, graphql_url=graphql_url)
    try:
        result = upsert_comment(
            github,
            owner=owner,
            repository=repository,
            number=settings.pr_number,
            marker=settings.comment_marker,
            body=partial(cut, read_report(settings, place.folder)),
        )
    finally:
        github.close()
    if isinstance(result, NotPosted):
        raise ForgeError(f"the comment was not posted: {result.reason}", advice=result.advice)
    return result.url
