"""A token as somebody gives it, before it is sent anywhere."""

from __future__ import annotations

from rocky_action.errors import InputError


def checked_token(token: str) -> str:
    """The token without what surrounds it. Raises InputError for what can be none."""
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
