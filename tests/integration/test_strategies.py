"""Every strategy as a run after the merge would leave it, against a model of it in plain Python."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rocky_action.domain.execution import BaselineKind, Failed, Inlined, NotRun, Succeeded
from rocky_action.domain.options import Baseline
from rocky_action.domain.project import Adapter
from rocky_action.domain.pull_request import ChangedPath, PathStatus
from tests.support.previews import BASE, HEAD, Lab, Spec, open_lab, options, project_of

Row = tuple[int, str | None, int, datetime]
Window = tuple[datetime, datetime]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


SOURCE: list[Row] = [
    (1, "a", 10, at("2024-01-01 00:30")),
    (2, "a", 20, at("2024-01-01 01:30")),
    (3, "b", 30, at("2024-01-02 00:00")),
    (4, None, 40, at("2024-02-01 05:00")),
    (5, "c", 50, at("2024-03-01 00:00")),  # in the future: tests run at 2024-02-01 06:15
]
PRODUCTION: list[Row] = [
    (1, "a", 1, at("2024-01-01 00:30")),
    (8, None, 8, at("2024-02-01 05:30")),
    (9, "z", 9, at("2023-12-31 00:00")),
]
PLAIN = "SELECT id, part, {v} AS v, ts FROM raw.src"
WINDOWED = f"{PLAIN} WHERE ts >= @start_date AND ts < '@end_date'"


def table(name: str, rows: Sequence[Row]) -> list[str]:
    def literal(value: object) -> str:
        return "NULL" if value is None else repr(value) if isinstance(value, int) else f"'{value}'"

    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    return [
        f"CREATE TABLE {name} (id INTEGER, part VARCHAR, v INTEGER, ts TIMESTAMP)",
        f"INSERT INTO {name} VALUES {values}",
    ]


def incoming(add: int) -> list[Row]:
    return [(id_, part, v + add, moment) for id_, part, v, moment in SOURCE]


def in_order(rows: Sequence[Row]) -> list[Row]:
    """As DuckDB's ORDER BY ALL has it: NULL last."""
    return sorted(rows, key=lambda row: (row[0], row[1] is None, row[1] or "", *row[2:]))


@dataclass(frozen=True)
class Strategy:
    """A sidecar and what it means: the first run's table of these rows, and the next run's on top of another table."""

    label: str
    sidecar: str
    first: Callable[[list[Row]], list[Row]]
    later: Callable[[list[Row], list[Row]], list[Row]]
    sql: str = PLAIN
    stateful: bool = True

    def model(self, add: int, more: str = "") -> Spec:
        return self.sql.format(v=f"v + {add}" if add else "v"), f"{more}{self.sidecar}"


def everything(rows: list[Row]) -> list[Row]:
    return rows


def replaced(_: list[Row], rows: list[Row]) -> list[Row]:
    return rows


def appended(prior: list[Row], rows: list[Row]) -> list[Row]:
    return prior + rows


def merged(prior: list[Row], rows: list[Row]) -> list[Row]:
    return list({row[0]: row for row in prior + rows}.values())


def merged_v(prior: list[Row], rows: list[Row]) -> list[Row]:
    new = {row[0]: row for row in rows}
    kept = [(id_, part, new[id_][2] if id_ in new else v, moment) for id_, part, v, moment in prior]
    return kept + [row for row in rows if row[0] not in {row[0] for row in prior}]


def by_part(prior: list[Row], rows: list[Row]) -> list[Row]:
    parts = {row[1] for row in rows} - {None}
    return [row for row in prior if row[1] not in parts] + rows


def by_part_and_time(prior: list[Row], rows: list[Row]) -> list[Row]:
    parts = {(row[1], row[3]) for row in rows if row[1] is not None}
    return [row for row in prior if (row[1], row[3]) not in parts] + rows


