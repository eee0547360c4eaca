"""Which variables and settings hold secrets, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_SECRET = re.compile(
    r"(?:^|_|-)(?:TOKEN|SECRET|PASSWORD|PASSWD|PWD|PW|PASSPHRASE|PAT|CREDENTIALS?|(?:API|ACCESS|PRIVATE|ACCOUNT)_?KEY"
    r"|PRIVATE_KEY_RAW|KEY)(?:$|_|-)",
    re.IGNORECASE,
)
_SAFE = re.compile(
    r"(?:^|_)(?:FILE|PATH|URL|URI|DIR|NAME|ID|TYPE|PROVIDER|COUNT|FORMAT|EXPIRY|SOCK)$|^GOOGLE_APPLICATION_CREDENTIALS$"
    r"|^CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE$|^(?:OLD)?PWD$|^GIT_CONFIG_KEY_",
    re.IGNORECASE,
)
"""Variables that say where a secret is, or whose it is, and are needed to read a log."""
_IN_AN_ADDRESS = re.compile(r"://[^/@\s:]*:([^/@\s]+)@")
_IN_A_HEADER = re.compile(r"authorization:\s*\w+\s+(\S+)", re.IGNORECASE)
_PLAIN = frozenset({"0", "1", "false", "no", "none", "null", "true", "yes"})


def secrets_of(environ: Mapping[str, str]) -> Iterator[str]:
    """The values of all variables that are named like secrets, and what logs in within an address or a header."""
    for name, value in environ.items():
        if _SECRET.search(name) and not _SAFE.search(name) and value.lower() not in _PLAIN:
            yield value
        yield from _IN_AN_ADDRESS.findall(value)
        yield from _IN_A_HEADER.findall(value)
