"""``rocky-preview`` as a person at a keyboard has it: real processes, a real repository, a real database."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from rocky_sdk.types_generated.preview_cost_schema import PreviewCostOutput
from rocky_sdk.types_generated.preview_create_schema import PreviewCreateOutput
from rocky_sdk.types_generated.preview_diff_schema import PreviewDiffOutput

import rocky_action
from rocky_action.domain.plan import NOTHING_CHANGED
from tests.support import five_models
from tests.support.checkout import BRANCH, Checkout

NAME = "no_refunds"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path)


def test_run_tells_the_exact_numbers_and_leaves_every_document(checkout: Checkout) -> None:
    ended = checkout.command("run", "--name", NAME)
    assert ended.code == 0, ended.err
    assert ended.out.rstrip().splitlines()[-1].startswith("changed (1 built, 2 copied, 2 skipped, 0 removed; 1 differ)")

    output = checkout.folder / ".rocky-preview"
    names = ["comment.md", "cost.json", "create.json", "diff.json", "report.json", "summary.md"]
    assert sorted(path.name for path in output.iterdir()) == names
    create = PreviewCreateOutput.model_validate_json((output / "create.json").read_text())
    diff = PreviewDiffOutput.model_validate_json((output / "diff.json").read_text())
    cost = PreviewCostOutput.model_validate_json((output / "cost.json").read_text())

    assert [model.model_name for model in create.prune_set] == list(five_models.PRUNE_SET)
    assert sorted(model.model_name for model in create.copy_set) == list(five_models.COPY_SET)
    assert sorted(create.skipped_set) == list(five_models.SKIPPED)
    assert (create.run_status, create.branch_schema) == ("succeeded", f"branch__{NAME}")
    assert diff.summary.total_rows_added == five_models.ROWS_ADDED
    assert diff.summary.total_rows_removed == five_models.ROWS_REMOVED
    assert diff.summary.total_rows_changed == five_models.ROWS_CHANGED
    assert not diff.summary.any_coverage_warning
    assert cost.summary.models_skipped_via_copy == len(five_models.COPY_SET)
    assert cost.summary.delta_usd == 0.0

    comment = (output / "comment.md").read_text()
    assert comment.startswith("<!-- rocky-preview -->\n")
    assert f"{five_models.ROWS_REMOVED} rows removed" in comment


def test_nothing_but_the_preview_and_the_state_is_written(checkout: Checkout) -> None:
    assert checkout.run("run", "--name", NAME).code == 0
    assert checkout.schemas() == [f"branch__{NAME}", f"branch__{NAME}__base", "raw", "rocky_preview"]
    assert checkout.query("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'main'") == [(0,)]
    assert checkout.query("SELECT count(*) FROM raw.orders") == [(len(five_models.ORDERS),)]


@pytest.mark.slow
def test_a_second_run_replaces_the_first(checkout: Checkout) -> None:
    assert checkout.run("run", "--name", NAME).code == 0
    before = checkout.schemas()
    filtered = five_models.pull_request()["models/fct_revenue.sql"]
    checkout.repository.write({"models/fct_revenue.sql": filtered.replace(five_models.FILTER, "WHERE false")})
    ended = checkout.run("run", "--name", NAME, "--output", "json")
    assert ended.code == 0, ended.err
    assert checkout.schemas() == before
    assert checkout.query(f"SELECT count(*) FROM branch__{NAME}.fct_revenue") == [(0,)]
    assert "becomes empty" in (checkout.folder / ".rocky-preview" / "comment.md").read_text()


def test_create_diff_and_cost_one_after_the_other(checkout: Checkout) -> None:
    created = checkout.command("create", "--name", NAME, "--output", "json")
    assert created.code == 0, created.err
    assert PreviewCreateOutput.model_validate_json(created.out).run_status == "succeeded"
    compared = checkout.command("diff", "--name", NAME, "--output", "json")
    assert compared.code == 0, compared.err
    summary = PreviewDiffOutput.model_validate_json(compared.out).summary
    assert (summary.total_rows_removed, summary.total_rows_changed) == (
        five_models.ROWS_REMOVED,
        five_models.ROWS_CHANGED,
    )
    priced = checkout.command("cost", "--name", NAME, "--output", "json")
    assert priced.code == 0, priced.err
    (model, *_) = PreviewCostOutput.model_validate_json(priced.out).per_model
    assert (model.model_name, model.base_cost_usd, model.branch_cost_usd) == ("fct_revenue", 0.0, 0.0)
    for command in ("create", "diff", "cost"):
        table = checkout.command(command, "--name", NAME)
        assert (table.code, "fct_revenue" in table.out) == (0, True), table.err


@pytest.mark.slow
def test_limits_decide_the_exit_code_of_run_and_of_cost(checkout: Checkout) -> None:
    """The project file's gate, and a budget that base exceeds as well."""
    toml = five_models.base()["rocky.toml"] + '\n[budget]\nmax_duration_ms = 0\non_breach = "error"\n'
    slower = five_models.pull_request()["models/fct_revenue.sql"]
    slower = slower.replace(five_models.FILTER, f"{five_models.FILTER} AND {five_models.LONG}")
    files = {"rocky.toml": toml, "models/fct_revenue.sql": slower, "rocky-preview.yml": "gates: {seconds: 0.01}\n"}
    checkout.repository.write(files)
    asked = ("--name", NAME, "--baseline", "rebuild")
    assert checkout.run("run", *asked).code == 1
    loose = ("--gate", "seconds=600")
    for command in (("cost", "--name", NAME), ("run", *asked)):
        over = checkout.run(*command)
        assert over.code == 1, over.err
        said = " ".join(over.out.split())
        assert "error The gate `seconds` is exceeded by" in said
        assert "or raise the gate: rocky-preview.yml, line 1." in said
        assert checkout.run(*command, "--fail-on", "never").code == 0
    spared = checkout.run("run", *asked, *loose)
    assert spared.code == 0, spared.out
    assert "warning The project's budget is exceeded by" in " ".join(spared.out.split())


