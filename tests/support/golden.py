"""Golden files: a text against the file that says what it should be; UPDATE_GOLDEN=1 writes the files anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden"


def check_golden(name: str, text: str) -> None:
    """Fails when the text is not what the golden file says."""
    file = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
    assert file.exists(), f"{name} is missing: look at the text, then run `make golden`"
    assert file.read_bytes().decode() == text, f"{name} differs: if the new text is right, run `make golden`"
