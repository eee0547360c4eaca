"""The runner that runs the recipes: it does what GitHub documents, and says so where it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import five_models
from tests.support.recipe_scene import NUMBER, Scene, open_scene
from tests.support.workflow_actions import saved
from tests.support.workflow_expressions import Scope, Unsupported
from tests.support.workflow_runner import Run

CONTEXTS = {
    "github": {"ref": "refs/heads/main", "event": {"action": "opened", "labels": ["Data", "SQL"], "n": 7}},
    "steps": {"one": {"outputs": {"rows-removed": "0"}}},
}
STEPS = "on: [push, pull_request, workflow_run]\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("github.event.action == 'OPENED'", True),
        ("github.EVENT['action']", "opened"),
        ("github.event.labels[1]", "SQL"),
        ("github.event.nothing.at.all", None),
        ("steps.one.outputs.rows-removed", "0"),
        ("contains(github.event.labels, 'data') && !startsWith(github.ref, 'refs/tags/')", True),
        ("contains('abc', 'B') && endswith('abc', 'BC')", True),
        ("github.event.nothing || 'x'", "x"),
        ("github.event.action == 'closed' && 'cleanup' || 'preview'", "preview"),
        ("false && 'a' || (1 < 2 && 'b')", "b"),
        ("'' || 0 || null || false", False),
        ("null == 0 && '' == 0 && '7' == github.event.n && 'x' != 0", True),
        ("'it''s'", "it's"),
        ("format('{0}-{{{1}}}', 'a', 3)", "a-{3}"),
        ("fromJSON('[1, 2]')[1]", 2),
        ("join(github.event.labels, '+')", "Data+SQL"),
        ("hashFiles('*.lock')", ""),
        ("success() && !failure() && !cancelled() && always()", True),
    ],
)
def test_an_expression(text: str, value: object, tmp_path: Path) -> None:
    assert Scope(CONTEXTS, workspace=tmp_path).value(text) == value


@pytest.mark.parametrize(
    "text", ["secrets.X", "github.event.labels.*.name", "sha256('x')", "1 +", "'a' 'b'", "(1", "github.", "", "a == =="]
)
def test_an_expression_that_is_not_known(text: str) -> None:
    with pytest.raises(Unsupported):
        Scope(CONTEXTS).value(text)


def test_text_with_expressions_in_it() -> None:
    scope = Scope(CONTEXTS)
    assert scope.text("${{ github.event.n }}-${{ true }}-${{ null }}") == "7-true-"
    assert scope.filled({"a": ["${{ github.event.labels }}"]}) == {"a": [["Data", "SQL"]]}


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure"),
    [
        (None, True, False),
        ("github.event.n == 7", True, False),
        ("${{ !cancelled() }}", True, True),
        ("always() && github.event.n == 8", False, False),
        ("failure()", False, True),
    ],
)
def test_a_condition(condition: str | None, after_success: bool, after_failure: bool) -> None:
    assert Scope(CONTEXTS).holds(condition) is after_success
    assert Scope(CONTEXTS, failed=True).holds(condition) is after_failure


def test_braces_around_a_part_of_a_condition_are_no_condition() -> None:
    """GitHub takes the rest for text, so that it always holds; actionlint says so too."""
    with pytest.raises(Unsupported, match="braces"):
        Scope(CONTEXTS).holds("${{ github.event.n }} == 8")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path) as made:
        made.start({"a.txt": "base\n"}, {"a.txt": "head\n"})
        yield made


def pushed(scene: Scene, steps: str, **more: Any) -> Run:
    return scene.forge.run(STEPS + steps, scene.on_main("push", **more))


def on_pull_request(scene: Scene, steps: str) -> Run:
    return scene.forge.run(STEPS + steps, scene.pull_request())


CHECKOUT = "      - uses: actions/checkout@v7\n"


@pytest.mark.parametrize(
    ("given", "commits"), [("", 1), ("        with: {fetch-depth: 2}\n", 3), ("        with: {fetch-depth: 0}\n", 3)]
)
def test_a_pull_request_is_checked_out_as_a_merge_commit(scene: Scene, given: str, commits: int) -> None:
    show = "      - run: git rev-list --count HEAD; git rev-parse HEAD; cat a.txt; git symbolic-ref HEAD || echo no\n"
    job = on_pull_request(scene, CHECKOUT + given + show).job("one")
    assert job.result == "success", job.log
    assert job.steps[1].log.split() == [
        str(commits),
        scene.merge,
        "head",
        *["fatal:", "ref", "HEAD", "is", "not", "a", "symbolic", "ref", "no"],
    ]


def test_a_branch_is_checked_out_by_its_name(scene: Scene) -> None:
    job = pushed(scene, CHECKOUT + "      - run: git symbolic-ref HEAD\n").job("one")
    assert job.steps[1].log == "refs/heads/main\n"


@pytest.mark.parametrize(
    ("persist", "code"), [("", "success"), ("        with: {persist-credentials: false}\n", "failure")]
)
def test_credentials_stay_only_where_they_are_let(scene: Scene, persist: str, code: str) -> None:
    job = pushed(scene, CHECKOUT + persist + "      - run: GIT_TERMINAL_PROMPT=0 git fetch origin\n").job("one")
    assert job.steps[1].outcome == code, job.log


def test_what_is_not_known_is_not_passed_over(scene: Scene) -> None:
    for steps in (
        "      - uses: someone/action@v1\n",
        "      - uses: actions/checkout@v7\n        with: {submodules: true}\n",
        "      - run: 'true'\n        unless: false\n",
        "      - run: 'true'\n        shell: pwsh\n",
        "      - run: 'true'\n        if: secrets.X\n",
    ):
        with pytest.raises(Unsupported):
            pushed(scene, steps)


def test_steps_hand_things_on(scene: Scene) -> None:
    job = pushed(
        scene,
        "      - id: a\n        run: echo x=1 > $GITHUB_OUTPUT; echo Y=2 > $GITHUB_ENV; echo a > $GITHUB_STEP_SUMMARY\n"
        "      - run: exit 3\n        continue-on-error: true\n        id: b\n"
        "      - run: echo ${{ steps.a.outputs.x }} $Y ${{ steps.b.outcome }} ${{ steps.b.conclusion }} $Z\n"
        "        env: {Z: '${{ env.Y }}3'}\n"
        "      - run: echo no\n        if: failure()\n",
    ).job("one")
    assert (job.result, job.steps[0].summary) == ("success", "a\n")
    assert job.steps[2].log == "1 2 failure success 23\n"
    assert job.steps[3].outcome == "skipped"


CACHE = "      - uses: actions/cache{}@v6\n        with: {{path: kept, key: {}}}\n"
MAKE = "      - run: mkdir -p kept && echo {} > kept/it\n"


def test_a_cache_is_kept_by_scope_and_never_overwritten(scene: Scene) -> None:
    pushed(scene, MAKE.format("first") + CACHE.format("/save", "k-1"))
    job = pushed(scene, MAKE.format("again") + CACHE.format("/save", "k-1")).job("one")
    assert "Failed to save" in job.log
    pushed(scene, MAKE.format("second") + CACHE.format("/save", "k-2"))
    assert [entry.files for entry in saved(scene.forge.store)] == [{"kept/it": b"first\n"}, {"kept/it": b"second\n"}]

    show = "      - run: cat kept/it\n"
    by_prefix = "      - uses: actions/cache@v6\n        with: {path: kept, key: k-, restore-keys: other}\n"
    job = on_pull_request(scene, by_prefix + show + MAKE.format("mine")).job("one")
    assert (job.steps[0].outputs["cache-matched-key"], job.steps[0].outputs["cache-hit"]) == ("k-2", "false")
    assert job.steps[1].log == "second\n"
    assert saved(scene.forge.store)[-1].ref == f"refs/pull/{NUMBER}/merge"
    assert on_pull_request(scene, by_prefix + show).job("one").steps[1].log == "mine\n", "its own scope is seen first"
    assert pushed(scene, by_prefix + show).job("one").steps[1].log == "second\n", "and by nobody else"


def test_artifacts_go_to_the_run_that_another_has_ended(scene: Scene) -> None:
    upload = (
        "      - run: mkdir -p out/.hidden && echo '{}' > out/report.json && echo x > out/.hidden/x\n"
        "      - uses: actions/upload-artifact@v7\n        with: {name: report, path: out}\n"
    )
    run = on_pull_request(scene, upload)
    assert scene.forge.store["artifacts"][run.id] == {"report": {"report.json": b"{}\n"}}
    hidden = (
        "      - run: mkdir .o && echo x > .o/x\n      - uses: actions/upload-artifact@v7\n        with: {path: .o}\n"
    )
    assert "No files were found" in on_pull_request(scene, hidden).job("one").log

    commenter = (
        "on:\n  workflow_run:\n    workflows: [producer]\n    types: [completed]\n"
        "permissions: {actions: read}\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: actions/download-artifact@v8\n        with:\n          name: report\n          path: in\n"
        "          run-id: ${{ github.event.workflow_run.id }}\n          github-token: ${{ github.token }}\n"
        "      - run: cat in/report.json\n"
    )
    ended = scene.ended("producer", run.id)
    assert scene.forge.run(commenter, ended).job("one").steps[1].log == "{}\n"
    assert scene.forge.run(commenter, scene.ended("another", run.id)).jobs == []
    forbidden = scene.forge.run(commenter.replace("permissions: {actions: read}\n", ""), ended).job("one")
    assert "Resource not accessible by integration" in forbidden.log


def test_a_job_that_needs_another(scene: Scene) -> None:
    workflow = (
        "on: push\njobs:\n"
        "  last:\n    needs: first\n    runs-on: ubuntu-latest\n"
        "    steps: [{run: 'echo ${{ needs.first.outputs.x }}'}]\n"
        "  first:\n    runs-on: ubuntu-latest\n    outputs: {x: '${{ steps.a.outputs.x }}'}\n"
        "    steps: [{id: a, run: 'echo x=1 >> $GITHUB_OUTPUT'}]\n"
    )
    run = scene.forge.run(workflow, scene.on_main("push"))
    assert run.job("last").steps[0].log == "1\n"
    failed = scene.forge.run(workflow.replace("'echo x=1", "'false; echo x=1"), scene.on_main("push"))
    assert failed.results == {"first": "failure", "last": "skipped"}


def test_a_strangers_run_gets_nothing(scene: Scene) -> None:
    scene.forge.secrets["KEY"] = "planted"
    steps = "      - run: echo \"[$KEY][$ACTIONS_ID_TOKEN_REQUEST_TOKEN]\"\n        env: {KEY: '${{ secrets.KEY }}'}\n"
    text = f"permissions: {{id-token: write}}\n{STEPS}{steps}"
    scene.forge.identity = lambda: {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"}
    assert scene.forge.run(text, scene.pull_request()).job("one").log.endswith("[planted][bearer]\n")
    assert scene.forge.run(text, scene.pull_request(stranger=True)).job("one").log.endswith("[][]\n")


def test_this_actions_inputs_are_as_in_its_container(scene: Scene) -> None:
    """Every declared input is there, empty where nothing is given, with the default that action.yml has."""
    scene.push(five_models.pull_request())
    steps = CHECKOUT + "      - uses: org/rocky-preview@v1\n        with: {fail_on: '${{ github.event_name }}'}\n"
    step = on_pull_request(scene, steps).job("one").ours
    told = step.environ
    assert (told["INPUT_FAIL_ON"], told["INPUT_BASELINE"]) == ("pull_request", "")
    assert (told["INPUT_GITHUB_TOKEN"], told["GITHUB_EVENT_NAME"]) == ("actions-token", "pull_request")
    assert step.outcome == "failure"
    assert "fail_on is 'pull_request'" in step.log
