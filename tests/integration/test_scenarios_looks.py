"""Scenarios: where reviewers look besides the comment, which are edited lines, a check of the commit, and labels."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rocky_action import job as job_module
from rocky_action import main as main_module
from rocky_action.domain.findings import Finding, FindingKind, Impact
from rocky_action.domain.report import Report, Verdict
from rocky_action.errors import InputError
from rocky_action.forges.check_runs import LONGEST_SUMMARY
from rocky_action.forges.github_actions import Event
from rocky_action.forges.payload import pull_request_of
from rocky_action.forges.runner import Runner
from rocky_action.job import Job
from rocky_action.place import Place
from rocky_action.rendering import CHECK_LIMIT
from rocky_action.settings import ACTION_INPUT, parse
from tests.support import cost_reports, five_models, reports
from tests.support.forge_bench import ACTIONS, BOT, MARKER, MOST_REQUESTS, SHA, Action, Bench, bench_of
from tests.support.github_checks import CheckRun
from tests.support.github_server import Fault, GitHubServer
from tests.support.pull_request import NUMBER, PullRequest

RUN = "https://github.com/acme/shop/actions/runs/4242"
CHECK = {"check_run": "true"}
LABELS = {"labels": "true"}
CREATING = "POST /repos/acme/shop/check-runs"
LISTING_LABELS = "GET /repos/acme/shop/issues/7/labels"
WITH_CHECKS = "permissions:\n  contents: read\n  checks: write\n  pull-requests: write\n"
WITH_ALL = "permissions:\n  contents: read\n  checks: write\n  issues: write\n  pull-requests: write\n"


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from bench_of()


class Step:
    """A step that has a report, or none, to publish; ``folder`` is the workspace and ``project`` is inside of it."""

    def __init__(
        self, folder: Path, bench: Bench, inputs: Mapping[str, str], *, token: str = ACTIONS, project: str = "."
    ) -> None:
        self._stream = io.StringIO()
        runner = Runner({}, self._stream)
        pull = pull_request_of(bench.state.pull_json(bench.state.pulls[7]), owner="acme", repository="shop")
        event = Event("pull_request", "acme", "shop", SHA, "feature", "acme", pull_request=pull, run_url=RUN)
        place = Place(folder / project, {}, datetime.now(UTC), runner.say, run_url=RUN)
        settings = parse({"github_token": token, **inputs}, origin=ACTION_INPUT)
        self.job = Job(settings, event, place, folder, runner, bench.github(token))
        self.before, self.bench = len(bench.log), bench

    def publish(self, report: Report) -> int:
        return job_module.publish(self.job, report)

    @property
    def log(self) -> str:
        return self._stream.getvalue()

    @property
    def asked(self) -> list[str]:
        """Its requests, without those for the comment."""
        return [one for one in self.bench.log[self.before :] if "comments" not in one and "GRAPHQL" not in one]


def published(folder: Path, bench: Bench, report: Report, inputs: Mapping[str, str], *, token: str = ACTIONS) -> Step:
    step = Step(folder, bench, inputs, token=token)
    assert step.publish(report) == 0
    return step


def found(number: int, severity: Impact = Impact.BREAKING) -> Finding:
    column = f"c{number:03}"
    return Finding("orders", FindingKind.COLUMN_DROPPED, severity, f"loses {column}", "a.sql", number, column)


def finding(*numbers: int) -> Report:
    """A report of changed rows, with findings on these lines of one file."""
    return replace(reports.rows_changed(), findings=tuple(found(number) for number in numbers), caveats=())


def lines(run: CheckRun) -> list[object]:
    return [one["start_line"] for one in run.annotations]


def annotated(log: str) -> list[str]:
    return re.findall(r"^::(?:error|warning|notice) file=(.*)$", log, re.MULTILINE)


# A check run


def test_a_check_says_it_too(bench: Bench, tmp_path: Path) -> None:
    step = published(tmp_path, bench, finding(3, 1), CHECK)
    (run,) = bench.state.looks.runs.values()
    assert (run.name, run.head_sha, run.conclusion) == ("rocky-preview", SHA, "neutral")
    assert run.output["title"] == "🔶 2 models change: 127 rows removed, 353 changed, 7 added"
    assert str(run.output["summary"]).startswith("### 🔶 2 models change")
    assert [(one["path"], one["start_line"], one["annotation_level"]) for one in run.annotations] == [
        ("a.sql", 3, "warning"),
        ("a.sql", 1, "warning"),
    ]
    assert annotated(step.log) == [], "a line has its annotation once"
    assert MARKER not in str(run.output["summary"])


def test_nobody_asked_for_more_than_a_comment(bench: Bench, tmp_path: Path) -> None:
    step = published(tmp_path, bench, finding(3), {})
    assert step.asked == []
    assert annotated(step.log) == ["a.sql,line=3,title=rocky-preview%3A breaking::orders: loses c003"]


def test_the_next_run_rewrites_the_check(bench: Bench, tmp_path: Path) -> None:
    published(tmp_path, bench, finding(1, 2), CHECK)
    published(tmp_path, bench, replace(finding(1, 2), verdict=Verdict.INCOMPLETE), CHECK | {"fail_on": "incomplete"})
    (run,) = bench.state.looks.runs.values()
    assert run.conclusion == "failure"
    assert lines(run) == [1, 2], "annotations add up at GitHub"


def test_the_next_run_has_one_annotation_more(bench: Bench, tmp_path: Path) -> None:
    published(tmp_path, bench, finding(1), CHECK)
    published(tmp_path, bench, finding(1, 2), CHECK)
    (run,) = bench.state.looks.runs.values()
    assert lines(run) == [1, 2]


def test_the_next_run_has_other_annotations(bench: Bench, tmp_path: Path) -> None:
    """What was said of a line can only be said no more by another check run, which is the one that GitHub shows."""
    published(tmp_path, bench, finding(1, 2), CHECK)
    published(tmp_path, bench, finding(2), CHECK)
    published(tmp_path, bench, finding(2), CHECK)
    assert len(bench.state.looks.runs) == 2
    assert lines(bench.state.looks.newest()) == [2]


def test_another_apps_check_has_our_name(bench: Bench, tmp_path: Path) -> None:
    published(tmp_path, bench, finding(1), CHECK, token="app-token")
    published(tmp_path, bench, finding(1), CHECK)
    assert [run.app for run in bench.state.looks.runs.values()] == ["my-app", "github-actions"]


@pytest.mark.parametrize("perform", [True, False])
def test_the_check_is_created_without_an_answer(bench: Bench, tmp_path: Path, perform: bool) -> None:
    bench.server.fault(Fault("POST", "/check-runs$", status=502, perform=perform))
    published(tmp_path, bench, finding(1), CHECK)
    (run,) = bench.state.looks.runs.values()
    assert lines(run) == [1]
    assert 2.5 in bench.clock.waits


def test_the_check_cannot_be_created(bench: Bench, tmp_path: Path) -> None:
    bench.server.fault(Fault("POST", "/check-runs$", status=502), times=5)
    step = published(tmp_path, bench, finding(1), CHECK)
    assert step.log.count("The check run was not written") == 1
    assert annotated(step.log), "then the lines have their annotations from the runner"
    assert step.asked.count(CREATING) == 2


def test_a_check_has_many_annotations(bench: Bench, tmp_path: Path) -> None:
    notes = [found(number, Impact.WARNING) for number in range(1, 60)]
    report = replace(finding(), findings=(*(found(number) for number in range(100, 160)), *notes))
    step = published(tmp_path, bench, report, CHECK)
    (run,) = bench.state.looks.runs.values()
    assert lines(run) == [*range(100, 160), *range(1, 41)], "the worst first, and no more than somebody may read"
    assert [one.split("/")[0] for one in step.asked] == ["GET ", "POST ", "PATCH "]


def test_annotations_are_added_without_an_answer(bench: Bench, tmp_path: Path) -> None:
    bench.server.fault(Fault("PATCH", r"/check-runs/\d+$", status=502, perform=True))
    step = published(tmp_path, bench, finding(*range(1, 61)), CHECK)
    assert "not written" not in step.log
    (run,) = bench.state.looks.runs.values()
    assert lines(run) == [*range(1, 61)], "each once"


VERDICTS = [
    (Verdict.UNCHANGED, "failed", "success"),
    (Verdict.CHANGED, "failed", "neutral"),
    (Verdict.CHANGED, "changed", "failure"),
    (Verdict.INCOMPLETE, "failed", "neutral"),
    (Verdict.INCOMPLETE, "incomplete", "failure"),
    (Verdict.NOT_CHECKED, "changed", "neutral"),
    (Verdict.FAILED, "failed", "failure"),
    (Verdict.FAILED, "never", "neutral"),
]


@pytest.mark.parametrize(("verdict", "fail_on", "conclusion"), VERDICTS)
def test_each_verdict_has_its_conclusion(
    bench: Bench, tmp_path: Path, verdict: Verdict, fail_on: str, conclusion: str
) -> None:
    published(tmp_path, bench, replace(finding(), verdict=verdict), CHECK | {"fail_on": fail_on})
    assert bench.state.looks.newest().conclusion == conclusion


def test_the_checks_summary_is_long(bench: Bench, tmp_path: Path) -> None:
    report = finding()
    (planned, *_), (diff, *_) = report.plan.prune_set, report.diffs
    names = [f"fct_{number:05}_{'🪨' * 40}" for number in range(300)]
    many = replace(
        report,
        plan=replace(report.plan, prune_set=tuple(replace(planned, model=name) for name in names)),
        diffs=tuple(replace(diff, model=name) for name in names),
    )
    step = published(tmp_path, bench, many, CHECK)
    assert step.asked.count(CREATING) == 1, "GitHub had nothing to complain about"
    size = len(str(bench.state.looks.newest().output["summary"]).encode())
    assert 30_000 < size <= LONGEST_SUMMARY == CHECK_LIMIT


def test_github_finds_the_checks_summary_too_long(bench: Bench, tmp_path: Path) -> None:
    report = reports.sixty_models()
    bench.state.looks.longest_summary = 20_000
    published(tmp_path, bench, report, CHECK)
    assert len(str(bench.state.looks.newest().output["summary"]).encode()) <= 20_000


@pytest.mark.parametrize(("inputs", "block"), [(CHECK, WITH_CHECKS), (CHECK | LABELS, WITH_ALL)])
def test_the_check_may_not_be_written(bench: Bench, tmp_path: Path, inputs: dict[str, str], block: str) -> None:
    bench.state.looks.may_check = False
    step = published(tmp_path, bench, finding(1), inputs)
    assert "::warning::The check run was not written" in step.log
    assert block.replace("\n", "%0A") in step.log, "all that this step's inputs need"
    assert annotated(step.log)


def test_a_person_cannot_write_checks(bench: Bench, tmp_path: Path) -> None:
    step = published(tmp_path, bench, finding(1), CHECK, token="user-token")
    assert "A personal access token cannot write check runs" in step.log
    assert annotated(step.log)


def test_two_previews_of_one_pull_request(bench: Bench, tmp_path: Path) -> None:
    for name in ("finance", "marketing"):
        marker = f"<!-- rocky-preview: {name} -->"
        published(tmp_path, bench, finding(1), CHECK | LABELS | {"comment_marker": marker})
    (tmp_path / "projects" / "crm").mkdir(parents=True)
    assert Step(tmp_path, bench, CHECK | LABELS, project="projects/crm").publish(finding(1)) == 0
    runs = [*bench.state.looks.runs.values()]
    assert [run.name for run in runs] == [
        "rocky-preview: finance",
        "rocky-preview: marketing",
        "rocky-preview: projects/crm",
    ]
    assert [one["path"] for one in runs[2].annotations] == ["projects/crm/a.sql"]
    assert bench.state.looks.labels[7] == [
        f"rocky {name}: {label}"
        for name in ("finance", "marketing", "projects/crm")
        for label in ("data changed", "breaking")
    ]


def test_a_previews_name_is_long(bench: Bench, tmp_path: Path) -> None:
    """GitHub takes 50 characters for a label; the local one refuses more."""
    for end in "ab":
        marker = f"<!-- rocky-preview: {'a long name, ' * 20}{end} -->"
        published(tmp_path, bench, finding(1), CHECK | LABELS | {"comment_marker": marker})
    assert len(bench.state.looks.labels[7]) == 4
    assert len({run.name for run in bench.state.looks.runs.values()}) == 2


@pytest.mark.parametrize(("forgive", "conclusion"), [("true", "failure"), ("false", "neutral")])
def test_there_is_no_preview(bench: Bench, tmp_path: Path, forgive: str, conclusion: str) -> None:
    published(tmp_path, bench, finding(1), CHECK | LABELS)
    step = Step(tmp_path, bench, CHECK | LABELS | {"fail_on_preview_error": forgive})
    job_module.publish_failure(step.job, InputError("rocky.toml is not there", advice="Add it."))
    run = bench.state.looks.newest()
    assert (run.conclusion, run.annotations) == (conclusion, ())
    assert run.output["title"] == "No preview: nothing is known"
    assert str(run.output["summary"]).startswith("### ❌ No preview: nothing is known about commit")
    assert "`rocky.toml` is not there" in str(run.output["summary"])
    assert bench.state.looks.labels[7] == ["rocky: failed"], "nothing else is known any more"


def test_strangers_have_chosen_the_names(bench: Bench, tmp_path: Path) -> None:
    step = Step(tmp_path, bench, CHECK | LABELS | {"comment_marker": "<!-- rocky-preview: \u202e,`@all` -->"})
    assert step.publish(reports.hostile()) == 0
    assert "not written" not in step.log
    (run,) = bench.state.looks.runs.values()
    shown = json.dumps([run.name, run.output, run.annotations, bench.state.looks.labels], ensure_ascii=False)
    assert re.sub("[\ud800-\udfff]", "", shown) == shown
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b]", shown)
    assert all(re.fullmatch(r"rocky [\w .:/+-]+", name) for name in bench.state.looks.labels[7])


# Labels


def test_labels_say_what_was_found(bench: Bench, tmp_path: Path) -> None:
    bench.state.looks.labels[7] = ["bug", "rocky: by hand"]
    step = published(tmp_path, bench, finding(1), LABELS)
    assert bench.state.looks.labels[7] == ["bug", "rocky: by hand", "rocky: data changed", "rocky: breaking"]
    assert "Labels added: rocky: data changed, rocky: breaking" in step.log


def test_a_bill_grows(bench: Bench, tmp_path: Path) -> None:
    published(tmp_path, bench, cost_reports.cost_dearer(), LABELS)
    assert bench.state.looks.labels[7] == ["rocky: costs more"], "no label says that data is unchanged"
    published(tmp_path, bench, cost_reports.cost_cheaper(), LABELS)
    assert bench.state.looks.labels[7] == []


def test_labels_follow_the_next_run(bench: Bench, tmp_path: Path) -> None:
    published(tmp_path, bench, finding(1), LABELS)
    again = published(tmp_path, bench, finding(1), LABELS)
    assert again.asked == [LISTING_LABELS], "nothing changes, nothing is asked"
    published(tmp_path, bench, replace(finding(), verdict=Verdict.NOT_CHECKED), LABELS)
    assert bench.state.looks.labels[7] == ["rocky: not checked"]


def test_a_label_is_spelled_otherwise(bench: Bench, tmp_path: Path) -> None:
    bench.state.looks.labels[7] = ["Rocky: Data Changed", "ROCKY: breaking"]
    step = published(tmp_path, bench, finding(), LABELS)
    assert bench.state.looks.labels[7] == ["Rocky: Data Changed"]
    assert not [one for one in step.asked if one.startswith("POST")]


def test_somebody_takes_a_label_away_first(bench: Bench, tmp_path: Path) -> None:
    labels = bench.state.looks.labels
    labels[7] = ["rocky: breaking", "rocky: failed"]
    bench.server.fault(Fault("DELETE", "/labels/rocky", meanwhile=labels[7].clear))
    step = published(tmp_path, bench, reports.no_change(), LABELS)
    assert labels[7] == []
    assert "not written" not in step.log


def test_labels_may_not_be_created(bench: Bench, tmp_path: Path) -> None:
    bench.state.looks.may_create_labels = False
    step = published(tmp_path, bench, finding(1), LABELS)
    assert "::warning::The labels were not written" in step.log
    assert "issues: write" in step.log
    bench.state.looks.known = {"rocky: data changed", "rocky: breaking"}
    assert "not written" not in published(tmp_path, bench, finding(1), LABELS).log, "those that are there can be given"


@pytest.mark.parametrize("status", [404, 410, 422])
def test_labels_cannot_be_given(bench: Bench, tmp_path: Path, status: int) -> None:
    bench.server.fault(Fault("POST", "/labels$", status=status, body='{"message": "no"}'))
    step = published(tmp_path, bench, finding(1), LABELS)
    assert step.log.count("The labels were not written") == 1


# How much is asked


def test_everything_at_once_is_asked_in_one_runs_requests(bench: Bench, tmp_path: Path) -> None:
    """The worst that is usual: a rerun whose verdict is another one, with more annotations than before."""
    inputs = CHECK | LABELS
    bench.state.add_comment(7, BOT, f"{MARKER}\nan earlier run's")
    published(tmp_path, bench, finding(1), inputs)
    bench.state.looks.labels[7].append("rocky: costs more")
    report = replace(reports.no_change(), verdict=Verdict.INCOMPLETE, findings=finding(*range(1, 99)).findings)
    report = replace(report, findings=tuple(replace(one, severity=Impact.WARNING) for one in report.findings[1:]))
    step = published(tmp_path, bench, report, inputs)
    asked = bench.log[step.before :]
    assert len(asked) <= MOST_REQUESTS, asked
    assert "not written" not in step.log
    assert bench.state.looks.labels[7] == ["rocky: incomplete"]


# The whole action


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


class Workspace:
    """The five models with a pull request."""

    def __init__(
        self, folder: Path, github: GitHubServer, edits: Mapping[str, tuple[str, str]], *, moved: tuple[str, ...] = ()
    ) -> None:
        """``edits`` are made by the pull request, the files that ``moved`` begin with other lines on main since."""
        files = five_models.base()
        for path, (old, new) in edits.items():
            assert old in files[path]
            files[path] = files[path].replace(old, new, 1)
        project = PullRequest(folder, github)
        project.origin.switch("main")
        project.origin.commit({path: f"-- One,\n-- two,\n-- three.\n{five_models.base()[path]}" for path in moved})
        project.push(files)
        environ = {**project.workspace.environ, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": project.merge}
        self.action = Action(folder / "steps", github, workspace=project.workspace.path, environ=environ)

    def annotations(self) -> list[str]:
        return annotated(self.action.run(self.action.pull_event()).log)


FURTHER = "further down, `fct_revenue` changes by it"
REVENUE, ORDERS = "models/fct_revenue.sql", "models/stg_orders.sql"


def test_an_edit_changes_data(tmp_path: Path, github: GitHubServer) -> None:
    """The line of the projection, however far it is from other edits, and the models further down beside it."""
    one_a_line = ("order_id, customer_id, status, amount", "order_id,\n customer_id,\n status,\n amount * 2 AS amount")
    edits = {ORDERS: one_a_line, REVENUE: ("count(*) AS orders", "1 + count(*) AS orders")}
    assert Workspace(tmp_path, github, edits).annotations() == [
        f"{REVENUE},line=4,title=rocky-preview::fct_revenue: other values in `orders` of 50 rows",
        f"{ORDERS},line=4,title=rocky-preview::stg_orders: other values in `amount` of 120 rows; {FURTHER}",
    ]


def test_the_other_side_has_edited_the_same_file(tmp_path: Path, github: GitHubServer) -> None:
    """A merge is checked out, and GitHub shows the lines of the pull request's head."""
    edits = {REVENUE: ("count(*) AS orders", "1 + count(*) AS orders")}
    workspace = Workspace(tmp_path, github, edits, moved=(REVENUE,))
    assert workspace.annotations() == [
        f"{REVENUE},line=4,title=rocky-preview::fct_revenue: other values in `orders` of 50 rows"
    ]


