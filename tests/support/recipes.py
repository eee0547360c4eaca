"""The recipes played: for every example workflow, what must come of it, and edits after which that must not come.

To add one: write its scenario, a function of a folder and the workflow's text, and a line in ``RECIPES``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conformance.test_previews import fill, queries
from tests.support import bigquery_ground, five_models, snowflake_ground
from tests.support.archives import streamed
from tests.support.databricks_door import refusing_workspace
from tests.support.file_host import FileHost, Served
from tests.support.forge_bench import BLOCK, BOT, MARKER
from tests.support.github_state import Artifact, now
from tests.support.ground import Ground, Missing, required
from tests.support.identity_server import serving_identities
from tests.support.recipe_scene import BRANCH, DEPENDABOT, NUMBER, Files, Scene, example, in_folder, open_scene, shop
from tests.support.workflow_actions import git_authorization, google_auth, saved
from tests.support.workflow_runner import Event, Failed, Run

REMOVED = f"{five_models.ROWS_REMOVED} rows removed"
CONTENTS = "      contents: read\n"
WRITE = "      pull-requests: write\n"
KEPT_OUT = "          persist-credentials: false\n"
FULL = "          fetch-depth: 0\n"
DEARER = five_models.base()["models/fct_revenue.sql"].replace("sum(o.amount)", "sum(o.amount) + 1")
BROKEN = "SELECT customer_id, no_such_column FROM stg_orders\n"

Edit = tuple[str, str]
Play = Callable[[Path, str], None]


@dataclass(frozen=True)
class Recipe:
    """``file`` is the example's name. Each of ``broken`` is a text in it and what stands there instead."""

    file: str
    play: Play
    broken: tuple[Edit, ...]
    slow: bool = False


def went(scene: Scene, workflow: str, event: Event, **results: str) -> Run:
    """A run with these results by job, which leaves no token behind and tells no secret."""
    run = scene.forge.run(workflow, event)
    ended = {job.id: job.result for job in run.jobs}
    assert ended == results, "\n".join(job.log for job in run.jobs)
    for job in run.jobs:
        config = job.workspace / ".git" / "config"
        assert not config.exists() or git_authorization() not in config.read_text(), "a token that later steps can read"
        shown = [line for line in job.log.splitlines() if not line.startswith("::add-mask::")]  # the runner keeps those
        for secret in scene.forge.secrets.values():
            assert secret not in "\n".join(shown)
    return run


@contextmanager
def five(folder: Path, **changed: str) -> Iterator[Scene]:
    """The five models, seeded; ``changed`` are texts of models at head, by name."""
    head = {f"models/{name}.sql": text for name, text in changed.items()}
    with open_scene(folder) as scene:
        scene.start(five_models.base(), head or five_models.pull_request())
        yield scene


def plain(folder: Path, workflow: str, *, base_path: str = "") -> None:
    """A comment, which the next push updates; a fork's pull request has its report in the summary."""
    with open_scene(folder, base_path=base_path) as scene:
        scene.start(five_models.base(), five_models.pull_request())
        first = went(scene, workflow, scene.pull_request(), preview="success")
        body = scene.body
        assert body.startswith(f"{MARKER}\n")
        assert REMOVED in body
        assert first.job("preview").ours.outputs["verdict"] == "changed"
        assert scene.forge.run(workflow, scene.pull_request("labeled")).jobs == []
        if base_path:
            return

        scene.push({"models/fct_revenue.sql": DEARER})
        second = went(scene, workflow, scene.pull_request("synchronize"), preview="success")
        body = scene.body
        assert REMOVED not in body
        assert f"{five_models.ROWS_BASE} rows changed" in body
        assert first.concurrency == second.concurrency == (f"{first.document['name']}-{NUMBER}", True)

        before = scene.bodies
        forked = went(scene, workflow, scene.pull_request("synchronize", stranger=True), preview="success")
        step = forked.job("preview").ours
        assert "rows changed" in step.summary
        assert BLOCK.replace("\n", "%0A") in step.log
        assert scene.bodies == before


