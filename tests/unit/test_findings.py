"""What a change means for whoever reads the models: each kind with its severity, its words and its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.diff import Column, Exhaustive, ModelDiff, NotCompared, RowDiff, SchemaDiff, TypeChange
from rocky_action.domain.findings import Finding, FindingKind, Impact, told_together
from rocky_action.domain.project import Projects
from rocky_action.domain.pull_request import ChangedPath, Hunk, PathStatus
from rocky_action.projects.rocky import RockyLoader
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.findings import find_in_data, find_in_files
from rocky_action.stages.findings.placing import Places
from tests.support.projects import ROCKY_TOML, load, project_files
from tests.support.trees import tree

SQL = "SELECT\n  id,\n  amount,\n  note\nFROM shop.main.source"
BASE = project_files({"orders": SQL})
SIDECAR = "models/orders.toml"
Told = tuple[FindingKind, Impact, str]
REORDERED = "its columns are in another order, which matters to whoever reads them by position"


def found(
    base: Mapping[str, str],
    head: Mapping[str, str],
    *diffs: ModelDiff,
    paths: Sequence[ChangedPath] = (),
    hunks: Mapping[str, tuple[Hunk, ...]] | None = None,
) -> tuple[Finding, ...]:
    projects = Projects(load(base), load(head))
    locate = RockyLoader(environ={}).locate
    places = Places(partial(locate, tree=tree(base)), partial(locate, tree=tree(head)), lambda _: hunks or {})
    changes = detect_changes(projects, paths)
    known = find_in_files(projects, changes, places=places)
    return find_in_data(known, projects, changes=changes, diffs=diffs, places=places)


def told(findings: Sequence[Finding], *, informed: bool = False) -> list[Told]:
    """Kind, severity and message; without the remark that the SQL changed, unless ``informed``."""
    body = FindingKind.SQL_BODY_CHANGED
    return [(one.kind, one.severity, one.message) for one in findings if informed or one.kind is not body]


def edited(sql: str) -> dict[str, str]:
    return BASE | {"models/orders.sql": sql}


def measured(schema: SchemaDiff, *, model: str = "orders") -> ModelDiff:
    return ModelDiff(model, schema, RowDiff(3, 3, 0, 0, 0), Exhaustive("keyed"))


class TestModels:
    def test_added_and_removed(self) -> None:
        new = project_files({"orders": SQL, "fresh": "SELECT 1 AS x"})
        assert told(found(BASE, new)) == [(FindingKind.MODEL_ADDED, Impact.INFO, "it is new")]
        (gone,) = found(new, BASE)
        assert (gone.kind, gone.severity, gone.path) == (
            FindingKind.MODEL_REMOVED,
            Impact.BREAKING,
            "models/fresh.sql",
        )

    def test_a_renamed_one_is_paired_with_its_former_self(self) -> None:
        head = project_files({"purchases": SQL.replace("  note\n", "  remark\n")})
        path = ChangedPath(PathStatus.RENAMED, "models/purchases.sql", "models/orders.sql")
        assert [(one.model, one.kind, one.message) for one in found(BASE, head, paths=[path])] == [
            ("purchases", FindingKind.COLUMN_DROPPED, "column `note` is dropped"),
            (
                "purchases",
                FindingKind.TARGET_RENAMED,
                "its target moves from shop.main.orders to shop.main.purchases",
            ),
            ("purchases", FindingKind.COLUMN_ADDED, "column `remark` is added"),
            ("purchases", FindingKind.SQL_BODY_CHANGED, "its SQL changed"),
        ]

    def test_a_cosmetic_edit_is_nothing(self) -> None:
        assert found(BASE, edited(SQL.lower().replace("\n", " ") + " -- neater")) == ()


def strategy(kind: str, **settings: str) -> str:
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    return f'[strategy]\ntype = "{kind}"\n{lines}'


MERGE = strategy("merge", unique_key='["id"]')
KEY = FindingKind.MATERIALIZATION_KEY_CHANGED


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        ("", MERGE, "its strategy changes from `full_refresh` to `merge`"),
        (MERGE, "", "its strategy changes from `merge` to `full_refresh`"),
        (
            strategy("materialized_view"),
            strategy("dynamic_table", target_lag='"1 hour"'),
            "its strategy changes from `materialized_view` to `dynamic_table`",
        ),
    ],
)
def test_another_strategy_breaks(base: str, head: str, expected: str) -> None:
    assert told(found(BASE | {SIDECAR: base}, BASE | {SIDECAR: head})) == [
        (FindingKind.MATERIALIZATION_STRATEGY_CHANGED, Impact.BREAKING, expected)
    ]


@pytest.mark.parametrize(
    ("kind", "base", "head", "expected"),
    [
        (
            "merge",
            {"unique_key": '["id"]'},
            {"unique_key": '["id", "note"]'},
            "its `unique_key` changes from `id` to `id`, `note`",
        ),
        (
            "merge",
            {"unique_key": '["id"]'},
            {"unique_key": '["id"]', "update_columns": '["note"]'},
            "its `update_columns` changes from none to `note`",
        ),
        (
            "incremental",
            {"timestamp_column": '"a"'},
            {"timestamp_column": '"b"'},
            "its `timestamp_column` changes from `a` to `b`",
        ),
        (
            "microbatch",
            {"timestamp_column": '"a"', "granularity": '"day"'},
            {"timestamp_column": '"a"'},
            "its `granularity` changes from `day` to `hour`",
        ),
        (
            "delete_insert",
            {"partition_by": '["id"]'},
            {"partition_by": '["note"]'},
            "its `partition_by` changes from `id` to `note`",
        ),
        (
            "content_addressed",
            {"storage_prefix": '"a"'},
            {"storage_prefix": '"b"'},
            "its `storage_prefix` changes from `a` to `b`",
        ),
        (
            "content_addressed",
            {"storage_prefix": '"a"'},
            {"storage_prefix": '"a"', "partition_columns": '["id"]'},
            "its `partition_columns` changes from none to `id`",
        ),
    ],
)
def test_another_key_breaks(kind: str, base: dict[str, str], head: dict[str, str], expected: str) -> None:
    before, after = (BASE | {SIDECAR: strategy(kind, **settings)} for settings in (base, head))
    assert told(found(before, after)) == [(KEY, Impact.BREAKING, expected)]


def test_keys_of_a_time_interval() -> None:
    sql = {"models/orders.sql": "SELECT id, day FROM s WHERE day >= @start_date AND day < @end_date"}
    settings = {"time_column": '"day"', "granularity": '"day"'}
    before = BASE | sql | {SIDECAR: strategy("time_interval", **settings)}
    after = BASE | sql | {SIDECAR: strategy("time_interval", time_column='"day"', granularity='"month"')}
    assert told(found(before, after)) == [(KEY, Impact.BREAKING, "its `granularity` changes from `day` to `month`")]
    more = BASE | sql | {SIDECAR: strategy("time_interval", **settings, lookback="3")}
    assert found(before, more) == (), "how much is done at a time breaks nobody"


def test_a_target_lag_is_only_a_warning() -> None:
    before, after = (BASE | {SIDECAR: strategy("dynamic_table", target_lag=f'"{lag}"')} for lag in ("1 hour", "1 day"))
    assert told(found(before, after)) == [(KEY, Impact.WARNING, "its `target_lag` changes from `1 hour` to `1 day`")]


@pytest.mark.parametrize("key", ["catalog", "schema", "table"])
def test_another_target_breaks(key: str) -> None:
    (one,) = found(BASE, BASE | {SIDECAR: f'[target]\n{key} = "other"\n'})
    assert (one.kind, one.severity, one.path, one.line) == (FindingKind.TARGET_RENAMED, Impact.BREAKING, SIDECAR, 2)
    assert one.message.startswith("its target moves from shop.main.orders to ")


def source(name: str) -> str:
    return f'[[sources]]\ncatalog = "raw"\nschema = "s"\ntable = "{name}"\n'


def test_other_sources_break() -> None:
    before, after = BASE | {SIDECAR: source("a") + source("b")}, BASE | {SIDECAR: source("b") + source("c")}
    kind, severity, message = told(found(before, after))[0]
    assert (kind, severity) == (FindingKind.SOURCE_CHANGED, Impact.BREAKING)
    assert message == "it declares its sources without raw.s.a and with raw.s.c now"
    assert found(before, BASE | {SIDECAR: source("b") + source("a")}) == (), "their order means nothing"


@pytest.mark.parametrize(
    ("base", "head", "kind", "message"),
    [
        ("", 'format = "iceberg"\n', FindingKind.LAKEHOUSE_FORMAT_CHANGED, "its format changes from none to `iceberg`"),
        (
            '[format_options]\npartition_by = ["a"]\n',
            '[format_options]\npartition_by = ["b"]\n',
            FindingKind.PARTITION_BY_CHANGED,
            "its `partition_by` changes from `a` to `b`",
        ),
        (
            "",
            "[format_options]\nversion = 3\n",
            FindingKind.LAKEHOUSE_FORMAT_CHANGED,
            "its format option `version` changes from none to `3`",
        ),
    ],
)
def test_another_lakehouse_format_breaks(base: str, head: str, kind: FindingKind, message: str) -> None:
    assert told(found(BASE | {SIDECAR: base}, BASE | {SIDECAR: head})) == [(kind, Impact.BREAKING, message)]


def masked(rules: str, tag: str | None = "pii") -> dict[str, str]:
    sidecar = f'[classification]\nnote = "{tag}"\n' if tag else ""
    return BASE | {"rocky.toml": f"{ROCKY_TOML}\n[mask]\n{rules}", SIDECAR: sidecar}


HASHED = 'pii = "hash"\n'


@pytest.mark.parametrize(
    ("base", "head", "severity", "message"),
    [
        (masked(HASHED), masked(HASHED, None), Impact.BREAKING, "column `note` is no longer masked (hash)"),
        (masked(HASHED), masked(""), Impact.BREAKING, "column `note` is no longer masked (hash)"),
        (masked(HASHED), masked('pii = "none"\n'), Impact.BREAKING, "column `note` is no longer masked (hash)"),
        (
            masked(HASHED),
            masked(HASHED + '[mask.prod]\npii = "none"\n'),
            Impact.BREAKING,
            "column `note` is no longer masked (hash) in prod",
        ),
        (masked(HASHED, None), masked(HASHED), Impact.WARNING, "column `note` is masked now (hash)"),
        (
            masked(HASHED),
            masked('pii = "redact"\n'),
            Impact.WARNING,
            "the mask of column `note` changes from hash to redact",
        ),
        (
            masked(HASHED + '[mask.prod]\npii = "redact"\n'),
            masked(HASHED + '[mask.prod]\npii = "none"\n'),
            Impact.BREAKING,
            "column `note` is no longer masked (redact) in prod",
        ),
    ],
)
def test_masks(base: dict[str, str], head: dict[str, str], severity: Impact, message: str) -> None:
    assert told(found(base, head)) == [(FindingKind.COLUMN_MASK_CHANGED, severity, message)]


def test_a_tag_without_a_mask_hides_nothing() -> None:
    assert found(masked("", None), masked("")) == ()


DROPPED_NOTE = [(FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `note` is dropped")]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id, amount FROM s", [(FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `note` is dropped")]),
        ("SELECT id, more, amount, note FROM s", [(FindingKind.COLUMN_ADDED, Impact.INFO, "column `more` is added")]),
        ("SELECT id, note, amount FROM s", [(FindingKind.COLUMN_REORDERED, Impact.WARNING, REORDERED)]),
        ("SELECT id, note FROM s", [(FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `amount` is dropped")]),
        ("SELECT ID, amount + 1 AS AMOUNT, note FROM s", []),
        ("SELECT * FROM s", []),
        ("WITH x AS (SELECT id, amount FROM s) SELECT * FROM x", DROPPED_NOTE),
        ("SELECT * EXCLUDE (note) FROM raw_orders", DROPPED_NOTE),
        (
            "SELECT id, amount, note AS remark FROM s",
            [
                (FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `note` is called `remark` now"),
                (FindingKind.COLUMN_ADDED, Impact.INFO, "column `remark` was called `note`"),
            ],
        ),
    ],
)
def test_columns_inferred_from_the_text(sql: str, expected: list[Told]) -> None:
    other = project_files({"raw_orders": "SELECT id, amount, note FROM shop.main.source"})
    base = BASE | other | {"models/orders.sql": "SELECT id, amount, note FROM s"}
    findings = found(base, base | {"models/orders.sql": sql})
    assert told(findings) == expected
    assert findings[-1].kind is FindingKind.SQL_BODY_CHANGED
    assert findings[-1].severity is Impact.INFO


def test_a_star_over_a_model_loses_what_its_upstream_loses_only_once_it_is_measured() -> None:
    """Only changed models are looked at: nobody edited the one further down."""
    base = BASE | project_files({"orders": SQL, "report": "SELECT * FROM orders"})
    findings = found(base, base | {"models/orders.sql": SQL.replace(",\n  note", "")})
    assert {one.model for one in findings} == {"orders"}


def test_a_surrogate_key_is_a_column() -> None:
    keyed = BASE | {SIDECAR: '[[surrogate_key]]\nname = "key"\ncolumns = ["id"]\n'}
    assert told(found(keyed, BASE), informed=True) == [
        (FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `key` is dropped")
    ]


class TestMeasured:
    def test_every_kind(self) -> None:
        schema = SchemaDiff(
            added=(Column("more", "INTEGER"),),
            removed=(Column("note", "VARCHAR"),),
            type_changes=(TypeChange("amount", "BIGINT", "INTEGER"), TypeChange("id", "INTEGER", "BIGINT")),
            reordered=True,
        )
        findings = found(BASE, edited("SELECT * FROM s"), measured(schema))
        assert [(one.kind, one.severity, one.message, one.column) for one in findings[:-1]] == [
            (FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `note` (VARCHAR) is dropped", "note"),
            (
                FindingKind.COLUMN_TYPE_CHANGED,
                Impact.BREAKING,
                "column `amount` narrows from BIGINT to INTEGER",
                "amount",
            ),
            (FindingKind.COLUMN_REORDERED, Impact.WARNING, findings[2].message, None),
            (FindingKind.COLUMN_ADDED, Impact.INFO, "column `more` (INTEGER) is added", "more"),
            (FindingKind.COLUMN_TYPE_CHANGED, Impact.INFO, "column `id` changes from INTEGER to BIGINT", "id"),
        ]

    def test_wins_over_inferred(self) -> None:
        dropped = SchemaDiff(removed=(Column("note", "VARCHAR"),))
        head = edited("SELECT id, amount FROM s")
        assert told(found(BASE, head, measured(dropped))) == [
            (FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `note` (VARCHAR) is dropped")
        ]
        assert told(found(BASE, head, measured(SchemaDiff()))) == [], "base never had it"

    def test_a_renamed_column(self) -> None:
        renamed = SchemaDiff(added=(Column("remark", "VARCHAR"),), removed=(Column("note", "VARCHAR"),))
        head = edited(SQL.replace("note", "note AS remark"))
        assert told(found(BASE, head, measured(renamed))) == [
            (FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `note` (VARCHAR) is called `remark` now"),
            (FindingKind.COLUMN_ADDED, Impact.INFO, "column `remark` (VARCHAR) was called `note`"),
        ]

    def test_a_renamed_column_that_a_star_hands_on(self) -> None:
        base = BASE | project_files({"orders": SQL, "report": "SELECT * FROM orders", "other": "SELECT * FROM orders"})
        head = base | {"models/orders.sql": SQL.replace("note", "note AS remark")}
        renamed = SchemaDiff(added=(Column("remark", "VARCHAR"),), removed=(Column("note", "VARCHAR"),))
        dropped = SchemaDiff(removed=(Column("note", "VARCHAR"),))
        findings = found(base, head, measured(renamed, model="report"), measured(dropped, model="other"))
        assert {one.model: one.message for one in findings if one.kind is FindingKind.COLUMN_DROPPED} == {
            "orders": "column `note` is called `remark` now",
            "report": "column `note` (VARCHAR) is called `remark` now",
            "other": "column `note` (VARCHAR) is dropped",
        }

    def test_but_not_where_a_side_was_not_read(self) -> None:
        unread = ModelDiff("orders", SchemaDiff(), RowDiff(None, None), NotCompared("base has no such relation"))
        assert told(found(BASE, edited("SELECT id, amount FROM s"), unread)) == [
            (FindingKind.COLUMN_DROPPED, Impact.BREAKING, "column `note` is dropped")
        ]

    def test_of_a_model_further_down(self) -> None:
        base = BASE | project_files({"orders": SQL, "report": "SELECT * FROM shop.main.orders"})
        head = base | {"models/orders.sql": "SELECT id, amount FROM s"}
        diff = measured(SchemaDiff(removed=(Column("note", "VARCHAR"),)), model="report")
        (one,) = (one for one in found(base, head, diff) if one.model == "report")
        assert (one.kind, one.path, one.line) == (FindingKind.COLUMN_DROPPED, "models/report.sql", None)


class TestPlace:
    """Lines that git says were edited decide; a cause elsewhere is shown on the nearest of them."""

    def lines(
        self, head: Mapping[str, str], *hunks: Hunk, path: str = "models/orders.sql"
    ) -> dict[FindingKind, int | None]:
        return {one.kind: one.line for one in found(BASE, head, hunks={path: hunks})}

    def test_a_dropped_column_where_it_was(self) -> None:
        head = edited("SELECT\n  id,\n  amount\nFROM shop.main.source")
        assert self.lines(head, Hunk(3, 2, 3, 1))[FindingKind.COLUMN_DROPPED] == 3
        assert self.lines(head, Hunk(1, 1, 1, 1), Hunk(4, 1, 3, 0))[FindingKind.COLUMN_DROPPED] == 3

    def test_a_dropped_column_in_lines_that_were_replaced(self) -> None:
        head = edited("SELECT\n  key AS id,\n  price AS amount,\n  1 AS one\nFROM shop.main.source")
        assert self.lines(head, Hunk(2, 3, 2, 3))[FindingKind.COLUMN_DROPPED] == 4

    def test_a_cause_that_was_not_edited(self) -> None:
        """The column's type follows from another line: that one is in the diff, this one is not."""
        head = edited(SQL.replace("shop.main.source", "other"))
        diff = measured(SchemaDiff(type_changes=(TypeChange("amount", "BIGINT", "INTEGER"),)))
        one = found(BASE, head, diff, hunks={"models/orders.sql": (Hunk(5, 1, 5, 1),)})[0]
        assert (one.kind, one.line) == (FindingKind.COLUMN_TYPE_CHANGED, 5)
        one = found(BASE, head, diff)[0]
        assert one.line == 3, "without a diff the column itself"

    def test_an_added_column_where_it_is(self) -> None:
        head = edited(SQL.replace("  note\n", "  note,\n  more\n"))
        assert self.lines(head, Hunk(4, 1, 4, 2))[FindingKind.COLUMN_ADDED] == 5

    def test_of_a_rocky_model_where_its_file_has_it(self) -> None:
        files = {name: text for name, text in BASE.items() if name != "models/orders.sql"}
        body = "from shop.main.source\nderive {\n    more: amount * 2,\n}\nselect {\n    id,\n    note,\n    more,\n}\n"
        base = files | {"models/orders.rocky": body}
        head = files | {"models/orders.rocky": body.replace("    note,\n", "").replace("more", "twice")}
        hunks = {"models/orders.rocky": (Hunk(3, 1, 3, 1), Hunk(7, 2, 7, 1))}
        places = {one.column: one.line for one in found(base, head, hunks=hunks) if one.column}
        assert places == {"note": 7, "more": 3, "twice": 3}
        without = {one.column: one.line for one in found(base, head) if one.column}
        assert without == {"note": None, "more": None, "twice": 3}

    def test_a_setting(self) -> None:
        (one,) = found(BASE | {SIDECAR: MERGE}, BASE | {SIDECAR: MERGE.replace('["id"]', '["note"]')})
        assert (one.path, one.line) == (SIDECAR, 3)

    def test_a_setting_that_is_gone(self) -> None:
        base = BASE | {SIDECAR: f'name = "orders"\n\n{MERGE}'}
        (one,) = found(base, BASE | {SIDECAR: 'name = "orders"\n'}, hunks={SIDECAR: (Hunk(2, 4, 1, 0),)})
        assert (one.path, one.line) == (SIDECAR, 1)

    def test_a_setting_of_the_folder(self) -> None:
        defaults = "models/_defaults.toml"
        (one,) = found(BASE, BASE | {defaults: BASE[defaults] + MERGE})
        assert (one.path, one.line) == (defaults, BASE[defaults].count("\n") + 2)

    def test_a_setting_of_the_folder_that_is_gone(self) -> None:
        defaults = "models/_defaults.toml"
        base = BASE | {defaults: BASE[defaults] + MERGE}
        (one,) = found(base, BASE, hunks={defaults: (Hunk(4, 3, 3, 0),), SIDECAR: ()})
        assert (one.path, one.line) == (defaults, 3)

    def test_a_setting_of_the_group(self) -> None:
        group = "models/groups/core.toml"
        member = BASE | {SIDECAR: 'group = "core"\n', group: ""}
        (one,) = found(member, member | {group: MERGE})
        assert (one.path, one.line) == (group, 2)

    def test_front_matter(self) -> None:
        files = {name: text for name, text in BASE.items() if name != SIDECAR}
        sql = "SELECT id FROM s"
        base = files | {"models/orders.sql": f"---toml\nname = 'orders'\n---\n{sql}"}
        head = files | {"models/orders.sql": f"---toml\nname = 'orders'\n[strategy]\ntype = 'view'\n---\n{sql}"}
        (one,) = found(base, head)
        assert (one.path, one.line) == ("models/orders.sql", 4)

    def test_what_follows_the_front_matter_only_looks_like_settings(self) -> None:
        files = {name: text for name, text in BASE.items() if name != SIDECAR}
        merge = "---toml\n[strategy]\ntype = 'merge'\nunique_key = ['id']\n"
        sql = "---\nSELECT id FROM s WHERE\nupdate_columns = 3"
        base = files | {"models/orders.sql": f"{merge}update_columns = ['id']\n{sql}"}
        (one,) = found(base, files | {"models/orders.sql": merge + sql})
        assert (one.path, one.line) == ("models/orders.sql", 2)

    def test_a_target_that_follows_the_name_is_nobodys_setting(self) -> None:
        (one,) = found(BASE, project_files({"purchases": SQL}))
        assert (one.kind, one.path, one.line) == (FindingKind.TARGET_RENAMED, "models/purchases.toml", None)

    def test_a_mask_of_one_environment(self) -> None:
        (one,) = found(masked(HASHED), masked(HASHED + '[mask.prod]\npii = "none"\n'))
        assert (one.path, one.line) == ("rocky.toml", ROCKY_TOML.count("\n") + 5)

    def test_a_mask_of_the_project(self) -> None:
        (one,) = found(masked(HASHED), masked('pii = "redact"\n'))
        assert (one.path, one.line) == ("rocky.toml", ROCKY_TOML.count("\n") + 3)