def time_interval(label: str, settings: str, *, end: str, windows: Sequence[tuple[str, str]], start: str) -> Strategy:
    """``end`` is when the current partition ends; ``windows`` are what a run on PRODUCTION rebuilds."""
    spans = [(at(left), at(right)) for left, right in windows]

    def inside(row: Row, window: Window) -> bool:
        return window[0] <= row[3] < window[1]

    def first(rows: list[Row]) -> list[Row]:
        return [row for row in rows if inside(row, (at(start), at(end)))]

    def later(prior: list[Row], rows: list[Row]) -> list[Row]:
        kept = [row for row in prior if not any(inside(row, span) for span in spans)]
        return kept + [row for row in rows if any(inside(row, span) for span in spans)]

    sidecar = f'[strategy]\ntype = "time_interval"\ntime_column = "ts"\n{settings}'
    return Strategy(label, sidecar, first, later, WINDOWED)


def sidecar(kind: str, settings: str = "") -> str:
    return f'[strategy]\ntype = "{kind}"\n{settings}'


TIME = 'timestamp_column = "ts"\n'
KEY = 'unique_key = ["id"]\n'
HOUR, DAY, MONTH, YEAR = (f'granularity = "{name}"\n' for name in ("hour", "day", "month", "year"))
ALWAYS = "1900-01-01"
STATEFUL = [
    Strategy("incremental", sidecar("incremental", TIME), everything, appended),
    Strategy("microbatch", sidecar("microbatch", TIME + DAY), everything, appended),
    Strategy("merge", sidecar("merge", KEY), everything, merged),
    Strategy("merge_v", sidecar("merge", KEY + 'update_columns = ["v"]\n'), everything, merged_v),
    Strategy("delete_insert", sidecar("delete_insert", 'partition_by = ["part"]\n'), everything, by_part),
    Strategy(
        "delete_insert_2", sidecar("delete_insert", 'partition_by = ["part", "ts"]\n'), everything, by_part_and_time
    ),
    time_interval(
        "hour", HOUR, start=ALWAYS, end="2024-02-01 07:00", windows=[("2024-02-01 05:00", "2024-02-01 07:00")]
    ),
    time_interval(
        "hour_lookback",
        HOUR + "lookback = 2\n",
        start=ALWAYS,
        end="2024-02-01 07:00",
        windows=[("2024-02-01 03:00", "2024-02-01 07:00")],
    ),
    time_interval("day", DAY, start=ALWAYS, end="2024-02-02", windows=[("2024-02-01", "2024-02-02")]),
    time_interval(
        "day_first",
        DAY + 'first_partition = "2024-01-02"\nbatch_size = 3\n',
        start="2024-01-02",
        end="2024-02-02",
        windows=[("2024-02-01", "2024-02-02")],
    ),
    time_interval("month", MONTH, start=ALWAYS, end="2024-03-01", windows=[("2024-02-01", "2024-03-01")]),
    time_interval(
        "month_lookback",
        MONTH + "lookback = 1\n",
        start=ALWAYS,
        end="2024-03-01",
        windows=[("2024-01-01", "2024-03-01")],
    ),
    time_interval("year", YEAR, start=ALWAYS, end="2025-01-01", windows=[("2024-01-01", "2025-01-01")]),
]
STATELESS = [
    Strategy("full_refresh", sidecar("full_refresh"), everything, replaced, stateful=False),
    Strategy("view", sidecar("view"), everything, replaced, stateful=False),
]
ALL = [*STATELESS, *STATEFUL]
each = pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: strategy.label)
each_stateful = pytest.mark.parametrize("strategy", STATEFUL, ids=lambda strategy: strategy.label)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, "CREATE SCHEMA raw", *table("raw.src", SOURCE)) as lab:
        yield lab


@pytest.fixture
def built(bare: Lab) -> Lab:
    """With a production: shop.main.m."""
    bare.sql(*table("main.m", PRODUCTION))
    return bare


@each
def test_existing_base_is_read_as_it_is_and_head_runs_on_top_of_a_copy(built: Lab, strategy: Strategy) -> None:
    ran = built.preview(
        project_of({"m": strategy.model(0)}), project_of({"m": strategy.model(5)}), run=options(Baseline.EXISTING)
    ).succeeded()
    side = ran.execution.base_side("m")
    assert side is not None
    assert (side.kind, str(side.relation)) == (BaselineKind.EXISTING, "shop.main.m")
    assert (side.note is not None) is strategy.stateful
    assert ran.execution.base_runs == ()
    assert built.rows(f"{HEAD}.m") == in_order(strategy.later(PRODUCTION, incoming(5)))
    assert built.names(BASE) == set()