def preview(folder: Path, workflow: str) -> None:
    """On a machine that keeps its database: the preview is there until the pull request is closed."""
    database = folder / "kept" / five_models.DATABASE
    database.parent.mkdir()
    on_disk = {"rocky.toml": five_models.base()["rocky.toml"].replace(five_models.DATABASE, str(database))}
    with open_scene(folder) as scene:
        scene.start(five_models.base() | on_disk, five_models.pull_request() | on_disk)
        opened = went(scene, workflow, scene.pull_request("reopened"), preview="success", cleanup="skipped")
        body = scene.body
        assert body.startswith(f"{MARKER}\n")
        assert REMOVED in body
        schemas = previews(database)
        assert opened.job("preview").ours.outputs["branch_schema"] in schemas

        assert opened.concurrency == (f"rocky preview-{NUMBER}", True)

        closed = went(scene, workflow, scene.pull_request("closed"), preview="skipped", cleanup="success")
        assert previews(database) == []
        assert all(schema in closed.job("cleanup").ours.summary for schema in schemas)
        assert REMOVED in scene.body


def cleanup(folder: Path, workflow: str) -> None:
    """On a machine that keeps its database: what is leased stays until then, and what no lease names stays for ever."""
    database = folder / "kept" / five_models.DATABASE
    database.parent.mkdir()
    on_disk = {"rocky.toml": five_models.base()["rocky.toml"].replace(five_models.DATABASE, str(database))}
    with open_scene(folder) as scene:
        scene.start(five_models.base() | on_disk, five_models.pull_request() | on_disk)
        previewed = example("first.yml")
        went(scene, previewed, scene.pull_request(), preview="success")
        with duckdb.connect(database) as connection:
            connection.execute("CREATE SCHEMA branch__somebodys")
        made = previews(database)
        assert len(made) > 1
        for event in (scene.on_main("schedule", schedule="41 4 * * *"), scene.on_main("workflow_dispatch", inputs={})):
            went(scene, workflow, event, sweep="success")
            assert previews(database) == made
            with duckdb.connect(database) as connection:
                connection.execute("UPDATE rocky_preview.leases SET expires_at = TIMESTAMP '2020-01-01'")
            swept = went(scene, workflow, event, sweep="success")
            assert previews(database) == ["branch__somebodys"]
            assert "branch__no_refunds_pr7" in swept.job("sweep").ours.summary
            assert swept.concurrency == ("rocky preview cleanup", False)
            went(scene, previewed, scene.pull_request(), preview="success")


def previews(database: Path) -> list[str]:
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute(
            "SELECT DISTINCT schema_name FROM duckdb_schemas() WHERE starts_with(schema_name, 'branch__') ORDER BY 1"
        )
        return [name for (name,) in found.fetchall()]


def gate(folder: Path, workflow: str) -> None:
    """Removed rows and a model that fails stop the pull request; changed rows do not. Each is commented on."""
    with five(folder) as scene:
        said = went(scene, workflow, scene.pull_request(), preview="failure").job("preview").log
        assert f"rows removed: {five_models.ROWS_REMOVED}; ask the owner" in said
        assert REMOVED in scene.body
        scene.push({"models/fct_revenue.sql": DEARER})
        went(scene, workflow, scene.pull_request("synchronize"), preview="success")
        scene.push({"models/fct_revenue.sql": BROKEN})
        run = went(scene, workflow, scene.pull_request("synchronize"), preview="failure")
        assert "the preview is 'failed', so nothing is known" in run.job("preview").log
        assert "no_such_column" in scene.body


