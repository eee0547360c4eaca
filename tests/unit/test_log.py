"""Both streams of a job: whoever prints, no line of it is a workflow command."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.text import plain
from rocky_action.forges.log import PlainLines
from rocky_action.wire.document import json_text
from tests.unit.test_github_actions import PIECES, is_command

PRINTS = """
import argparse, logging, os, sys, threading, warnings
from rocky_action.forges.log import guard_streams
raw = guard_streams()
raw.write("::notice::ours\\n")
attack = "::error::pwned ##[error]pwned"
print(attack)
print("begun", end=" ", flush=True)
print("::is no command::")
warnings.warn(f"\\n{attack}")
logging.getLogger("driver").warning(attack)
thread = threading.Thread(target=lambda: exec("raise ValueError('\\\\n' + attack)", {"attack": attack}))
thread.start()
thread.join()
try:
    argparse.ArgumentParser().parse_args([f"\\n{attack}"])
except SystemExit:
    pass
sys.stderr.write(attack)
sys.stdout.write("not ended")
raise RuntimeError(f"\\n{attack}")
"""


@given(st.lists(st.lists(st.sampled_from(PIECES)).map("".join)))
def test_lines_are_judged_whole(parts: list[str]) -> None:
    """However a text is cut into writes, what comes out is what the whole text would be in a log."""
    beneath = io.StringIO(newline="")
    stream = PlainLines(beneath)
    for part in parts:
        assert stream.write(part) == len(part)
        stream.flush()
    stream.finish()
    whole = "".join(parts)
    expected = plain(whole if whole.endswith("\n") or not whole else f"{whole}\n")
    assert beneath.getvalue() == expected


def test_what_python_prints_by_itself_is_no_command(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PRINTS], capture_output=True, check=False, cwd=tmp_path)
    lines = [line for stream in (done.stdout, done.stderr) for line in stream.decode().splitlines()]
    assert [line for line in lines if is_command(line)] == ["::notice::ours"]
    assert "begun ::is no command::" in lines
    assert sum("::error::pwned" in line for line in lines) == 7
    assert "not ended" in lines
    assert done.returncode == 1


@given(st.recursive(st.lists(st.sampled_from(PIECES)).map("".join), st.lists))
def test_json_is_neither_changed_nor_a_command(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert not any(map(is_command, text.split("\n")))
    assert json.loads(plain(text)) == value
