"""Runs the action as the container does, in a process of this machine: quick, and measured by coverage."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.checkout import coverage_environ
from tests.support.runner import FILE_COMMANDS, ROOT, Step, input_variables, parse_file_command


@dataclass(frozen=True)
class ProcessRunner:
    """A runner with one workspace, like ContainerRunner but without a container around the step."""

    folder: Path
    workspace: Path
    environ: Mapping[str, str]
    token: str = "actions-token"

    def start(self, inputs: Mapping[str, str], event: object, **environ: str) -> Started:
        """Starts one step."""
        step = self.folder / uuid.uuid4().hex
        step.mkdir(parents=True)
        (step / "event.json").write_text(json.dumps(event), encoding="utf-8")
        files = {variable: step / name for variable, name in FILE_COMMANDS.items()}
        for path in files.values():
            path.touch()
        told = {**self.environ, **coverage_environ(), **input_variables(inputs, self.token), **environ}
        told |= {
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_EVENT_PATH": str(step / "event.json"),
            **{variable: str(path) for variable, path in files.items()},
        }
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "entrypoint.py")],
            cwd=self.workspace,
            env=told,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return Started(process, files)

    def run(self, inputs: Mapping[str, str], event: object, **environ: str) -> Step:
        """One step, start to end."""
        return self.start(inputs, event, **environ).end()


@dataclass(frozen=True)
class Started:
    """A step that is running."""

    process: subprocess.Popen[bytes]
    files: Mapping[str, Path]

    def end(self) -> Step:
        """Waits for its end."""
        log, _ = self.process.communicate(timeout=120)
        outputs = dict(parse_file_command(self.files["GITHUB_OUTPUT"].read_text(encoding="utf-8")))
        summary = self.files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        return Step(self.process.returncode, outputs, summary, log.decode("utf-8", "replace"))
