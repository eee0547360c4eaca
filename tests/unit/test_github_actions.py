"""Events as the runner leaves them, and what is told to the runner, byte for byte."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.domain.pull_request import PullRequest
from rocky_action.domain.text import plain
from rocky_action.errors import InputError, OutsideError
from rocky_action.forges.github_actions import Said, read_event
from rocky_action.forges.payload import pull_request_of
from rocky_action.forges.runner import Runner
from tests.support.examples import examples
from tests.support.github_state import GitHubState, Pull

SHA = "a" * 40
MERGE = "e" * 40
ZERO_WIDTH = "\u200b"


class Events:
    """Writes event files as a runner does."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "event.json"

    def environ(self, name: str, payload: object, **more: str) -> dict[str, str]:
        self.path.write_text(json.dumps(payload), encoding="utf-8")
        return {
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(self.path),
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_REF": "refs/heads/feature",
            "GITHUB_SHA": MERGE,
            "GITHUB_RUN_ID": "42",
            **more,
        }


@pytest.fixture
def events(tmp_path: Path) -> Events:
    return Events(tmp_path)


def payload_of(pull: Pull, action: str = "opened") -> dict[str, object]:
    return {"action": action, "number": pull.number, "pull_request": GitHubState().pull_json(pull)}


OURS = Pull(7, "feature/$(id)", SHA, head_owner="acme")
THEIRS = Pull(8, "main", SHA, head_owner="stranger", fork=True)
ORPHAN = Pull(9, "main", SHA)


# Events


@pytest.mark.parametrize("name", ["pull_request", "pull_request_review"])
def test_a_pull_request_carries_itself(events: Events, name: str) -> None:
    event = read_event(events.environ(name, payload_of(OURS, "synchronize"), GITHUB_REF="refs/pull/7/merge"))
    assert event.pull_request == PullRequest("acme", "shop", 7, "feature/$(id)", SHA, "main")
    assert (event.owner, event.repository, event.action) == ("acme", "shop", "synchronize")
    assert (event.branch, event.sha) == ("feature/$(id)", SHA), "the head, not the merge commit"
    assert not event.from_fork
    assert not event.is_pull_request_target


@pytest.mark.parametrize(("pull", "head_owner"), [(THEIRS, "stranger"), (ORPHAN, "acme")])
def test_a_fork_is_a_fork_even_when_deleted(events: Events, pull: Pull, head_owner: str) -> None:
    event = read_event(events.environ("pull_request", payload_of(pull)))
    assert event.from_fork
    assert event.pull_request is not None
    assert event.pull_request.from_fork
    assert event.head_owner == head_owner


def test_a_head_of_unknown_origin_counts_as_a_fork() -> None:
    bare = {"number": 7, "head": {"ref": "a", "sha": SHA, "repo": None}, "base": {"ref": "b"}}
    found = pull_request_of(bare, owner="acme", repository="shop")
    assert found is not None
    assert found.from_fork


def test_closing_is_an_action(events: Events) -> None:
    assert read_event(events.environ("pull_request", payload_of(OURS, "closed"))).action == "closed"


def test_pull_request_target_is_recognised(events: Events) -> None:
    event = read_event(events.environ("pull_request_target", payload_of(THEIRS)))
    assert event.is_pull_request_target
    assert event.from_fork


@pytest.mark.parametrize("name", ["push", "workflow_dispatch", "schedule", "merge_group", "repository_dispatch"])
def test_other_events_carry_what_it_takes_to_look(events: Events, name: str) -> None:
    event = read_event(events.environ(name, {}))
    assert event.pull_request is None
    assert (event.name, event.branch, event.sha, event.head_owner) == (name, "feature", MERGE, "acme")
    assert event.action == ""


def test_a_tag_is_no_branch(events: Events) -> None:
    assert read_event(events.environ("push", {}, GITHUB_REF="refs/tags/v1")).branch is None


