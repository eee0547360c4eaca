"""The promises of the values, for projects and edits that nobody thought of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rocky_action.dag import Dag
from rocky_action.domain.changes import ChangeKind, ChangeSet
from rocky_action.domain.cost import CostDelta, Figures
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, RowDiff, Sampled, SchemaDiff
from rocky_action.domain.execution import Execution, Failed, Inlined, ModelRun, NotRun, RunOutcome, Side, Succeeded
from rocky_action.domain.lineage import ModelRead
from rocky_action.domain.options import CopyMode
from rocky_action.domain.plan import LeftModel, Plan, PlannedModel, PruneReason
from rocky_action.domain.prices import PriceChoice
from rocky_action.domain.project import (
    Adapter,
    Ephemeral,
    FullRefresh,
    Model,
    Project,
    Projects,
    Relation,
    Strategy,
    View,
)
from rocky_action.domain.report import Verdict
from rocky_action.domain.usage import Usage
from rocky_action.sql.equality import same_meaning
from rocky_action.sql.tokens import tokenize
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.cost import Terms, price, tariff_of
from rocky_action.stages.plan import make_plan
from rocky_action.stages.report import Evidence, verdict
from tests.support.examples import examples
from tests.support.projects import load, project_files
from tests.support.sql_models import database, model, project, queries, run

NAMES = "abcdefgh"
Forms = Callable[[str], str]
FORMS: tuple[Forms, ...] = (
    "SELECT id FROM {} AS x".format,
    "SELECT id FROM main.{} AS x".format,
    "WITH x AS (SELECT * FROM memory.main.{}) SELECT id FROM x".format,
    "SELECT 1 AS id WHERE 1 IN (SELECT id FROM {})".format,
    "SELECT (SELECT max(id) FROM {}) AS id".format,
)


@dataclass(frozen=True)
class Edit:
    """What a pull request does to one model; applied twice it is the same as once."""

    model: str
    kind: str

    def on(self, one: Model) -> Model:
        """The model afterwards."""
        match self.kind:
            case "rows":
                return replace(one, sql=f"SELECT id + 1 AS id FROM ({one.sql})")
            case "config":
                return replace(one, strategy=View() if one.strategy != View() else FullRefresh())
            case "broken":
                return replace(one, sql=f"{one.sql} WHERE (")
            case _:
                return replace(one, sql=f"-- the same\n{one.sql.replace('SELECT', 'select')};")


STRATEGIES: st.SearchStrategy[Strategy] = st.sampled_from([FullRefresh(), FullRefresh(), View(), Ephemeral()])


@st.composite
def models(draw: st.DrawFn) -> tuple[Model, ...]:
    """Up to eight models, each of which reads any of those before it, in an order of names that says nothing."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, len(NAMES)))]
    found: list[Model] = []
    for index, name in enumerate(names):
        reads = draw(st.sets(st.sampled_from(names[:index]), max_size=3)) if index else set()
        parts = [draw(st.sampled_from(FORMS))(other) for other in sorted(reads)]
        strategy = draw(STRATEGIES)
        found.append(model(name, " UNION ALL ".join(parts) or "SELECT id FROM raw", strategy=strategy))
    return tuple(found)


EDITS = st.lists(
    st.builds(Edit, st.sampled_from(NAMES), st.sampled_from(["rows", "config", "broken", "cosmetic"])),
    max_size=6,
    unique_by=lambda edit: edit.model,
)


def after(base: Iterable[Model], edits: Iterable[Edit], *, without: str | None = None, new: int = 0) -> Project:
    by_model = {edit.model: edit for edit in edits}
    head = [by_model[one.name].on(one) if one.name in by_model else one for one in base if one.name != without]
    head += [model(f"new{number}", f"SELECT id FROM {head[0].name if head else 'raw'}") for number in range(new)]
    return project(head)


def planned(base: Project, head: Project, copy: CopyMode = CopyMode.NEEDED) -> tuple[ChangeSet, Plan]:
    projects = Projects(base, head)
    changes = detect_changes(projects, ())
    return changes, make_plan(projects, changes, copy=copy)