def test_what_is_said_of_many_models_is_said_once_where_it_comes_from() -> None:
    dropped, moved = FindingKind.COLUMN_DROPPED, FindingKind.TARGET_RENAMED
    findings = [
        Finding("a", dropped, Impact.BREAKING, "column `x` is dropped", "a.sql"),
        Finding("b", dropped, Impact.BREAKING, "column `x` is dropped", "b.sql", 3),
        Finding("c", dropped, Impact.BREAKING, "column `y` is dropped", "c.sql"),
        Finding("d", moved, Impact.BREAKING, "it moves", "_defaults.toml", 2),
        Finding("e", moved, Impact.BREAKING, "it moves", "_defaults.toml", 2),
        Finding("f", moved, Impact.BREAKING, "it moves", "f.toml"),
        Finding("g", FindingKind.COLUMN_ADDED, Impact.INFO, "column `z` is added", "g.sql", 1),
    ]
    assert [(one.path, one.line, models) for one, models in told_together(findings)] == [
        ("b.sql", 3, ("a", "b")),
        ("c.sql", None, ("c",)),
        ("_defaults.toml", 2, ("d", "e")),
        ("f.toml", None, ("f",)),
    ]


NAMES = st.lists(st.sampled_from("abcdef"), min_size=1, unique=True)