def manual(folder: Path, workflow: str) -> None:
    """Somebody with write access names the pull request; its merge commit is what is previewed."""
    with five(folder) as scene:
        run = went(scene, workflow, scene.on_main("workflow_dispatch", inputs={"pr_number": "7"}), preview="success")
        job = run.job("preview")
        assert (job.environment, run.concurrency) == ("preview", ("rocky preview by hand-7", True))
        assert REMOVED in scene.body
        assert f"head the work tree at `{scene.merge[:7]}`" in scene.body
        with pytest.raises(Failed, match="pr_number"):
            scene.forge.run(workflow, scene.on_main("workflow_dispatch", inputs={}))
        assert scene.forge.run(workflow, scene.pull_request()).jobs == []


def forked(folder: Path, producer: str, commenter: str) -> None:
    """A fork's run writes nothing but its report; the run that may write reads that as a stranger's, and posts it."""
    with FileHost() as files, open_scene(folder) as scene:
        scene.start(five_models.base(), five_models.pull_request())
        went(scene, producer, scene.pull_request(), preview="skipped")
        run = went(scene, producer, scene.pull_request(stranger=True), preview="success")
        assert run.job("preview").permissions == {"contents": "read"}
        assert scene.bodies == []
        (name, content), *others = scene.forge.store.get("artifacts", {}).get(run.id, {}).items() or [("", {})]
        assert (list(content), others) == (["report.json"], [])
        address = files.keep("1", Served(streamed(content["report.json"])))
        scene.server.state.artifacts[int(run.id)] = [Artifact(1, name, address, now(), expired=False)]

        for untold in (
            scene.ended("rocky preview of forks", run.id, "cancelled"),
            scene.ended("another workflow", run.id),
        ):
            assert all(job.result == "skipped" for job in scene.forge.run(commenter, untold).jobs)
        posted = went(scene, commenter, scene.ended("rocky preview of forks", run.id), comment="success")
        assert posted.job("comment").permissions == {"actions": "read", "pull-requests": "write"}
        assert scene.body.startswith("<!-- rocky-preview (the pull request's own run) -->\n")
        assert "Nobody has checked this report" in scene.body
        assert REMOVED in scene.body
        assert posted.concurrency == (f"rocky preview of forks, posted-stranger/shop-{BRANCH}", False)


def fork_producer(folder: Path, workflow: str) -> None:
    forked(folder, workflow, example("fork-commenter.yml"))


def fork_commenter(folder: Path, workflow: str) -> None:
    forked(folder, example("fork-producer.yml"), workflow)


def merge_queue(folder: Path, workflow: str) -> None:
    """The summary and the check say it; no comment. What could only be sampled does not pass."""
    with five(folder) as scene:
        run = went(scene, workflow, scene.queued(), preview="success")
        assert REMOVED in run.job("preview").ours.summary
        assert scene.bodies == []
        assert run.job("preview").permissions == {"contents": "read"}
        scene.push({"rocky-preview.yml": "algorithm: sampled\nsample_size: 5\n"})
        run = went(scene, workflow, scene.queued(), preview="failure")
        assert run.job("preview").ours.outputs["verdict"] == "incomplete"
        assert scene.bodies == []
        assert run.concurrency is not None
        assert run.concurrency[0].startswith("rocky preview in the merge queue-refs/heads/gh-readonly-queue/main/pr-7-")


