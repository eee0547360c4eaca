"""Every input, described once: the action's metadata, the command line and the tables of the docs come from here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rocky_action.domain.gate import FailOn
from rocky_action.domain.options import Algorithm, Baseline, CopyMode, DiffOptions, RunOptions, SampleOrder
from rocky_action.settings.described import Input, Mode
from rocky_action.settings.embedded import EMBEDDED
from rocky_action.settings.publishing import PUBLISHING_INPUTS

INPUTS: tuple[Input, ...] = (
    Input(
        "mode",
        "What this step does: preview a pull request, clean up after a closed one, post a ready report, or record what"
        " a run of production took.",
        default=Mode.PREVIEW,
        choices=tuple(Mode),
    ),
    Input(
        "base_ref",
        "Branch, tag or commit to compare with; what counts is where head left it (the merge base).",
        flag="--base",
        metavar="REF",
        unset="the pull request's base branch, else main",
    ),
    Input(
        "head",
        "Commit, branch or tag to read head from, instead of the files in the work tree.",
        flag="--head",
        metavar="REF",
        unset="the work tree, with what is not committed yet",
    ),
    Input(
        "branch_name",
        "Name of the preview: its tables are in the schema branch__NAME. Lower-case letters, digits and underscores.",
        flag="--name",
        metavar="NAME",
        unset="made of the head branch, the number of the pull request and the project's folder",
    ),
    Input("working_directory", "Folder of the project inside the repository; other paths start here.", default="."),
    Input("config", "Path of the project's rocky.toml.", default="rocky.toml", flag="--config", metavar="PATH"),
    Input(
        "models_dir",
        "Folder of the models.",
        flag="--models",
        metavar="FOLDER",
        unset="what the pipeline says in rocky.toml",
    ),
    Input(
        "pipeline",
        "Pipeline of rocky.toml to preview.",
        flag="--pipeline",
        metavar="NAME",
        unset="the only one there is",
    ),
    Input(
        "var",
        "Value for @var(name) in the models, as name=value. In the action: one per line, or on one line with commas;"
        " on the command line: repeat the option.",
        flag="--var",
        metavar="NAME=VALUE",
        unset="none",
        repeatable=True,
    ),
    Input(
        "seeds",
        "SQL and CSV files that fill an embedded database whose file does not exist. In the action: one per line, or"
        " on one line with commas; on the command line: repeat the option.",
        flag="--seeds",
        metavar="PATH",
        unset="data/seed.sql if there is one",
        repeatable=True,
    ),
    Input(
        "allow_functions",
        "Functions that models may call besides those that only compute, such as analytics.to_eur. In the action: one"
        " per line, or on one line with commas; on the command line: repeat the option.",
        flag="--allow-function",
        metavar="NAME",
        unset="those that `allow_functions` of base's rocky-preview.yml names",
        repeatable=True,
    ),
    Input(
        "strict_sources",
        "Whether models may read nothing but models and the sources that base declares or reads.",
        default="false",
        flag="--strict-sources",
        choices=("true", "false"),
    ),
    Input(
        "baseline",
        "What head is compared with: tables that exist, a rebuild of the merge base, or (auto) a rebuild only where"
        " the table is missing.",
        default=RunOptions.baseline,
        flag="--baseline",
        choices=tuple(Baseline),
    ),
    Input(
        "stability",
        "Whether base, where it is rebuilt, is built a second time, to mark the columns that are never the same twice.",
        default="false",
        flag="--stability",
        choices=("true", "false"),
    ),
    Input(
        "copy",
        "Which unchanged models are cloned into the preview schema: those that the run reads (needed), all, or none.",
        default=RunOptions.copy,
        flag="--copy",
        choices=tuple(CopyMode),
    ),
    Input(
        "algorithm",
        "How rows are compared: all of them (exhaustive), all of them by checksums of ever smaller parts (bisection), a"
        " sample, or what suits the model (auto).",
        default=DiffOptions.algorithm,
        flag="--algorithm",
        choices=tuple(Algorithm),
    ),
    Input(
        "sample_size",
        "Rows that a sampled comparison looks at, for each model.",
        default=str(DiffOptions.sample_size),
        flag="--sample-size",
        metavar="ROWS",
    ),
    Input(
        "sample_order",
        "Which rows a sample takes: some of all, by the hash of their key (random), or those with the smallest keys"
        " (first).",
        default=DiffOptions.sample_order,
        flag="--sample-order",
        choices=tuple(SampleOrder),
    ),
    Input(
        "max_samples",
        "Example rows shown for each model; 0 shows none and no other value of the data, where values must not leave"
        " the warehouse.",
        unset=f"`{DiffOptions.max_samples}`; in the action `0`, unless the event says that the repository is private",
        flag="--max-samples",
        metavar="ROWS",
    ),
    Input(
        "diff_seconds",
        "Seconds that one statement of a comparison may take; where more are to be expected, auto takes a sample.",
        flag="--diff-seconds",
        metavar="SECONDS",
        unset="no limit",
    ),
    Input(
        "diff_bytes",
        "What the comparison of one model may read, such as 5GB or 512MiB; where it is more, auto takes a sample.",
        flag="--diff-bytes",
        metavar="SIZE",
        unset="no limit",
    ),
    Input(
        "max_preview_usd",
        "US dollars that the preview itself may take; where it would be more it leaves things out, and says which.",
        flag="--max-preview-usd",
        metavar="USD",
        unset="no limit",
    ),
    Input(
        "max_preview_bytes",
        "What the preview itself may read, such as 200GB; where it is more it leaves things out, and says which.",
        flag="--max-preview-bytes",
        metavar="SIZE",
        unset="no limit",
    ),
    Input(
        "self_test",
        "Whether the diff is tested in each run: it must find differences planted in a copy of a few rows.",
        default="true",
        flag="--self-test",
        choices=("true", "false"),
    ),
    Input(
        "timeout",
        "Seconds that one statement, of a build or of a comparison, may take before it is interrupted.",
        default=f"{RunOptions.timeout_seconds:g}",
        flag="--timeout",
        metavar="SECONDS",
    ),
    *EMBEDDED,
    Input(
        "threads",
        "Models built or compared at the same time.",
        default=str(RunOptions.threads),
        flag="--threads",
        metavar="NUMBER",
    ),
    Input(
        "lease_hours",
        "Hours after which a preview that nobody cleaned up counts as abandoned.",
        default=str(RunOptions.lease_hours),
        flag="--lease-hours",
        metavar="HOURS",
    ),
    Input(
        "keep_records_days",
        "Days after which `cleanup --expired` deletes the record of a run. A preview that is still leased keeps its"
        " newest.",
        default="400",
        flag="--keep-records-days",
        metavar="DAYS",
    ),
    Input(
        "audit",
        "How many of the models that are left alone are rebuilt on both sides all the same and compared, drawn at"
        " random: a number, or a share such as 10%. One that differs fails the run.",
        default="0",
        flag="--audit",
        metavar="NUMBER",
    ),
    Input(
        "audit_seed",
        "What decides which models an audit draws; the same text draws the same models.",
        flag="--audit-seed",
        metavar="TEXT",
        unset="head's commit",
    ),
    Input(
        "price",
        "What things cost, as name=value, such as edition=enterprise or usd_per_credit=2.10; docs/prices.md lists the"
        " names. In the action: one per line, or on one line with commas; on the command line: repeat the option.",
        flag="--price",
        metavar="NAME=VALUE",
        unset="as `rocky cost` reckons",
        repeatable=True,
    ),
    Input(
        "runs_per_month",
        "How often production runs in a month of 30.44 days, to tell costs per month: a number, or a range such as"
        " 30-60.",
        flag="--runs-per-month",
        metavar="NUMBER",
        unset="the pipeline's schedule in rocky.toml, else production's recorded runs, else a guess between daily and"
        " hourly",
    ),
    Input(
        "gate",
        "The most that a pull request may add to what its models take, as name=value, such as usd=0.50: usd, percent,"
        " bytes or seconds a run, usd_per_month, bytes_per_month or seconds_per_month. In the action: one per line, or"
        " on one line with commas; on the command line: repeat the option.",
        flag="--gate",
        metavar="NAME=VALUE",
        unset="none",
        repeatable=True,
    ),
    Input(
        "fail_on",
        "The mildest verdict that ends with exit code 1.",
        default=FailOn.FAILED,
        flag="--fail-on",
        choices=tuple(FailOn),
    ),
    Input(
        "fail_on_preview_error",
        "Whether the step fails when no preview can be made (exit codes 2 and 3). With false the error is still in the"
        " comment and in the summary.",
        default="true",
        choices=("true", "false"),
    ),
    *PUBLISHING_INPUTS,
)

BY_NAME: Mapping[str, Input] = MappingProxyType({known.name: known for known in INPUTS})
