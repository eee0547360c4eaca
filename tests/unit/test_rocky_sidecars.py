"""What a sidecar says besides name, target and strategy: tests, budget, preview options, metadata."""

from __future__ import annotations

import pytest

from rocky_action.domain.limits import Budget
from rocky_action.domain.options import ModelOptions, Tolerance
from rocky_action.domain.project import DataTest, Model, SurrogateKey
from rocky_action.errors import ProjectError
from tests.support.projects import DEFAULTS, load, load_model, project_files

DEFINITIONS = """\
[known_status]
type = "accepted_values"
values = ["a"]
column = "status"

[one]
type = "unique"
"""


def refused(sidecar: str) -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        load_model(sidecar)
    return caught.value


def test_tests_say_what_is_unique() -> None:
    model = load_model(
        '[[tests]]\ntype = "unique"\ncolumn = "id"\n'
        '[[tests]]\ntype = "composite"\nkind = "unique"\ncolumns = ["a", "b"]\nfilter = "a > 0"\n'
        '[[tests]]\ntype = "not_null"\ncolumn = "id"\nseverity = "warning"\n'
        '[[tests]]\ntype = "row_count_range"\nmin = 1\n'
    )
    assert model.tests == (
        DataTest("unique", ("id",)),
        DataTest("unique", ("a", "b"), "a > 0"),
        DataTest("not_null", ("id",)),
        DataTest("row_count_range"),
    )


def test_named_tests_are_used() -> None:
    model = load_model(
        '[[use_test]]\nname = "known_status"\n[[use_test]]\nname = "one"\ncolumn = "id"\nfilter = "id > 1"\n',
        more={"models/test_definitions.toml": DEFINITIONS},
    )
    assert model.tests == (DataTest("accepted_values", ("status",)), DataTest("unique", ("id",), "id > 1"))


def test_surrogate_keys() -> None:
    model = load_model('[[surrogate_key]]\nname = "k"\ncolumns = ["a", "b"]\n')
    assert model.surrogate_keys == (SurrogateKey("k", ("a", "b")),)


def test_surrogate_keys_of_intervals_are_ignored() -> None:
    files = project_files({"orders": "SELECT @start_date AS d"})
    strategy = '[strategy]\ntype = "time_interval"\ntime_column = "d"\ngranularity = "day"\n'
    files["models/orders.toml"] = f'{strategy}[[surrogate_key]]\nname = "k"\ncolumns = ["d"]\n'
    project = load(files)
    assert project.models["orders"].surrogate_keys == ()
    assert project.warnings == (
        "models/orders.toml:5: surrogate keys are ignored: Rocky does not add them to time_interval models",
    )


def test_budget() -> None:
    assert load_model('[budget]\nmax_usd = 1.5\non_breach = "warn"\n').budget == Budget(1.5, on_breach="warn")


def test_preview_options() -> None:
    model = load_model(
        '[preview]\nkey = ["id"]\nignore_columns = ["at"]\nmask_columns = ["email"]\nwhere = "id > 1"\n'
        "ignore_case = ['name']\nignore_trailing_blanks = ['name']\njson_columns = ['payload']\n"
        "[preview.tolerances]\nb = 1\na = 1e-9\nrate = '0.1%'\nfee = '0.01 + 2%'\n"
    )
    assert model.options == ModelOptions(
        ("id",),
        ("at",),
        ("email",),
        (
            ("a", Tolerance(1e-9)),
            ("b", Tolerance(1.0)),
            ("fee", Tolerance(0.01, 0.02)),
            ("rate", Tolerance(relative=0.001)),
        ),
        "id > 1",
        ignore_case=("name",),
        ignore_trailing_blanks=("name",),
        json_columns=("payload",),
    )
    assert load_model("[preview]\nkey = []\n").options == ModelOptions(())
    assert load_model("").options == ModelOptions()