def monorepo(folder: Path, workflow: str) -> None:
    """Two projects, two jobs, two comments, each found again by its own marker."""
    names = ("finance", "marketing")
    base = {path: text for name in names for path, text in in_folder(f"projects/{name}", five_models.base()).items()}
    head = in_folder("projects/finance", five_models.pull_request())
    head |= in_folder("projects/marketing", five_models.base() | {"models/fct_revenue.sql": DEARER})
    with open_scene(folder) as scene:
        scene.start(base, head)
        scene.server.state.add_comment(NUMBER, BOT, "<!-- rocky-preview: marketing -->\nan earlier run's")
        run = scene.forge.run(workflow, scene.pull_request("synchronize"))
        assert run.results == {"preview finance": "success", "preview marketing": "success"}
        schemas = {job.ours.outputs["branch_schema"] for job in run.jobs}
        assert len(schemas) == 2, "in one warehouse they must not meet"
        found = {body.partition("\n")[0]: body for body in scene.bodies}
        assert sorted(found) == ["<!-- rocky-preview: finance -->", "<!-- rocky-preview: marketing -->"]
        assert len(scene.bodies) == 2
        assert REMOVED in found["<!-- rocky-preview: finance -->"]
        assert REMOVED not in found["<!-- rocky-preview: marketing -->"]
        assert "rows changed" in found["<!-- rocky-preview: marketing -->"]


def audit(folder: Path, workflow: str) -> None:
    """What came to the default branch within a week is previewed, and what was left alone is rebuilt."""
    with open_scene(folder) as scene:
        scene.origin.commit(five_models.base())
        scene.origin.commits = int(time.time() - 1_780_000_000) // 60 - 60  # an hour ago; see repositories._START
        scene.origin.commit(five_models.pull_request())
        run = went(scene, workflow, scene.on_main("schedule", schedule="17 3 * * 1"), audit="success")
        step = run.job("audit").ours
        assert step.outputs["audit_escapes"] == "0"
        assert REMOVED in step.summary
        assert f"drawn with seed `{run.id}`, were rebuilt" in step.summary
        assert scene.server.log == []


def record(folder: Path, workflow: str) -> None:
    """Production's run is stored, also one that failed half-way; the job fails then as production did."""
    with five(folder) as scene:
        scene.production(five_models.DATABASE)
        event = scene.on_main("schedule", schedule="17 2 * * *")
        done = went(scene, workflow, event, run="success")
        assert recorded(done) == [("fct_revenue", 5000)]
        rocky = folder / "tools" / "rocky"
        rocky.write_text(rocky.read_text() + "exit 1\n")
        assert recorded(went(scene, workflow, event, run="failure")) == [("fct_revenue", 5000)]


def recorded(run: Run) -> list[tuple[object, ...]]:
    with duckdb.connect(run.job("run").workspace / five_models.DATABASE, read_only=True) as connection:
        if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'rocky_preview'").fetchall():
            return []
        return connection.execute("SELECT model, duration_ms FROM rocky_preview.model_runs").fetchall()


def rerun(folder: Path, workflow: str) -> None:
    """A comment of somebody who may write starts a preview of the pull request; nobody else's does."""
    with five(folder) as scene:
        ask = "/rocky-preview rerun"
        for author, body, association in (
            ("mona", "what about /rocky-preview rerun", "MEMBER"),
            ("stranger", ask, "NONE"),
        ):
            went(scene, workflow, scene.comment(author, body, association), preview="skipped")
        asked = went(scene, workflow, scene.comment("stranger", ask, "COLLABORATOR"), preview="success")
        assert "Nothing was run." in asked.job("preview").ours.log
        assert scene.bodies == []
        run = went(scene, workflow, scene.comment("mona", ask, "MEMBER"), preview="success")
        assert REMOVED in scene.body
        assert run.job("preview").concurrency == (f"rocky preview-{NUMBER}", False)
        assert "name: rocky preview\n" in example("preview.yml"), "whose group it is"