def selecting(columns: Sequence[str]) -> dict[str, str]:
    return project_files({"m": f"SELECT {', '.join(columns)} FROM s"})


@given(NAMES)
def test_a_project_with_itself(columns: list[str]) -> None:
    files = masked(HASHED) | {"models/m.sql": f"SELECT {', '.join(columns)} FROM s", "models/m.toml": MERGE}
    assert found(files, files) == ()


@given(NAMES, NAMES)
def test_swapped_sides_swap_dropped_and_added(one: list[str], other: list[str]) -> None:
    def named(findings: Sequence[Finding], kind: FindingKind) -> set[str | None]:
        return {finding.column for finding in findings if finding.kind is kind}

    there, back = found(selecting(one), selecting(other)), found(selecting(other), selecting(one))
    assert named(there, FindingKind.COLUMN_DROPPED) == named(back, FindingKind.COLUMN_ADDED) == set(one) - set(other)
    assert named(there, FindingKind.COLUMN_ADDED) == named(back, FindingKind.COLUMN_DROPPED) == set(other) - set(one)
    moved = FindingKind.COLUMN_REORDERED
    assert named(there, moved) == named(back, moved)
    common = [[name for name in names if name in one and name in other] for names in (one, other)]
    assert bool(named(there, moved)) is (common[0] != common[1]), "one column more moves nobody"
