"""Archives as actions/upload-artifact makes them, and as nobody should: each with what is to be said of it."""

from __future__ import annotations

import stat
import zipfile
from functools import cache
from io import BytesIO

FILE = "report.json"


def entry(name: str = FILE, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name)
    found.external_attr = mode << 16
    found.compress_type = zipfile.ZIP_DEFLATED
    return found


def packed(*files: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these files."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files:
            archive.writestr(entry(name) if isinstance(name, str) else name, content, method)
    return buffer.getvalue()


class _Pipe(BytesIO):
    """Where nobody can go back, as on the way to GitHub: then sizes and checksums come after the files."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError("a pipe has no place")


def streamed(content: bytes) -> bytes:
    """The archive of one file as upload-artifact makes it, which sends it while it packs."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry(), content, zipfile.ZIP_DEFLATED)
    return pipe.getvalue()


def with_name(archive: bytes, name: bytes) -> bytes:
    """Another name of the same length, which no writer would write."""
    assert len(name) == len(FILE)
    return archive.replace(FILE.encode(), name)


def with_sizes(archive: bytes, *, says: int) -> bytes:
    """The archive of one file, saying another size of it both times that it does."""
    changed = bytearray(archive)
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = archive.index(signature) + at
        changed[place : place + 4] = says.to_bytes(4, "little")
    return bytes(changed)


def with_flag(archive: bytes, flag: int) -> bytes:
    """The archive of one file, with a flag set both times that there are flags."""
    changed = bytearray(archive)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[archive.index(signature) + at + (flag > 0xFF)] |= flag % 0x100 or flag // 0x100
    return bytes(changed)


def with_wrong_checksum(archive: bytes) -> bytes:
    changed = bytearray(archive)
    for signature, at in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        changed[archive.index(signature) + at] ^= 1
    return bytes(changed)


@cache
def hostile(report: bytes, *, most: int) -> dict[str, tuple[bytes, str]]:
    """Archives that are refused, by name, each with words of the refusal. ``report`` would be taken."""
    good = packed((FILE, report))
    link = entry(mode=stat.S_IFLNK | 0o777)
    fat = b" " * (most + 1)
    return {
        "nothing": (b"", "not an archive"),
        "no archive": (report, "not an archive"),
        "half of one": (good[: len(good) // 2], "not an archive"),
        "without its end": (good[:-5], "not an archive"),
        "empty": (packed(), "has 0 entries"),
        "another file too": (packed((FILE, report), ("comment.md", b"x")), "has 2 entries"),
        "the file twice": (packed((FILE, report), ("Report.json", report)).replace(b"Report", b"report"), "has 2"),
        "thousands of files": (packed(*((f"{number}.json", b"") for number in range(3_000))), "has some 3,000 entries"),
        "another name": (packed(("comment.md", report)), "another file than"),
        "in capitals": (packed(("REPORT.json", report)), "another file than"),
        "in a folder": (packed((f"reports/{FILE}", report)), "another file than"),
        "above": (packed((f"../{FILE}", report)), "another file than"),
        "absolute": (packed((f"/{FILE}", report)), "another file than"),
        "of Windows": (packed((f"C:\\{FILE}", report)), "another file than"),
        "a name that ends early": (packed((f"{FILE}~/../../etc/passwd", report)).replace(b"~", b"\0"), "another file"),
        "a name that is no text": (with_flag(with_name(good, b"r\xff\xfeort.json"), 0x800), "not an archive"),
        "a symbolic link": (packed((link, b"/etc/passwd")), "no plain file"),
        "a folder": (packed((entry(mode=stat.S_IFDIR | 0o755), b"")), "no plain file"),
        "a pipe": (packed((entry(mode=stat.S_IFIFO | 0o644), report)), "no plain file"),
        "encrypted": (with_flag(good, 0x1), "is encrypted"),
        "compressed by bzip2": (packed((FILE, report), method=zipfile.ZIP_BZIP2), "is encrypted, or compressed"),
        "compressed by lzma": (packed((FILE, report), method=zipfile.ZIP_LZMA), "is encrypted, or compressed"),
        "too large": (packed((FILE, fat)), f"{most:,} are the most"),
        "a bomb": (packed((FILE, b" " * (most - 10))), "times as large"),
        "a bomb that says to be small": (with_sizes(packed((FILE, fat)), says=5_000), "not an archive"),
        "smaller than it says": (with_sizes(good, says=len(report) + 9), "of another size than it says"),
        "of a wrong checksum": (with_wrong_checksum(good), "not an archive"),
    }