@each
def test_a_rebuilt_base_runs_on_top_of_the_same_table_as_head(built: Lab, strategy: Strategy) -> None:
    ran = built.preview(
        project_of({"m": strategy.model(0)}), project_of({"m": strategy.model(5)}), run=options(Baseline.REBUILD)
    ).succeeded()
    side = ran.execution.base_side("m")
    assert side is not None
    assert (side.kind, str(side.relation)) == (BaselineKind.REBUILT, f"shop.{BASE}.m")
    assert built.rows(f"{BASE}.m") == in_order(strategy.later(PRODUCTION, incoming(0)))
    assert built.rows(f"{HEAD}.m") == in_order(strategy.later(PRODUCTION, incoming(5)))


@each
def test_on_a_bare_runner_both_sides_continue_what_base_would_have_built(bare: Lab, strategy: Strategy) -> None:
    ran = bare.preview(project_of({"m": strategy.model(0)}), project_of({"m": strategy.model(5)})).succeeded()
    side = ran.execution.base_side("m")
    assert side is not None
    assert side.kind is BaselineKind.REBUILT
    prior = strategy.first(incoming(0))
    assert bare.rows(f"{BASE}.m") == in_order(strategy.later(prior, incoming(0)))
    assert bare.rows(f"{HEAD}.m") == in_order(strategy.later(prior, incoming(5)))


@each
def test_a_new_model_has_its_first_run(bare: Lab, strategy: Strategy) -> None:
    ran = bare.preview(project_of({"n": "SELECT 1 AS a"}), project_of({"n": "SELECT 1 AS a", "m": strategy.model(5)}))
    side = ran.succeeded().execution.base_side("m")
    assert side is not None
    assert (side.kind, side.relation) == (BaselineKind.NONE, None)
    assert bare.rows(f"{HEAD}.m") == in_order(strategy.first(incoming(5)))
    assert bare.names(BASE) == set()


@each_stateful
def test_a_changed_strategy_continues_the_table_that_is_there(built: Lab, strategy: Strategy) -> None:
    base = project_of({"m": PLAIN.format(v="v")})
    built.preview(base, project_of({"m": strategy.model(5)}), run=options(Baseline.EXISTING)).succeeded()
    assert built.rows(f"{HEAD}.m") == in_order(strategy.later(PRODUCTION, incoming(5)))
    built.preview(base, project_of({"m": strategy.model(5)}), run=options(Baseline.REBUILD)).succeeded()
    assert built.rows(f"{BASE}.m") == in_order(incoming(0))
    assert built.rows(f"{HEAD}.m") == in_order(strategy.later(PRODUCTION, incoming(5)))


@each_stateful
def test_a_changed_strategy_on_a_bare_runner_continues_what_base_would_have_built(
    bare: Lab, strategy: Strategy
) -> None:
    bare.preview(project_of({"m": PLAIN.format(v="v")}), project_of({"m": strategy.model(5)})).succeeded()
    assert bare.rows(f"{BASE}.m") == in_order(incoming(0))
    assert bare.rows(f"{HEAD}.m") == in_order(strategy.later(incoming(0), incoming(5)))


def test_a_strategy_that_stops_being_stateful_replaces_the_table(built: Lab) -> None:
    base = project_of({"m": (PLAIN.format(v="v"), sidecar("incremental", TIME))})
    built.preview(base, project_of({"m": PLAIN.format(v="v")}), run=options(Baseline.REBUILD)).succeeded()
    assert built.rows(f"{BASE}.m") == in_order(PRODUCTION + incoming(0))
    assert built.rows(f"{HEAD}.m") == in_order(incoming(0))


