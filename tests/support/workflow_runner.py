"""A small runner of workflows: the recipes' own YAML, run against the local GitHub as GitHub's runner would run it.

Checkouts are real clones over HTTP, ``run:`` is a real bash, and this action runs in this process with the inputs and
the environment that the runner makes for it; the other actions are stood in for by ``workflow_actions``. A key, an
action, a function or a context that is not known here raises ``Unsupported``, so that nothing of a recipe is passed
over in silence. Jobs run one after the other. Not stood in for: containers around jobs, services, reusable workflows,
time-outs, and that one run cancels another.
"""

from __future__ import annotations

import contextlib
import fnmatch
import io
import itertools
import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rocky_action.forges.patience import Patience
from rocky_action.main import main
from tests.support.forge_bench import ACTIONS, BOT, Clock, as_found
from tests.support.github_server import GitHubServer
from tests.support.github_state import Account
from tests.support.runner import FILE_COMMANDS, input_variables, parse_file_command
from tests.support.workflow_expressions import Scope, Unsupported, truth

OURS = ("org/rocky-preview@v1", "mirrors/rocky-preview@v1")
_WORKFLOW_KEYS = {"name", "run-name", "on", "env", "permissions", "concurrency", "jobs"}
_JOB_KEYS = {
    *("name", "if", "needs", "runs-on", "permissions", "environment", "concurrency", "env", "strategy", "steps"),
    *("outputs", "timeout-minutes"),
}
_STEP_KEYS = {
    *("name", "id", "if", "uses", "with", "run", "env", "continue-on-error", "shell", "working-directory"),
    "timeout-minutes",
}
_STARTS_WITHOUT_TYPES = {"pull_request": ("opened", "synchronize", "reopened")}
_EVENTS = {
    *("pull_request", "push", "schedule", "workflow_dispatch", "merge_group", "issue_comment", "workflow_run"),
    "pull_request_target",
}
_SHELLS = {None: ("bash", "-e"), "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail")}


@dataclass(frozen=True)
class Event:
    """What starts a workflow. ``stranger``: GitHub gives the run a token that reads, no secrets and no identity."""

    name: str
    payload: Mapping[str, Any]
    ref: str
    sha: str
    head_ref: str = ""
    base_ref: str = ""
    stranger: bool = False


@dataclass
class Forge:
    """What workflows run on. ``clone_url`` is the repository's address for git, ``server_url`` begins it.

    ``secrets`` by name, those of an environment in ``environments``. ``machine`` are variables of the runner itself.
    ``actions`` are the stand-ins for others' actions, by their names without version; ``store`` is theirs to keep
    things in from run to run. ``identity`` gives a job with ``id-token: write`` the variables by which it asks who it
    is. ``ours`` does a step of this action.
    """

    server: GitHubServer
    folder: Path
    server_url: str
    clone_url: str
    actions: Mapping[str, Callable[[Doing], None]]
    machine: Mapping[str, str]
    secrets: dict[str, str] = field(default_factory=dict)
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    identity: Callable[[], Mapping[str, str]] = dict
    ours: Callable[[Doing], None] = field(default_factory=lambda: in_this_process)
    default_branch: str = "main"
    store: dict[str, Any] = field(default_factory=dict)
    runs: int = 4242

    def run(self, workflow: str, event: Event) -> Run:
        """One run of a workflow, to its end; without jobs if the event does not start it."""
        document = yaml.safe_load(workflow)
        _known(document, _WORKFLOW_KEYS | {True}, "a workflow")
        triggers = document.get("on", document.get(True))  # YAML 1.1 takes `on` for a truth value
        self.runs += 1
        run = Run(self, document, event, str(self.runs), _given(triggers, event))
        if _starts(triggers, event):
            for name in _in_order(document["jobs"]):
                run.jobs += [one.run() for one in _jobs(run, name, document["jobs"][name])]
        return run


