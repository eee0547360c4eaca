"""What the image is made of, as a CycloneDX document: `bill_of_materials.py LOCK [DEBIAN] >sbom.cdx.json`.

LOCK is a lock file of Python packages; DEBIAN holds what `dpkg-query --show` prints in the image: on each line a
package, a tab and a version. The standard library only: what lists everything should bring nothing.
"""

# ruff: noqa: INP001
from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote


def python_packages(lock: str) -> list[dict[str, object]]:
    """The components that a lock file pins, with the hashes of their files."""
    found = []
    for name, version, rest in re.findall(r"^([\w.-]+)==([^\s;]+)(.*(?:\n[ ].*)*)", lock, re.MULTILINE):
        hashes = sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})", rest))
        purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{quote(version)}"
        properties = [{"name": "sha256", "value": value} for value in hashes]
        found.append(_component(name, version, purl=purl) | {"properties": properties})
    return found


def debian_packages(listed: str) -> list[dict[str, object]]:
    """The components that dpkg lists."""
    pairs = [line.split("\t") for line in listed.splitlines() if line.strip()]
    return [_component(name, version, purl=f"pkg:deb/debian/{name}@{quote(version)}") for name, version in pairs]


def document(components: Iterable[dict[str, object]]) -> dict[str, object]:
    """The whole of it, the same for the same packages."""
    listed = sorted(components, key=lambda one: str(one["purl"]))
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": listed}


def _component(name: str, version: str, *, purl: str) -> dict[str, object]:
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}


if __name__ == "__main__":
    lock, *debian = (Path(name).read_text(encoding="utf-8") for name in sys.argv[1:])
    parts = [*python_packages(lock), *(one for listed in debian for one in debian_packages(listed))]
    json.dump(document(parts), sys.stdout, indent=1)