def duckdb_cache(folder: Path, workflow: str) -> None:
    """The pull request gets the newest database of the default branch, and saves none."""
    with open_scene(folder) as scene:
        scene.start(shop(five_models.base()), shop(five_models.pull_request()))
        missing = went(scene, workflow, scene.pull_request(), production="skipped", preview="failure")
        assert "Failed to restore cache entry" in missing.job("preview").log
        assert scene.bodies == []

        scene.production("shop.duckdb", lambda connection: connection.execute("DELETE FROM raw.orders"))
        at_night = went(scene, workflow, scene.on_main("schedule"), production="success", preview="skipped")
        scene.production("shop.duckdb")
        pushed = went(scene, workflow, scene.on_main("push"), production="success", preview="skipped")
        kept = list(saved(scene.forge.store))
        assert [(one.ref, one.key) for one in kept] == [
            ("refs/heads/main", f"production-{run.id}-1") for run in (at_night, pushed)
        ]

        for action in ("opened", "synchronize"):
            run = went(scene, workflow, scene.pull_request(action), production="skipped", preview="success")
            assert REMOVED in scene.body, "not the empty table of the night before"
            assert run.job("preview").ours.outputs["branch_schema"] in previews(
                run.job("preview").workspace / "shop.duckdb"
            )
            assert saved(scene.forge.store) == kept
            assert run.concurrency == (f"rocky preview with a cached database-{NUMBER}", True)
        assert pushed.concurrency == ("rocky preview with a cached database-refs/heads/main", False)


def without_credentials(scene: Scene, workflow: str) -> None:
    """A fork's pull request: the plan, said to be no more, and nothing in red; its token writes no comment."""
    run = went(scene, workflow, scene.pull_request(stranger=True), preview="success")
    step = run.job("preview").ours
    assert (step.outputs["verdict"], step.outputs["prune_set_size"]) == ("not_checked", "1")
    assert "Not checked: nothing was run" in step.summary
    assert "✅" not in step.summary
    assert scene.bodies == []
    closed = went(scene, workflow, scene.pull_request("closed", stranger=True), preview="success")
    assert "**Nothing was dropped**" in closed.job("preview").ours.summary


def checks_and_labels(folder: Path, workflow: str) -> None:
    """The comment, a check run on the pull request's head, and labels that the repository did not have."""
    with five(folder) as scene:
        went(scene, workflow, scene.pull_request(), preview="success")
        looks = scene.server.state.looks
        assert REMOVED in scene.body
        assert [run.head_sha for run in looks.runs.values()] == [scene.server.state.pulls[NUMBER].sha]
        assert looks.labels == {NUMBER: ["rocky: data changed"]}


def adapter(text: str, files: Files) -> dict[str, str]:
    """The five models on another warehouse."""
    usual = files["rocky.toml"]
    return {**files, "rocky.toml": f"[adapter]\n{text}\n{usual[usual.index('[pipeline.five]') :]}"}


