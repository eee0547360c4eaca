"""Which models an audit draws, what it builds for them, and what a rebuild is taken to have shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.audit import Confirmed, Escaped, NotAudited
from rocky_action.domain.diff import Column, Coverage, Exhaustive, ModelDiff, NotCompared, RowDiff, Sampled, SchemaDiff
from rocky_action.domain.execution import (
    BaselineKind,
    BaseSide,
    Execution,
    Failed,
    ModelRun,
    NotRun,
    RunOutcome,
    Side,
    Succeeded,
)
from rocky_action.domain.options import AuditOptions, CopyMode
from rocky_action.domain.plan import LeftModel, Plan
from rocky_action.domain.project import Ephemeral, Model, Projects, Relation
from rocky_action.domain.usage import Usage
from rocky_action.stages.audit import Sample, draw, judge
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from tests.support.sql_models import model, project

BUILT = Succeeded(Relation("c", "s", "m"), Usage())
EQUAL = RowDiff(5, 5, 0, 0, 0)


def chain(base: list[Model], head: list[Model], options: AuditOptions, *, seed: str = "s") -> Sample:
    projects = Projects(project(base), project(head))
    plan = make_plan(projects, detect_changes(projects, ()), copy=CopyMode.NEEDED)
    return draw(plan, projects, options=options, seed=seed)


def many(count: int) -> list[Model]:
    return [model(f"m{number:03}") for number in range(count)]


class TestDraw:
    def test_the_seed_decides(self) -> None:
        models = many(40)
        first = chain(models, models, AuditOptions(5))
        assert first == chain(models, models, AuditOptions(5))
        assert len(first.drawn) == len(set(first.drawn)) == 5
        assert first.eligible == 40
        assert first.drawn != chain(models, models, AuditOptions(5), seed="t").drawn

    @given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 100))
    def test_never_more_than_there_are_and_a_larger_one_contains_a_smaller(
        self, models: int, size: int, percent: int
    ) -> None:
        left = many(models)
        small, large = (chain(left, left, AuditOptions(wanted)).drawn for wanted in (size, size + 1))
        assert len(small) == min(size, models)
        assert set(small) <= set(large) <= {one.name for one in left}
        share = len(chain(left, left, AuditOptions(percent, percent=True)).drawn)
        assert percent * models <= share * 100 < percent * models + 100

    def test_every_model_has_the_same_chance(self) -> None:
        models = many(10)
        draws = Counter(
            name for seed in range(400) for name in chain(models, models, AuditOptions(3), seed=str(seed)).drawn
        )
        assert set(draws) == {one.name for one in models}
        assert all(80 < times < 160 for times in draws.values()), draws  # 120 are expected, 4.4 deviations either way

    def test_only_models_that_are_claimed_to_be_unchanged_and_have_data(self) -> None:
        base = [
            model("copied"),
            model("inlined", strategy=Ephemeral()),
            model("changed", "SELECT id FROM copied CROSS JOIN inlined"),
            model("reader", "SELECT id FROM changed"),
            model("rewritten", "SELECT 2 AS id"),
            model("other"),
        ]
        edits = {"changed": "SELECT id + 1 AS id FROM copied CROSS JOIN inlined", "rewritten": "select 2 as id"}
        head = [replace(one, sql=edits.get(one.name, one.sql)) for one in base]
        sample = chain(base, head, AuditOptions(100))
        assert sample.drawn == sample.audited == ("copied", "other", "rewritten")
        assert sample.eligible == 3


BASE = [
    model("source"),
    model("p", "SELECT id, 1 AS extra FROM source"),
    model("q", "SELECT id FROM p"),
    model("r", "SELECT id FROM q"),
]
HEAD = [BASE[0], model("p", "SELECT id, 2 AS extra FROM source"), *BASE[2:]]


def wrongly(left: dict[str, list[str]], base: list[Model] = BASE, head: list[Model] = HEAD) -> Plan:
    """A plan that leaves models alone; what it runs is every other one."""
    projects = Projects(project(base), project(head))
    plan = make_plan(projects, detect_changes(projects, ()), copy=CopyMode.NEEDED)
    names = [name for models in left.values() for name in models]
    return replace(
        plan,
        prune_set=tuple(one for one in plan.prune_set if one.model not in names),
        skipped=tuple(LeftModel(name, "a guess") for name in left.get("skipped", [])),
        copy_set=tuple(LeftModel(name, "a guess") for name in left.get("copied", [])),
    )


class TestWhatIsBuilt:
    def test_everything_between_an_edit_and_the_audited_model(self) -> None:
        """``q`` lies between them: whether it was left alone rightly decides what ``r`` reads, so it is audited too."""
        projects = Projects(project(BASE), project(HEAD))
        plan = wrongly({"skipped": ["q", "r", "source"]})
        seed = next(
            str(seed)
            for seed in range(100)
            if draw(plan, projects, options=AuditOptions(1), seed=str(seed)).drawn == ("r",)
        )
        sample = draw(plan, projects, options=AuditOptions(1), seed=seed)
        assert sample.plan.prune_names == ("p", "q", "r")
        assert sample.audited == ("q", "r")
        assert [one.after for one in sample.plan.prune_set] == [(), ("p",), ("q",)]
        assert [one.base_model for one in sample.plan.prune_set] == ["p", "q", "r"]
        only = sample.only(["q"], projects)
        assert (only.plan.prune_names, only.audited) == (("p", "q"), ("q",))

    def test_a_drawn_model_waits_for_another_behind_an_ephemeral_one(self) -> None:
        models = [model("z"), model("e", "SELECT id FROM z", strategy=Ephemeral()), model("a", "SELECT id FROM e")]
        sample = chain(models, models, AuditOptions(2))
        assert [(one.model, one.after) for one in sample.plan.prune_set] == [("z", ()), ("a", ("z",))]

    def test_a_circle_is_no_reason_to_stop(self) -> None:
        models = [model("x", "SELECT id FROM y"), model("y", "SELECT id FROM x"), model("z")]
        projects = Projects(project(models), project(models))
        plan = Plan(skipped=tuple(LeftModel(one.name, "") for one in models))
        assert draw(plan, projects, options=AuditOptions(3), seed="s").audited == ("x", "y", "z")

    def test_what_no_edit_reaches_is_read_and_not_built(self) -> None:
        projects = Projects(project(BASE), project(BASE))
        plan = wrongly({"skipped": ["r"]}, BASE, BASE)
        assert draw(plan, projects, options=AuditOptions(1), seed="s").plan.prune_names == ("r",)

    def test_a_table_that_becomes_a_source_is_an_edit_of_its_readers(self) -> None:
        base, head = BASE, BASE[1:]
        plan = wrongly({"skipped": ["r"]}, base, head)
        sample = draw(plan, Projects(project(base), project(head)), options=AuditOptions(1), seed="s")
        assert sample.plan.prune_names == ("p", "q", "r")

    def test_namesakes_are_not_built_over_each_other(self) -> None:
        models = [model("a", target="memory.one.t"), model("b", target="memory.two.T"), model("c")]
        sample = chain(models, models, AuditOptions(3))
        assert sample.drawn == ("a", "b", "c")
        (refused,) = sample.refused
        assert {*sample.audited, refused[0]} == {"a", "b", "c"}
        assert refused[1].endswith("would be the same table")


def executed(base: RunOutcome | None, head: RunOutcome) -> Execution:
    side = BaseSide("m", BaselineKind.NONE, note="it is ephemeral there")
    runs = () if base is None else (ModelRun("m", Side.BASE, base),)
    return Execution("", "s", (ModelRun("m", Side.HEAD, head),), runs, base_sides=(side,))


def compared(coverage: Coverage, rows: RowDiff = EQUAL, schema: SchemaDiff | None = None) -> ModelDiff:
    return ModelDiff("m", schema or SchemaDiff(), rows, coverage)


SAME = compared(Exhaustive("keyed"))


class TestJudge:
    def test_equal_in_full_is_the_only_confirmation(self) -> None:
        assert judge("m", executed(BUILT, BUILT), diff=SAME) == Confirmed(SAME)

    @pytest.mark.parametrize(
        ("base", "head", "diff"),
        [
            (BUILT, BUILT, compared(Sampled(5, 5, ("id",)))),
            (BUILT, BUILT, compared(NotCompared("the warehouse refused"))),
            (BUILT, BUILT, None),
            (Failed("no"), Failed("no"), SAME),
            (NotRun("p, which it reads, failed"), BUILT, SAME),
            (BUILT, NotRun("p, which it reads, failed"), SAME),
            (NotRun("no such strategy"), NotRun("no such strategy"), None),
        ],
    )
    def test_what_was_not_seen_is_not_decided(self, base: RunOutcome, head: RunOutcome, diff: ModelDiff | None) -> None:
        assert isinstance(judge("m", executed(base, head), diff=diff), NotAudited)

    @pytest.mark.parametrize(
        ("base", "head", "diff", "because"),
        [
            (BUILT, Failed("no column b"), None, "it fails, and base's does not: no column b"),
            (Failed("no column b"), BUILT, None, "base's fails, and head's does not: no column b"),
            (None, BUILT, None, "it is ephemeral there"),
            (
                BUILT,
                BUILT,
                compared(Exhaustive("keyed"), RowDiff(5, 6, 2, 1, 1_000)),
                "2 rows only in head, 1 row only in base, 1,000 rows changed",
            ),
            (
                BUILT,
                BUILT,
                compared(Exhaustive("multiset"), schema=SchemaDiff(added=(Column("b", "INTEGER"),), reordered=True)),
                "column b only in head, columns in another order",
            ),
        ],
    )
    def test_an_escape_says_what_differs(
        self, base: RunOutcome | None, head: RunOutcome, diff: ModelDiff | None, because: str
    ) -> None:
        found = judge("m", executed(base, head), diff=diff)
        assert isinstance(found, Escaped)
        assert found.because == because