class TestProject:
    @given(models())
    def test_every_reference_is_a_model_or_a_source(self, base: tuple[Model, ...]) -> None:
        found = project(base)
        assert found.reads.keys() == found.models.keys()
        for name, references in found.reads.items():
            read = {ref.model for ref in references if isinstance(ref, ModelRead)}
            assert read == {other for other in found.models if f"{other})" in _words(base, name)} - {name}
            assert all(ref.kind == "model" or ref.name == "raw" for ref in references)
        Dag(found).in_order(found.models)

    @given(models())
    @settings(max_examples=25)
    def test_the_loader_reads_the_same(self, base: tuple[Model, ...]) -> None:
        files = project_files({one.name: one.sql.replace("memory.", "shop.") for one in base})
        loaded = load(files)
        assert {name: set(refs) for name, refs in loaded.reads.items()} == {
            name: set(refs) for name, refs in project(base).reads.items()
        }
        assert detect_changes(Projects(loaded, load(files)), ()) == ChangeSet()


def _words(base: Sequence[Model], name: str) -> str:
    """A model's text with each table marked by a bracket behind it, found without any parser of SQL."""
    sql = next(one.sql for one in base if one.name == name)
    words = sql.replace("(", " ( ").replace(")", " ) ").split()
    return " ".join(f"{words[at + 1].split('.')[-1]})" for at, word in enumerate(words[:-1]) if word == "FROM")


class TestChangeSet:
    @given(models())
    def test_a_project_compared_with_itself_is_empty(self, base: tuple[Model, ...]) -> None:
        changes, plan = planned(project(base), project(base))
        assert changes == ChangeSet()
        assert plan.prune_set == ()

    @given(models(), EDITS, st.integers(0, 2))
    def test_it_names_exactly_what_was_edited(self, base: tuple[Model, ...], edits: list[Edit], new: int) -> None:
        changes, _ = planned(project(base), after(base, edits, new=new))
        edited = {edit.model for edit in edits} & {one.name for one in base}
        assert {change.model for change in changes.changes} == edited | {f"new{number}" for number in range(new)}
        kinds = {edit.model: edit.kind for edit in edits}
        for change in changes.changes:
            if change.model in kinds:
                assert change.affects_data is (kinds[change.model] != "cosmetic")

    @given(models(), st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([*NAMES, "other"])), max_size=4))
    def test_whoever_reads_something_else_is_changed(
        self, base: tuple[Model, ...], moves: list[tuple[str, str]]
    ) -> None:
        """The reads of both sides are compared in full here; the change set asks a text search first."""
        tables = dict(moves)
        head = [
            replace(one, target=replace(one.target, schema="main", name=tables.get(one.name, one.target.name)))
            for one in base
            if tables.get(one.name) != one.name
        ]
        assume(len({one.target for one in head}) == len(head))
        before, after = project(base), project(head)
        changed = {change.model for change in detect_changes(Projects(before, after), ()).changes}
        for name in before.models.keys() & after.models.keys():
            if set(before.reads[name]) != set(after.reads[name]):
                assert name in changed