def on_warehouse(ground: Ground, text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Base and head of the five models, over production's full names."""
    files = {path: content for path, content in five_models.base().items() if path.endswith(".toml")}
    files = adapter(text, files)
    files["models/_defaults.toml"] = f'[target]\ncatalog = "{ground.catalog}"\nschema = "{ground.schema}"\n'
    files |= {f"models/{name}.sql": query for name, query in queries(ground).items()}
    filtered = files["models/fct_revenue.sql"].replace("GROUP BY", f"{five_models.FILTER}\nGROUP BY")
    return files, {"models/fct_revenue.sql": filtered}


def lived(scene: Scene, workflow: str, ground: Ground) -> None:
    """Built and compared in the warehouse, told in the comment, and gone when the pull request is closed."""
    went(scene, workflow, scene.pull_request(), preview="success")
    assert REMOVED in scene.body
    mine = {
        schema for _, schema in ground.adapter.schemas("branch__") if schema.lower().startswith("branch__no_refunds")
    }
    assert mine
    went(scene, workflow, scene.pull_request("closed"), preview="success")
    assert not mine & {schema for _, schema in ground.adapter.schemas("branch__")}
    assert REMOVED in scene.body


def bigquery(folder: Path, workflow: str) -> None:
    """GitHub vouches for the job, Google believes it, and the service account builds the preview."""
    text = f'type = "bigquery"\nproject_id = "{bigquery_ground.PROJECT}"\nlocation = "{bigquery_ground.LOCATION}"\n'
    with (
        bigquery_ground.open_bigquery() as warehouse,
        serving_identities(bigquery_ground.TOKEN) as identities,
        open_scene(folder) as scene,
    ):
        fill(warehouse.ground)
        scene.start(*on_warehouse(warehouse.ground, text))
        scene.forge.actions = {
            **scene.forge.actions,
            "google-github-actions/auth": google_auth(identities.address),
        }
        scene.forge.identity = identities.variables
        pool = "projects/123/locations/global/workloadIdentityPools/github/providers/github"
        scene.forge.machine = {**scene.forge.machine, "BIGQUERY_EMULATOR_HOST": warehouse.server.url}
        lived(scene, workflow, warehouse.ground)
        assert set(identities.asked) == {f"https://iam.googleapis.com/{pool}"}
        assert set(identities.accounts) == {"rocky-preview@shop-analytics.iam.gserviceaccount.com"}


def bigquery_fork(folder: Path, workflow: str) -> None:
    """Nobody vouches for a fork's job, and for Dependabot's neither, whose branch is in the repository."""
    text = 'type = "bigquery"\nproject_id = "shop-analytics"\nlocation = "EU"\n'
    with open_scene(folder) as scene, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_GCE_CHECK", "true")  # a hosted runner is no machine of Google's, and finds out in a second
        patch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        patch.setenv("CLOUDSDK_CONFIG", str(folder))
        scene.start(adapter(text, five_models.base()), {"models/fct_revenue.sql": DEARER})
        scene.forge.actions = {**scene.forge.actions, "google-github-actions/auth": google_auth("http://127.0.0.1:9")}
        without_credentials(scene, workflow)
        run = went(scene, workflow, scene.pull_request(author=DEPENDABOT), preview="success")
        assert run.job("preview").ours.outputs["verdict"] == "not_checked"


def snowflake(folder: Path, workflow: str) -> None:
    """A key pair logs in; on fakesnow, with the README's grants for the user's role and no other."""
    try:
        with snowflake_ground.open_ground() as ground, open_scene(folder) as scene:
            for grant in snowflake_ground.grants():
                ground.production(grant.replace("ROLE PREVIEWER", "ROLE PREVIEW_BOT"))
            fill(ground)
            scene.start(*on_warehouse(ground, 'type = "snowflake"\n'))
            scene.forge.machine = {**scene.forge.machine, **ground.environ}
            scene.forge.variables["SNOWFLAKE_ACCOUNT"] = "fakesnow"
            scene.forge.secrets["SNOWFLAKE_PRIVATE_KEY_RAW"] = _private_key()
            lived(scene, workflow, ground)
    except Missing as why:
        if required():
            raise
        pytest.skip(f"NOT TESTED on snowflake: {why}")


def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain_text = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain_text).decode()


def snowflake_fork(folder: Path, workflow: str) -> None:
    with open_scene(folder) as scene:
        scene.start(adapter('type = "snowflake"\n', five_models.base()), {"models/fct_revenue.sql": DEARER})
        scene.forge.secrets["SNOWFLAKE_PRIVATE_KEY_RAW"] = "planted"
        without_credentials(scene, workflow)


def databricks_fork(folder: Path, workflow: str) -> None:
    with open_scene(folder) as scene:
        scene.start(adapter('type = "databricks"\n', five_models.base()), {"models/fct_revenue.sql": DEARER})
        scene.forge.secrets["DATABRICKS_CLIENT_SECRET"] = "planted"
        without_credentials(scene, workflow)