@pytest.mark.parametrize(
    ("sidecar", "line", "message"),
    [
        ('\ndepends_on = "x"', 2, '"depends_on" must be a list of strings, found a string'),
        ("name = 1", 1, '"name" must be a string, found an integer'),
        ('target = "a.b.c"', 1, '"target" must be a table, found a string'),
        ('target = { catalog = "c",\nschema = 1 }', 1, ""),
        ("[target]\nschema = 1", 2, '"target.schema" must be a string, found an integer'),
        ("[tags]\na = 1", 2, '"tags.a" must be a string, found an integer'),
        ("intent = 2024-01-01", 1, '"intent" must be a string, found a date or time'),
        ("tests = 1", 1, '"tests" must be a list of tables ([[tests]]), found an integer'),
        ("[tests]\ntype = 'unique'", 1, '"tests" must be a list of tables ([[tests]]), found a table'),
        ("[[tests]]\ntype = 'uniq'", 2, '"tests.type" is "uniq", expected one of'),
        ("[[tests]]\ntype = 'not_null'\n[[tests]]\ncolumn = 'a'", 3, '"tests.type" is missing, expected a string'),
        ("[[tests]]\ntype = 'unique'", 1, 'a unique test needs "column"'),
        ("[[tests]]\ntype = 'relationships'\nto_table = 'x'", 1, 'a relationships test needs "to_column"'),
        ("[[tests]]\ntype = 'composite'\nkind = 'unique'\ncolumns = ['a']", 4, "needs two columns or more"),
        ("[[tests]]\ntype = 'unique'\ncolumn = 'a'\nseverity = 'bad'", 4, '"tests.severity" is "bad"'),
        ("[[use_test]]\nname = 'x'", 2, 'test "x" is not defined in this folder\'s test_definitions.toml'),
        ("[[use_test]]\nname = 'x'\nvalues = 1", 3, 'unknown key "use_test.values"'),
        ("[[surrogate_key]]\nname = 'k'", 1, '"surrogate_key.columns" is missing, expected a list of strings'),
        ("[[surrogate_key]]\nname = 'k k'\ncolumns = ['a']", 2, 'surrogate key\'s name is "k k"'),
        ("[preview]\nkeys = ['id']", 2, 'unknown key "preview.keys"'),
        ("[preview]\nkey = 'id'", 2, '"preview.key" must be a list of strings, found a string'),
        ("[preview.tolerances]\na = '1 %%'", 2, 'the tolerance is "1 %%", expected a number, a share such as "0.1%"'),
        ("[preview.tolerances]\na = []", 2, '"preview.tolerances.a" must be a number of 0 or more, found a list'),
        ("[preview.tolerances]\na = -1", 2, '"preview.tolerances.a" must be a number of 0 or more, found a negative'),
        ("[budget]\nmax_eur = 1", 2, 'unknown key "budget.max_eur"'),
        ("retention = '90'", 1, '"retention" is "90", expected digits and d or y'),
        ("[[sources]]\ncatalog = 'c'\nschema = 's'", 1, '"sources.table" is missing, expected a string'),
        ("intent = '''\nname = 1\n'''\ngovernance = 1", 4, '"governance" must be a table, found an integer'),
        ("'intent' = 1", 1, '"intent" must be a string'),
        ("target.schema = 1", 1, '"target.schema" must be a string'),
    ],
)
def test_wrong_sidecars(sidecar: str, line: int, message: str) -> None:
    error = refused(sidecar)
    places = [text for text in error.message.replace("- ", "").splitlines() if message in text]
    assert any(place.startswith(f"models/orders.toml:{line}: ") for place in places), error.message


def test_preview_typos_are_suggested() -> None:
    assert refused("[preview]\nignored_columns = []").advice == 'Did you mean "ignore_columns"?'


def test_unknown_keys_are_told() -> None:
    files = project_files({"orders": "SELECT 1 AS id"})
    files["models/orders.toml"] = 'dependson = []\n[target]\ndatabase = "x"\n[args]\na = "b"\n'
    warnings = load(files).warnings
    assert warnings == (
        'models/orders.toml:1: unknown key "dependson" is ignored. Did you mean "depends_on"?',
        'models/orders.toml:3: unknown key "target.database" is ignored. Did you mean "table"?',
        'models/orders.toml:4: "args" is ignored: it fills the schema_template of a group, and no group is named',
    )


def without_metadata(model: Model) -> tuple[object, ...]:
    return (model.name, model.sql, model.target, model.strategy, model.depends_on, model.surrogate_keys)


@pytest.mark.parametrize(
    "sidecar",
    [
        'intent = "what it is for"',
        '[tags]\na = "b"',
        '[governance.tags]\na = "b"',
        '[classification]\nemail = "pii"',
        'retention = "90d"',
        "[freshness]\nmax_lag_seconds = 5",
        '[columns.id]\ndescription = "the key"',
        "[budget]\nmax_usd = 1",
        '[[sources]]\ncatalog = "c"\nschema = "s"\ntable = "t"',
        "[skip]\neligible = false",
        '[[tests]]\ntype = "not_null"\ncolumn = "id"',
        '[[test]]\nname = "x"',
        '[preview]\nignore_columns = ["at"]',
        'adapter = "other"',
        'format = "delta"\n[format_options]\na = "b"',
    ],
)
def test_what_cannot_change_data_is_metadata(sidecar: str) -> None:
    plain, edited = load_model(""), load_model(sidecar)
    assert plain.metadata != edited.metadata
    assert without_metadata(plain) == without_metadata(edited)


def test_the_order_and_layout_of_a_sidecar_mean_nothing() -> None:
    assert load_model('intent = "x"\nretention = "1y"') == load_model("retention = '1y'\n# c\nintent = 'x'\n")


def test_inherited_metadata_is_seen() -> None:
    plain = load_model("")
    assert load_model("", more={"models/_defaults.toml": 'intent = "x"\n' + DEFAULTS}).metadata == (("intent", "x"),)
    assert load_model("", more={"models/orders.contract.toml": "[rules]\n"}).metadata != plain.metadata
    used = '[[use_test]]\nname = "one"\ncolumn = "id"\n'
    first = load_model(used, more={"models/test_definitions.toml": DEFINITIONS})
    second = load_model(used, more={"models/test_definitions.toml": DEFINITIONS + 'severity = "warning"\n'})
    assert first.metadata != second.metadata
