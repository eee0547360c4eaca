"""Names of preview schemas: legal and distinct in every warehouse, and recognisable as ours."""

from __future__ import annotations

import hashlib
import re

SCHEMA_PREFIX = "branch__"
STATE_SCHEMA = "rocky_preview"
BASE_SUFFIX = "__base"
AUDIT_SUFFIX = "__audit"
AGAIN_SUFFIX = "__again"
TWICE_SUFFIX = "__twice"
_LONGEST = 40
"""Room for the prefix and the suffix inside the shortest limit in use (63 bytes, PostgreSQL's)."""


def preview_name(head_ref: str, number: int | None = None, *, folder: str = "") -> str:
    """A lower-case identifier made of a branch name, its pull request's number and the project's folder.

    ``folder`` is empty at the repository's root. Elsewhere a hash of it tells the previews of several projects apart,
    which one pull request may have in one warehouse at the same time.

    A short hash of the exact input is added wherever the slug alone could stand for two different branches: when
    characters were replaced or folded, the name was cut, or the branch itself ends like a suffix of ours.
    """
    slug = re.sub(r"[^a-z0-9]+", "_", head_ref.lower()).strip("_")
    suffix = "" if number is None else f"_pr{number}"
    exact = slug == head_ref and len(slug) <= _LONGEST and not re.search(r"_(pr[0-9]+|[0-9a-f]{8})$", slug)
    if number is None and not (exact and not folder):
        suffix = f"_{_hashed(f'{head_ref}//{folder}' if folder else head_ref)}"
    elif folder:
        suffix += f"_{_hashed(folder)}"
    return f"{slug[: _LONGEST - len(suffix)].strip('_') or 'head'}{suffix}"


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


def is_preview_name(name: str) -> bool:
    """True for what may follow ``branch__``: an identifier that needs no quotes anywhere and cannot be mistaken."""
    return re.fullmatch(r"[a-z0-9](?:[a-z0-9_]*[a-z0-9])?", name) is not None and "__" not in name and len(name) <= 48