def databricks(folder: Path, workflow: str) -> None:
    """The service principal's id and secret arrive where it logs in; nothing runs there."""
    with open_scene(folder) as scene, refusing_workspace() as door:
        scene.start(adapter('type = "databricks"\n', five_models.base()), {"models/fct_revenue.sql": DEARER})
        scene.forge.variables |= {
            "DATABRICKS_HOST": door.address,
            "DATABRICKS_WAREHOUSE_ID": "0123456789abcdef",
            "DATABRICKS_CLIENT_ID": "principal",
        }
        scene.forge.secrets["DATABRICKS_CLIENT_SECRET"] = "planted-secret"
        run = went(scene, workflow, scene.pull_request(), preview="failure")
        assert set(door.logins) == {("principal", "planted-secret")}
        assert "invalid_client" in run.job("preview").log
        assert "nothing is known" in scene.body


RECIPES = (
    Recipe(
        "first.yml",
        plain,
        (
            (CONTENTS, ""),
            (WRITE, ""),
            (KEPT_OUT, ""),
            ("github.event.pull_request.number", "github.sha"),
            ("  pull_request:\n", "  push:\n"),
        ),
    ),
    Recipe(
        "preview.yml",
        preview,
        (
            (WRITE, ""),
            (", closed]", "]"),
            ("    if: github.event.action != 'closed'\n", ""),
            ("    if: github.event.action == 'closed'\n", ""),
            ("        with:\n          mode: cleanup\n", ""),
            ("reopened, ", ""),
        ),
    ),
    Recipe(
        "cleanup.yml",
        cleanup,
        (
            ("          mode: cleanup\n", "          mode: preview\n"),
            (CONTENTS, ""),
            ("  workflow_dispatch:\n", ""),
            ('  schedule:\n    - cron: "41 4 * * *"\n', ""),
        ),
    ),
    Recipe(
        "gate.yml",
        gate,
        (
            (WRITE, ""),
            ("        continue-on-error: true\n", ""),
            ("        id: preview\n", ""),
            ("rows_removed }}", "rows_added }}"),
            ("; exit 1; } ;;", "; } ;;"),
        ),
    ),
    Recipe(
        "manual.yml",
        manual,
        (
            (WRITE, ""),
            ("          ref: refs/pull/${{ inputs.pr_number }}/merge\n", ""),
            ("        with:\n          pr_number: ${{ inputs.pr_number }}\n", ""),
            ("        required: true\n", ""),
            ("    environment: preview\n", ""),
        ),
    ),
    Recipe(
        "fork-producer.yml",
        fork_producer,
        (
            (CONTENTS, CONTENTS + WRITE),
            ("github.event.pull_request.head.repo.full_name != github.repository\n      || ", ""),
            ("          output_dir: preview-report", "          output_dir: .preview-report"),
            ("name: rocky-preview-report", "name: report"),
            ("path: preview-report/report.json", "path: preview-report"),
        ),
    ),
    Recipe(
        "fork-commenter.yml",
        fork_commenter,
        (
            (WRITE, ""),
            ("          artifact: rocky-preview-report\n", ""),
            ("workflows: [rocky preview of forks]", "workflows: [another workflow]"),
            ('["success", "failure"]', '["success", "cancelled"]'),
            ("github.event.workflow_run.event == 'pull_request'", "github.event.workflow_run.event == 'push'"),
        ),
    ),
    Recipe(
        "merge-queue.yml",
        merge_queue,
        (
            (CONTENTS, ""),
            ("        with:\n          fail_on: incomplete\n", ""),
            ("  merge_group:\n    types: [checks_requested]\n", "  pull_request:\n"),
            ("${{ github.ref }}", "${{ github.head_ref }}"),
        ),
    ),
    Recipe(
        "monorepo.yml",
        monorepo,
        (
            (WRITE, ""),
            ('          comment_marker: "<!-- rocky-preview: ${{ matrix.project }} -->"\n', ""),
            ("          working_directory: projects/${{ matrix.project }}\n", ""),
            ("[finance, marketing]", "[finance]"),
        ),
    ),
    Recipe(
        "audit.yml",
        audit,
        (
            (FULL, ""),
            ("          audit: 20\n", ""),
            ("          base_ref: ${{ steps.week.outputs.commit }}\n", ""),
            ("        id: week\n", ""),
            ("          audit_seed: ${{ github.run_id }}\n", ""),
        ),
        slow=True,
    ),
    Recipe(
        "record.yml",
        record,
        (
            ("        if: ${{ !cancelled() }}\n", ""),
            ("          mode: record\n          run_output: run.json\n", "          mode: cleanup\n"),
            (" > run.json", ""),
            (CONTENTS, ""),
        ),
    ),
    Recipe(
        "rerun.yml",
        rerun,
        (
            (WRITE, ""),
            ("          ref: refs/pull/${{ github.event.issue.number }}/merge\n", ""),
            ("startsWith(github.event.comment.body", "contains(github.event.comment.body"),
            ('"MEMBER", "COLLABORATOR"', '"MEMBER", "NONE"'),
            ("rocky preview-${{ github.event.issue.number }}", "${{ github.sha }}"),
        ),
    ),
    Recipe(
        "duckdb-cache.yml",
        duckdb_cache,
        (
            (WRITE, ""),
            ("actions/cache/restore@", "actions/cache@"),
            ("          restore-keys: production-\n", ""),
            ("          fail-on-cache-miss: true\n", ""),
            ("    if: github.event_name == 'pull_request'\n", ""),
            ("    if: github.event_name != 'pull_request'\n", ""),
            ("production-${{ github.run_id }}-${{ github.run_attempt }}\n\n", "production\n\n"),
        ),
    ),
    Recipe("ghes.yml", partial(plain, base_path="/api/v3"), ((CONTENTS, ""), (WRITE, ""), (KEPT_OUT, ""))),
    Recipe(
        "checks-and-labels.yml",
        checks_and_labels,
        (
            ("      checks: write\n", ""),
            ("      issues: write\n", ""),
            ("          check_run: true\n", ""),
            ("          labels: true\n", ""),
        ),
    ),
    Recipe(
        "bigquery.yml",
        bigquery,
        (
            (WRITE, ""),
            ("      id-token: write\n", ""),
            (", closed]", "]"),
            ("'cleanup' || 'preview'", "'preview' || 'preview'"),
            ("providers/github\n", "providers/other\n"),
        ),
        slow=True,
    ),
    Recipe(
        "bigquery.yml",
        bigquery_fork,
        (
            ("github.event.pull_request.head.repo.full_name == github.repository\n          && ", ""),
            ("\n          && github.event.pull_request.user.login != 'dependabot[bot]'", ""),
        ),
    ),
    Recipe(
        "snowflake.yml",
        snowflake,
        (
            (WRITE, ""),
            ("          SNOWFLAKE_USER: PREVIEW_BOT\n", ""),
            ("          SNOWFLAKE_PRIVATE_KEY_RAW: ${{ secrets.SNOWFLAKE_PRIVATE_KEY_RAW }}\n", ""),
            ("'cleanup' || 'preview'", "'preview' || 'preview'"),
        ),
        slow=True,
    ),
    Recipe("snowflake.yml", snowflake_fork, ((CONTENTS, ""),)),
    Recipe(
        "databricks.yml",
        databricks,
        (
            (WRITE, ""),
            ("          DATABRICKS_CLIENT_ID: ${{ vars.DATABRICKS_CLIENT_ID }}\n", ""),
            ("secrets.DATABRICKS_CLIENT_SECRET", "secrets.DATABRICKS_TOKEN"),
            ("          DATABRICKS_WAREHOUSE_ID: ${{ vars.DATABRICKS_WAREHOUSE_ID }}\n", ""),
        ),
        slow=True,
    ),
    Recipe("databricks.yml", databricks_fork, ((CONTENTS, ""),)),
)

BY_FILE: Mapping[str, tuple[Recipe, ...]] = {
    file: tuple(recipe for recipe in RECIPES if recipe.file == file) for file in {recipe.file for recipe in RECIPES}
}
