"""A database of MotherDuck's under the DuckDB adapter. MotherDuck's side is a local file: no account was ever seen."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rocky_action.cleaning import cleanup_previews
from rocky_action.comparing import Asked, compare_any
from rocky_action.documents import all_documents
from rocky_action.domain.execution import CloneMethod, Succeeded
from rocky_action.domain.options import ModelOptions
from rocky_action.domain.project import Projects, Relation
from rocky_action.domain.report import Report, Verdict
from rocky_action.errors import InputError, MissingCredentialsError, ProjectError, WarehouseError
from rocky_action.pipeline import preview
from rocky_action.ports import Size
from rocky_action.state import open_records
from rocky_action.study import Connection
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from tests.support.motherduck import TOKEN, Account, request
from tests.support.shop import SHOP, Shop


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """Has one database, shop, with a table and a view."""
    made = Account(tmp_path)
    made.make("shop", "CREATE TABLE t AS SELECT range AS id FROM range(10); CREATE VIEW v AS FROM t")
    return made


# The whole of it


def through(shop: Shop, account: Account) -> Report:
    """The preview as always, but for who connects."""

    @contextmanager
    def connect(projects: Projects) -> Iterator[Connection]:
        catalogs = {model.target.catalog: model.name for model in projects.head.models.values()}
        warehouse = account.opened(projects.head.adapter.settings["path"], catalogs=catalogs)
        with closing(warehouse):
            yield Connection(warehouse, open_records(warehouse))

    return preview(replace(shop.world, connect=connect), shop.options)


def test_the_example_says_on_motherduck_what_it_says_on_a_file(tmp_path: Path) -> None:
    here = Shop.new(tmp_path / "here")
    there = Shop.new(tmp_path / "there", path="md:shop")
    account = Account(tmp_path)
    account.make("shop", (SHOP / "data" / "seed.sql").read_text("utf-8"))
    local, cloud = preview(here.world, here.options), through(there, account)
    assert cloud.verdict is local.verdict is Verdict.CHANGED

    def counted(report: Report) -> list[object]:
        return [(one.model, one.rows.added, one.rows.removed, one.rows.changed) for one in report.diffs]

    assert counted(cloud) == counted(local)
    assert len(account.calls) == 1
    usages = [run.outcome.usage for run in cloud.execution.head_runs if isinstance(run.outcome, Succeeded)]
    assert {(usage.bytes_scanned, usage.duration_ms is None) for usage in usages} == {(None, False)}
    assert (local.cost.delta_usd, cloud.cost.delta_usd) == (0.0, None), "DuckDB is free, and MotherDuck is not"
    assert cloud.provenance.warehouse == f"MotherDuck, database shop, DuckDB {duckdb.__version__}"
    said = "".join(all_documents(cloud, marker="m").values())
    with duckdb.connect(str(tmp_path / "shop.duckdb"), read_only=True) as connection:
        said += str(connection.execute("SELECT * FROM rocky_preview.runs").fetchall())
    assert TOKEN not in said


def test_a_pull_request_without_the_token_gets_the_plan(tmp_path: Path) -> None:
    shop = Shop.new(tmp_path, path="md:shop")
    report = preview(shop.world, shop.options)
    assert report.verdict is Verdict.NOT_CHECKED
    assert "MOTHERDUCK_TOKEN is not set" in str(report.caveats)


def test_cleaning_up_goes_there_and_not_to_a_file(tmp_path: Path) -> None:
    shop = Shop.new(tmp_path, path="motherduck:shop")
    with pytest.raises(MissingCredentialsError):
        cleanup_previews(shop.settings, shop.place, pull_request=None)


def test_compare_says_that_it_cannot(tmp_path: Path) -> None:
    shop = Shop.new(tmp_path, path="md:shop")
    with pytest.raises(InputError, match="is no DuckDB file"):
        compare_any(shop.settings, shop.place, asked=Asked("main.a", "main.b", ModelOptions()))


# Opening


@pytest.mark.parametrize("name", ["motherduck_token", "MOTHERDUCK_TOKEN"])
@pytest.mark.parametrize("path", ["md:shop", "motherduck:shop", "md:shop?attach_mode=single"])
def test_the_token_comes_from_the_environment_and_goes_into_the_configuration(
    account: Account, path: str, name: str
) -> None:
    labels = {"repository": "Acme/Shop", "pull_request": "12", "preview": "x y"}
    with closing(account.opened(path, environ={name: TOKEN}, labels=labels, memory_limit="1GB")) as opened:
        assert opened.query("SELECT count(*) FROM shop.main.t") == [(10,)]
    ((place, config),) = account.calls
    assert place == path
    assert config["motherduck_token"] == TOKEN
    assert config["memory_limit"] == "1GB"
    assert str(config["custom_user_agent"]).startswith("rocky-preview/")
    assert str(config["custom_user_agent"]).endswith("(Acme/Shop,12,x-y)")


def test_nothing_is_asked_of_motherduck_without_a_token() -> None:
    with pytest.raises(MissingCredentialsError, match="MOTHERDUCK_TOKEN is not set"):
        open_warehouse(request(environ={}))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (f"md:shop?motherduck_token={TOKEN}", "has a token in it"),
        (f"md:?MOTHERDUCK_TOKEN={TOKEN}", "has a token in it"),
        ("md:", "names no database"),
        ("motherduck:?attach_mode=single", "names no database"),
    ],
)
def test_a_path_that_cannot_be_meant(account: Account, path: str, message: str) -> None:
    with pytest.raises(ProjectError, match=message) as caught:
        account.opened(path)
    assert TOKEN not in str(caught.value)
    assert account.calls == []


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Your DuckDB version (v2.0.0) is not yet supported by MotherDuck.", "docs/warehouses/duckdb.md"),
        ('IO Error: Failed to download extension "motherduck" at URL "http://…"\nmore', "extensions.duckdb.org"),
        ("Catalog Error: no database/share named 'shop' found", "Create the database"),
        (f"Invalid Input Error: the token {TOKEN} has expired", "MOTHERDUCK_TOKEN"),
    ],
)
def test_what_motherduck_says_comes_with_advice_and_without_the_token(said: str, advice: str) -> None:
    def refusing(place: str, config: object) -> duckdb.DuckDBPyConnection:
        raise duckdb.IOException(said)

    from rocky_action.warehouses.duckdb_motherduck import open_adapter

    with pytest.raises(WarehouseError, match="MotherDuck cannot be opened") as caught:
        open_adapter(request(), connect=refusing)
    assert advice in caught.value.advice
    assert "more" not in caught.value.message
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_database_that_is_not_there(account: Account) -> None:
    with pytest.raises(WarehouseError, match="no database/share named 'other'") as caught:
        account.opened("md:other")
    assert "Create the database" in caught.value.advice


def test_a_model_in_a_catalog_that_is_not_attached(account: Account) -> None:
    with pytest.raises(ProjectError, match="dim is built in the catalog crm"):
        account.opened(catalogs={"": "fct", "SHOP": "stg", "crm": "dim"})


# What only a file has is left out


def test_what_nobody_promises_is_not_relied_on(account: Account) -> None:
    table, view = Relation("shop", "main", "t"), Relation("shop", "main", "v")
    with closing(account.opened()) as opened:
        assert opened.positions(table) is None
        assert opened.size(table) == Size()
        assert opened.checksum_rounds == 1
        with opened.snapshot(view) as same:
            assert same == view
        made = opened.execute(["CREATE TABLE main.made AS FROM t", "PIVOT t ON id USING count(*)"])
        assert (made.rows, made.bytes_scanned) == (None, None), "a PIVOT says nothing of rows"
        assert opened.execute(["INSERT INTO main.made FROM t"]).rows == 10
        assert opened.clone(table, Relation("shop", "main", "copy"), writable=True).method is CloneMethod.CTAS
        assert opened.spent().bytes_scanned is None


def test_only_the_projects_own_databases_are_looked_into_for_previews(account: Account) -> None:
    account.make("CRM", "CREATE SCHEMA branch__x")
    account.attached = ("CRM",)
    for catalogs, expected in ((("",), []), ((), ["CRM"]), (("", "crm"), ["CRM"])):
        with closing(account.opened(catalogs=dict.fromkeys(catalogs, "m"))) as opened:
            assert [catalog for catalog, _ in opened.schemas("branch__x")] == expected


# The token


def test_the_token_is_in_no_repr_and_in_no_error(account: Account) -> None:
    with closing(account.opened()) as opened:
        assert TOKEN not in f"{opened!r} {opened} {opened.description}"
        for run in (
            lambda: opened.query(f"SELECT CAST('{TOKEN}' AS INTEGER)"),
            lambda: opened.execute([f"CREATE TABLE x AS SELECT CAST('{TOKEN}' AS INTEGER)"]),
            lambda: opened.describe(f'SELECT * FROM "{TOKEN}"'),
        ):
            with pytest.raises(WarehouseError, match=r"\*\*\*") as caught:
                run()
            assert TOKEN not in "".join(traceback.format_exception(caught.value))
