"""Inputs arrive as text by name and leave as one frozen ``Settings``, or as one InputError that lists every mistake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from rocky_action.domain.cost import Gate
from rocky_action.domain.gate import FailOn
from rocky_action.domain.naming import is_preview_name, preview_name
from rocky_action.domain.options import (
    Algorithm,
    AuditOptions,
    Baseline,
    Budget,
    Cap,
    CopyMode,
    DiffOptions,
    ModelOptions,
    PreviewOptions,
    ProjectFile,
    RunOptions,
    SampleOrder,
)
from rocky_action.domain.prices import PriceChoice
from rocky_action.errors import InputError, did_you_mean
from rocky_action.settings.costs import price_choice, runs_per_month
from rocky_action.settings.described import Input, Mode
from rocky_action.settings.entries import entries, shown
from rocky_action.settings.gates import gates_of
from rocky_action.settings.inputs import BY_NAME
from rocky_action.settings.sizes import bytes_of

COMMAND_LINE = "command line"
ACTION_INPUT = "action input"
_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All inputs, parsed. None means: not given, and found out later. ``origins`` says where each value came from."""

    mode: Mode
    base_ref: str | None
    head: str | None
    branch_name: str | None
    working_directory: str
    config: str
    models_dir: str | None
    pipeline: str | None
    variables: Mapping[str, str]
    seeds: tuple[str, ...]
    baseline: Baseline
    stability: bool
    copy: CopyMode
    algorithm: Algorithm
    sample_size: int
    sample_order: SampleOrder
    max_samples: int | None
    diff_seconds: float | None
    diff_bytes: int | None
    max_preview_usd: float | None
    max_preview_bytes: int | None
    timeout: float | None
    memory_limit: str | None
    threads: int
    lease_hours: int
    keep_records_days: int
    audit: AuditOptions
    audit_seed: str | None
    price: PriceChoice
    runs_per_month: tuple[float, float] | None
    gates: tuple[Gate, ...]
    fail_on: FailOn
    fail_on_preview_error: bool
    pr_number: int | None
    comment_marker: str
    report: str | None
    artifact: str | None
    run_output: str | None
    output_dir: str
    github_token: str | None = field(repr=False)
    project: ModelOptions
    models: tuple[tuple[str, ModelOptions], ...]
    mask_classifications: tuple[str, ...]
    origins: Mapping[str, str]

    def shown_samples(self, *, private: bool = True) -> int:
        """Example rows for each model: as many as somebody asked for, else none where everybody could read them."""
        if self.max_samples is not None:
            return self.max_samples
        return DiffOptions.max_samples if private else 0

    def preview_options(self, name: str, *, private: bool = True) -> PreviewOptions:
        """What the pipeline needs to know of it, for a preview of this name."""
        return PreviewOptions(
            name,
            RunOptions(self.baseline, self.copy, self.timeout, self.threads, self.lease_hours, self.stability),
            DiffOptions(
                self.algorithm,
                self.sample_size,
                self.shown_samples(private=private),
                self.project,
                self.models,
                sample_order=self.sample_order,
                budget=Budget(self.diff_seconds, self.diff_bytes),
                mask_classifications=self.mask_classifications,
            ),
            replace(self.audit, seed=self.audit_seed),
            self.price,
            self.runs_per_month,
            self.gates,
            Cap(self.max_preview_usd, self.max_preview_bytes),
        )


