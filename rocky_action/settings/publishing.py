"""Inputs about what a step leaves: for which pull request, as what, where, and with whose token."""

from __future__ import annotations

from rocky_action.settings.described import Input
from rocky_action.settings.memory import MEMORY_INPUTS

PUBLISHING_INPUTS: tuple[Input, ...] = (
    Input(
        "pr_number",
        "Pull request to comment on.",
        flag="--pr-number",
        metavar="NUMBER",
        unset="the event's, else the open one of this branch",
    ),
    Input(
        "comment_marker",
        "First line of the comment, by which it is found again: an HTML comment. Give each preview its own where"
        " several comment on one pull request.",
        default="<!-- rocky-preview -->",
        flag="--comment-marker",
        metavar="MARKER",
    ),
    *MEMORY_INPUTS,
    Input(
        "check_run",
        "Whether the report is a check of the pull request's head commit as well, with annotations on the edited lines;"
        " needs checks: write.",
        default="false",
        choices=("true", "false"),
    ),
    Input(
        "labels",
        "Whether the pull request gets labels for what was found, such as `rocky: data changed`; needs issues: write.",
        default="false",
        choices=("true", "false"),
    ),
    Input(
        "report",
        "Markdown file to post as the comment, or a report.json to render and post; needed with mode comment, unless"
        " `artifact` is given.",
        flag="--body",
        metavar="FILE",
        unset="none",
    ),
    Input(
        "artifact",
        "Name of the artifact with the report.json of the run that a `workflow_run` is about, to post with mode comment"
        " as what that run says.",
        unset="none",
    ),
    Input(
        "run_output",
        "File with what `rocky run --output json` printed; needed with mode record.",
        unset="none",
    ),
    Input(
        "output_dir",
        "Folder for the comment, the summary and the JSON documents.",
        default=".rocky-preview",
        flag="--output-dir",
        metavar="FOLDER",
    ),
    Input(
        "github_token",
        "Token that reads the pull request and writes the comment; needs pull-requests: write.",
        unset="the job's own, github.token",
    ),
)
