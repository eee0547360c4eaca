"""rocky.toml: substitution, shorthands, strictness, adapters and the choice of a pipeline."""

from __future__ import annotations

import pytest

from rocky_action.domain.cost import PriceList
from rocky_action.domain.limits import Budget
from rocky_action.errors import ProjectError
from rocky_action.projects.detect import detect
from tests.support.projects import ROCKY_TOML, load, project_files
from tests.support.trees import MemoryTree, tree

ONE = {"orders": "SELECT 1 AS id"}
TWO_PIPELINES = """\
[adapters.local]
type = "duckdb"

[adapters.cloud]
type = "snowflake"
account = "acme"

[pipelines.silver]
type = "transformation"
models = "silver"
[pipelines.silver.target]
adapter = "local"

[pipelines.gold]
type = "transformation"
models = "gold/**"
[pipelines.gold.target]
adapter = "cloud"
"""


def refused(config: str, *, environ: dict[str, str] | None = None, pipeline: str | None = None) -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        load(project_files(ONE, config), environ=environ, pipeline=pipeline)
    return caught.value


def with_line(line: str) -> str:
    return f"{line}\n{ROCKY_TOML}"


def test_a_project_of_shorthands() -> None:
    config = '[adapter]\ntype = "duckdb"\n[pipeline]\ntype = "transformation"\n[pipeline.target]\n'
    project = load(project_files(ONE, config))
    assert (project.adapter.name, project.adapter.type, project.dialect) == ("default", "duckdb", "duckdb")
    assert list(project.models) == ["orders"]
    assert project.warnings == ()


@pytest.mark.parametrize(("pipeline", "dialect", "model"), [("silver", "duckdb", "s"), ("gold", "snowflake", "g")])
def test_a_pipeline_is_chosen_by_name(pipeline: str, dialect: str, model: str) -> None:
    files = {"rocky.toml": TWO_PIPELINES}
    for folder, name in (("silver", "s"), ("gold", "g")):
        files[f"{folder}/{name}.sql"] = "SELECT 1 AS id"
        files[f"{folder}/{name}.toml"] = '[target]\ncatalog = "c"\nschema = "d"\n'
    project = load(files, pipeline=pipeline)
    assert project.dialect == dialect
    assert list(project.models) == [model]


def test_several_pipelines_need_a_choice() -> None:
    error = refused(TWO_PIPELINES)
    assert error.message == "rocky.toml: there are 2 transformation pipelines: gold, silver (in memory)"
    assert error.advice == "Choose one with --pipeline: gold, silver."


def test_a_misspelt_pipeline_is_suggested() -> None:
    error = refused(TWO_PIPELINES, pipeline="sliver")
    assert 'there is no pipeline "sliver"' in error.message
    assert error.advice == 'Did you mean "silver"?'


def test_only_transformation_pipelines_can_be_previewed() -> None:
    config = TWO_PIPELINES + '[pipelines.raw]\nsource = {}\n[pipelines.raw.target]\nadapter = "local"\n'
    error = refused(config, pipeline="raw")
    assert error.message.startswith('rocky.toml:19: pipeline "raw" is of type replication, and only transformation')
    assert error.advice == "Choose one with --pipeline: gold, silver."


@pytest.mark.parametrize("target", ["[pipeline.raw.target]\nadapter = 'dest'\n", ""])
def test_a_replication_pipeline_alone_still_has_models(target: str) -> None:
    name = "dest" if target else "default"
    config = f'[adapter.{name}]\ntype = "duckdb"\n[pipeline.raw]\nstrategy = "full_refresh"\n{target}'
    project = load(project_files(ONE, config))
    assert project.adapter.name == name
    assert list(project.models) == ["orders"]


@pytest.mark.parametrize("kind", ["[]", "{}", '"transform"'])
def test_a_wrong_type_of_pipeline_is_one_mistake(kind: str) -> None:
    config = ROCKY_TOML.replace('"transformation"', kind)
    for pipeline in (None, "shop"):
        assert refused(config, pipeline=pipeline).message.startswith('rocky.toml:6: "pipeline.shop.type" ')


def test_a_missing_target_table() -> None:
    config = '[adapter]\ntype = "duckdb"\n\n[pipeline.shop]\ntype = "transformation"\n'
    error = refused(config)
    assert error.message == (
        'rocky.toml:4: pipeline "shop" has no target, expected a [pipeline.shop.target] table (in memory)'
    )
    assert error.advice == "Write [pipeline.shop.target]."