@dataclass
class Run:
    """A run of a workflow. ``inputs`` are those of a ``workflow_dispatch``."""

    forge: Forge
    document: Mapping[Any, Any]
    event: Event
    id: str
    inputs: Mapping[str, Any]
    jobs: list[Job] = field(default_factory=list)

    def job(self, name: str) -> Job:
        """The only job of an id."""
        (found,) = (job for job in self.jobs if job.id == name)
        return found

    @property
    def results(self) -> dict[str, str]:
        """How each job ended, by what GitHub's check is called."""
        return {job.title: job.result for job in self.jobs}

    @property
    def concurrency(self) -> tuple[str, bool] | None:
        return _concurrency(self.document.get("concurrency"), Scope(self.contexts()))

    def contexts(self) -> dict[str, Any]:
        """What is known of a run before its jobs."""
        event, forge = self.event, self.forge
        github = {
            "event_name": event.name,
            "event": event.payload,
            "ref": event.ref,
            "ref_name": event.ref.removeprefix("refs/heads/").removeprefix("refs/pull/"),
            "sha": event.sha,
            "head_ref": event.head_ref,
            "base_ref": event.base_ref,
            "repository": forge.server.state.repository,
            "repository_owner": forge.server.state.repository.split("/")[0],
            "workflow": self.document.get("name", ""),
            "run_id": self.id,
            "run_attempt": "1",
            "actor": "mona",
            "server_url": forge.server_url,
            "api_url": forge.server.api_url,
            "token": ACTIONS,
        }
        return {"github": github, "inputs": self.inputs, "vars": forge.variables}


@dataclass
class Step:
    """A step that was looked at; ``outcome`` is before ``continue-on-error`` and ``conclusion`` after it."""

    name: str
    outcome: str = "skipped"
    conclusion: str = "skipped"
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    summary: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)


class Failed(Exception):  # noqa: N818  how a step ends, not an error of this runner
    """A step that fails; the message is what its log says."""


@dataclass
class Doing:
    """A step at work, for whoever stands in for an action."""

    job: Job
    step: Step
    inputs: dict[str, str]
    environ: dict[str, str]
    scope: Scope

    def take(self, joint: str = "-", **defaults: str | None) -> dict[str, str]:
        """The inputs by these names (``_`` for ``joint``), None where one must be given; others are not known here."""
        known = {name.replace("_", joint): value for name, value in defaults.items()}
        _known(self.inputs, set(known), self.step.name)
        given = {**known, **{name: value for name, value in self.inputs.items() if value}}
        if missing := [name for name, value in given.items() if value is None]:
            raise Failed(f"Input required and not supplied: {missing[0]}")
        return {name.replace(joint, "_"): value or "" for name, value in given.items()}


