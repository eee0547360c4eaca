"""The command line: ``rocky-preview COMMAND``, the same thing as the action for a person.

What a command does is in ``commands``, where it is imported once a command is known, so that ``--version`` and
``--help`` are there at once.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Sequence

from rocky_action import __version__
from rocky_action.cancelling import exit_code, heed_signals
from rocky_action.commands import command_called
from rocky_action.domain.text import printable
from rocky_action.errors import PreviewError, did_you_mean
from rocky_action.settings import INPUTS, add_options

_PROJECT = ("base_ref", "head", "config", "models_dir", "pipeline", "var")
_NAMED = (*_PROJECT, "branch_name", "pr_number")
_DUCKDB = ("duckdb_extensions", "duckdb_files")
_BUILD = (
    *("copy", "baseline", "stability", "seeds", "allow_functions", "strict_sources"),
    *("timeout", "memory_limit", "threads", "lease_hours", *_DUCKDB),
)
_DIFF = ("algorithm", "sample_size", "sample_order", "max_samples", "diff_seconds", "diff_bytes")
_AUDIT = ("audit", "audit_seed")
_CAP = ("max_preview_usd", "max_preview_bytes")
_COST = ("price", "runs_per_month")
_COMMANDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "run",
        "all of it: plan, build, compare, price, report",
        (*_NAMED, *_BUILD, *_DIFF, "self_test", *_AUDIT, *_CAP, *_COST, "gate", "fail_on", "output_dir"),
    ),
    ("plan", "which models would run, and why; opens no warehouse", (*_PROJECT, "copy")),
    ("create", "plan, clone and build the preview", (*_NAMED, *_BUILD, *_CAP, "price")),
    (
        "diff",
        "compare the newest preview of that name with base",
        (*_NAMED, "copy", "threads", *_DUCKDB, *_DIFF, *_CAP, "price", "fail_on"),
    ),
    (
        "cost",
        "what the newest preview of that name costs against base",
        (*_NAMED, "copy", *_DUCKDB, *_COST, "gate", "fail_on"),
    ),
    ("compare", "diff any two relations or files (Parquet, CSV)", ("config", "pipeline", *_DUCKDB, *_DIFF)),
    ("comment", "write the sticky comment of a pull request", ("report", "pr_number", "comment_marker")),
    (
        "cleanup",
        "drop one preview, or all whose lease has expired",
        (*_NAMED, "memory_limit", "keep_records_days"),
    ),
    (
        "record",
        "store what a run of production took, for later previews to price base",
        ("config", "models_dir", "pipeline", "var", "memory_limit"),
    ),
    ("demo", "an example project with a pull request, start to finish, without network", ()),
)
_DESCRIPTION = """\
What a pull request does to models, data and cost, before the merge.

Run it in the folder that holds rocky.toml, on a branch with a change. Only schemas whose names begin with branch__,
and the schema rocky_preview, are ever written."""
_EPILOG = """\
exit codes: 0 done; 1 done, and the gate says fail (--fail-on); 2 yours to fix; 3 git, the warehouse or GitHub failed;
70 a bug of ours"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; failures are told on standard error."""
    heed_signals()
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from rocky_action.forges.log import guard_streams  # noqa: PLC0415  only a job's log reads commands

        guard_streams()
    parser = _parser()
    namespace, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(_unknown(unknown, namespace))
    try:
        gc.disable()  # what is imported stays: to look for garbage among it, again and again, would find none
        command = command_called(namespace.command)
        gc.freeze()  # no driver is among it yet: what a driver cannot let go of at the end, it complains about
        gc.enable()
        return command(namespace)
    except PreviewError as err:
        print(printable(f"rocky-preview: {err.message}\n{err.advice}".rstrip(), keep="\n"), file=sys.stderr)
        return err.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone, as `head` does
        return 0
    except KeyboardInterrupt:
        print("rocky-preview: interrupted; the next run cleans up", file=sys.stderr)
        return exit_code()
    except Exception:  # noqa: BLE001  the outermost boundary: our bug, told as such
        traceback.print_exc()
        print("rocky-preview: this is a bug in rocky-preview; please report it with the lines above", file=sys.stderr)
        return PreviewError.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rocky-preview",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rocky-preview {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for name, does, inputs in _COMMANDS:
        own = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.", allow_abbrev=False)
        if name == "compare":
            _add_compare(own)
        add_options(own, inputs)
        if name == "record":
            _add_record(own)
        if name == "cleanup":
            says = "Drop every preview whose lease has expired, and run records that are old."
            own.add_argument("--expired", action="store_true", help=says)
        if name not in {"comment", "cleanup", "record"}:
            forms = ("table", "json", "markdown") if name == "compare" else ("table", "json")
            own.add_argument("--output", choices=forms, default="table", help="What is printed. Default: table.")
        own.add_argument("--quiet", action="store_true", help="No progress on standard error.")
        own.add_argument("--verbose", action="store_true", help="Say on standard error where each setting came from.")
    return parser


def _unknown(arguments: Sequence[str], namespace: argparse.Namespace) -> str:
    """Every argument that means nothing, with what may have been meant."""
    inputs = {option.name for option in INPUTS}  # whose option can be called otherwise
    known = ["--" + name.replace("_", "-") for name in vars(namespace) if name not in inputs]
    known += [option.flag for option in INPUTS if option.flag]
    return (
        "; ".join(
            f"{argument} is not an option of {namespace.command}{did_you_mean(argument.partition('=')[0], known)}"
            for argument in arguments
            if argument.startswith("-")
        )
        or f"what is {arguments[0]!r} for? {namespace.command} takes options only"
    )


def _add_record(parser: argparse.ArgumentParser) -> None:
    says = "What `rocky run --output json` printed; - is standard input."
    parser.add_argument("file", metavar="FILE", help=says)
    says = "Commit that the run was of, whose models it is told by. Default: HEAD."
    parser.add_argument("--commit", metavar="REF", help=says)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base", metavar="BASE", help="A file, or a relation (schema.name) of the project's database.")
    parser.add_argument("other", metavar="HEAD", help="What to compare it with.")
    parser.add_argument(
        "--key",
        default="",
        metavar="A,B",
        help="Columns that identify a row; none compares whole rows. Default: those that prove to.",
    )
    parser.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="COLUMN=1e-9",
        help="How far numbers may be apart: 0.01, 0.1%% of the larger one, or '0.01 + 0.1%%', whichever is more.",
    )
    for flag, says in (
        ("--ignore", "A column to leave out."),
        ("--mask", "A column that is compared, but whose values are not shown."),
        ("--ignore-case", "A column of text in which upper and lower case count as equal."),
        ("--ignore-trailing-blanks", "A column of text in which blanks at the end do not count."),
        ("--json-column", "A column of text that is JSON, to be compared by value."),
    ):
        parser.add_argument(flag, action="append", default=[], metavar="COLUMN", help=says)
    parser.add_argument("--where", metavar="SQL", help="A condition that the rows of both sides must meet.")
