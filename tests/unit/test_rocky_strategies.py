"""Every strategy of the format, with all of its keys, and what is wrong with the others."""

from __future__ import annotations

import pytest

from rocky_action.domain.project import (
    DeleteInsert,
    Ephemeral,
    FullRefresh,
    Incremental,
    Merge,
    Microbatch,
    Strategy,
    TimeInterval,
    View,
    WarehouseOnly,
)
from rocky_action.errors import ProjectError
from tests.support.projects import load, load_model, project_files


@pytest.mark.parametrize(
    ("table", "strategy"),
    [
        ('type = "full_refresh"', FullRefresh()),
        ('type = "incremental"\ntimestamp_column = "at"', Incremental("at")),
        ('type = "merge"\nunique_key = ["a", "b"]', Merge(("a", "b"))),
        ('type = "merge"\nunique_key = ["a"]\nupdate_columns = ["c"]', Merge(("a",), ("c",))),
        ('type = "delete_insert"\npartition_by = ["day"]', DeleteInsert(("day",))),
        ('type = "microbatch"\ntimestamp_column = "at"', Microbatch("at", "hour")),
        ('type = "microbatch"\ntimestamp_column = "at"\ngranularity = "day"', Microbatch("at", "day")),
        ('type = "time_interval"\ntime_column = "d"\ngranularity = "day"', TimeInterval("d", "day")),
        (
            (
                'type = "time_interval"\ntime_column = "d"\ngranularity = "hour"\nlookback = 2\nbatch_size = 3\n'
                'first_partition = "2024-01-01T05"'
            ),
            TimeInterval("d", "hour", 2, 3, "2024-01-01T05"),
        ),
        ('type = "view"', View()),
        ('type = "ephemeral"', Ephemeral()),
        ('type = "materialized_view"', WarehouseOnly("materialized_view")),
        (
            'type = "dynamic_table"\ntarget_lag = "1 minute"',
            WarehouseOnly("dynamic_table", (("target_lag", "1 minute"),)),
        ),
        (
            'type = "content_addressed"\nstorage_prefix = "s3://b/p"\npartition_columns = ["d"]',
            WarehouseOnly("content_addressed", (("partition_columns", '["d"]'), ("storage_prefix", "s3://b/p"))),
        ),
    ],
)
def test_every_strategy(table: str, strategy: Strategy) -> None:
    assert (
        load_model(f"[strategy]\n{table}\n", sql="SELECT 1 AS id WHERE '@start_date' < '@end_date'").strategy
        == strategy
    )


@pytest.mark.parametrize(
    ("table", "line", "message", "advice"),
    [
        (
            'type = "incrementall"',
            2,
            '"strategy.type" is "incrementall", expected one of full_refresh',
            '"incremental"?',
        ),
        ("lookback = 1", 1, '"strategy.type" is missing, expected a string', 'type = "…"'),
        ('type = "incremental"', 1, '"strategy.timestamp_column" is missing', 'Write timestamp_column = "…"'),
        ('type = "merge"', 1, '"strategy.unique_key" is missing, expected a list of strings', 'unique_key = ["…"]'),
        ('type = "merge"\nunique_key = "id"', 3, "must be a list of strings, found a string", 'unique_key = ["…"]'),
        ('type = "merge"\nunique_key = []', 3, "must be a list of strings, found an empty list", ""),
        ('type = "merge"\nunique_key = [1]', 3, "found a list with an integer in it", ""),
        ('type = "delete_insert"', 1, '"strategy.partition_by" is missing', ""),
        (
            'type = "microbatch"\ntimestamp_column = "t"\ngranularity = "week"',
            4,
            'is "week", expected one of hour,',
            "",
        ),
        ('type = "time_interval"\ntime_column = "d"', 1, '"strategy.granularity" is missing', ""),
        ('type = "time_interval"\ntime_column = "d x"\ngranularity = "day"', 3, 'is "d x", expected an identifier', ""),
        (
            'type = "time_interval"\ntime_column = "d"\ngranularity = "day"\nfirst_partition = "2024-1-1"',
            5,
            'is "2024-1-1", expected a day as YYYY-MM-DD',
            "",
        ),
        (
            'type = "time_interval"\ntime_column = "d"\ngranularity = "month"\nfirst_partition = "soon"',
            5,
            'is "soon", expected a month as YYYY-MM',
            "",
        ),
        (
            'type = "time_interval"\ntime_column = "d"\ngranularity = "day"\nbatch_size = 0',
            5,
            "must be an integer of 1 or more, found an integer",
            "",
        ),
        ('type = "dynamic_table"', 1, '"strategy.target_lag" is missing', ""),
        ('type = "content_addressed"', 1, '"strategy.storage_prefix" is missing', ""),
    ],
)
def test_wrong_strategies(table: str, line: int, message: str, advice: str) -> None:
    with pytest.raises(ProjectError) as caught:
        load_model(f"[strategy]\n{table}\n")
    assert caught.value.message.startswith(f"models/orders.toml:{line}: ")
    assert message in caught.value.message
    assert advice in caught.value.advice


def test_a_strategy_that_is_no_table() -> None:
    with pytest.raises(ProjectError, match=r'models/orders\.toml:2: "strategy" must be a table, found a string'):
        load_model('\nstrategy = "view"\n')


def test_keys_that_stand_too_low_are_told() -> None:
    files = project_files({"orders": "SELECT 1 AS id"})
    files["models/orders.toml"] = '[strategy]\ntype = "view"\nlag = 1\ndepends_on = ["orders"]\n'
    project = load(files)
    assert project.models["orders"].depends_on == ()
    assert project.warnings == (
        'models/orders.toml:3: unknown key "strategy.lag" is ignored. Known: type.',
        'models/orders.toml:4: "depends_on" stands below the [strategy] header and is lost there; move it to the top',
    )


def test_an_interval_without_its_window_is_not_run() -> None:
    model = load_model('[strategy]\ntype = "time_interval"\ntime_column = "d"\ngranularity = "day"\n')
    assert model.problem is not None
    assert not model.problem.unsupported
    assert "@start_date or @end_date" in model.problem.message