def parse(
    values: Mapping[str, str], *, project_file: ProjectFile | None = None, origin: str = COMMAND_LINE
) -> Settings:
    """Settings from what was given (empty is not given), else from the project file, else the defaults.

    Raises InputError with all mistakes, each under the name that the person wrote.
    """
    read = _Reader(values, project_file=project_file or ProjectFile(), origin=origin)
    settings = Settings(
        mode=read.choice("mode", Mode),
        base_ref=read.optional("base_ref"),
        head=read.optional("head"),
        branch_name=read.branch_name(),
        working_directory=read.text("working_directory"),
        config=read.text("config"),
        models_dir=read.optional("models_dir"),
        pipeline=read.optional("pipeline"),
        variables=read.variables(),
        seeds=read.seeds(),
        baseline=read.choice("baseline", Baseline),
        stability=read.truth("stability"),
        copy=read.choice("copy", CopyMode),
        algorithm=read.choice("algorithm", Algorithm),
        sample_size=read.whole("sample_size", at_least=1),
        sample_order=read.choice("sample_order", SampleOrder),
        max_samples=read.whole("max_samples", at_least=0) if read.text("max_samples") else None,
        diff_seconds=read.seconds("diff_seconds"),
        diff_bytes=read.size("diff_bytes"),
        max_preview_usd=read.dollars("max_preview_usd"),
        max_preview_bytes=read.size("max_preview_bytes"),
        timeout=read.seconds("timeout"),
        memory_limit=read.memory_limit(),
        threads=read.whole("threads", at_least=1, at_most=256),
        lease_hours=read.whole("lease_hours", at_least=1, at_most=8760),
        keep_records_days=read.whole("keep_records_days", at_least=1, at_most=36_500),
        audit=read.audit(),
        audit_seed=read.optional("audit_seed"),
        price=read.price(),
        runs_per_month=read.runs_per_month(),
        gates=read.gates(),
        fail_on=read.choice("fail_on", FailOn),
        fail_on_preview_error=read.truth("fail_on_preview_error"),
        pr_number=read.whole("pr_number", at_least=1) or None,
        comment_marker=read.comment_marker(),
        report=read.optional("report"),
        artifact=read.optional("artifact"),
        run_output=read.optional("run_output"),
        output_dir=read.text("output_dir"),
        github_token=read.optional("github_token"),
        project=read.project_file.project,
        models=read.project_file.models,
        mask_classifications=read.project_file.mask_classifications,
        origins=read.origins,
    )
    _check_mode(settings, read)
    if read.mistakes:
        help_text = "rocky-preview run --help" if origin == COMMAND_LINE else "docs/inputs.md of rocky-preview"
        raise InputError(
            "\n".join(("The inputs are wrong:", *(f"- {mistake}" for mistake in read.mistakes))),
            advice=f"{help_text} lists every input with its choices and its default.",
        )
    return settings


def _check_mode(settings: Settings, read: _Reader) -> None:
    """Notes what the mode needs and was not given."""
    if settings.mode is Mode.COMMENT and (settings.report is None) == (settings.artifact is None):
        read.wrong("report", "is needed with mode comment, or `artifact` in its place: one of the two")
    if settings.mode is Mode.RECORD and settings.run_output is None:
        read.wrong("run_output", "is needed with mode record: the file that `rocky run --output json` was written to")