def test_a_workflow_run_is_about_the_head_that_started_it(events: Events) -> None:
    run = {
        "head_branch": "main",
        "head_sha": SHA,
        "head_repository": {"id": 2, "owner": {"login": "stranger"}},
        "repository": {"id": 1},
        "pull_requests": [],
    }
    event = read_event(events.environ("workflow_run", {"action": "completed", "workflow_run": run}))
    assert (event.head_owner, event.branch, event.sha, event.from_fork) == ("stranger", "main", SHA, True)


@pytest.mark.parametrize("head", [None, {"owner": {"login": "stranger"}}])
def test_a_workflow_run_of_a_head_that_is_gone_is_a_forks(events: Events, head: object) -> None:
    run = {"head_branch": "main", "head_sha": SHA, "head_repository": head, "repository": {"id": 1}}
    assert read_event(events.environ("workflow_run", {"workflow_run": run})).from_fork


@pytest.mark.parametrize(
    ("name", "payload", "base"),
    [
        ("push", {"repository": {"default_branch": "trunk"}}, "trunk"),
        ("schedule", {}, None),
        ("merge_group", {"merge_group": {"base_sha": SHA}, "repository": {"default_branch": "trunk"}}, SHA),
    ],
)
def test_base_is_what_the_event_says(events: Events, name: str, payload: object, base: str | None) -> None:
    assert read_event(events.environ(name, payload)).base == base


def test_a_comment_is_by_somebody_on_something(events: Events) -> None:
    payload = {"action": "created", "issue": {"number": 7}, "comment": {"body": "hello", "user": {"login": "mona"}}}
    event = read_event(events.environ("issue_comment", payload))
    assert event.said == Said("mona", "hello", 7, on_pull_request=False)
    pull = payload | {"issue": {"number": 7, "pull_request": {"url": "x"}}}
    assert read_event(events.environ("issue_comment", pull)).said == Said("mona", "hello", 7, on_pull_request=True)
    for broken in ({}, payload | {"comment": {"body": "hello", "user": None}}, payload | {"issue": {}}):
        with pytest.raises(InputError, match="describes no comment"):
            read_event(events.environ("issue_comment", broken))


def test_addresses_default_to_the_public_github(events: Events) -> None:
    event = read_event(events.environ("push", {}, GITHUB_API_URL="", GITHUB_GRAPHQL_URL=""))
    assert event.run_url == "https://github.com/acme/shop/actions/runs/42"
    assert event.api_url == "https://api.github.com"
    assert event.graphql_url == "https://api.github.com/graphql"


def test_graphql_is_looked_for_where_rest_is(events: Events) -> None:
    """A token of an Enterprise Server must not go to the public GitHub."""
    rest = {"GITHUB_API_URL": "https://ghe.example/api/v3", "GITHUB_GRAPHQL_URL": ""}
    assert read_event(events.environ("push", {}, **rest)).graphql_url == "https://ghe.example/api/graphql"


def test_addresses_of_an_enterprise_server(events: Events) -> None:
    urls = {
        "GITHUB_SERVER_URL": "https://ghe.example/",
        "GITHUB_API_URL": "https://ghe.example/api/v3",
        "GITHUB_GRAPHQL_URL": "https://ghe.example/api/graphql",
    }
    event = read_event(events.environ("push", {}, **urls))
    assert event.run_url == "https://ghe.example/acme/shop/actions/runs/42"
    assert (event.api_url, event.graphql_url) == (urls["GITHUB_API_URL"], urls["GITHUB_GRAPHQL_URL"])


@pytest.mark.parametrize("missing", ["GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY"])
@pytest.mark.parametrize("blank", [True, False])
def test_a_missing_variable_is_named(events: Events, missing: str, blank: bool) -> None:
    environ = events.environ("push", {})
    environ = environ | {missing: ""} if blank else {key: value for key, value in environ.items() if key != missing}
    with pytest.raises(InputError, match=missing):
        read_event(environ)