@pytest.mark.slow
def test_a_preview_whose_base_was_built_twice(checkout: Checkout) -> None:
    """Whoever compares later compares the two builds, too; both go when the preview goes."""
    asked = ("--baseline", "rebuild", "--stability", "true")
    assert checkout.run("create", "--name", NAME, *asked).code == 0
    twice = checkout.query(f"SELECT customer_id, orders, revenue FROM branch__{NAME}__twice__base.fct_revenue")
    assert {key: (orders, revenue) for key, orders, revenue in twice} == five_models.REVENUE_BASE
    for command in ("diff", "run"):
        more = asked if command == "run" else ()
        ended = checkout.run(command, "--name", NAME, "--output", "json", *more)
        assert ended.code == 0, ended.err
        assert "two builds of base are the same" in ended.out
    assert f"dropped five.branch__{NAME}__twice__base" in checkout.run("cleanup", "--name", NAME).out.splitlines()


def test_diff_refuses_a_preview_of_other_models(checkout: Checkout) -> None:
    assert checkout.run("create", "--name", NAME).code == 0
    checkout.repository.write({"models/fct_revenue.sql": "SELECT 1 AS customer_id\n"})
    ended = checkout.run("diff", "--name", NAME)
    assert ended.code == 2
    assert "was built from other models" in ended.err
    assert f"rocky-preview create --name {NAME}" in ended.err


def test_diff_without_a_preview(checkout: Checkout) -> None:
    assert checkout.run("create", "--name", "other").code == 0
    ended = checkout.run("diff", "--name", NAME)
    assert ended.code == 2
    assert f"there is no preview called {NAME}" in ended.err


def test_plan_opens_no_warehouse(checkout: Checkout) -> None:
    ended = checkout.run("plan", "--output", "json")
    assert ended.code == 0, ended.err
    plan = ended.json
    assert plan["command"] == "preview-plan"
    assert plan["changes"] == [
        {
            "model_name": "fct_revenue",
            "kind": "rows",
            "columns": [],
            "path": "models/fct_revenue.sql",
            "why": "its SQL changed",
            "renamed_from": None,
            "renamed_columns": [],
        }
    ]
    assert (plan["copy_set"], plan["skipped_set"]) == (list(five_models.COPY_SET), list(five_models.SKIPPED))
    assert plan["copied"] == [{"model_name": name, "why": "read by `fct_revenue`"} for name in five_models.COPY_SET]
    assert plan["skipped"] == [{"model_name": name, "why": NOTHING_CHANGED} for name in five_models.SKIPPED]
    assert not (checkout.folder / five_models.DATABASE).exists()
    assert plan["findings"] == [
        {
            "model_name": "fct_revenue",
            "kind": "sql_body_changed",
            "severity": "info",
            "message": "its SQL changed",
            "path": "models/fct_revenue.sql",
            "line": 8,
            "column": None,
        }
    ]
    table = checkout.run("plan", "--verbose")
    assert "runs" in table.out
    assert re.search(r"base_ref: default", table.err)