class TestPlan:
    @given(models(), EDITS, st.sampled_from(CopyMode), st.sampled_from([None, *NAMES]), st.integers(0, 2))
    def test_disjoint_and_together_exactly_heads_models(
        self, base: tuple[Model, ...], edits: list[Edit], copy: CopyMode, without: str | None, new: int
    ) -> None:
        before, head = project(base), after(base, edits, without=without, new=new)
        changes, plan = planned(before, head, copy)
        sets = [*plan.prune_names, *plan.copy_names, *(left.model for left in plan.skipped)]
        assert sorted(sets) == sorted(head.models)
        gone = {left.model for left in plan.removed}
        renamed = {change.renamed_from for change in changes.changes if change.renamed_from is not None}
        assert gone | renamed == before.models.keys() - head.models.keys()
        assert not gone & renamed, "a renamed model is not removed"

    @given(models(), EDITS, st.sampled_from([None, *NAMES]))
    def test_closed_downstream_and_nothing_else(
        self, base: tuple[Model, ...], edits: list[Edit], without: str | None
    ) -> None:
        head = after(base, edits, without=without)
        changes, plan = planned(project(base), head)
        prune = set(plan.prune_names)
        changed = {change.model for change in changes.changes if change.affects_data}
        assert changed & head.models.keys() <= prune
        for name, references in head.reads.items():
            reads = {ref.model for ref in references if isinstance(ref, ModelRead)} - {name}
            assert (name in prune) is bool(reads & prune or name in changed)

    @given(models(), EDITS)
    def test_the_copy_set_is_what_the_prune_set_reads_and_does_not_build(
        self, base: tuple[Model, ...], edits: list[Edit]
    ) -> None:
        head = after(base, edits)
        _, plan = planned(project(base), head)
        prune, copied = set(plan.prune_names), set(plan.copy_names)

        def relations(name: str) -> set[str]:
            reads = {ref.model for ref in head.reads[name] if isinstance(ref, ModelRead)} - {name}
            ephemeral = {other for other in reads if isinstance(head.models[other].strategy, Ephemeral)}
            return (reads - ephemeral).union(*(relations(other) for other in ephemeral))

        assert copied == set().union(*(relations(name) for name in prune)) - prune

    @given(models(), EDITS, st.integers(0, 6))
    def test_a_larger_change_never_prunes_less(self, base: tuple[Model, ...], edits: list[Edit], some: int) -> None:
        _, smaller = planned(project(base), after(base, edits[:some]))
        _, larger = planned(project(base), after(base, edits))
        assert set(smaller.prune_names) <= set(larger.prune_names)

    @given(models(), EDITS)
    def test_run_order_respects_reads_and_ties_are_alphabetical(
        self, base: tuple[Model, ...], edits: list[Edit]
    ) -> None:
        head = after(base, edits)
        _, plan = planned(project(base), head)
        left = list(plan.prune_names)
        waits = {one.model: set(one.after) for one in plan.prune_set}
        for name in left:
            reads = {ref.model for ref in head.reads[name] if isinstance(ref, ModelRead)} - {name}
            assert waits[name] == reads & set(left)
        done: set[str] = set()
        for name in plan.prune_names:
            assert name == min(other for other in left if waits[other] <= done)
            left.remove(name)
            done.add(name)

    @given(models())
    def test_cosmetic_edits_prune_to_zero(self, base: tuple[Model, ...]) -> None:
        changes, plan = planned(project(base), after(base, [Edit(one.name, "cosmetic") for one in base]))
        assert plan.prune_set == ()
        assert plan.copy_set == plan.removed == ()
        assert {change.kind for change in changes.changes} == {ChangeKind.COSMETIC}


USAGES = st.builds(Usage, st.none() | st.integers(0, 10**7), st.none(), st.none() | st.integers(0, 10**13))
SUCCEEDED = st.builds(Succeeded, st.just(Relation("c", "s", "t")), USAGES)
OUTCOMES: st.SearchStrategy[RunOutcome] = st.one_of(
    SUCCEEDED, st.builds(Failed, st.just("no")), st.builds(NotRun, st.just("no")), st.just(Inlined())
)


def executed(runs: Sequence[tuple[RunOutcome, RunOutcome | None]], *, new: int = 0) -> tuple[Plan, Execution]:
    """A plan and its execution: head's outcome and base's, model by model; the first ``new`` ones are new."""
    plan = Plan(
        tuple(
            PlannedModel(f"m{index}", PruneReason.CHANGED, "", base_model=None if index < new else f"m{index}")
            for index in range(len(runs))
        )
    )
    head = tuple(ModelRun(f"m{index}", Side.HEAD, run) for index, (run, _) in enumerate(runs))
    base = tuple(ModelRun(f"m{index}", Side.BASE, run) for index, (_, run) in enumerate(runs) if run is not None)
    return plan, Execution("r", "s", head, base)


