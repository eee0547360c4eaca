"""Scenarios: more to say than there is room for, in the comment, the summary, the outputs and the annotations."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rocky_action import job as job_module
from rocky_action.domain.findings import Finding, FindingKind, Impact
from rocky_action.domain.report import Caveat, Report, Severity
from rocky_action.forges import comments
from rocky_action.forges.github_actions import Event
from rocky_action.forges.payload import pull_request_of
from rocky_action.forges.runner import Runner
from rocky_action.job import Job
from rocky_action.place import Place
from rocky_action.rendering import COMMENT_LIMIT, SUMMARY_LIMIT, render_summary
from rocky_action.rendering.cutting import cut
from rocky_action.settings import ACTION_INPUT, parse
from rocky_action.wire.digest import line_in
from tests.support import reports
from tests.support.examples import examples
from tests.support.forge_bench import ACTIONS, BOT, MARKER, POSTING, Bench, bench_of
from tests.support.runner import parse_file_command

RUN = "https://github.com/acme/shop/actions/runs/4242"


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from bench_of()


class Published:
    """What a step publishes of a report."""

    def __init__(self, folder: Path, bench: Bench, report: Report, *, token: str = ACTIONS) -> None:
        stream = io.StringIO()
        environ = {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
        runner = Runner(environ, stream)
        pull = pull_request_of(bench.state.pull_json(bench.state.pulls[7]), owner="acme", repository="shop")
        assert pull
        event = Event(
            "pull_request", "acme", "shop", pull.head_commit, "feature", "acme", pull_request=pull, run_url=RUN
        )
        place = Place(folder, environ, datetime.now(UTC), runner.say)
        settings = parse({"github_token": token}, origin=ACTION_INPUT)
        self.code = job_module.publish(Job(settings, event, place, folder, runner, bench.github(token)), report)
        runner.finish()
        self.log = stream.getvalue()
        self.outputs = dict(parse_file_command((folder / "output").read_text(encoding="utf-8")))
        self.summary = (folder / "summary").read_text(encoding="utf-8")
        self.file = (folder / ".rocky-preview" / "comment.md").read_text(encoding="utf-8")


def huge(models: int = 200) -> Report:
    """Many models that differ, with long names that take four bytes for each letter."""
    report = reports.rows_changed()
    (planned, *_), (diff, *_) = report.plan.prune_set, report.diffs
    names = [f"fct_{number:05}_{'🪨' * 40}" for number in range(models)]
    return replace(
        report,
        plan=replace(report.plan, prune_set=tuple(replace(planned, model=name) for name in names)),
        diffs=tuple(replace(diff, model=name) for name in names),
        caveats=tuple(Caveat(Severity.WARNING, f"caveat {number}") for number in range(100)),
    )


# The comment


@pytest.mark.slow
def test_a_report_of_hundreds_of_models(bench: Bench, tmp_path: Path) -> None:
    published = Published(tmp_path, bench, huge(560))
    (body,) = bench.bodies
    assert 60_000 < len(body) <= COMMENT_LIMIT < 65_536
    assert len(body.encode()) > 65_536, "emoji count once"
    assert body.startswith(f"{MARKER}\n")
    assert "Left out to stay within the size limit" in body
    assert len(body) < len(published.summary.encode()) <= SUMMARY_LIMIT
    assert sum(len(name) + len(value) for name, value in published.outputs.items()) < 1_000
    assert line_in(body)
    assert body.split("\n")[1] == published.file.split("\n")[1], "the file is the same page, with the digest's room"


def test_the_client_and_the_page_know_one_limit() -> None:
    assert comments.LONGEST == COMMENT_LIMIT


def test_the_summary_is_measured_in_bytes() -> None:
    """GitHub drops one of more than 1 MiB as a whole."""
    assert SUMMARY_LIMIT == 1_000_000
    shown = render_summary(huge(700), limit=100_000)
    assert len(shown) < 60_000 < len(shown.encode()) <= 100_000


@pytest.mark.parametrize(("longest", "posts"), [(14_000, 2), (7_000, 3), (5_000, 4)])
def test_github_takes_less_than_it_says(bench: Bench, tmp_path: Path, longest: int, posts: int) -> None:
    bench.state.longest = longest
    published = Published(tmp_path, bench, replace(huge(), caveats=()))
    (body,) = bench.bodies
    assert longest // 4 < len(body) <= longest
    assert body.startswith(f"{MARKER}\n")
    assert "Left out to stay within the size limit" in body, "it was rendered again, not cut"
    assert bench.log.count(POSTING) == posts
    assert len(published.file) > len(body)
    assert published.code == 0


def test_an_update_is_too_long(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.state.longest = 20_000
    limits: list[int] = []

    def body(limit: int) -> str:
        limits.append(limit)
        return f"{MARKER}\n".ljust(limit, "x")

    bench.posted(body)
    assert limits == [65_000, 32_500, 16_250]
    assert len(bench.bodies[0]) == 16_250


def test_github_takes_nothing_at_all(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, f"{MARKER}\nold")
    bench.state.longest = 10
    assert "too long" in bench.refused(lambda limit: f"{MARKER}\n".ljust(limit, "x")).reason
    assert bench.bodies == [f"{MARKER}\nold"]


# A ready report

LONG = "## Title\n\n<details>\n<summary>More</summary>\n\n```sql\n" + "SELECT 1\n" * 20_000 + "```\n\n</details>\n"


def test_a_ready_report_is_too_long(bench: Bench) -> None:
    bench.posted(lambda limit: cut(LONG, limit, run_url=RUN))
    (body,) = bench.bodies
    assert body.startswith(f"{MARKER}\n## Title\n")
    assert body.endswith(f"```\n\n</details>\n\n*Cut here: the whole text is too long for a comment.* [Run]({RUN})\n")
    assert 60_000 < len(body) <= 65_000


PIECES = ["a", " ", "\n", "\n\n", "\n```", "\n````\n", "\n~~~\n", "<details>\n", "</details>", "| a |\n", "é🪨"]
PIECES += ["<!-- </details> -->", "\n\n<!--\n<details>\n```\n-->\n"]


CUT = "\n*Cut here: the whole text is too long for a comment.*\n"


def test_what_is_closed_is_not_closed_again() -> None:
    start = "<!-- <details> -->\n<details>\n</details>\n\n```\n```\n~~~\n```\n~~~\n"
    assert re.fullmatch(f"{re.escape(start)}(line\n)+{re.escape(CUT)}", cut(start + "line\n" * 100, 400))


def test_a_comment_in_html_is_cut() -> None:
    shown = cut("<!--\n" + "line\n" * 100 + "-->\n", 100)
    assert shown.endswith(f"line\n-->\n{CUT}")


@settings(max_examples=examples(300))
@given(
    st.lists(st.sampled_from(PIECES), min_size=30, max_size=80).map("".join), st.integers(min_value=80, max_value=130)
)
def test_a_cut_closes_what_is_open(text: str, limit: int) -> None:
    shown = cut(text, limit)
    assert len(shown) <= limit
    if shown == text:
        return
    tokens = MarkdownIt("gfm-like").parse(shown)
    assert tokens[-2].content.endswith("*Cut here: the whole text is too long for a comment.*")
    assert tokens[-2].type == "inline", "the notice is a paragraph, not inside of code or HTML"
    assert tokens[-1].level == 0
    depth = 0
    html = re.sub(r"<!--.*?-->", "", MarkdownIt("gfm-like").render(shown), flags=re.DOTALL)
    for end in re.findall(r"<(/?)details>", html):
        depth = max(0, depth + (-1 if end else 1))
    assert depth == 0


# Annotations


def annotated(log: str, level: str) -> list[str]:
    return re.findall(rf"^::{level}(?: [^:]*)?::(.*)$", log, re.MULTILINE)


def test_there_are_more_findings_than_annotations(bench: Bench, tmp_path: Path) -> None:
    def finding(number: int, severity: Impact) -> Finding:
        column = f"c{number:02}"
        return Finding(
            f"m{number:02}", FindingKind.COLUMN_DROPPED, severity, f"loses {column}", "a.sql", number, column
        )

    findings = [finding(number, Impact.WARNING if number % 2 else Impact.BREAKING) for number in range(1, 61)]
    caveats = [Caveat(Severity.WARNING, "a caveat"), *(Caveat(Severity.ERROR, f"error {n}") for n in range(12))]
    report = replace(
        reports.rows_changed(),
        findings=tuple(sorted(findings, key=lambda one: one.weight)),
        caveats=tuple(caveats),
    )
    log = Published(tmp_path, bench, report).log
    assert [len(annotated(log, level)) for level in ("error", "warning", "notice")] == [10, 10, 10]
    assert all("loses" in line for line in annotated(log, "warning")), "findings have a line, caveats have none"
    assert [line[:3] for line in annotated(log, "warning")][:3] == ["m02", "m04", "m06"], "breaking ones are warnings"
    assert "Not annotated" in log


def test_the_comment_fails_and_there_is_no_room_to_say_so(bench: Bench, tmp_path: Path) -> None:
    many = tuple(Caveat(Severity.WARNING, f"caveat {number}") for number in range(30))
    log = Published(tmp_path, bench, replace(reports.rows_changed(), caveats=many), token="read-token").log
    shown = annotated(log, "warning")
    assert len(shown) == 10
    assert "The comment was not posted" in shown[0]


def test_an_annotation_is_long(tmp_path: Path) -> None:
    stream = io.StringIO()
    Runner({}, stream).annotate("error", "x" * 10_000)
    assert len(stream.getvalue().removeprefix("::error::").rstrip("\n")) == 4_096
    assert "…" in stream.getvalue()
