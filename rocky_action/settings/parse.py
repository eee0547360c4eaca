"""Inputs arrive as text by name and leave as one frozen ``Settings``, or as one InputError that lists every mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rocky_action.domain.gate import FailOn
from rocky_action.domain.limits import Gate
from rocky_action.domain.options import (
    Algorithm,
    Allowance,
    AuditOptions,
    Baseline,
    Cap,
    CopyMode,
    DiffOptions,
    ModelOptions,
    PreviewOptions,
    ProjectFile,
    RunOptions,
    SampleOrder,
)
from rocky_action.domain.permits import Permits
from rocky_action.domain.prices import PriceChoice
from rocky_action.errors import InputError
from rocky_action.settings.described import Mode
from rocky_action.settings.reader import Reader
from rocky_action.settings.sources import COMMAND_LINE

ACTION_INPUT = "action input"


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
    allow_functions: tuple[str, ...]
    strict_sources: bool
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
    self_test: bool
    timeout: float | None
    memory_limit: str | None
    duckdb_extensions: tuple[str, ...]
    duckdb_files: tuple[str, ...]
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
    check_run: bool
    labels: bool
    history: bool
    history_key: str | None = field(repr=False)
    report: str | None
    artifact: str | None
    run_output: str | None
    output_dir: str
    github_token: str | None = field(repr=False)
    project: ModelOptions
    models: tuple[tuple[str, ModelOptions], ...]
    mask_classifications: tuple[str, ...]
    proposed_functions: tuple[str, ...]
    origins: Mapping[str, str]

    def shown_samples(self, *, private: bool = True) -> int:
        """Example rows for each model: as many as somebody asked for, else none where everybody could read them."""
        if self.max_samples is not None:
            return self.max_samples
        return DiffOptions.max_samples if private else 0

    def preview_options(self, name: str, *, private: bool = True) -> PreviewOptions:
        """What the pipeline needs to know of it, for a preview of this name."""
        permits = Permits.of(self.allow_functions, proposed=self.proposed_functions, strict=self.strict_sources)
        return PreviewOptions(
            name,
            RunOptions(self.baseline, self.copy, self.timeout, self.threads, self.lease_hours, self.stability, permits),
            DiffOptions(
                self.algorithm,
                self.sample_size,
                self.shown_samples(private=private),
                self.project,
                self.models,
                sample_order=self.sample_order,
                allowance=Allowance(self.diff_seconds, self.diff_bytes),
                mask_classifications=self.mask_classifications,
            ),
            replace(self.audit, seed=self.audit_seed),
            self.price,
            self.runs_per_month,
            self.gates,
            Cap(self.max_preview_usd, self.max_preview_bytes),
            self_test=self.self_test,
        )


def parse(
    values: Mapping[str, str], *, project_file: ProjectFile | None = None, origin: str = COMMAND_LINE
) -> Settings:
    """Settings from what was given (empty is not given), else from the project file, else the defaults.

    Raises InputError with all mistakes, each under the name that the person wrote.
    """
    read = Reader(values, project_file=project_file or ProjectFile(), origin=origin)
    settings = _settings(read)
    _check_mode(settings, read)
    if read.mistakes:
        help_text = "rocky-preview run --help" if origin == COMMAND_LINE else "docs/inputs.md of rocky-preview"
        raise InputError(
            "\n".join(("The inputs are wrong:", *(f"- {mistake}" for mistake in read.mistakes))),
            advice=f"{help_text} lists every input with its choices and its default.",
        )
    return settings


def _settings(read: Reader) -> Settings:
    return Settings(
        mode=read.choice("mode", Mode),
        base_ref=read.optional("base_ref"),
        head=read.optional("head"),
        branch_name=read.branch_name(),
        working_directory=read.text("working_directory"),
        config=read.text("config"),
        models_dir=read.optional("models_dir"),
        pipeline=read.optional("pipeline"),
        variables=read.variables(),
        seeds=read.several("seeds"),
        allow_functions=read.several("allow_functions"),
        strict_sources=read.truth("strict_sources"),
        baseline=read.choice("baseline", Baseline),
        stability=read.truth("stability"),
        copy=read.choice("copy", CopyMode),
        algorithm=read.choice("algorithm", Algorithm),
        sample_size=read.whole("sample_size", at_least=1),
        sample_order=read.choice("sample_order", SampleOrder),
        max_samples=read.whole("max_samples", at_least=0) if read.text("max_samples") else None,
        diff_seconds=read.above_zero("diff_seconds", "seconds above 0"),
        diff_bytes=read.size("diff_bytes"),
        max_preview_usd=read.above_zero("max_preview_usd", "US dollars above 0, such as 2.50"),
        max_preview_bytes=read.size("max_preview_bytes"),
        self_test=read.truth("self_test"),
        timeout=read.above_zero("timeout", "seconds above 0"),
        memory_limit=read.memory_limit(),
        duckdb_extensions=read.extensions(),
        duckdb_files=read.several("duckdb_files"),
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
        check_run=read.truth("check_run"),
        labels=read.truth("labels"),
        history=read.truth("history"),
        history_key=read.history_key(),
        report=read.optional("report"),
        artifact=read.optional("artifact"),
        run_output=read.optional("run_output"),
        output_dir=read.text("output_dir"),
        github_token=read.optional("github_token"),
        project=read.project_file.project,
        models=read.project_file.models,
        mask_classifications=read.project_file.mask_classifications,
        proposed_functions=read.project_file.allow_functions,
        origins=read.origins,
    )


def _check_mode(settings: Settings, read: Reader) -> None:
    """Notes what the mode needs and was not given."""
    if settings.mode is Mode.COMMENT and (settings.report is None) == (settings.artifact is None):
        read.wrong("report", "is needed with mode comment, or `artifact` in its place: one of the two")
    if settings.mode is Mode.RECORD and settings.run_output is None:
        read.wrong("run_output", "is needed with mode record: the file that `rocky run --output json` was written to")