class TestCost:
    @given(
        st.lists(st.tuples(OUTCOMES, st.none() | OUTCOMES), max_size=6),
        st.sampled_from(["duckdb", "snowflake", "bigquery", "trino"]),
        st.integers(0, 3),
        st.dictionaries(st.sampled_from(["m0", "m3"]), st.builds(Figures, st.none() | st.integers(0, 10**6))),
    )
    def test_the_total_is_the_sum_of_what_is_known_and_names_the_rest(
        self,
        runs: list[tuple[RunOutcome, RunOutcome | None]],
        adapter: str,
        new: int,
        recorded: dict[str, Figures],
    ) -> None:
        plan, execution = executed(runs, new=new)
        head = replace(project([model(name) for name in plan.prune_names]), adapter=Adapter("default", adapter))
        cost = price(
            plan,
            execution,
            projects=Projects(head, head),
            history={name: (one,) for name, one in recorded.items()},
            terms=Terms(tariff_of(head, PriceChoice())),
            spent={},
        )
        deltas = {one.model: one.delta_usd for one in cost.models}
        inlined = {f"m{index}" for index, (run, _) in enumerate(runs) if isinstance(run, Inlined)}
        assert deltas.keys() == set(plan.prune_names) - inlined
        known = [delta for delta in deltas.values() if delta is not None]
        assert cost.delta_usd == (pytest.approx(sum(known)) if known else None)
        assert set(cost.unknown) == {name for name, delta in deltas.items() if delta is None}
        built = {f"m{index}" for index, (run, _) in enumerate(runs) if isinstance(run, Succeeded)}
        assert {one.model for one in cost.models if one.head is not None} == built


DIFFS = st.builds(
    ModelDiff,
    st.just(""),
    st.builds(SchemaDiff, reordered=st.booleans()),
    st.builds(RowDiff, st.just(5), st.integers(4, 6), st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
    st.sampled_from([Exhaustive("keyed"), Sampled(1, 5, ()), NotCompared("no")]),
    new=st.booleans(),
)


class TestReport:
    @given(st.lists(st.tuples(OUTCOMES, st.none() | DIFFS), max_size=5), st.booleans())
    def test_the_verdict_is_never_better_than_its_worst_part(
        self, parts: list[tuple[RunOutcome, ModelDiff | None]], removed: bool
    ) -> None:
        plan, execution = executed([(run, None) for run, _ in parts])
        diffs = tuple(replace(diff, model=f"m{index}") for index, (_, diff) in enumerate(parts) if diff is not None)
        if removed:
            plan = replace(plan, removed=(LeftModel("gone", "removed"),))
        found = verdict(Evidence(ChangeSet(), plan, execution, diffs, CostDelta()))
        outcomes = [run for run, _ in parts]
        known = all(
            isinstance(run, Inlined) or (isinstance(run, Succeeded) and diff is not None) for run, diff in parts
        ) and all(diff.new or isinstance(diff.coverage, Exhaustive) for diff in diffs)
        equal = all(not diff.new and diff.is_empty for diff in diffs) and not removed
        if any(isinstance(run, Failed) for run in outcomes):
            assert found is Verdict.FAILED
        elif not known:
            assert found is Verdict.INCOMPLETE
        else:
            assert found is (Verdict.UNCHANGED if equal else Verdict.CHANGED)


GROUPING = """SELECT a || b || c, a + b - c * a / 2, a - (b - c), a / (b * c), (a + b) * c, -(a + b),
 NOT (x AND y) OR x, NOT x AND y,
 a = b AND b = c OR x, (a, b) = (b, a), a % b * c, a // b * c, a ** b ** 2, a & b | c, a << b + c,
 a BETWEEN b AND c AND x, a IN (b, c) AND y, CASE WHEN a > b THEN a + b ELSE c END * 2, a::VARCHAR || b, - a ** 2,
 NOT a IS NULL, x IS NOT TRUE, a IS DISTINCT FROM b OR x, l[a + 1], s.a + s.b.c, (a > b) IS NULL, a -b, - -a, .5 * a,
 INTERVAL (a) DAY, INTERVAL '1' DAY d FROM (SELECT 3 AS a, 2 AS b, 7 AS c, TRUE AS x, FALSE AS y, [1, 2, 3, 4] AS l,
 {'a': 1, 'b': {'c': 2}} AS s)"""
JOINED = """SELECT o.id + 1 * 2 AS x, count(*) FROM orders o INNER JOIN customers AS c ON (o.customer_id = c.id)
 AND (c.id > 1) OR c.id = 3 WHERE (o.id > 3 AND o.id < 9 OR customer_id = 2) AND NOT (status = 'paid' OR status IS NULL)
 GROUP BY o.id, (c.id) HAVING count(*) > 0 AND (x > 2) ORDER BY (x) DESC, 2"""
CORPUS = [*queries(), *([GROUPING, JOINED] * 20)]
WORDS = [
    "OR",
    "AND",
    "NOT",
    "DISTINCT",
    "1",
    "2",
    "NULL",
    "INNER",
    "LEFT",
    "AS",
    "-",
    "+",
    "*",
    "'x'",
    "id",
    "(",
    ")",
    "",
]


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, str]:
    """A query, and the same with one thing about its tokens changed."""
    sql = draw(st.sampled_from(CORPUS))
    tokens = tokenize(sql, "duckdb")
    parts = [sql[token.start : token.end + 1] for token in tokens]
    gaps = [sql[one.end + 1 : two.start] and "\n" for one, two in pairwise(tokens)]
    at = draw(st.integers(0, len(parts) - 1))
    match draw(st.sampled_from(["parentheses", "parentheses", "unwrap", "word", "case", "swap", "twice", "layout"])):
        case "parentheses":
            to = min(len(parts) - 1, at + draw(st.sampled_from([0, 1, 2, 2, 3, 4, 6, 8])))
            parts[at], parts[to] = f"({parts[at]}", f"{parts[to]})" if to != at else f"({parts[at]})"
        case "unwrap":
            closing = _closing(parts, at)
            assume(closing is not None)
            parts[at] = parts[closing or 0] = " "
        case "word":
            parts[at] = f" {draw(st.sampled_from(WORDS + parts))} "
        case "case":
            parts[at] = parts[at].swapcase()
        case "swap":
            assume(at + 1 < len(parts))
            parts[at : at + 2] = reversed(parts[at : at + 2])
        case "twice":
            parts[at] = f"{parts[at]} {parts[at]}"
        case _:
            gaps = [gap and draw(st.sampled_from([" ", "\t\n", " /* x */ ", " -- y\n"])) for gap in gaps]
    return sql, "".join(part + gap for part, gap in zip(parts, [*gaps, ""], strict=True))