def test_findings(tmp_path: Path) -> None:
    sql = five_models.base()["models/dim_customers.sql"].replace(", full_name", "")
    checkout = Checkout.new(tmp_path, {"models/dim_customers.sql": sql, "models/fct_revenue.sql": "SELECT 1 AS id\n"})
    planned = checkout.run("plan")
    assert "breaking dim_customers: column `full_name` is dropped (models/dim_customers.sql:1)" in planned.out
    ran = checkout.run("run", "--output", "json")
    assert "column `full_name` (VARCHAR) is dropped" in ran.out
    for name in ("create.json", "diff.json", "report.json"):
        document = json.loads((checkout.folder / ".rocky-preview" / name).read_text())
        assert [one["severity"] for one in document["findings"]].count("breaking") == 5, name


def test_a_cosmetic_change_runs_nothing(tmp_path: Path) -> None:
    sql = five_models.base()["models/fct_revenue.sql"]
    checkout = Checkout.new(tmp_path, {"models/fct_revenue.sql": f"-- revenue\n{sql.lower()}"})
    ended = checkout.run("run")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("unchanged (0 built")
    assert not (checkout.folder / five_models.DATABASE).exists()
    assert "same" in (checkout.folder / ".rocky-preview" / "comment.md").read_text()


@pytest.mark.slow
def test_the_gate(checkout: Checkout) -> None:
    assert checkout.run("run", "--fail-on", "changed").code == 1
    checkout.repository.write({"models/fct_revenue.sql": "SELECT no_such_column FROM stg_orders\n"})
    failed = checkout.run("run")
    assert failed.code == 1
    assert "no_such_column" in failed.out
    assert checkout.run("run", "--fail-on", "never").code == 0


def test_a_project_file_has_a_say(checkout: Checkout) -> None:
    checkout.repository.write({"rocky-preview.yml": "fail_on: changed\nmax_samples: 0\nmask_columns: [revenue]\n"})
    ended = checkout.run("run", "--verbose")
    assert ended.code == 1
    assert "fail_on: rocky-preview.yml, line 1" in ended.err
    assert "Changed rows" not in (checkout.folder / ".rocky-preview" / "comment.md").read_text()
    assert checkout.run("run", "--fail-on", "never").code == 0, "the command line wins"


def test_head_can_be_a_commit(checkout: Checkout) -> None:
    checkout.repository.switch("main")
    ended = checkout.run("plan", "--head", BRANCH, "--output", "json")
    assert ended.code == 0, ended.err
    assert [model["model_name"] for model in ended.json["prune_set"]] == ["fct_revenue"]  # type: ignore[attr-defined]


def test_cleanup_by_name_and_by_age(checkout: Checkout) -> None:
    assert checkout.run("run", "--name", NAME).code == 0
    assert checkout.run("run", "--name", "other", "--lease-hours", "1").code == 0
    ended = checkout.run("cleanup", "--name", NAME)
    assert ended.out.splitlines() == [f"dropped five.branch__{NAME}", f"dropped five.branch__{NAME}__base"]
    assert checkout.run("cleanup", "--expired").out == "nothing to drop\n"
    assert [name for name in checkout.schemas() if name.startswith("branch__")] == [
        "branch__other",
        "branch__other__base",
    ]
    assert checkout.run("cleanup", "--name", NAME).out == "nothing to drop\n"