def test_target_may_be_implied_by_its_governance() -> None:
    config = ROCKY_TOML.replace(
        "[pipeline.shop.target]", "[pipeline.shop.target.governance]\nauto_create_schemas = true"
    )
    assert list(load(project_files(ONE, config)).models) == ["orders"]


@pytest.mark.parametrize(
    ("config", "line", "key", "advice"),
    [
        (with_line("[zzz]"), 1, "zzz", "Known: adapter, adapters, ai,"),
        (with_line("[adapterz]"), 1, "adapterz", 'Did you mean "adapter"?'),
        (ROCKY_TOML.replace("path =", "pathh ="), 3, "adapter.pathh", 'Did you mean "path"?'),
        (ROCKY_TOML + "adaptor = 'x'\n", 10, "pipeline.shop.target.adaptor", 'Did you mean "adapter"?'),
        (
            ROCKY_TOML + "[pipeline.shop.execution]\nfail_fsat = true\n",
            11,
            "pipeline.shop.execution.fail_fsat",
            "fail_fast",
        ),
        (
            ROCKY_TOML + "[pipeline.shop.target.governance]\nauto_create_schema = true\n",
            11,
            "pipeline.shop.target.governance.auto_create_schema",
            "auto_create_schemas",
        ),
        (ROCKY_TOML + "[cost]\nwarehouse = 'Small'\n", 11, "cost.warehouse", "warehouse_size"),
        (ROCKY_TOML + "[budget]\nmax_eur = 1\n", 11, "budget.max_eur", "max_usd"),
        (ROCKY_TOML + "[state]\nbackends = 's3'\n", 11, "state.backends", "backend"),
        (ROCKY_TOML + "[cache.schemas]\ntll = 1\n", 11, "cache.schemas.tll", "ttl"),
        (ROCKY_TOML + "[adapter.retry]\nmax_retry = 1\n", 11, "adapter.retry.max_retry", "max_retries"),
    ],
)
def test_unknown_keys_are_refused_with_a_suggestion(config: str, line: int, key: str, advice: str) -> None:
    error = refused(config)
    assert error.message == f'rocky.toml:{line}: unknown key "{key}" (in memory)'
    assert advice in error.advice


def test_an_unknown_key_directly_in_a_pipeline_is_a_warning() -> None:
    project = load(project_files(ONE, ROCKY_TOML.replace("models =", 'modles = "x"\nmodels =')))
    assert project.warnings == ('rocky.toml:7: unknown key "pipeline.shop.modles" is ignored. Did you mean "models"?',)


def test_settings_of_state_stores_are_accepted() -> None:
    config = ROCKY_TOML + '[state]\nbackend = "s3"\ns3_bucket = "b"\nvalkey_url = "u"\n'
    assert load(project_files(ONE, config)).warnings == ()


def test_both_spellings_at_once() -> None:
    error = refused(ROCKY_TOML + '[adapters.x]\ntype = "duckdb"\n')
    assert 'both "adapter" and "adapters" are there' in error.message


def test_an_unknown_adapter_type_lists_the_known() -> None:
    error = refused(ROCKY_TOML.replace('"duckdb"', '"duckbd"'))
    assert error.message == (
        'rocky.toml:2: "adapter.type" is "duckbd", expected one of bigquery, databricks, duckdb, snowflake, trino, '
        "airbyte, fivetran, iceberg, manual (in memory)"
    )
    assert error.advice == 'Did you mean "duckdb"?'


def test_an_adapter_without_a_type() -> None:
    error = refused("[adapter.default]\npath = 'x'\n[pipeline.p]\ntype = 'transformation'\ntarget = {}\n")
    assert error.message == 'rocky.toml:1: "adapter.default.type" is missing, expected a string (in memory)'


def test_a_source_only_adapter_cannot_build() -> None:
    error = refused(ROCKY_TOML.replace('"duckdb"\npath = "shop.duckdb"', '"fivetran"\nkind = "discovery"'))
    assert 'adapter "default" is of type fivetran, which only reads sources' in error.message
    assert error.advice == "Use an adapter of type bigquery, databricks, duckdb, snowflake, trino."


def test_a_source_only_adapter_must_say_so() -> None:
    config = TWO_PIPELINES + '[adapters.fly]\ntype = "fivetran"\n'
    assert (
        'adapter "fly" is of type fivetran, which needs kind = "discovery"' in refused(config, pipeline="gold").message
    )