def inputs_from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What GitHub's runner passes to a container as ``INPUT_NAME``; ``args`` and ``entrypoint`` are the runner's own.

    The runner keeps hyphens, so that ``github-token`` and ``github_token`` are both understood.
    """
    found: dict[str, str] = {}
    for key, value in environ.items():
        name = key.removeprefix("INPUT_").lower().replace("-", "_")
        if key.startswith("INPUT_") and name not in {"args", "entrypoint"}:
            found[name] = value or found.get(name, "")
    return found


@dataclass(frozen=True)
class _Given:
    """A value as text, where it came from, and what to call it in a message."""

    text: str = field(repr=False)
    origin: str
    label: str


def _given(known: Input, values: Mapping[str, str], *, project_file: ProjectFile, origin: str) -> _Given:
    label = known.flag if origin == COMMAND_LINE and known.flag else known.name
    if values.get(known.name, "").strip():
        return _Given(values[known.name], f"{origin} {label}", label)
    if known.name in project_file.inputs:
        place = f"{project_file.path}, line {project_file.lines.get(known.name, 1)}"
        return _Given(project_file.inputs[known.name], place, f"{place}: {known.name}")
    return _Given(known.default, "default", label)


class _Reader:
    """Takes values by name and remembers what is wrong with them.

    After a mistake each method returns some value of its type, which nobody sees: ``parse`` raises before it returns.
    """

    def __init__(self, values: Mapping[str, str], *, project_file: ProjectFile, origin: str) -> None:
        self.project_file = project_file
        self.mistakes = [
            f"{name} is not an input{did_you_mean(name, BY_NAME)}" for name in sorted(values.keys() - BY_NAME.keys())
        ]
        self._given = {
            name: _given(known, values, project_file=project_file, origin=origin) for name, known in BY_NAME.items()
        }

    @property
    def origins(self) -> Mapping[str, str]:
        return MappingProxyType({name: given.origin for name, given in self._given.items()})

    def wrong(self, name: str, problem: str) -> None:
        self.mistakes.append(f"{self._given[name].label} {problem}")

    def text(self, name: str) -> str:
        return self._given[name].text.strip()

    def optional(self, name: str) -> str | None:
        return self.text(name) or None

    def choice(self, name: str, kind: type[_Choice]) -> _Choice:
        text = self.text(name)
        known = {member.value: member for member in kind}
        if text not in known:
            self.wrong(name, f"is {shown(text)}, not one of {', '.join(known)}{did_you_mean(text, known)}")
        return known.get(text, next(iter(kind)))

    def truth(self, name: str) -> bool:
        text = self.text(name).lower()
        if text not in {"true", "false"}:
            self.wrong(name, f"is {shown(text)}, not true or false")
        return text == "true"

    def whole(self, name: str, *, at_least: int, at_most: int = 999_999_999) -> int:
        """0 where nothing is given and nothing is the default."""
        text = self.text(name)
        if not text:
            return 0
        number = int(text) if re.fullmatch("[0-9]{1,9}", text) else -1
        if not at_least <= number <= at_most:
            self.wrong(name, f"is {shown(text)}, not a whole number from {at_least} to {at_most}")
        return number

    def seconds(self, name: str, *, what: str = "seconds", example: str = "") -> float | None:
        text = self.text(name)
        if not text:
            return None
        number = float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text) else 0.0
        if not number:
            self.wrong(name, f"is {shown(text)}, not a number of {what} above 0{example}")
        return number

    def dollars(self, name: str) -> float | None:
        return self.seconds(name, what="US dollars", example=", such as 2.50")

    def memory_limit(self) -> str | None:
        text = self.text("memory_limit")
        if text and not re.fullmatch(r"(?i)(?=[0-9.]*[1-9])[0-9]{1,9}(\.[0-9]+)? ?[MGT]i?B", text):
            self.wrong("memory_limit", f"is {shown(text)}, not a size such as 2GB or 512MiB")
        return text or None

    def size(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        found = bytes_of(text)
        if not found:
            self.wrong(name, f"is {shown(text)}, not a size such as 5GB or 512MiB")
        return found or None

    def audit(self) -> AuditOptions:
        text = self.text("audit")
        number, percent = text.removesuffix("%").rstrip(), text.endswith("%")
        size = int(number) if re.fullmatch("[0-9]{1,9}", number) else -1
        if not 0 <= size <= (100 if percent else 999_999_999):
            self.wrong("audit", f"is {shown(text)}, neither a whole number of models nor a share such as 10%")
        return AuditOptions(size, percent)

    def price(self) -> PriceChoice:
        given = self._given["price"]
        found, problems = price_choice(entries(given.text), given.label)
        for problem in problems:
            self.wrong("price", problem)
        return found

    def runs_per_month(self) -> tuple[float, float] | None:
        found, problems = runs_per_month(self.text("runs_per_month"))
        for problem in problems:
            self.wrong("runs_per_month", problem)
        return found

    def gates(self) -> tuple[Gate, ...]:
        given = self._given["gate"]
        found, problems = gates_of(entries(given.text), given.origin)
        for problem in problems:
            self.wrong("gate", problem)
        return found

    def branch_name(self) -> str | None:
        text = self.text("branch_name")
        if text and not is_preview_name(text):
            self.wrong(
                "branch_name",
                f"is {shown(text)}, but a preview's name has lower-case letters, digits and single underscores only,"
                f" begins and ends with a letter or digit and is short; take {preview_name(text)}, for example",
            )
        return text or None

    def seeds(self) -> tuple[str, ...]:
        return tuple(entries(self._given["seeds"].text))

    def comment_marker(self) -> str:
        text = self.text("comment_marker")
        if not re.fullmatch(r"<!--(?:(?!-->)[^\r\n])*-->", text):
            self.wrong("comment_marker", f"is {shown(text)}, not one HTML comment on one line: <!-- like this -->")
        return text

    def variables(self) -> Mapping[str, str]:
        """A comma separates only what a ``name=`` follows, so that a value may contain commas."""
        found: dict[str, str] = {}
        for entry in entries(self._given["var"].text, r",(?=\s*[A-Za-z_]\w*\s*=)"):
            name, equals, value = (part.strip() for part in entry.partition("="))
            if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name):
                self.wrong("var", f"has {shown(entry)}, which is not name=value")
            elif name in found:
                self.wrong("var", f"gives {name} twice")
            found[name] = value
        return MappingProxyType(found)