@pytest.mark.parametrize("repository", ["acme", "/shop", "acme/", "a/b/c"])
def test_a_repository_has_an_owner_and_a_name(events: Events, repository: str) -> None:
    with pytest.raises(InputError, match="owner/name"):
        read_event(events.environ("push", {}, GITHUB_REPOSITORY=repository))


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"", "not JSON"), (b"\xff\xfe{", "not JSON"), (b"[]", "object"), (b'{"a":', "not JSON")]
)
def test_a_malformed_event_file_is_said_so(events: Events, content: bytes, complaint: str) -> None:
    environ = events.environ("push", {})
    events.path.write_bytes(content)
    with pytest.raises(InputError, match=complaint):
        read_event(environ)


def test_a_missing_event_file_is_said_so(events: Events) -> None:
    environ = events.environ("push", {})
    events.path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        read_event(environ)


@pytest.mark.parametrize("payload", [{}, {"pull_request": None}, {"pull_request": {"number": 7}}])
def test_a_pull_request_event_without_one_is_malformed(events: Events, payload: Mapping[str, object]) -> None:
    with pytest.raises(InputError, match="describes no pull request"):
        read_event(events.environ("pull_request", payload))


# Files


def parse_outputs(text: str) -> dict[str, str]:
    """The runner's own grammar for GITHUB_OUTPUT."""
    found: dict[str, str] = {}
    lines = text.split("\n")
    assert lines.pop() == ""
    while lines:
        name, mark, delimiter = lines.pop(0).partition("<<")
        assert mark
        assert "=" not in name
        end = lines.index(delimiter)
        found[name] = "\n".join(lines[:end])
        lines = lines[end + 1 :]
    return found


def test_outputs_of_any_content_arrive_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "output"
    runner = Runner({"GITHUB_OUTPUT": str(file)}, io.StringIO())
    values = {
        "plain": "7",
        "empty": "",
        "lines": "a\nb\n",
        "evil": "x\nEOF\nverdict=unchanged\nverdict<<EOF",
        "é": "🪨\r",
    }
    for name, value in values.items():
        runner.set_output(name, value)
    assert parse_outputs(file.read_bytes().decode()) == values