def _closing(parts: Sequence[str], opening: int) -> int | None:
    depth = 0
    for at in range(opening, len(parts)):
        depth += (parts[at] == "(") - (parts[at] == ")")
        if depth == 0:
            return at if parts[opening] == "(" else None
    return None


@pytest.fixture(scope="module")
def db() -> Iterable[duckdb.DuckDBPyConnection]:
    with database() as connection:
        connection.execute("SET threads = 1")  # so that rows without an order come in one all the same
        yield connection


class TestEquality:
    """Whatever is called the same is the same to DuckDB: the same columns, the same rows, in the same order."""

    @given(mutations())
    @settings(max_examples=examples(1500), deadline=None)
    def test_no_edit_that_changes_data_is_cosmetic(self, db: duckdb.DuckDBPyConnection, edit: tuple[str, str]) -> None:
        base, head = edit
        if same_meaning(model("m", base), model("m", head), dialect="duckdb"):
            (columns, rows), (columns_after, rows_after) = (run(db, sql, ordered=True) for sql in edit)
            assert rows == rows_after
            assert [(name.lower(), kind) for name, kind in columns] == [
                (name.lower(), kind) for name, kind in columns_after
            ]

    @given(st.sampled_from(CORPUS), st.data())
    @settings(max_examples=examples(300), deadline=None)
    def test_comments_layout_and_the_case_of_keywords_are_cosmetic(
        self, db: duckdb.DuckDBPyConnection, sql: str, data: st.DataObject
    ) -> None:
        pieces: list[str] = []
        end = 0
        for token in tokenize(sql, "duckdb"):
            text = sql[token.start : token.end + 1]
            keyword = text.upper() in {"SELECT", "FROM", "WHERE", "JOIN", "ON", "GROUP", "BY", "ORDER", "AND", "WITH"}
            space = data.draw(st.sampled_from([" ", "\n  ", " /* a 'comment */ ", " -- FROM x\n"]))
            pieces += [space if sql[end : token.start] else "", text.lower() if keyword else text]
            end = token.end + 1
        edited = "".join(pieces)
        assert same_meaning(model("m", sql), model("m", edited), dialect="duckdb")
        assert run(db, sql) == run(db, edited)