def test_an_undeclared_adapter_is_suggested() -> None:
    error = refused(TWO_PIPELINES.replace('adapter = "cloud"', 'adapter = "clod"'), pipeline="gold")
    assert error.message == 'rocky.toml:18: there is no adapter "clod" (in memory)'
    assert error.advice == 'Did you mean "cloud"?'


def test_no_adapter_at_all() -> None:
    error = refused('[pipeline.p]\ntype = "transformation"\n[pipeline.p.target]\n')
    assert 'there is no adapter "default"' in error.message
    assert error.advice == "Declare it as [adapter.default]."


def test_settings_are_text_and_stay_out_of_repr() -> None:
    config = ROCKY_TOML.replace(
        'path = "shop.duckdb"', 'path = "${DB:-shop.duckdb}"\ntoken = "${TOKEN}"\ntimeout_secs = 5\nextra = { a = 1 }'
    )
    adapter = load(project_files(ONE, config), environ={"TOKEN": "s3cret", "DB": ""}).adapter
    assert dict(adapter.settings) == {"path": "shop.duckdb", "token": "s3cret", "timeout_secs": "5", "extra.a": "1"}
    assert "s3cret" not in repr(adapter)


def test_unset_variables_are_all_named_with_their_lines() -> None:
    config = ROCKY_TOML.replace('"shop.duckdb"', '"${SHOP_DB}" # ${ALSO_HERE}\n  # ${NOT_HERE}')
    error = refused(config)
    assert "- rocky.toml:3: environment variable SHOP_DB is not set" in error.message
    assert "- rocky.toml:3: environment variable ALSO_HERE is not set" in error.message
    assert "NOT_HERE" not in error.message
    single = refused(ROCKY_TOML.replace('"shop.duckdb"', '"${SHOP_DB}"'))
    assert single.advice == "Set SHOP_DB where this runs, or write ${SHOP_DB:-default}."


WAREHOUSE = """\
[adapter.default]
type = "snowflake"
account = "${ACCOUNT}"
pat = "x${PAT}${ACCOUNT}"
role = "loader"

[adapter.fivetran]
type = "fivetran"
kind = "discovery"
api_key = "${API_KEY}"

[pipeline.p]
type = "transformation"
[pipeline.p.target]
"""


def test_settings_of_a_warehouse_may_wait_for_their_variables() -> None:
    """A plan needs none of them: a pull request from a fork has no secrets."""
    adapter = load(project_files(ONE, WAREHOUSE)).adapter
    assert adapter.unset == ("ACCOUNT", "PAT")
    assert dict(adapter.settings) == {"role": "loader"}
    given = {"ACCOUNT": "a", "PAT": "", "API_KEY": "k"}
    adapter = load(project_files(ONE, WAREHOUSE), environ=given).adapter
    assert (adapter.unset, dict(adapter.settings)) == ((), {"account": "a", "pat": "xa", "role": "loader"})


@pytest.mark.parametrize("shorthand", ["[adapter]", "[adapters.default]"])
def test_however_the_adapter_is_written(shorthand: str) -> None:
    one = WAREHOUSE.replace("[adapter.default]", shorthand)
    one = one[: one.index("[adapter.fivetran]")] + one[one.index("[pipeline.p]") :]
    assert load(project_files(ONE, one)).adapter.unset == ("ACCOUNT", "PAT")


@pytest.mark.parametrize(
    ("find", "replace", "line"),
    [
        ('role = "loader"', 'role = "loader" # ${HERE}', 5),
        ('type = "snowflake"', 'type = "${HERE}"', 2),
        ('role = "loader"', "timeout_secs = ${HERE}", 5),
        ('role = "loader"', '"${HERE}" = 1', 5),
        ('role = "loader"', 'extra = { a = "${HERE}" }', 5),
        ("[pipeline.p]", '[pipeline.p]\nmodels = "${HERE}"', 13),
        ("[pipeline.p.target]", '[pipeline.p.target]\nadapter = "${HERE}"', 15),
    ],
)
def test_nothing_else_waits(find: str, replace: str, line: int) -> None:
    error = refused(WAREHOUSE.replace(find, replace))
    assert f"rocky.toml:{line}: environment variable HERE is not set" in error.message
    assert "\ue000" not in error.message
    if "= ${HERE}" not in replace:
        assert "PAT" not in error.message, "which may wait"