def test_cleanup_of_a_fresh_runner_makes_no_database(checkout: Checkout) -> None:
    assert checkout.run("cleanup", "--name", NAME).code == 0
    assert not (checkout.folder / five_models.DATABASE).exists()


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["a.csv", "a.csv"], 0, "● Equal: all 2 rows compared in 2 columns"),
        (["a.csv", "b.csv", "--key", "id"], 1, "● 1 row changed"),
        (
            ["a.csv", "b.csv", "--key", "id", "--ignore", "x"],
            0,
            "● Equal: all 2 rows compared in 1 column, 1 column ig",
        ),
        (["a.csv", "b.csv", "--key", "id", "--tolerance", "x=0.5"], 0, "● Equal: all 2 rows"),
        (["a.csv", "b.csv", "--key", "id", "--where", "id < 2"], 0, "● Equal: the only row compared in 2 columns"),
        (
            [
                "a.csv",
                "b.csv",
                "--key",
                "id",
                "--algorithm",
                "sampled",
                "--sample-order",
                "first",
                "--sample-size",
                "1",
            ],
            0,
            "whether the rest is equal",
        ),
        (["a.csv", "c.csv"], 2, "Not compared because the sides have no column in common"),
        (["a.csv", "b.csv", "--ignore", "x", "--ignore", "id"], 2, "every column that both sides have is ignored"),
        (["a.csv", "b.csv", "--where", "id <"], 2, "Not compared because of its where"),
        (["a.csv", "b.csv", "--where", "CAST(x AS DATE) > DATE '2026-01-01'"], 3, "Not compared because the warehouse"),
        (["a.csv", "missing.csv"], 2, "there is no file missing.csv"),
        (["a.csv", "b.csv", "--tolerance", "x"], 2, "--tolerance 'x' is not column=tolerance"),
        (["main.t", "a.csv", "--key", "id"], 0, "● Equal: all 2 rows compared in 2 columns"),
        (["main.t", "no.such"], 2, "no.such is neither a file nor a relation of five.duckdb"),
    ],
)
def test_compare(checkout: Checkout, asked: list[str], code: int, said: str) -> None:
    checkout.repository.write(
        {"a.csv": "id,x\n1,1.0\n2,2.0\n", "b.csv": "id,x\n1,1.0\n2,2.25\n", "c.csv": "other\n1\n"}
    )
    with duckdb.connect(checkout.folder / five_models.DATABASE) as connection:
        connection.execute("CREATE TABLE t AS SELECT * FROM (VALUES (1::BIGINT, 1.0::DOUBLE), (2, 2.0)) AS v(id, x)")
    ended = checkout.run("compare", *asked)
    assert (ended.code, said in ended.out + ended.err) == (code, True), ended.out + ended.err


def test_compare_says_the_same_in_markdown(checkout: Checkout) -> None:
    checkout.repository.write({"a.csv": "id,x\n1,a\n2,b\n", "b.csv": "id,x\n1,a\n2,@c\n"})
    ended = checkout.run("compare", "a.csv", "b.csv", "--key", "id", "--output", "markdown")
    assert ended.code == 1
    assert ended.out.startswith(
        "### 🔶 1 row changed\n\nBase is `a.csv`, head is `b.csv`. All 2 rows compared, matched by `id`"
    )
    assert "| 2 | 2 | 0 | 0 | 1 | 1 |" in ended.out
    assert "| `2` | `b` → `@\u200bc` |" in ended.out
    assert ended.err == "rocky-preview: comparing a.csv with b.csv\n"


def test_compare_says_how_much_there_is_to_wait_for(checkout: Checkout) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM range(12_345)) TO '{checkout.folder / 'a.parquet'}'")
    with duckdb.connect(checkout.folder / five_models.DATABASE) as connection:
        connection.execute("CREATE TABLE t AS FROM range(12_345)")
    ended = checkout.run("compare", "main.t", "a.parquet")
    assert ended.code == 0, ended.err
    assert ended.err == "rocky-preview: comparing main.t (12,345 rows) with a.parquet (12,345 rows)\n"


def test_compare_prints_one_document(checkout: Checkout) -> None:
    checkout.repository.write({"a.csv": "id,x\n1,\n2,b\n", "b.csv": "id,x\n1,a\n3,b\n"})
    ended = checkout.run("compare", "a.csv", "b.csv", "--key", "id", "--output", "json")
    assert ended.code == 1
    document = ended.json
    assert (document["rows_added"], document["rows_removed"], document["rows_changed"]) == (1, 1, 1)
    assert document["coverage"] == {"kind": "exhaustive", "method": "keyed"}


LOADED = "import sys; from rocky_action.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
HEAVY = {"duckdb", "sqlglot", "httpx", "jinja2", "pydantic", "networkx", "yaml", "rich"}
OF_PROJECTS = {"assembly", "building", "dag", "documents", "forges", "git", "pipeline", "projects", "stages", "study"}


@pytest.mark.parametrize(
    ("asked", "needs"),
    [
        ((), {"duckdb", "rich"}),
        (("--output", "json"), {"duckdb", "pydantic"}),
        (("--output", "markdown"), {"duckdb", "jinja2"}),
        (("--where", "id > 0"), {"duckdb", "rich", "sqlglot"}),
    ],
)
def test_compare_of_files_waits_for_nothing_that_it_does_not_use(
    checkout: Checkout, asked: tuple[str, ...], needs: set[str]
) -> None:
    checkout.repository.write({"a.csv": "id,x\n1,a\n2,b\n", "b.csv": "id,x\n1,a\n2,c\n"})
    ended = checkout.python("-c", LOADED, "compare", "a.csv", "b.csv", "--key", "id", "--quiet", *asked)
    assert ended.out, ended.err
    modules = ended.err.split()
    assert HEAVY & {*modules} == needs
    ours = {name.split(".")[1] for name in modules if name.startswith("rocky_action.")}
    assert "rowdiff" in ours
    assert not OF_PROJECTS & ours