@each_stateful
def test_a_moved_target_starts_from_nothing(built: Lab, strategy: Strategy) -> None:
    moved = strategy.model(5, '[target]\ntable = "elsewhere"\n')
    ran = built.preview(project_of({"m": strategy.model(0)}), project_of({"m": moved})).succeeded()
    side = ran.execution.base_side("m")
    assert side is not None
    assert str(side.relation) == "shop.main.m"
    assert built.rows(f"{HEAD}.elsewhere") == in_order(strategy.first(incoming(5)))
    assert built.names(HEAD) == {"elsewhere"}


@each_stateful
def test_a_renamed_model_starts_from_nothing_and_is_compared_with_its_old_self(bare: Lab, strategy: Strategy) -> None:
    renamed = [ChangedPath(PathStatus.RENAMED, "models/new.sql", "models/m.sql")]
    base, head = project_of({"m": strategy.model(0)}), project_of({"new": strategy.model(5)})
    ran = bare.preview(base, head, renamed=renamed).succeeded()
    side = ran.execution.base_side("new")
    assert side is not None
    assert (side.kind, str(side.relation)) == (BaselineKind.REBUILT, f"shop.{BASE}.m")
    assert bare.rows(f"{BASE}.m") == in_order(strategy.later(strategy.first(incoming(0)), incoming(0)))
    assert bare.rows(f"{HEAD}.new") == in_order(strategy.first(incoming(5)))
    assert bare.names(HEAD) == {"new"}


@each_stateful
def test_a_renamed_model_that_keeps_its_table_continues_it(built: Lab, strategy: Strategy) -> None:
    renamed = [ChangedPath(PathStatus.RENAMED, "models/new.sql", "models/m.sql")]
    head = project_of({"new": strategy.model(5, '[target]\ntable = "m"\n')})
    built.preview(project_of({"m": strategy.model(0)}), head, renamed=renamed).succeeded()
    assert built.rows(f"{HEAD}.m") == in_order(strategy.later(PRODUCTION, incoming(5)))


@pytest.mark.parametrize(("was", "now"), [("view", "full_refresh"), ("full_refresh", "view"), ("view", "incremental")])
def test_a_view_that_becomes_a_table_carries_a_warning(bare: Lab, was: str, now: str) -> None:
    kind = "VIEW" if was == "view" else "TABLE"
    bare.sql(f"CREATE {kind} main.m AS SELECT id, v FROM raw.src")
    sql = "SELECT id, v FROM raw.src"
    settings = {"view": "", "full_refresh": "", "incremental": TIME}
    base = project_of({"m": (sql, sidecar(was, settings[was]))})
    head = project_of({"m": (sql, sidecar(now, settings[now]))})
    outcome = bare.preview(base, head).succeeded().head("m")
    assert isinstance(outcome, Succeeded)
    assert f"drop the {kind.lower()} shop.main.m first" in (outcome.note or "")
    same = bare.preview(base, project_of({"m": (f"{sql} WHERE id > 1", sidecar(was, settings[was]))})).head("m")
    assert isinstance(same, Succeeded)
    assert same.note is None


def test_notes_say_how_a_model_was_built(built: Lab) -> None:
    def note(settings: str, sql: str = PLAIN) -> str | None:
        base = project_of({"m": (sql.format(v="v"), settings)})
        head = project_of({"m": (sql.format(v="v + 5"), settings)})
        outcome = built.preview(base, head).succeeded().head("m")
        assert isinstance(outcome, Succeeded)
        return outcome.note

    assert note(sidecar("full_refresh")) is None
    assert note(sidecar("incremental", TIME)) == "appended to a copy of base"
    assert note(sidecar("merge", KEY)) == "merged into a copy of base"
    windowed = note('[strategy]\ntype = "time_interval"\ntime_column = "ts"\ngranularity = "day"\n', WINDOWED)
    assert windowed == "only partition 2024-02-01 was rebuilt in a copy of base"
    hours = note('[strategy]\ntype = "time_interval"\ntime_column = "ts"\ngranularity = "hour"\n', WINDOWED)
    assert hours == "only partitions 2024-02-01T05, 2024-02-01T06 were rebuilt in a copy of base"


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("materialized_view", "the strategy materialized_view does not exist on duckdb"),
        ("dynamic_table", "the strategy dynamic_table does not exist on duckdb"),
        (
            "content_addressed",
            "the strategy content_addressed writes files to an object store, and a preview writes only tables",
        ),
    ],
)
def test_a_strategy_of_other_warehouses_is_refused_honestly(bare: Lab, name: str, because: str) -> None:
    settings = sidecar(name, 'target_lag = "1 hour"\nstorage_prefix = "s3://b/p"\n')
    base = project_of({"m": ("SELECT 1 AS a", settings), "n": "SELECT a FROM m"})
    head = project_of({"m": ("SELECT 2 AS a", settings), "n": "SELECT a FROM m"})
    ran = bare.preview(base, head)
    assert ran.head("m") == NotRun(because)
    assert ran.head("n") == NotRun("m, which it reads, was not run")
    side = ran.execution.base_side("m")
    assert side is not None
    assert side.note == f"base could not be built: {because}"
    assert bare.names(HEAD) == set()


