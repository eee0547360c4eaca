"""Fingerprints of what models hold, taken on a real DuckDB: what they tell apart, and of what there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from rocky_action.domain.diff import (
    Coverage,
    Exhaustive,
    ModelDiff,
    NotCompared,
    RowDiff,
    Sampled,
    SchemaDiff,
    Unstable,
)
from rocky_action.domain.execution import Execution, Failed, ModelRun, RunOutcome, Side, Succeeded
from rocky_action.domain.history import Content
from rocky_action.domain.options import (
    Allowance,
    Cap,
    DiffOptions,
    Fingerprinted,
    ModelOptions,
    PreviewOptions,
)
from rocky_action.domain.project import Adapter, Model, NoReads, Project, Projects, Relation
from rocky_action.domain.usage import Usage
from rocky_action.rowdiff.content import holding
from rocky_action.stages.contents import contents_of
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb
from tests.support.foreign import Foreign, listening

TABLE = Relation("", "main", "t")
ROWS = "SELECT i AS id, 'n' || i AS name, i * 0.5 AS amount FROM range(100) AS r(i)"
OPEN = PreviewOptions("x", fingerprinted=Fingerprinted.SHOWN)
KEYED = replace(OPEN, fingerprinted=Fingerprinted.ALL)
FULL = Exhaustive("keyed")


@dataclass(frozen=True)
class Scene:
    """One model, ``t``, and the database that it is in."""

    database: DuckDB

    def content(
        self,
        options: PreviewOptions = OPEN,
        *,
        coverage: Coverage = FULL,
        outcome: RunOutcome | None = None,
        sidecar: ModelOptions = ModelOptions(),  # noqa: B008  frozen
        tag: str = "",
        **about: object,
    ) -> Content | None:
        diff = ModelDiff("t", SchemaDiff(), RowDiff(1, 1), coverage, **about)  # type: ignore[arg-type]
        run = ModelRun("t", Side.HEAD, outcome or Succeeded(TABLE, Usage()))
        tags = (("classification", f'{{"name": "{tag}"}}'),) if tag else ()
        model = Model("t", "models/t.sql", "SELECT 1", TABLE, options=sidecar, metadata=tags)
        project = Project(".", "duckdb", Adapter("local", "duckdb"), {"t": model}, NoReads())
        execution = Execution("run", "main", head_runs=(run,))
        found = contents_of(
            (diff,), execution, projects=Projects(project, project), warehouse=self.database, options=options
        )
        return found[0] if found else None

    def filled(self, query: str) -> None:
        self.database.execute([f"CREATE OR REPLACE TABLE main.t AS {query}"])


@pytest.fixture
def scene() -> Iterator[Scene]:
    database = open_duckdb(None)
    try:
        made = Scene(database)
        made.filled(ROWS)
        yield made
    finally:
        database.close()


def known(content: Content | None) -> tuple[int, int]:
    assert content is not None
    assert content.rows is not None
    assert content.checksum is not None
    return content.rows, content.checksum


def test_the_same_rows_in_another_order_are_the_same(scene: Scene) -> None:
    first = scene.content()
    scene.filled(f"{ROWS} ORDER BY hash(i)")
    assert scene.content() == first
    assert known(first)[0] == 100


@pytest.mark.parametrize(
    "other",
    [
        f"{ROWS} WHERE i < 99",
        f"{ROWS} UNION ALL SELECT 3, 'n3', 1.5",
        ROWS.replace("i * 0.5", "CASE i WHEN 7 THEN NULL ELSE i * 0.5 END"),
        ROWS.replace("'n' || i", "'N' || i"),
        f"SELECT id, CASE id WHEN 1 THEN 'n2' WHEN 2 THEN 'n1' ELSE name END AS name, amount FROM ({ROWS})",
    ],
)
def test_other_rows_are_others(scene: Scene, other: str) -> None:
    first = known(scene.content())
    scene.filled(other)
    assert known(scene.content()) != first


def test_columns_are_part_of_it(scene: Scene) -> None:
    first = scene.content()
    scene.filled(f"SELECT id, name, CAST(amount AS DOUBLE) AS amount FROM ({ROWS})")
    second = scene.content()
    assert first
    assert second
    assert first.columns != second.columns


def test_what_is_ignored_or_unstable_is_left_out_and_said_to_be(scene: Scene) -> None:
    unstable = (Unstable("amount", "differs each time"),)
    first = scene.content(ignored_columns=("NAME",), unstable=unstable)
    scene.filled(ROWS.replace("'n'", "'x'").replace("0.5", "0.7"))
    second = scene.content(ignored_columns=("NAME",), unstable=unstable)
    assert first == second
    assert first
    assert first.left_out == ("column amount", "column name")
    assert [column.name for column in first.columns] == ["id"]
    measured = (Unstable("amount", "differs each time", rows_differing=0),)
    assert (scene.content(unstable=measured) or first).left_out == ()


def test_a_condition_and_rules_of_text_count(scene: Scene) -> None:
    rules = ModelOptions(where="id < 50", ignore_case=("name",), key=("id",))
    first = scene.content(sidecar=rules)
    scene.filled(ROWS.replace("'n'", "CASE WHEN i < 50 THEN 'N' ELSE 'other' END"))
    assert scene.content(sidecar=rules) == first
    assert known(first)[0] == 50
    assert first
    assert first.left_out == ("rows id < 50", "ignore_case name")


@pytest.mark.parametrize(
    "options",
    [
        replace(OPEN, cap=Cap(usd=1.0)),
        replace(OPEN, diff=DiffOptions(max_samples=0)),
    ],
)
def test_there_is_none_beyond_a_cap_and_of_hidden_values(scene: Scene, options: PreviewOptions) -> None:
    content = scene.content(options)
    assert content is not None
    assert content.checksum is None


def test_with_a_secret_there_is_one_of_hidden_values_too(scene: Scene) -> None:
    assert known(scene.content(replace(KEYED, diff=DiffOptions(max_samples=0))))[0] == 100


def test_masked_columns_are_in_it_only_with_a_secret(scene: Scene) -> None:
    masked = DiffOptions(project=ModelOptions(mask_columns=("Name",)))
    first = scene.content(replace(OPEN, diff=masked)), scene.content(replace(KEYED, diff=masked))
    scene.filled(ROWS.replace("'n'", "'x'"))
    second = scene.content(replace(OPEN, diff=masked)), scene.content(replace(KEYED, diff=masked))
    assert first[0] == second[0]
    assert first[0]
    assert first[0].left_out == ("column name",)
    assert known(first[1]) != known(second[1])


def test_a_tag_masks_as_well(scene: Scene) -> None:
    tagged = replace(OPEN, diff=DiffOptions(mask_classifications=("pii",)))
    first = scene.content(tagged, tag="pii")
    scene.filled(ROWS.replace("'n'", "'x'"))
    assert scene.content(tagged, tag="pii") == first != scene.content(tagged, tag="other")


@pytest.mark.parametrize(
    "about",
    [
        {"coverage": Sampled(5, 9, ("id",))},
        {"coverage": NotCompared("of a reason")},
        {"outcome": Failed("no")},
        {"unstable": (Unstable(None, "rows differ each time"),)},
        {"outcome": Succeeded(Relation("", "main", "nowhere"), Usage())},
        {"sidecar": ModelOptions(where="nonsense > 0")},
        {"ignored_columns": ("id", "name", "amount")},
    ],
    ids=str,
)
def test_there_is_none_where_it_cannot_be_had(scene: Scene, about: dict[str, object]) -> None:
    content = scene.content(**about)  # type: ignore[arg-type]
    assert content is not None
    assert content.checksum is None


def test_a_new_model_has_one_within_the_budget(scene: Scene) -> None:
    new = NotCompared("the model is new")
    assert known(scene.content(coverage=new, new=True))[0] == 100
    small = replace(OPEN, diff=DiffOptions(allowance=Allowance(bytes=1)))
    content = scene.content(small, coverage=new, new=True)
    assert content is not None
    assert content.checksum is None


def test_nothing_is_read_where_no_history_is_kept(scene: Scene) -> None:
    before = scene.database.spent()
    assert scene.content(PreviewOptions("x")) is None
    assert scene.database.spent() == before


@pytest.mark.parametrize(
    ("dialect", "wide"), [("bigquery", "BIGNUMERIC"), ("databricks", "DECIMAL(38, 0)"), ("snowflake", "DECIMAL(38, 0)")]
)
def test_every_warehouse_is_asked_in_one_statement(scene: Scene, dialect: str, wide: str) -> None:
    foreign = Foreign(scene.database, dialect)
    columns = foreign.columns(TABLE) or ()
    with listening(foreign) as heard:
        found = holding(foreign, TABLE, columns=columns, options=ModelOptions(), timeout=None)
    (said,) = heard
    assert said.startswith("SELECT COUNT(*), SUM(CAST((")
    assert f"AS {wide}))" in said, "a sum of 64-bit hashes would not fit"
    assert found.rows == 100
