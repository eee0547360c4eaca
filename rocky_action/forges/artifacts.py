"""The one file of an artifact that another workflow's run has uploaded. All of it is a stranger's.

The artifact is read in memory and nothing of it is unpacked; what an archive declares is believed as far as it limits.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from io import BytesIO

from rocky_action.errors import UnusableReportError
from rocky_action.forges.github_actions import Event, OtherRun
from rocky_action.forges.github_api import GitHub, route
from rocky_action.forges.payload import dig, text
from rocky_action.forges.refusals import RefusedError

MOST_TIMES = 200
"""By how much a file may be larger than what it is compressed to. Deflate's most is 1,032, our reports' is below 60."""

_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OverflowError, RuntimeError)
"""What Python's reader raises on what is no archive; a ValueError too, for names and places that cannot be."""


def fetch(github: GitHub, event: Event, *, run: OtherRun, name: str, file: str, most: int) -> bytes:
    """The file of an artifact of a run, of at most ``most`` bytes. Raises UnusableReportError, or ForgeError."""
    repository = ("repos", event.owner, event.repository, "actions")
    answer = github.get(route(*repository, "runs", run.id, "artifacts"), name=name, per_page="100")
    number = _only(answer, run, name=name)
    try:
        packed = github.download(route(*repository, "artifacts", number, "zip"), most=most)
    except RefusedError as err:
        if err.status not in {0, 404, 410}:
            raise
        raise UnusableReportError(f"the artifact `{name}` cannot be had: {err.message}", advice="") from err
    return unpacked(packed, file=file, most=most)


def _only(answer: object, run: OtherRun, *, name: str) -> int:
    """The artifact's number. A run that was repeated may have one of each attempt: then the last one's counts."""
    listed = dig(answer, "artifacts")
    named = [one for one in listed if text(one, "name") == name] if isinstance(listed, list) else []
    there = [one for one in named if dig(one, "expired") is False]
    found = [one for one in there if text(one, "created_at") >= run.started_at] or there
    if len(found) == 1 and isinstance(number := dig(found[0], "id"), int):
        return number
    if found:
        raise UnusableReportError(f"the run has {len(found)} artifacts called `{name}`", advice="")
    is_gone = "has expired" if named else "is not there"
    raise UnusableReportError(f"the run's artifact `{name}` {is_gone}", advice="")


def unpacked(packed: bytes, *, file: str, most: int) -> bytes:
    """The only file of an archive, which must have that name and be a plain file of at most ``most`` bytes.

    Raises UnusableReportError.
    """
    # Counted before anything is made of them. Chance does not bring about four bytes like these a hundred times.
    if (entries := packed.count(_ENTRY)) > 100:
        raise _unusable(f"has some {entries:,} entries, and not one")
    try:
        with zipfile.ZipFile(BytesIO(packed)) as archive:
            entry = _checked(archive.infolist(), file=file, most=most)
            with archive.open(entry) as opened:
                found = opened.read(most + 1)
                # its checksum is only looked at where the file ends
                is_whole = not opened.read(1) and len(found) == entry.file_size
    except (*_BROKEN, ValueError) as err:
        raise _unusable(f"is not an archive that can be read: {type(err).__name__}") from err
    if not is_whole:
        raise _unusable("holds a file of another size than it says")
    return found


def _checked(entries: list[zipfile.ZipInfo], *, file: str, most: int) -> zipfile.ZipInfo:
    if len(entries) != 1:
        raise _unusable(f"has {len(entries)} entries, and not one")
    entry = entries[0]
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.orig_filename != file:  # as it stands there; Python's own name of it ends at a NUL
        raise _unusable(f"holds another file than {file}")
    if kind not in {0, stat.S_IFREG}:
        raise _unusable("holds no plain file")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise _unusable("is encrypted, or compressed in another way than `deflate`")
    if entry.file_size > most:
        raise _unusable(f"holds a file of {entry.file_size:,} bytes, and {most:,} are the most")
    if entry.file_size > MOST_TIMES * max(1, entry.compress_size):
        raise _unusable(f"holds a file that is more than {MOST_TIMES} times as large as it is packed")
    return entry


def _unusable(what: str) -> UnusableReportError:
    return UnusableReportError(f"the artifact {what}", advice="")
