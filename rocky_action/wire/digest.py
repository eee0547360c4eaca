"""A preview's digest as the last line of its comment: compressed, sealed, and never shown to a reader.

The seal binds it to one repository, pull request and marker. Without a key of somebody's it is a checksum, and who
wrote the comment has to be vouched for by the forge.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import zlib
from dataclasses import asdict, dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from rocky_action.domain.history import Digest

MOST = 8_000
"""Code points, the whole line: enough for a hundred models and more."""
_MOST_INSIDE = 200_000
"""Bytes once it is decompressed."""
_OPEN_KEY = b"rocky-preview"
_LINE = re.compile(r"<!-- rocky-preview digest: v1 ([A-Za-z0-9+/]+=*) ([A-Za-z0-9+/]+=*) -->")
_DIGEST = TypeAdapter(Digest)


@dataclass(frozen=True)
class Seal:
    """What a digest belongs to, and the secret that proves it, None where nobody gave one."""

    repository: str
    number: int
    marker: str
    key: str | None = field(default=None, repr=False)

    def fingerprint(self, value: object, size: int) -> str:
        """See ``domain.history.Fingerprint``: with a key, nobody else can tell which value it is of."""
        return _text(self._mac(b"fingerprint", _canonical(value))[:size])

    def of(self, packed: bytes) -> str:
        """The proof that a digest was made for this comment by somebody who has the key."""
        return _text(self._mac(b"digest", packed))

    def _mac(self, purpose: bytes, content: bytes) -> bytes:
        about = _canonical((self.repository.lower(), self.number, self.marker))
        key = _OPEN_KEY if self.key is None else self.key.encode()
        # Each part is of known length or ends where no other can begin, so no two messages are spelled alike.
        message = b"%s v1 %d %s%s" % (purpose, len(about), about, content)
        return hmac.new(key, message, hashlib.sha256).digest()


def digest_line(digest: Digest, seal: Seal, *, limit: int = MOST) -> str:
    """The line, with as much as fits: without the models' contents if need be, then without models, then nothing."""
    models = digest.models or ()
    bare = tuple(replace(model, content=None) for model in models)
    for candidate in (digest, replace(digest, models=bare), replace(digest, models=None, removed=())):
        packed = zlib.compress(_canonical(asdict(candidate)), 9)
        line = f"<!-- rocky-preview digest: v1 {_text(packed)} {seal.of(packed)} -->"
        if len(line) <= min(limit, MOST):
            return line
    return ""


def line_in(body: str) -> str:
    """The digest's line as a comment has it, empty if its last line is none."""
    last = body.rstrip("\r\n").rpartition("\n")[2]
    return last if _LINE.fullmatch(last) else ""


def read_digest(line: str, seal: Seal) -> Digest | None:
    """What a line says, None if it is no digest of ours for this comment, whole and as it was written."""
    found = _LINE.fullmatch(line)
    if found is None or len(line) > MOST:
        return None
    try:
        packed = base64.b64decode(found[1], validate=True)
        if _text(packed) != found[1] or not hmac.compare_digest(seal.of(packed), found[2]):
            return None
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(packed, _MOST_INSIDE)
        return _DIGEST.validate_json(content, strict=True) if unpacking.eof else None
    except (ValueError, zlib.error, ValidationError):
        return None


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def _text(raw: bytes) -> str:
    """Base64 with + and /: the other alphabet has the dash, two of which no HTML comment may hold."""
    return base64.b64encode(raw).decode()
