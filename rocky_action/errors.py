"""Every failure a person can meet, and the exit code each one ends with.

PreviewError                     70  our bug, when nothing below fits
+-- UserError                     2  yours to fix
|   +-- InputError                   an option, an action input or rocky-preview.yml
|   +-- ProjectError                 rocky.toml, a sidecar, a group, a model's name or target
|   +-- SqlError                     SQL that cannot be read
|   |   +-- RockyError               a .rocky file that cannot be read, or that no SQL can be made of
|   |   +-- RefusedError             a query that may not be run, whatever a warehouse would make of it
|   +-- PlanError                    a cycle, or names that would collide in the preview schema
|   +-- BaseNotFoundError            no merge base: nothing to compare with
+-- OutsideError                  3  the outside world
    +-- GitError                     the git binary said no
    +-- WarehouseError               the database said no
    |   +-- StatementTimeoutError    a statement ran longer than it was given
    |   +-- UnsteadyError            what is compared is not the same each time it is read
    |   +-- MissingCredentialsError  nobody has said how to get into the warehouse
    +-- ForgeError                   GitHub said no
    +-- SupersededError              another run has taken over the preview, or it was dropped meanwhile

Exit codes 0 (done) and 1 (done, and the gate says fail) are not errors: the report's verdict decides them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_ABOUT_SQL = re.compile(
    r"(?:(?:Parser|Syntax|Binder|Catalog|Permission|Not implemented|IO|Dependency|Out of Memory) Error: "
    r"|(?:\d{6} \(\w{5}\): )?SQL (?:compilation|access control) error"
    r"|\[(?:PARSE_|UNRESOLVED_|TABLE_OR_VIEW_|SCHEMA_NOT_|MISSING_|DATATYPE_MISMATCH|INSUFFICIENT_)[\w.]*\]"
    r"|Unrecognized name: |Not found: |Syntax error: |Access Denied: |No matching signature "
    r"|refused, as it is not |the (?:database|connection)[\w ]* is closed)"
)
"""How messages begin that a warehouse gives before it has read a value: DuckDB, Snowflake, Databricks, BigQuery, we."""
_KIND = re.compile(r"([A-Z]\w+(?: [A-Za-z]+){0,3} Error(?=:)|\[[A-Z_.]+\]|\d{6} \(\w{5}\))")


class PreviewError(Exception):
    """A failure with a way out: ``message`` says what happened, ``advice`` what to do about it."""

    exit_code = 70

    def __init__(self, message: str, *, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n{self.advice}" if self.advice else self.message


class UserError(PreviewError):
    """Something in the repository or in the call that its author can put right."""

    exit_code = 2


class InputError(UserError):
    """One or more options, action inputs or project-file entries are wrong; all of them are listed."""


class UnusableReportError(InputError):
    """A ``report.json`` that nobody here has written, and that will not be taken; the message says why."""


class ProjectError(UserError):
    """The project's files cannot be loaded; the message names the file and, where known, the line."""


class SqlError(UserError):
    """A query cannot be parsed; the message names line and column and shows the place."""


class RockyError(SqlError):
    """A ``.rocky`` file cannot be read or lowered; the message names line, column, and what was expected there."""


class RefusedError(SqlError):
    """A query calls or reads what no model may; the message names the file, the line and the construct."""


class PlanError(UserError):
    """The models cannot be put in order, or would collide inside the preview schema."""


class BaseNotFoundError(UserError):
    """There is no merge base to compare with, and none may be guessed."""


class OutsideError(PreviewError):
    """The outside world refused or did not answer."""

    exit_code = 3


class GitError(OutsideError):
    """The git binary failed; the message carries what it printed."""


class WarehouseError(OutsideError):
    """The warehouse refused a connection or a statement of ours."""

    quotes_values = True

    def told(self, *, hides_values: bool) -> str:
        """The message; where values are hidden only one that is about SQL and names, of all others their kind.

        A warehouse that stumbles over a value quotes it: "Could not convert string 'x' to INT32".
        """
        if not (hides_values and self.quotes_values) or _ABOUT_SQL.match(self.message):
            return self.message
        kind = _KIND.match(self.message)
        return f"{kind[1] if kind else 'an error'}, whose text is not shown as it may quote values"


class StatementTimeoutError(WarehouseError):
    """A statement ran longer than the time it was given and was interrupted."""

    quotes_values = False


class UnsteadyError(WarehouseError):
    """A side of a comparison returned other rows each time it was read."""

    quotes_values = False

    def __init__(self) -> None:
        super().__init__(
            "base or head returned other rows each time it was read",
            advice="Run again when nothing writes to them; a view must not be random.",
        )


class MissingCredentialsError(WarehouseError):
    """There is nothing to log in with, as for a pull request from a fork, or nothing that may be sent there."""


class ForgeError(OutsideError):
    """GitHub's API refused or did not answer."""


class SupersededError(OutsideError):
    """The preview is no longer this run's: another one has begun to build it anew, or it was dropped."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about a word that is not known: "; did you mean `that`?", or nothing to suggest."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""