@dataclass
class Job:
    """One job, with one choice of its matrix."""

    in_run: Run
    id: str
    document: Mapping[str, Any]
    matrix: Mapping[str, Any]
    result: str = "skipped"
    steps: list[Step] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    environment: str = ""
    exported: dict[str, str] = field(default_factory=dict)
    after: list[Callable[[], None]] = field(default_factory=list)

    @property
    def title(self) -> str:
        named = self.document.get("name", self.id)
        return Scope(self._contexts()).text(named)

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def folder(self) -> Path:
        chosen = "".join(f"-{value}" for value in self.matrix.values())
        return self.in_run.forge.folder / f"run-{self.in_run.id}" / f"{self.id}{chosen}"

    @property
    def permissions(self) -> Mapping[str, str]:
        """What the job's token may do: the job's block, else the workflow's, else what GitHub gives by default."""
        default = {"contents": "read", "packages": "read"}
        given = self.document.get("permissions", self.in_run.document.get("permissions", default))
        if not isinstance(given, Mapping):
            raise Unsupported(f"permissions: {given}")
        return given

    @property
    def concurrency(self) -> tuple[str, bool] | None:
        return _concurrency(self.document.get("concurrency"), Scope(self._contexts()))

    @property
    def ours(self) -> Step:
        """The job's only step that is this action."""
        (found,) = (step for step in self.steps if step.name in OURS)
        return found

    @property
    def log(self) -> str:
        return "\n".join(f"== {step.name}: {step.outcome}\n{step.log}" for step in self.steps)

    def run(self) -> Job:
        _known(self.document, _JOB_KEYS, f"the job {self.id}")
        before = [job for job in self.in_run.jobs if job.id in _listed(self.document.get("needs"))]
        failed = any(job.result != "success" for job in before)
        needs = {job.id: {"result": job.result, "outputs": job.outputs} for job in before}
        if not Scope({**self._contexts(), "needs": needs}, failed=failed).holds(self.document.get("if")):
            return self
        for folder in (self.workspace, self.folder / "temp"):
            folder.mkdir(parents=True)
        self._hand_out_token()
        place = self.document.get("environment", "")
        self.environment = place["name"] if isinstance(place, Mapping) else place
        for number, step in enumerate(self.document["steps"]):
            self._take(step, number, needs)
        if all(step.conclusion != "failure" for step in self.steps):
            for clean_up in reversed(self.after):
                clean_up()
        bad = any(step.conclusion == "failure" for step in self.steps)
        self.result = "failure" if bad else "success"
        scope = Scope({**self._contexts(), "steps": self._told(), "needs": needs})
        self.outputs = {name: scope.text(value) for name, value in self.document.get("outputs", {}).items()}
        return self

    def may(self, what: str, level: str) -> bool:
        """Whether the job's token has a permission. A stranger's never writes."""
        given = self.permissions.get(what, "none")
        if level == "write" or what == "id-token":
            return given == "write" and not self.in_run.event.stranger
        return given in {"read", "write"}

    def _hand_out_token(self) -> None:
        writes = self.may("pull-requests", "write") or self.may("issues", "write")
        state = self.in_run.forge.server.state
        state.accounts[ACTIONS] = Account(BOT, access="write" if writes else "read")
        state.looks.may_check = self.may("checks", "write")
        state.looks.may_create_labels = self.may("issues", "write")

    def _contexts(self) -> dict[str, Any]:
        github = self.in_run.contexts()
        github["github"] = {**github["github"], "job": self.id, "workspace": str(self.workspace)}
        return github | {"matrix": self.matrix}

    def _told(self) -> dict[str, Any]:
        return {
            str(written["id"]): {"outputs": step.outputs, "outcome": step.outcome, "conclusion": step.conclusion}
            for written, step in zip(self.document["steps"], self.steps, strict=False)
            if "id" in written
        }

    def _take(self, written: Mapping[str, Any], number: int, needs: Mapping[str, Any]) -> None:
        name = str(written.get("uses") or written.get("name") or written.get("run"))
        _known(written, _STEP_KEYS, f"the step {name}")
        step = Step(name)
        told = self._told()
        failed = any(step.conclusion == "failure" for step in self.steps)
        contexts = {**self._contexts(), "steps": told, "needs": needs, "job": {"status": "success"}}
        contexts["runner"] = {"os": "Linux", "arch": "X64", "temp": str(self.folder / "temp")}
        contexts["env"] = self._env(contexts)
        scope = Scope(contexts, failed, workspace=self.workspace)
        self.steps.append(step)
        if not scope.holds(written.get("if")):
            return
        forge = self.in_run.forge
        secrets = (
            {} if self.in_run.event.stranger else {**forge.secrets, **forge.environments.get(self.environment, {})}
        )
        contexts["secrets"] = {**secrets, "GITHUB_TOKEN": ACTIONS}
        contexts["env"] = self._env(contexts)
        contexts["env"] |= {key: scope.text(value) for key, value in written.get("env", {}).items()}
        inputs = {key: scope.text(value) for key, value in (written.get("with") or {}).items()}
        doing = Doing(self, step, inputs, self._environ(contexts["env"]), scope)
        step.inputs, step.environ = inputs, doing.environ
        self._do(doing, written, self.folder / f"step-{number}")
        forgiven = truth(scope.filled(written.get("continue-on-error", False)))
        step.conclusion = "success" if forgiven else step.outcome

    def _env(self, contexts: Mapping[str, Any]) -> dict[str, str]:
        """The workflow's variables, the job's, and those that steps have exported."""
        secrets = contexts if "secrets" in contexts else {**contexts, "secrets": {}}
        found: dict[str, str] = {}
        for level in (self.in_run.document, self.document):
            found |= {key: Scope(secrets).text(value) for key, value in level.get("env", {}).items()}
        return found | self.exported

    def _environ(self, env: Mapping[str, str]) -> dict[str, str]:
        run, forge = self.in_run, self.in_run.forge
        event = self.folder / "event.json"
        event.write_text(json.dumps(run.event.payload), encoding="utf-8")
        told = {
            **forge.machine,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            **forge.server.environ,
            "GITHUB_SERVER_URL": forge.server_url,
            "GITHUB_EVENT_NAME": run.event.name,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REF": run.event.ref,
            "GITHUB_SHA": run.event.sha,
            "GITHUB_HEAD_REF": run.event.head_ref,
            "GITHUB_BASE_REF": run.event.base_ref,
            "GITHUB_RUN_ID": run.id,
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKFLOW": str(run.document.get("name", "")),
            "GITHUB_JOB": self.id,
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "RUNNER_OS": "Linux",
        }
        identity = forge.identity() if self.may("id-token", "write") else {}
        return {**told, **identity, **env}

    def _do(self, doing: Doing, written: Mapping[str, Any], folder: Path) -> None:
        folder.mkdir()
        files = {variable: folder / name for variable, name in FILE_COMMANDS.items()}
        for path in files.values():
            path.touch()
        doing.environ |= {variable: str(path) for variable, path in files.items()}
        try:
            if "run" in written:
                _bash(doing, written, folder / "script.sh")
            elif written["uses"] in OURS:
                self.in_run.forge.ours(doing)
            else:
                self._stand_in(str(written["uses"]))(doing)
            doing.step.outcome = "success"
        except Failed as why:
            doing.step.log += f"::error::{why}\n"
            doing.step.outcome = "failure"
        doing.step.outputs |= dict(parse_file_command(files["GITHUB_OUTPUT"].read_text(encoding="utf-8")))
        doing.step.summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        self.exported |= dict(parse_file_command(files["GITHUB_ENV"].read_text(encoding="utf-8")))

    def _stand_in(self, uses: str) -> Callable[[Doing], None]:
        known = self.in_run.forge.actions
        name, at, _ = uses.partition("@")
        if not at or name not in known:
            raise Unsupported(f"the action {uses}")
        return known[name]


