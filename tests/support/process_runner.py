"""Runs the action as the container does, without a container: in a process of this machine, or in this very one."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rocky_action.forges.patience import Patience
from rocky_action.main import main
from tests.support.checkout import coverage_environ
from tests.support.forge_bench import Clock, as_found
from tests.support.runner import FILE_COMMANDS, ROOT, Step, input_variables, parse_file_command


@dataclass(frozen=True)
class ProcessRunner:
    """A runner with one workspace, like ContainerRunner but without a container around the step."""

    folder: Path
    workspace: Path
    environ: Mapping[str, str]
    token: str = "actions-token"

    def prepare(
        self, inputs: Mapping[str, str], event: object, environ: Mapping[str, str]
    ) -> tuple[dict[str, str], Mapping[str, Path]]:
        """What a step finds in its environment, and its files for outputs and the like."""
        step = self.folder / uuid.uuid4().hex
        step.mkdir(parents=True)
        (step / "event.json").write_text(json.dumps(event), encoding="utf-8")
        files = {variable: step / name for variable, name in FILE_COMMANDS.items()}
        for path in files.values():
            path.touch()
        told = {**self.environ, **input_variables(inputs, self.token), **environ}
        told |= {
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_EVENT_PATH": str(step / "event.json"),
            **{variable: str(path) for variable, path in files.items()},
        }
        return told, files

    def start(self, inputs: Mapping[str, str], event: object, **environ: str) -> Started:
        """Starts one step."""
        told, files = self.prepare(inputs, event, environ)
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "entrypoint.py")],
            cwd=self.workspace,
            env=told | coverage_environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return Started(process, files)

    def run(self, inputs: Mapping[str, str], event: object, **environ: str) -> Step:
        """One step, start to end."""
        return self.start(inputs, event, **environ).end()


@dataclass(frozen=True)
class QuickRunner(ProcessRunner):
    """``run`` is done in this process, and time passes only where it waits for GitHub; ``start`` starts one."""

    def run(self, inputs: Mapping[str, str], event: object, **environ: str) -> Step:
        told, files = self.prepare(inputs, event, environ)
        clock, log = Clock(), io.StringIO()
        with as_found(), contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            code = main(told, patience=Patience(sleep=clock.sleep, clock=clock))
        return step_of(code, files, log.getvalue())


@dataclass(frozen=True)
class Started:
    """A step that is running."""

    process: subprocess.Popen[bytes]
    files: Mapping[str, Path]

    def end(self) -> Step:
        """Waits for its end."""
        log, _ = self.process.communicate(timeout=120)
        return step_of(self.process.returncode, self.files, log.decode("utf-8", "replace"))


def step_of(code: int, files: Mapping[str, Path], log: str) -> Step:
    """What a step that ended with ``code`` has left."""
    outputs = dict(parse_file_command(files["GITHUB_OUTPUT"].read_text(encoding="utf-8")))
    return Step(code, outputs, files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"), log)