def test_an_empty_variable_is_a_value_but_takes_the_default() -> None:
    config = ROCKY_TOML.replace('"shop.duckdb"', '"${A}x${B:-y}"')
    assert load(project_files(ONE, config), environ={"A": "", "B": ""}).adapter.settings["path"] == "xy"


@pytest.mark.parametrize(
    "line", ['type = "${SECRET}"', 'kind = "${SECRET}"', '"${SECRET}" = 1', "token = ${SECRET}", 'retry = "${SECRET}"']
)
def test_a_value_from_the_environment_is_never_shown(line: str) -> None:
    config = ROCKY_TOML.replace('type = "duckdb"\n', "" if line.startswith("type") else 'type = "duckdb"\n', 1)
    error = refused(config.replace("[adapter]", f"[adapter]\n{line}"), environ={"SECRET": "hunter2"})
    assert "hunter2" not in str(error)
    assert "rocky.toml:2" in error.message


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("[adapter\n", "rocky.toml:1", "Expected ']'"),
        ("a = 1\nb 2\n", "rocky.toml:2", "Expected '='"),
        ("a = 1\nb = [1,\n", "rocky.toml:3", "Invalid value"),
        ("a = 1\na = 2\n", "rocky.toml:2", "overwrite"),
        ("a = 0x" + "f" * 40 + "\n", "rocky.toml", "beyond 64 bits"),
        ("a = " + "9" * 5000 + "\n", "rocky.toml", "not valid TOML"),
        ("a = " + "[" * 5000 + "\n", "rocky.toml", "nested too deeply"),
        (".".join("a" * 40) + " = 1\n", "rocky.toml", "levels deep"),
    ],
)
def test_malformed_toml_names_the_place_and_what_was_expected(text: str, place: str, expected: str) -> None:
    error = refused(text)
    assert error.message.startswith(place)
    assert expected in error.message


def test_a_file_that_is_not_text() -> None:
    broken = MemoryTree({"rocky.toml": b"[adapter]\ntype = '\xff'\n"})
    from rocky_action.projects.rocky import RockyLoader

    with pytest.raises(ProjectError, match=r"rocky\.toml:2: this is not UTF-8 text"):
        RockyLoader(environ={}).load(broken)


def test_windows_files_load() -> None:
    files = {path: "\ufeff" + text.replace("\n", "\r\n") for path, text in project_files(ONE).items()}
    assert load(files).models["orders"].sql == "SELECT 1 AS id"


def test_prices_and_budget() -> None:
    config = ROCKY_TOML + (
        '[cost]\ncompute_cost_per_dbu = 1\nwarehouse_size = "Small"\nmin_history_runs = 3\n'
        '[budget]\nmax_usd = 2\nmax_duration_ms = 3\nmax_bytes_scanned = 4\non_breach = "error"\n'
    )
    project = load(project_files(ONE, config))
    assert project.prices == PriceList(0.023, 1.0, "Small")
    assert project.budget == Budget(2.0, 3, 4, "error")
    assert load(project_files(ONE)).budget == Budget()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("max_usd = 'x'", '"budget.max_usd" must be a number of 0 or more, found a string'),
        ("max_usd = nan", '"budget.max_usd" must be a number of 0 or more, found a number'),
        ("max_duration_ms = -1", "must be an integer of 0 or more, found a negative integer"),
        ("max_duration_ms = true", "must be an integer of 0 or more, found true or false"),
        ("on_breach = 'fail'", '"budget.on_breach" is "fail", expected warn or error'),
    ],
)
def test_wrong_figures(line: str, message: str) -> None:
    error = refused(f"{ROCKY_TOML}[budget]\n{line}\n")
    assert error.message.startswith("rocky.toml:11: ")
    assert message in error.message


def test_what_a_tree_holds() -> None:
    assert detect(tree({"rocky.toml": ""})) == "rocky"
    with pytest.raises(ProjectError, match="dbt is not supported yet"):
        detect(tree({"dbt_project.yml": ""}))
    with pytest.raises(ProjectError, match=r"rocky\.toml is missing \(in memory\)") as caught:
        detect(tree({"shop/rocky.toml": ""}))
    assert caught.value.advice == "There is shop/rocky.toml: run in that folder, or give its path with --config."
    with pytest.raises(ProjectError) as caught:
        detect(tree({}))
    assert "folder that holds rocky.toml" in caught.value.advice
