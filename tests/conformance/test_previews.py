"""One pull request, previewed on every warehouse by the command that a person runs: the same report on all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from rocky_action.cli import main
from tests.support import five_models
from tests.support.golden import check_golden
from tests.support.ground import Ground
from tests.support.repositories import GitRepository, isolated_environ

NAME = "conformance_five"
SCHEMAS = (f"branch__{NAME}", f"branch__{NAME}__base")


def queries(ground: Ground) -> dict[str, str]:
    """The five models' queries, in the order in which they read each other, over full names."""
    names = {name: ground.named(ground.at(f"{NAME}_{name}")) for name in ("customers", "orders")}
    names |= {name: ground.named(ground.at(name)) for name in five_models.MODELS}
    files = five_models.base()
    order = ("raw_orders", "raw_customers", "stg_orders", "dim_customers", "fct_revenue")
    return {name: _qualified(files[f"models/{name}.sql"], names) for name in order}


def _qualified(text: str, names: Mapping[str, str]) -> str:
    text = text.replace("raw.customers", names["customers"]).replace("raw.orders", names["orders"])
    for name in five_models.MODELS:
        text = text.replace(f"FROM {name}\n", f"FROM {names[name]}\n").replace(f"FROM {name} ", f"FROM {names[name]} ")
        text = text.replace(f"JOIN {name} ", f"JOIN {names[name]} ")
    return text


def fill(ground: Ground) -> None:
    """Production as it is: the two tables that the project reads, and every model built from them."""
    columns = {"customer_id": "INTEGER", "full_name": "VARCHAR"}
    folded = str.upper if ground.name == "snowflake" else str
    customers = [(str(number), f"'{name}'") for number, name in five_models.CUSTOMERS]
    ground.make(ground.at(f"{NAME}_customers"), {folded(name): type_ for name, type_ in columns.items()}, customers)
    columns = {"order_id": "INTEGER", "customer_id": "INTEGER", "status": "VARCHAR", "amount": "DECIMAL(10, 2)"}
    orders = [
        (str(order.order_id), str(order.customer_id), f"'{order.status}'", f"{order.amount:.2f}")
        for order in five_models.ORDERS
    ]
    ground.make(ground.at(f"{NAME}_orders"), {folded(name): type_ for name, type_ in columns.items()}, orders)
    for name, query in queries(ground).items():
        ground.production(f"CREATE OR REPLACE TABLE {ground.named(ground.at(name))} AS {query}")


def repository(ground: Ground, folder: Path) -> GitRepository:
    """The five models in git, at head of a branch that leaves refunded orders out."""
    settings = "\n".join(f"{key} = {json.dumps(value)}" for key, value in ground.settings.items() if key != "path")
    if "path" in ground.settings:
        settings = f"path = {json.dumps(str(ground.folder / ground.settings['path']))}"
    files = {path: text for path, text in five_models.base().items() if path.endswith(".toml")}
    files["rocky.toml"] = (
        f'[adapter]\ntype = "{ground.name}"\n{settings}\n\n[pipeline.five]\ntype = "transformation"\n\n'
        '[pipeline.five.target]\nadapter = "default"\n'
    )
    files["models/_defaults.toml"] = f'[target]\ncatalog = "{ground.catalog}"\nschema = "{ground.schema}"\n'
    files |= {f"models/{name}.sql": query for name, query in queries(ground).items()}
    made = GitRepository.new(folder / "repository", isolated_environ(folder / "home"))
    made.commit(files)
    made.branch("no-refunds")
    filtered = files["models/fct_revenue.sql"].replace("GROUP BY", f"{five_models.FILTER}\nGROUP BY")
    made.commit({"models/fct_revenue.sql": filtered})
    return made


def test_the_report_is_the_same_but_for_dialect_clone_method_and_cost(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ground)
    made = repository(ground, tmp_path)
    for key, value in {**made.environ, **ground.environ}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.chdir(made.path)
    assert main(["run", "--name", NAME, "--quiet"]) == 0
    check_golden("preview_five_models.json", told(made.path / ".rocky-preview"))

    assert main(["run", "--name", NAME, "--quiet"]) == 0  # a second push replaces the first
    assert {schema for _, schema in ground.adapter.schemas("branch__") if schema in SCHEMAS} >= {SCHEMAS[0]}
    check_golden("preview_five_models.json", told(made.path / ".rocky-preview"))

    assert main(["cleanup", "--name", NAME]) == 0
    assert not {schema for _, schema in ground.adapter.schemas("branch__") if schema in SCHEMAS}
    assert len(ground.rows(f"SELECT * FROM {ground.named(ground.at('fct_revenue'))}")) == five_models.ROWS_BASE


def told(folder: Path) -> str:
    """What the documents say of the change, the same on every warehouse."""
    create, diff = (json.loads((folder / f"{name}.json").read_text()) for name in ("create", "diff"))
    found = {
        "prune_set": [model["model_name"] for model in create["prune_set"]],
        "copied": sorted(model["model_name"] for model in create["copy_set"]),
        "runs": [(run["model_name"], run["side"], run["outcome"]) for run in create["runs"]],
        "baselines": [(one["model_name"], one["kind"]) for one in create["baselines"]],
        "summary": diff["summary"],
        "models": [_plain(model) for model in diff["models"]],
    }
    text = json.dumps(found, indent=2, sort_keys=True).lower()
    assert f'"total_rows_changed": {five_models.ROWS_CHANGED}' in text
    return text + "\n"


def _plain(value: object) -> object:
    """A model's diff without what is the warehouse's own: how its rows were brought together, and catalogs."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in {"proof", "bisection_stats"}}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d+", value):
        return f"{Decimal(value).normalize():f}"  # 199.00 is 199 in BigQuery's words
    return value