@pytest.mark.parametrize(
    ("name", "type_", "built"),
    [
        ("materialized_view", "bigquery", True),
        ("materialized_view", "databricks", True),
        ("materialized_view", "snowflake", True),
        ("dynamic_table", "snowflake", True),
        ("dynamic_table", "databricks", False),
        ("content_addressed", "databricks", False),
    ],
)
def test_what_a_warehouse_refreshes_by_itself_is_previewed_as_a_table_and_says_so(
    bare: Lab, name: str, type_: str, built: bool
) -> None:
    """The database is DuckDB; whose adapter it is decides."""
    settings = sidecar(name, 'target_lag = "1 hour"\nstorage_prefix = "s3://b/p"\n')
    base, head = (
        replace(one, adapter=Adapter("default", type_))
        for one in (project_of({"m": (f"SELECT {value} AS a", settings)}) for value in (1, 2))
    )
    outcome = bare.preview(base, head).head("m")
    if not built:
        assert isinstance(outcome, NotRun)
        return
    assert isinstance(outcome, Succeeded)
    assert outcome.note is not None
    assert outcome.note.startswith(f"built as a plain table with the rows that the {name.replace('_', ' ')} would have")
    assert bare.rows(f"{HEAD}.m") == [(2,)]


def test_surrogate_keys_are_the_bytes_of_dbt_utils(bare: Lab) -> None:
    keys = '[[surrogate_key]]\nname = "sk"\ncolumns = ["id", "part"]\n'
    for settings in (sidecar("full_refresh"), sidecar("merge", KEY), sidecar("view")):
        ran = bare.preview(
            project_of({"m": ("SELECT id, part FROM raw.src", settings + keys)}),
            project_of({"m": ("SELECT id + 1 AS id, part FROM raw.src", settings + keys)}),
        )
        ran.succeeded()
        expected = [
            (
                id_ + 1,
                part,
                hashlib.md5(
                    f"{id_ + 1}-{part or '_dbt_utils_surrogate_key_null_'}".encode(), usedforsecurity=False
                ).hexdigest(),
            )
            for id_, part, _, _ in SOURCE
        ]
        # A merge keeps what base's keys left behind; id 1 is base's only.
        assert set(expected) <= set(bare.rows(f"{HEAD}.m"))


def test_ephemeral_models_are_inlined_through_each_other(bare: Lab) -> None:
    ephemeral = sidecar("ephemeral")

    def project(where: str) -> dict[str, Spec]:
        return {
            "inner_": (f"WITH src AS (SELECT * FROM raw.src {where}) SELECT id, v FROM src", ephemeral),
            "outer_": ("SELECT id, sum(v) AS v FROM inner_ GROUP BY id UNION ALL SELECT 0, 0", ephemeral),
            "m": "WITH inner_ AS (SELECT 7 AS id) SELECT o.id, o.v, inner_.id AS seven FROM outer_ AS o, inner_",
        }

    ran = bare.preview(project_of(project("")), project_of(project("WHERE id < 3")))
    ran.succeeded()
    assert (ran.head("inner_"), ran.head("outer_")) == (Inlined(), Inlined())
    assert bare.rows(f"{HEAD}.m") == [(0, 0, 7), (1, 10, 7), (2, 20, 7)]
    assert bare.rows(f"{BASE}.m") == [(0, 0, 7), (1, 10, 7), (2, 20, 7), (3, 30, 7), (4, 40, 7), (5, 50, 7)]
    assert bare.names(HEAD) == {"m"}