def test_the_demo_needs_nothing_but_itself(tmp_path: Path, checkout: Checkout) -> None:
    ended = checkout.command("demo", "--output", "json", TMPDIR=str(tmp_path))
    assert ended.code == 0, ended.err
    assert ended.json["verdict"] == "changed"
    assert str(tmp_path) in ended.err
    assert (next(tmp_path.glob("rocky-preview-demo-*")) / "shop" / ".rocky-preview" / "comment.md").is_file()


def test_version_and_help(checkout: Checkout) -> None:
    assert checkout.run("--version").out == f"rocky-preview {rocky_action.__version__}\n"
    text = checkout.run("--help").out
    assert all(
        command in text for command in ("run", "plan", "create", "diff", "cost", "compare", "cleanup", "record", "demo")
    )
    assert "exit codes" in text
    assert "--baseline" in checkout.run("run", "--help").out


def test_every_mistake_at_once_with_suggestions(checkout: Checkout) -> None:
    flags = checkout.run("run", "--basline", "rebuild", "--theads", "3")
    assert flags.code == 2
    assert "did you mean `--baseline`?" in flags.err
    assert "did you mean `--threads`?" in flags.err
    named = checkout.run("run", "--allow-functions", "read_csv", "--branch-name", "x")
    assert "did you mean `--allow-function`?" in named.err
    assert "did you mean `--branch-name`?" not in named.err
    values = checkout.run("run", "--baseline", "rebuld", "--copy", "al", "--name", "Foo-Bar", "--threads", "x")
    assert values.code == 2
    for said in ("did you mean `rebuild`?", "did you mean `all`?", "--name is 'Foo-Bar'", "--threads is 'x'"):
        assert said in values.err


def test_a_locked_database(checkout: Checkout) -> None:
    assert checkout.run("run").code == 0
    with duckdb.connect(checkout.folder / five_models.DATABASE):
        ended = checkout.command("run")  # another process
    assert ended.code == 3
    assert "Another process has the database open" in ended.err


def test_a_folder_that_cannot_be_written(checkout: Checkout) -> None:
    (checkout.folder / "taken").write_text("a file")
    ended = checkout.run("run", "--output-dir", "taken")
    assert ended.code == 3
    assert "taken" in ended.err


def test_comment_says_what_it_lacks(checkout: Checkout) -> None:
    ended = checkout.run("comment", "--body", "none.md")
    assert ended.code == 2
    assert "not given: GITHUB_REPOSITORY (owner/name), GITHUB_TOKEN, --pr-number" in ended.err


_SABOTAGE = """
import sys
from dataclasses import replace
from rocky_action import cli, study
from rocky_action.domain.plan import LeftModel

def wrong(*arguments, right=study.make_plan, **more):
    plan = right(*arguments, **more)
    skipped = tuple(LeftModel(name, "a guess") for name in plan.prune_names)
    return replace(plan, prune_set=(), skipped=(*plan.skipped, *skipped))

study.make_plan = wrong
sys.exit(cli.main(sys.argv[1:]))
"""
"""The command with a planner that takes every model for unchanged."""


@pytest.mark.slow
def test_an_audit_finds_a_wrong_plan_out(checkout: Checkout, tmp_path: Path) -> None:
    program = tmp_path / "sabotage.py"
    program.write_text(_SABOTAGE)
    arguments = ("run", "--name", NAME, "--audit", "100%", "--quiet")
    blind = checkout.python(str(program), "run", "--name", NAME)
    assert (blind.code, "unchanged" in blind.out) == (0, True), "what an audit is for"
    ended = checkout.python(str(program), *arguments)
    assert ended.code == 1, ended.err
    comment = (checkout.folder / ".rocky-preview" / "comment.md").read_text()
    assert "### ❌ The plan was wrong: `fct_revenue` was left alone and differs" in comment
    assert "Escape rate **1 of 5**." in comment
    assert "escape rate 1 of 5" in " ".join(ended.out.split())
    diff = (checkout.folder / ".rocky-preview" / "diff.json").read_text()
    assert PreviewDiffOutput.model_validate_json(diff).models == []
    honest = checkout.run(*arguments)
    assert honest.code == 0, honest.err
    assert "escape rate 0 of 4" in " ".join(honest.out.split())
    assert checkout.schemas() == [f"branch__{NAME}", f"branch__{NAME}__base", "raw", "rocky_preview"]