@given(value=st.text())
def test_no_value_can_end_itself(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    file = tmp_path_factory.mktemp("out") / "output"
    delimiters = iter(["a", "0", "", "rest-0123456789", "last-0123456789"])
    Runner({"GITHUB_OUTPUT": str(file)}, io.StringIO(), delimiter=lambda: next(delimiters) or "e").set_output(
        "v", value
    )
    assert parse_outputs(file.read_bytes().decode()) == {"v": value}


def test_every_value_has_a_delimiter_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "output"
    runner = Runner({"GITHUB_OUTPUT": str(file)}, io.StringIO())
    runner.set_output("a", "1")
    runner.set_output("b", "2")
    assert len(set(re.findall("<<(.*)", file.read_text()))) == 2


def test_files_are_appended_to(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    file.write_text("earlier\n")
    runner = Runner({"GITHUB_STEP_SUMMARY": str(file)}, io.StringIO())
    runner.append_summary("# One")
    runner.append_summary("two \ud800\n")
    assert file.read_bytes() == b"earlier\n# One\ntwo ?\n"


def test_without_files_nothing_happens() -> None:
    stream = io.StringIO()
    runner = Runner({"GITHUB_OUTPUT": ""}, stream)
    runner.set_output("name", "value")
    runner.append_summary("text")
    assert stream.getvalue() == ""


def test_a_file_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="cannot be written"):
        Runner({"GITHUB_OUTPUT": str(tmp_path)}, io.StringIO()).set_output("name", "value")


# Commands


def printed(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_annotations_are_escaped() -> None:
    stream = io.StringIO()
    runner = Runner({}, stream)
    runner.annotate("error", "50% of\r\nrows: a,b", file="models/a:b,c%.sql", line=3, title="x\n::set-output name=y::z")
    runner.annotate("notice", "plain")
    assert printed(stream) == [
        "::error file=models/a%3Ab%2Cc%25.sql,line=3,title=x%0A%3A%3Aset-output name=y%3A%3Az::50%25 of%0Arows: a,b",
        "::notice::plain",
    ]


def test_annotations_beyond_the_limit_are_counted_in_one_line() -> None:
    stream = io.StringIO()
    runner = Runner({}, stream)
    for number in range(13):
        runner.annotate("warning", f"w{number}")
    runner.annotate("error", "e")
    runner.finish()
    lines = printed(stream)
    assert lines[:10] == [f"::warning::w{number}" for number in range(10)]
    assert lines[10] == "::error::e"
    assert lines[11:] == ["Not annotated, because GitHub shows only 10: 3 more of level warning."]


def test_nothing_is_said_when_all_were_shown() -> None:
    stream = io.StringIO()
    runner = Runner({}, stream)
    for number in range(10):
        runner.annotate("warning", f"w{number}")
    runner.finish()
    assert len(printed(stream)) == 10


def test_a_group_ends_whatever_happens_inside() -> None:
    stream = io.StringIO()
    runner = Runner({}, stream)

    def fail_inside() -> None:
        with runner.group("Models\n::error::no"):
            runner.say("inside")
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert printed(stream) == ["::group::Models%0A::error::no", "inside", "::endgroup::"]


def test_secrets_are_masked_line_by_line() -> None:
    stream = io.StringIO()
    Runner({}, stream).mask("-----BEGIN\r\nabc\n100%secret\n\n  indented  \n")
    assert printed(stream) == ["::add-mask::-----BEGIN", "::add-mask::100%25secret", "::add-mask::indented"]


# Data in the log


def is_command(line: str) -> bool:
    """At least what the runner takes for a command, by a comparison that does not see invisible characters."""
    seen = "".join(character for character in line if " " <= character <= "~").lstrip(" ")
    return seen.startswith("::") or "##[" in seen


@pytest.mark.parametrize(
    "line",
    [
        "::error::x",
        "  \t::add-mask::x",
        "\u00a0\u3000::x::y",
        f"{ZERO_WIDTH}::x::y",
        f":{ZERO_WIDTH}:x::y",
        "\ufeff::x::y",
        "::",
        "##[command]x",
        "text ##[error]x",
        f"text #{ZERO_WIDTH}#\u00ad[error]x",
        "####[error]",
        "first\n::error::second",
        "first\r::error::second",
        "first\r\n::error::second",
        "first\x0b::error::x\x0c::y::z",
        "\x1b[0m::x::y",
        "\x85::x::y",
        "\u2028::x::y",
    ],
)
def test_no_line_of_data_is_a_command(line: str) -> None:
    lines = plain(line).split("\n")
    assert not any(map(is_command, lines))
    assert not any(ord(character) < 32 and character != "\t" for part in lines for character in part)


def test_windows_line_ends_are_line_ends() -> None:
    assert plain("a\r\nb\rc") == "a\nb\\u000dc"


@pytest.mark.parametrize("line", ["SELECT a::int FROM b", "# heading", "a: b::c", "naïve 🪨", "", "a\n\nb\n", "#[x]"])
def test_harmless_data_is_left_alone(line: str) -> None:
    assert plain(line) == line


PIECES = [
    "::",
    ":",
    "##[",
    "#",
    "[",
    " ",
    "\t",
    "\n",
    "\r",
    "\x0b",
    "\x1b",
    ZERO_WIDTH,
    "\u00ad",
    "\u2028",
    "|",
    "ax",
    "é",
]


@settings(max_examples=examples(400))
@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_data_at_all_is_a_command(text: str) -> None:
    assert not any(map(is_command, re.split(r"\r\n|\r|\n", plain(text))))


def test_lone_surrogates_do_not_break_the_log() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    Runner({}, stream).say("a\ud800b")
    stream.seek(0)
    assert stream.read() == "a?b\n"
