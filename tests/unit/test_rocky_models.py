"""Models: their files, names, targets, defaults, groups, variables and references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest

from rocky_action.domain.lineage import ModelRead, SourceRead
from rocky_action.domain.project import FullRefresh, Merge, Relation, View
from rocky_action.errors import ProjectError
from rocky_action.projects.rocky import RockyLoader
from rocky_action.sql.references import problem_of
from tests.support.projects import DEFAULTS, ROCKY_TOML, load, load_model, project_files
from tests.support.trees import MemoryTree, tree

ORDERS = {"orders": "SELECT 1 AS id"}
GROUP = """\
schema_template = "mart_{region}"

[strategy]
type = "view"

[tags]
domain = "sales"
tier = "gold"

[governance.tags]
owner = "bi"
"""


def refused(more: dict[str, str], *, models: dict[str, str] | None = None) -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        load(project_files(ORDERS if models is None else models) | more)
    return caught.value


def grouped(sidecar: str, group: str = GROUP) -> dict[str, str]:
    return {"models/groups/marts.toml": group, "models/orders.toml": sidecar}


def test_a_sidecar_fills_every_field() -> None:
    model = load_model(
        'name = "sales"\ndepends_on = ["sales"]\n[target]\ncatalog = ""\nschema = "s"\ntable = "t"\n'
        '[[surrogate_key]]\nname = "k"\ncolumns = ["id"]\n',
        sql="\n\n  SELECT 1 AS id \n",
        more={"models/other.sql": "SELECT 1 AS x", "models/other.toml": 'name = "orders"'},
    )
    assert model.name == "orders"
    project = load(
        project_files(ORDERS) | {"models/orders.toml": 'name = "sales"\n[target]\ncatalog = ""\ntable = "t"\n'}
    )
    assert project.models["sales"].target == Relation("", "main", "t")
    assert project.models["sales"].path == "models/orders.sql"
    assert project.models["sales"].sidecar_path == "models/orders.toml"


def test_sql_is_trimmed_and_knows_its_first_line() -> None:
    model = load_model("", sql="\n\n  SELECT 1 AS id \n")
    assert (model.sql, model.first_line) == ("SELECT 1 AS id", 3)
    assert model == load_model("")


def test_front_matter() -> None:
    sql = '\n---toml\nname = "sales"\n\n[strategy]\ntype = "view"\n---\n\nSELECT 2 AS id\n'
    project = load({"rocky.toml": ROCKY_TOML, "models/_defaults.toml": DEFAULTS, "models/x.sql": sql})
    model = project.models["sales"]
    assert (model.sql, model.first_line, model.sidecar_path) == ("SELECT 2 AS id", 9, None)
    assert model.strategy == View()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1", "models/x.sql: this model has no metadata"),
        ("", "models/x.sql: this model has no metadata"),
        ("\n---toml\nname = 'x'\nSELECT 1", "models/x.sql:2: the front matter has no end"),
        ("\n---toml\nname = 1\n---\nSELECT 1", 'models/x.sql:3: "name" must be a string, found an integer'),
        ("\n---toml\nname =\n---\nSELECT 1", "models/x.sql:3: this is not valid TOML: Invalid value"),
        ("---toml\nname = '${X}'\n---\nSELECT 1", "models/x.sql:2: environment variable X is not set"),
    ],
)
def test_wrong_front_matter(text: str, message: str) -> None:
    assert refused({"models/x.sql": text}).message.startswith(message)


@pytest.mark.parametrize(
    ("defaults", "needs"),
    [
        ("", " It needs target.catalog and target.schema, there or in models/_defaults.toml."),
        ('[target]\ncatalog = "c"\n', " It needs target.schema, there or in models/_defaults.toml."),
        ('[target]\nschema = "s"\n', " It needs target.catalog, there or in models/_defaults.toml."),
        (DEFAULTS, ""),
    ],
)
def test_a_model_without_metadata_is_told_of_its_target_at_once(defaults: str, needs: str) -> None:
    with pytest.raises(ProjectError) as caught:
        load({"rocky.toml": ROCKY_TOML, "models/_defaults.toml": defaults, "models/x.sql": "SELECT 1 AS id"})
    known = "Add models/x.toml, or begin the file with ---toml and end that by ---."
    assert caught.value.advice == known + needs


def test_metadata_in_two_places() -> None:
    error = refused({"models/orders.sql": "---toml\n---\nSELECT 1"})
    assert error.message == "models/orders.sql: there is metadata here and in models/orders.toml too (in memory)"


def test_rocky_files_are_models_like_others() -> None:
    files = {"rocky.toml": ROCKY_TOML, "models/a.rocky": "from raw.orders\n", "models/b.rocky": "from a"}
    files |= {
        "models/b.toml": '[target]\ncatalog = "c"\nschema = "s"\n[[surrogate_key]]\nname = "k"\ncolumns = ["a"]\n'
    }
    project = load(files)
    alone, beside = project.models["a"], project.models["b"]
    assert alone.target == Relation("warehouse", "default", "a")
    assert alone.sql == "from raw.orders"
    assert alone.language == "rocky"
    assert alone.problem is None
    assert beside.target == Relation("c", "s", "b")
    assert beside.surrogate_keys == ()
    assert project.reads["b"] == (ModelRead("a"),)
    assert "surrogate keys are ignored" in project.warnings[0]


def test_rocky_files_take_the_defaults_first() -> None:
    files = {"rocky.toml": ROCKY_TOML, "models/a.rocky": "from x", "models/_defaults.toml": DEFAULTS}
    assert load(files).models["a"].target == Relation("shop", "main", "a")


def test_defaults_hold_for_their_own_folder_only() -> None:
    error = refused({"models/deep/x.sql": "SELECT 1 AS id", "models/deep/x.toml": ""})
    assert '- models/deep/x.toml: model "x" has no target.catalog' in error.message
    assert '- models/deep/x.toml: model "x" has no target.schema' in error.message
    assert "Set schema under [target] there, or in _defaults.toml of the same folder." in error.message


def test_precedence_of_sidecar_group_and_defaults() -> None:
    defaults = DEFAULTS + '[strategy]\ntype = "merge"\nunique_key = ["id"]\n'
    files = project_files({"a": "SELECT 1 AS id", "b": "SELECT 1 AS id", "c": "SELECT 1 AS id", "d": "SELECT 1 AS id"})
    files |= {"models/_defaults.toml": defaults, "models/groups/marts.toml": GROUP}
    files["models/b.toml"] = 'group = "marts"\n[args]\nregion = "emea"\n'
    files["models/c.toml"] = 'group = "marts"\n[target]\nschema = "own"\n[strategy]\ntype = "full_refresh"\n'
    files["models/d.toml"] = '[strategy]\ntype = "view"\n'
    models = load(files).models
    assert (models["a"].target.schema, models["a"].strategy) == ("main", Merge(("id",)))
    assert (models["b"].target.schema, models["b"].strategy) == ("mart_emea", View())
    assert (models["c"].target.schema, models["c"].strategy) == ("own", FullRefresh())
    assert models["d"].strategy == View()


def test_tags_of_a_group_merge_per_key() -> None:
    files = project_files(ORDERS) | grouped('group = "marts"\n[args]\nregion = "x"\n[tags]\ntier = "silver"\n')
    metadata = dict(load(files).models["orders"].metadata)
    assert metadata["tags"] == '{"domain": "sales", "tier": "silver"}'
    assert metadata["group governance"] == '{"owner": "bi"}'


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (grouped('\ngroup = "mart"'), 'models/orders.toml:2: group "mart" does not exist'),
        (
            grouped('group = "marts"'),
            "models/orders.toml:1: {region} of the schema_template in models/groups/marts.toml",
        ),
        (
            grouped('group = "marts"\n[args]\nregion = "a b"'),
            "models/orders.toml:2: the schema_template in models/groups/marts.toml gives",
        ),
        (
            grouped('group = "marts"\n[args]\nregion = "a"\n[target]\nschema = "s"'),
            'models/orders.toml:2: "args" fills the schema of the group, but target.schema is set too',
        ),
        (grouped('group = "marts"\n[args]\nregion = 1'), 'models/orders.toml:3: "args.region" must be a string'),
        (
            grouped('group = "marts"\n[strategy]\ntype = "view"', "enforce = true\n" + GROUP),
            "models/orders.toml:2: models/groups/marts.toml enforces its strategy, and this model sets its own",
        ),
        (
            grouped('group = "marts"\n[target]\nschema = "s"', "enforce = true\n" + GROUP),
            "models/orders.toml:2: models/groups/marts.toml enforces its schema, and this model sets its own",
        ),
        (grouped("", "enforced = true"), 'models/groups/marts.toml:1: unknown key "enforced"'),
        (grouped("", "[governance]\nowner = 'x'"), 'models/groups/marts.toml:2: unknown key "governance.owner"'),
        (grouped("", "enforce = 'yes'"), 'models/groups/marts.toml:1: "enforce" must be true or false'),
        (grouped("", "tags = '${T}'"), "models/groups/marts.toml:1: environment variable T is not set"),
    ],
)
def test_wrong_groups(more: dict[str, str], message: str) -> None:
    assert message in refused(more).message


def test_an_unreadable_group_is_one_mistake() -> None:
    error = refused(grouped('group = "marts"', "= 1"))
    assert error.message.startswith("models/groups/marts.toml:1: this is not valid TOML")


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ('name = "x"\n', 'models/_defaults.toml:1: "name" belongs to one model and cannot be a default'),
        ("depends_on = []\n", '"depends_on" belongs to one model'),
        ("[[sources]]\n", '"sources" belongs to one model'),
        ("[target]\ncatalog = 1\n", 'models/_defaults.toml:2: "target.catalog" must be a string, found an integer'),
        ("strategy = 1\n", '"strategy" must be a table, found an integer'),
        ("[freshness]\nseverity = 'bad'\n", '"freshness.severity" is "bad", expected error or warning'),
    ],
)
def test_wrong_defaults(defaults: str, message: str) -> None:
    files = {"models/_defaults.toml": defaults, "models/orders.toml": '[target]\ncatalog = "c"\nschema = "s"\n'}
    assert message in refused(files).message


def test_unknown_defaults_are_told() -> None:
    files = project_files(ORDERS) | {"models/_defaults.toml": "adapter = 'x'\n" + DEFAULTS + "table = 'x'\n"}
    warnings = load(files).warnings
    assert warnings[0].startswith('models/_defaults.toml:1: unknown key "adapter" is ignored.')
    assert warnings[1].startswith('models/_defaults.toml:5: unknown key "target.table" is ignored.')


def test_duplicate_names_name_both_files() -> None:
    error = refused({"models/deep/orders.sql": "---toml\n[target]\ncatalog='c'\nschema='s'\n---\nSELECT 1"})
    assert error.message == (
        'models/deep/orders.sql: 2 models are called "orders": models/deep/orders.sql and models/orders.sql (in memory)'
    )


def test_names_that_differ_in_case_only_are_duplicates() -> None:
    error = refused({"models/x.sql": "SELECT 1 AS id", "models/x.toml": 'name = "Orders"\n[target]\nschema = "s"\n'})
    assert "2 models are called" in error.message


def test_duplicate_targets_name_both_files() -> None:
    other = {"models/x.sql": "SELECT 1 AS id", "models/x.toml": '[target]\ncatalog = "SHOP"\ntable = "Orders"\n'}
    error = refused(other)
    assert error.message == (
        "models/orders.sql: 2 models have the target shop.main.orders: models/orders.sql and models/x.sql (in memory)"
    )
    ephemeral = {**other, "models/x.toml": other["models/x.toml"] + '[strategy]\ntype = "ephemeral"\n'}
    assert len(load(project_files(ORDERS) | ephemeral).models) == 2


@pytest.mark.parametrize(
    ("sidecar", "message"),
    [
        (
            'name = "my orders"',
            'models/orders.toml:1: the model\'s name is "my orders", expected letters, digits and _',
        ),
        ('[target]\ncatalog = "a-b"', 'models/orders.toml:2: target.catalog is "a-b", expected letters'),
        ('[target]\nschema = ""', 'models/orders.toml:2: target.schema is "", expected letters'),
        ('[target]\ntable = "a.b"', 'models/orders.toml:2: target.table is "a.b", expected letters'),
        ('[target]\ntable = "ä"', 'models/orders.toml:2: target.table is "ä", expected letters'),
    ],
)
def test_names_are_identifiers(sidecar: str, message: str) -> None:
    assert message in refused({"models/orders.toml": sidecar}).message


def test_an_empty_catalog_is_for_duckdb_only() -> None:
    files = {"models/orders.toml": '[target]\ncatalog = ""\n'}
    assert load(project_files(ORDERS) | files).models["orders"].target.catalog == ""
    config = {"rocky.toml": ROCKY_TOML.replace("duckdb", "snowflake", 1)}
    assert 'target.catalog is ""' in refused(files | config).message


def test_a_catalog_may_be_a_google_project() -> None:
    files = {
        "models/orders.toml": '[target]\ncatalog = "my-project-1"\n',
        "rocky.toml": ROCKY_TOML.replace("duckdb", "bigquery", 1),
    }
    assert load(project_files(ORDERS) | files).models["orders"].target.catalog == "my-project-1"


def test_variables_are_filled_outside_comments() -> None:
    sql = "SELECT '@var(a)' AS x, @var( b , its 1, 2 ) AS y -- @var(c)\n/* @var(d) */ WHERE '--' <> '@var(a)'"
    model = load(project_files({"orders": sql}), variables={"a": "$1"}).models["orders"]
    assert model.sql == "SELECT '$1' AS x, its 1, 2 AS y -- @var(c)\n/* @var(d) */ WHERE '--' <> '$1'"


def test_a_missing_variable_names_model_variable_and_line() -> None:
    error = refused({"models/orders.sql": "\nSELECT 1 AS id\nWHERE 1 = @var( region )\n"})
    assert error.message == (
        'models/orders.sql:3: model "orders" needs variable region, which has no value and no default (in memory)'
    )
    assert error.advice == "Give it with --var region=value, or write @var(region, default)."


def test_references_are_read() -> None:
    project = load(
        project_files(
            {
                "stg": "SELECT * FROM raw.orders",
                "fct": "WITH s AS (SELECT * FROM shop.main.stg) SELECT * FROM s WHERE x IN (SELECT x FROM main.other)",
                "other": "SELECT 1 AS id UNION ALL SELECT id FROM stg",
            }
        )
        | {"models/other.toml": 'depends_on = ["fct"]'}
    )
    assert project.reads == {
        "stg": (SourceRead("raw.orders"),),
        "fct": project.reads["fct"],
        "other": (ModelRead("stg"), ModelRead("fct", declared=True)),
    }
    assert set(project.reads["fct"]) == {ModelRead("stg"), ModelRead("other")}


def test_sql_that_does_not_parse_is_a_problem_of_that_model() -> None:
    models = load(project_files({"bad": "SELECT FROM WHERE", "good": "SELECT 1 AS id"})).models
    assert problem_of(models["good"], "duckdb") is None
    assert problem_of(models["bad"], "duckdb") is not None


def test_depends_on_nobody() -> None:
    error = refused({"models/orders.toml": 'depends_on = ["ordesr", "orders"]'})
    assert error.message == (
        'models/orders.toml: model "orders" depends on "ordesr", which does not exist (E001) (in memory)'
    )
    assert error.advice == 'Did you mean "orders"?'


def test_a_model_that_cannot_be_read_is_not_missing_too() -> None:
    error = refused({"models/orders.toml": 'depends_on = ["b"]', "models/b.sql": "SELECT 1 AS id"})
    assert error.message == "models/b.sql: this model has no metadata (in memory)"


def test_every_mistake_of_every_file_at_once() -> None:
    error = refused(
        {
            "rocky.toml": ROCKY_TOML.replace("path", "pathh").replace('"duckdb"', '"duck"'),
            "models/_defaults.toml": DEFAULTS + "[strategy]\n",
            "models/orders.toml": 'depends_on = "x"\ntags = 1\n',
            "models/b.sql": "SELECT 1",
            "models/c.sql": "SELECT 1 AS id",
            "models/c.toml": 'depends_on = ["b"]\nname = [\n',
        }
    )
    assert error.message.splitlines() == [
        "7 mistakes in the project's files (in memory):",
        '- models/_defaults.toml:4: "strategy.type" is missing, expected a string. Write type = "…"',
        (
            "- models/b.sql: this model has no metadata. "
            "Add models/b.toml, or begin the file with ---toml and end that by ---."
        ),
        (
            "- models/c.toml:3: this is not valid TOML: Invalid value. "
            'Expected [table] headers and key = value lines, with text in "quotes".'
        ),
        '- models/orders.toml:1: "depends_on" must be a list of strings, found a string. Write depends_on = ["…"]',
        '- models/orders.toml:2: "tags" must be a table, found an integer.',
        (
            '- rocky.toml:2: "adapter.type" is "duck", expected one of bigquery, databricks, duckdb, snowflake, trino, '
            'airbyte, fivetran, iceberg, manual. Did you mean "duckdb"?'
        ),
        '- rocky.toml:3: unknown key "adapter.pathh". Did you mean "path"?',
    ]


def test_files_are_read_in_two_round_trips() -> None:
    shop = tree(project_files({f"m{number}": "SELECT 1 AS id" for number in range(20)}) | {"README.md": "x"})
    RockyLoader(environ={}).load(shop)
    assert len(shop.reads) == 2
    assert "README.md" not in shop.reads[1]


def test_loading_twice_gives_the_same() -> None:
    files = project_files({"a": "SELECT 1 AS id", "b": "SELECT * FROM a"})
    assert load(files) == load(dict(reversed(files.items())))


@dataclass(frozen=True)
class ShrinkingTree(MemoryTree):
    """A tree that lists a file which is gone when it is read."""

    gone: str = ""

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: data for path, data in super().read(paths).items() if path != self.gone}


@pytest.mark.parametrize("gone", ["rocky.toml", "models/orders.sql", "models/_defaults.toml"])
def test_a_file_that_vanishes_is_an_error(gone: str) -> None:
    files = {path: text.encode() for path, text in project_files(ORDERS).items()}
    with pytest.raises(ProjectError, match=f"{gone}: this file is listed but cannot be read"):
        RockyLoader(environ={}).load(ShrinkingTree(files, gone=gone))
