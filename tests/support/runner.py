"""Runs the action's image the way GitHub's runner does: its mounts, its environment, its file commands, its owners."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RUNNER_UID = 1001
WORKSPACE = "/github/workspace"
FILE_COMMANDS = {
    "GITHUB_OUTPUT": "set_output",
    "GITHUB_STEP_SUMMARY": "step_summary",
    "GITHUB_ENV": "set_env",
    "GITHUB_PATH": "add_path",
    "GITHUB_STATE": "save_state",
}


@dataclass(frozen=True)
class Step:
    """What a finished step left. ``log`` is both streams, as the runner reads them."""

    exit_code: int
    outputs: Mapping[str, str]
    summary: str
    log: str


def engine_is_there() -> bool:
    """True when a container engine answers."""
    return shutil.which("docker") is not None and _docker("info")[0] == 0


def build_image(tag: str) -> None:
    """Builds the image of this checkout; on the base named by BASE_IMAGE, if it is set."""
    base = os.environ.get("BASE_IMAGE")
    arguments = ["--build-arg", f"BASE_IMAGE={base}"] if base else []
    code, log = _docker("build", "--network", "host", *arguments, "--tag", tag, str(ROOT))
    assert code == 0, f"the image does not build:\n{log[-4000:]}"


def base_image() -> str:
    """The image that ``build_image`` builds on."""
    published = re.search(r"^ARG BASE_IMAGE=(\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert published
    return os.environ.get("BASE_IMAGE") or published[1]


def run_in(image: str, program: str, *arguments: str, options: Sequence[str] = ("--network=none",)) -> tuple[int, str]:
    """Runs a program of an image: exit code and log."""
    return _docker("run", "--rm", *options, "--entrypoint", program, image, *arguments)


def run_python(tag: str, *arguments: str, options: Sequence[str] = ("--network=none",)) -> tuple[int, str]:
    """Runs the image's own Python: exit code and log."""
    return run_in(tag, "/opt/venv/bin/python", *arguments, options=options)


@dataclass(frozen=True)
class ContainerRunner:
    """A runner with one workspace. ``folder`` is where it keeps its own files; ``environ`` is GITHUB_* for every step.

    With the rights to do so, the workspace is given to the user that owns it on GitHub's machines, who is not the
    container's.
    """

    image: str
    folder: Path
    workspace: Path
    environ: Mapping[str, str]
    token: str = "actions-token"

    def run(self, inputs: Mapping[str, str], event: object, **environ: str) -> Step:
        """One step: ``inputs`` as after ``with:``, ``event`` as in the event file, ``environ`` as after ``env:``."""
        step = self.folder / uuid.uuid4().hex
        mounts = {
            "home": "/github/home",
            "workflow": "/github/workflow",
            "file_commands": "/github/file_commands",
            "temp": "/github/runner_temp",
        }
        for name in mounts:
            (step / name).mkdir(parents=True)
        (step / "workflow" / "event.json").write_text(json.dumps(event), encoding="utf-8")
        files = {
            variable: step / "file_commands" / f"{name}_{uuid.uuid4()}" for variable, name in FILE_COMMANDS.items()
        }
        for path in files.values():
            path.touch()
        give_away(step)
        give_away(self.workspace)

        told = dict(self.environ) | environ | input_variables(inputs, self.token)
        told |= {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": WORKSPACE,
            "GITHUB_EVENT_PATH": "/github/workflow/event.json",
            "HOME": "/github/home",
            "RUNNER_TEMP": "/github/runner_temp",
        }
        told |= {variable: f"/github/file_commands/{path.name}" for variable, path in files.items()}
        code, log = _docker(
            "run",
            "--rm",
            "--network=host",
            f"--workdir={WORKSPACE}",
            *(f"--env={name}={value}" for name, value in told.items()),
            *(f"--volume={step / name}:{place}" for name, place in mounts.items()),
            f"--volume={self.workspace}:{WORKSPACE}",
            self.image,
        )
        outputs = dict(parse_file_command(files["GITHUB_OUTPUT"].read_text(encoding="utf-8")))
        return Step(code, outputs, files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"), log)

    def not_given_back(self) -> list[str]:
        """What in the workspace no longer belongs to its owner, so that a later step could not touch it."""
        owner = self.workspace.stat().st_uid
        return sorted(
            path.relative_to(self.workspace).as_posix()
            for path in self.workspace.rglob("*")
            if path.lstat().st_uid != owner
        )


def input_variables(inputs: Mapping[str, str], token: str) -> dict[str, str]:
    """INPUT_*, for every declared input: GitHub hands over the unset ones as empty text."""
    declared = _declared()
    unknown = set(inputs) - set(declared)
    assert not unknown, f"action.yml declares no {unknown}"
    values = {name: str(spec.get("default", "")) for name, spec in declared.items()} | dict(inputs)
    return {
        f"INPUT_{name.upper().replace(' ', '_')}": value.replace("${{ github.token }}", token)
        for name, value in values.items()
    }


@cache
def _declared() -> Mapping[str, Mapping[str, object]]:
    """The inputs of action.yml, which takes longer to read than anything else here."""
    inputs: Mapping[str, Mapping[str, object]] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
    return inputs


def give_away(folder: Path) -> None:
    """Gives a folder to the runner's user, if we may."""
    if os.geteuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, RUNNER_UID, RUNNER_UID, follow_symlinks=False)


def parse_file_command(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of a file command, by the runner's own grammar; what it refuses is a ValueError here."""
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, equals, value = line.partition("=")
        label, heredoc, delimiter = line.partition("<<")
        if heredoc and (not equals or len(label) < len(name)):
            held: list[str] = []
            for inner in lines:
                if inner == delimiter:
                    break
                held.append(inner)
            else:
                raise ValueError(f"Matching delimiter not found {delimiter!r}")
            yield label, "\n".join(held)
        elif equals:
            yield name, value
        else:
            raise ValueError(f"Invalid format {line!r}")


def _docker(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(["docker", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")