def in_this_process(doing: Doing) -> None:
    """This action, with what its container gets; its time passes only when it waits for GitHub."""
    clock, log = Clock(), io.StringIO()
    environ = {**doing.environ, **input_variables(doing.inputs, ACTIONS)}
    doing.step.environ = environ
    with as_found(), contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        code = main(environ, patience=Patience(sleep=clock.sleep, clock=clock))
    doing.step.log = log.getvalue()
    if code:
        raise Failed(f"Docker run failed with exit code {code}")


def _bash(doing: Doing, written: Mapping[str, Any], script: Path) -> None:
    if written.get("shell") not in _SHELLS:
        raise Unsupported(f"shell: {written['shell']}")
    script.write_text(doing.scope.text(written["run"]), encoding="utf-8")
    folder = doing.job.workspace / doing.scope.text(written.get("working-directory", "."))
    command = [*_SHELLS[written.get("shell")], str(script)]
    done = subprocess.run(
        command, cwd=folder, env=doing.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    doing.step.log = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise Failed(f"Process completed with exit code {done.returncode}.")


def _known(written: Mapping[Any, Any], known: set[Any], what: str) -> None:
    if unknown := set(written) - known:
        raise Unsupported(f"{what} has {sorted(map(str, unknown))}")


def _listed(value: object) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else [str(item) for item in iter_of(value)]


def iter_of(value: object) -> Iterable[object]:
    if not isinstance(value, (list, Mapping)):
        raise Unsupported(f"{value!r} where a list belongs")
    return value


def _of(triggers: object, name: str) -> Mapping[str, Any] | None:
    """What a workflow says of an event; None if it is not started by it."""
    unknown = set(_listed(triggers)) - _EVENTS
    if unknown:
        raise Unsupported(f"on: {sorted(unknown)}")
    if name not in _listed(triggers):
        return None
    said = triggers[name] if isinstance(triggers, Mapping) else None
    return {"cron": said} if isinstance(said, list) else said or {}


def _starts(triggers: object, event: Event) -> bool:
    said = _of(triggers, event.name)
    if said is None:
        return False
    _known(said, {"types", "branches", "workflows", "inputs", "cron"}, f"on: {event.name}")
    types = said.get("types", _STARTS_WITHOUT_TYPES.get(event.name))
    if types is not None and event.payload.get("action") not in types:
        return False
    run = event.payload.get("workflow_run", {})
    if event.name == "workflow_run" and run["name"] not in said["workflows"]:
        return False
    of_base = event.name.startswith("pull_request")
    branch = event.base_ref if of_base else run.get("head_branch") or event.ref.removeprefix("refs/heads/")
    return "branches" not in said or any(fnmatch.fnmatchcase(branch, one) for one in said["branches"])


def _given(triggers: object, event: Event) -> Mapping[str, Any]:
    """The inputs of a run that somebody starts by hand, by their types."""
    said = _of(triggers, event.name) if event.name == "workflow_dispatch" else None
    declared: Mapping[str, Mapping[str, Any]] = (said or {}).get("inputs") or {}
    given = event.payload.get("inputs") or {}
    _known(given, set(declared), "what was given to workflow_dispatch")
    if missing := [name for name, one in declared.items() if one.get("required") and not given.get(name)]:
        raise Failed(f"Required input {missing[0]!r} not provided")
    values = {name: given.get(name, one.get("default", "")) for name, one in declared.items()}
    kinds = {name: one.get("type", "string") for name, one in declared.items()}
    read: Mapping[str, Callable[[Any], Any]] = {"string": str, "number": float, "boolean": lambda text: text == "true"}
    return {name: read[kinds[name]](value) if value != "" else "" for name, value in values.items()}


def _in_order(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The ids of jobs, each after those that it needs."""
    left = dict(jobs)
    while left:
        ready = [name for name, job in left.items() if not set(_listed(job.get("needs"))) & set(left)]
        if not ready:
            raise Unsupported(f"jobs that need each other: {sorted(left)}")
        for name in ready:
            del left[name]
            yield name


def _jobs(run: Run, name: str, document: Mapping[str, Any]) -> Iterator[Job]:
    strategy = document.get("strategy", {})
    _known(strategy, {"matrix", "fail-fast", "max-parallel"}, f"the strategy of {name}")
    matrix = Scope(run.contexts()).filled(strategy.get("matrix", {}))
    _known(matrix, set(matrix) - {"include", "exclude"}, f"the matrix of {name}")
    for choice in itertools.product(*matrix.values()):
        yield Job(run, name, document, dict(zip(matrix, choice, strict=True)))


def _concurrency(written: Any, scope: Scope) -> tuple[str, bool] | None:
    """The group, and whether a newer run cancels one at work."""
    if written is None:
        return None
    spec = written if isinstance(written, Mapping) else {"group": written}
    _known(spec, {"group", "cancel-in-progress"}, "concurrency")
    return scope.text(spec["group"]), truth(scope.filled(spec.get("cancel-in-progress", False)))