def test_a_column_is_lost_upstream(tmp_path: Path, github: GitHubServer) -> None:
    """The failure belongs where the column was lost, and is told there once."""
    edits = {ORDERS: (", amount", ""), "models/dim_customers.sql": ("full_name", "upper(full_name) AS full_name")}
    told, other = Workspace(tmp_path, github, edits).annotations()
    assert other.startswith("models/dim_customers.sql,line=1,title=rocky-preview::")
    assert told.startswith(f"{ORDERS},line=1,title=rocky-preview%3A breaking::stg_orders: column `amount`")
    assert "%0Afct_revenue: it failed" in told
    assert "%0Afct_revenue: it reads `stg_orders`, whose column" in told


def test_the_inputs_of_one_project_are_wrong(tmp_path: Path, github: GitHubServer) -> None:
    """The check is still called after its folder."""
    action = Workspace(tmp_path, github, {}).action
    step = action.run(action.pull_event(), inputs=CHECK | {"working_directory": "models", "threads": "many"})
    assert step.exit_code == 2
    (run,) = github.state.looks.runs.values()
    assert (run.name, run.conclusion) == ("rocky-preview: models", "failure")


def test_a_run_is_cancelled(tmp_path: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    action = Workspace(tmp_path, github, {}).action
    inputs = CHECK | LABELS
    assert action.run(action.pull_event(), inputs=inputs).exit_code == 0

    def interrupted(*_: object) -> Report:
        raise KeyboardInterrupt

    monkeypatch.setattr(main_module, "preview", interrupted)
    assert action.run(action.pull_event(), inputs=inputs).exit_code == 130
    (run,) = github.state.looks.runs.values()
    assert (run.conclusion, run.head_sha) == ("cancelled", github.state.pulls[NUMBER].sha)
    before = len(github.log)
    assert action.run(action.pull_event()).exit_code == 130
    assert not [asked for asked in github.log[before:] if "check-runs" in asked], "nobody asked for a check run"