def test_an_ephemeral_model_that_is_not_understood_stops_its_readers(bare: Lab) -> None:
    bare.sql("CREATE TABLE main.m AS SELECT 1 AS a")
    hidden = ("SELECT * FROM query('SELECT 1 AS a')", sidecar("ephemeral"))
    ran = bare.preview(
        project_of({"e": hidden, "m": "SELECT a FROM e"}), project_of({"e": hidden, "m": "SELECT a + 1 AS a FROM e"})
    )
    outcome = ran.head("m")
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("e, which it inlines, is not understood: ")


def test_models_that_read_themselves_read_what_the_last_run_left(built: Lab) -> None:
    for settings in (sidecar("full_refresh"), sidecar("incremental", TIME), sidecar("view")):
        base = project_of({"m": ("SELECT id, part, v, ts FROM raw.src", settings)})
        head = project_of(
            {"m": ("SELECT max(id) + 100 AS id, 'own' AS part, 0 AS v, max(ts) AS ts FROM main.m", settings)}
        )
        built.preview(base, head).succeeded()
        assert (109, "own", 0, at("2024-02-01 05:30")) in built.rows(f"{HEAD}.m")


def test_a_column_that_the_existing_table_lacks_fails_as_it_would_after_the_merge(built: Lab) -> None:
    settings = sidecar("incremental", TIME)
    base = project_of({"m": (PLAIN.format(v="v"), settings), "n": "SELECT id FROM m"})
    head = project_of({"m": ("SELECT *, 1 AS more FROM raw.src", settings), "n": "SELECT id FROM m"})
    ran = built.preview(base, head)
    outcome = ran.head("m")
    assert isinstance(outcome, Failed)
    assert "more" in outcome.message or "columns" in outcome.message
    assert ran.head("n") == NotRun("m, which it reads, failed")
    assert built.names(HEAD) == set(), "the copy of base must not pass for a built model"


def test_the_first_run_of_a_merge_merges_too(bare: Lab) -> None:
    """Rocky does, so a column that the query does not return is a mistake from the first run on."""
    settings = sidecar("merge", KEY + 'update_columns = ["nowhere"]\n')
    ran = bare.preview(project_of({}), project_of({"m": (PLAIN.format(v="v"), settings)}))
    outcome = ran.head("m")
    assert isinstance(outcome, Failed)
    assert "nowhere" in outcome.message
    assert bare.names(HEAD) == set()


def test_a_blocked_model_leaves_no_copy_of_base_behind(bare: Lab) -> None:
    settings = sidecar("incremental", TIME)
    base = project_of({"a": "SELECT * FROM raw.src", "m": ("SELECT * FROM a", settings)})
    head = project_of({"a": "SELECT nothing FROM raw.src", "m": ("SELECT * FROM a", settings)})
    ran = bare.preview(base, head)
    assert isinstance(ran.head("a"), Failed)
    assert ran.head("m") == NotRun("a, which it reads, failed")
    assert bare.names(HEAD) == set()
    assert bare.names(BASE) == {"a", "m"}


def test_time_moves_with_the_clock_that_is_handed_in(built: Lab) -> None:
    settings = '[strategy]\ntype = "time_interval"\ntime_column = "ts"\ngranularity = "month"\n'
    base = project_of({"m": (WINDOWED.format(v="v"), settings)})
    head = project_of({"m": (WINDOWED.format(v="v + 5"), settings)})
    built.preview(base, head, now=datetime(2024, 3, 31, 23, 59, tzinfo=UTC)).succeeded()
    spans = [(at("2024-02-01"), at("2024-04-01"))]
    kept = [row for row in PRODUCTION if row[3] < spans[0][0]]
    assert built.rows(f"{HEAD}.m") == in_order(kept + [row for row in incoming(5) if row[3] >= spans[0][0]])
