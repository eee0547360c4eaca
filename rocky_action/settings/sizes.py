"""Sizes as people write them."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(?i)([0-9]{1,9}(?:\.[0-9]+)?) ?([KMGT])(i?)B")


def bytes_of(text: str) -> int | None:
    """Bytes; KB is a thousand of them, KiB 1,024. None for what is no size."""
    match = _SIZE.fullmatch(text)
    return match and int(float(match[1]) * (1024 if match[3] else 1000) ** (1 + "KMGT".index(match[2].upper())))
