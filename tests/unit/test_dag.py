"""Order among models."""

from __future__ import annotations

import threading
import time

import pytest

from rocky_action.dag import Dag, walk
from rocky_action.errors import PlanError
from tests.support.sql_models import model, project


def dag(cut_cycles: bool = False, /, **reads: str) -> Dag:
    """What each model reads, as words; a word that is no model is a source."""
    models = [model(name, f"SELECT 1 FROM {', '.join(words.split()) or 'raw'}") for name, words in reads.items()]
    return Dag(project(models), cut_cycles=cut_cycles)


DIAMOND = dag(a="raw", b="a", c="a", d="b c", e="")


def test_upstreams_are_direct_and_sorted() -> None:
    assert DIAMOND.upstreams("d") == ("b", "c")
    assert DIAMOND.upstreams("a") == ()


def test_reach_includes_the_start_and_all_downstream() -> None:
    assert DIAMOND.reached_from(["b"]) == {"b", "d"}
    assert DIAMOND.reached_from(["a", "e"]) == {"a", "b", "c", "d", "e"}
    assert DIAMOND.reached_from([]) == frozenset()


def test_what_models_read_includes_themselves_and_all_upstream() -> None:
    assert DIAMOND.read_by(["d"]) == {"a", "b", "c", "d"}
    assert DIAMOND.read_by(["b", "e"]) == {"a", "b", "e"}
    assert DIAMOND.read_by([]) == frozenset()


def test_inputs_look_through_what_has_no_relation() -> None:
    assert DIAMOND.inputs("d", ()) == ("b", "c")
    assert DIAMOND.inputs("d", {"b"}) == ("a", "c")
    assert DIAMOND.inputs("d", {"b", "c"}) == ("a",)
    assert DIAMOND.inputs("d", {"a", "b", "c"}) == ()


def test_order_follows_reads_and_then_the_alphabet() -> None:
    assert DIAMOND.in_order(["e", "d", "c", "b", "a"]) == ("a", "b", "c", "d", "e")
    assert dag(z="", y="z", a="y", b="").in_order(["a", "b", "y", "z"]) == ("b", "z", "y", "a")


def test_models_that_do_not_run_do_not_disturb_ties() -> None:
    assert dag(z="", a="z", b="").in_order(["a", "b"]) == ("a", "b")


def test_order_holds_through_models_that_do_not_run() -> None:
    assert dag(z="", m="z", a="m").in_order(["a", "z"], through={"m"}) == ("z", "a")
    assert dag(z="", m="z", a="m").waits(["a", "z"], through={"m"}) == {"a": ("z",), "z": ()}
    assert dag(z="", m="z", a="m").in_order(["a", "z"]) == ("a", "z"), "whose relation stands as it is"


def test_reading_itself_is_no_cycle() -> None:
    assert dag(a="a").in_order(["a"]) == ("a",)


@pytest.mark.parametrize(
    ("reads", "path"),
    [
        ({"b": "a", "a": "b"}, "a -> b -> a"),
        ({"c": "b", "b": "a", "a": "c", "d": "c"}, "a -> b -> c -> a"),
        ({"x": "z", "z": "y", "y": "x", "a": "x"}, "x -> y -> z -> x"),
        ({"z": "a y", "y": "x", "x": "z", "a": ""}, "x -> y -> z -> x"),
    ],
)
def test_a_cycle_is_printed_in_the_order_of_data(reads: dict[str, str], path: str) -> None:
    with pytest.raises(PlanError) as caught:
        dag(**reads).in_order(reads)
    assert caught.value.message == f"models read each other in a circle: {path} (each is read by the next)"


class TestWalk:
    def test_each_after_those_it_waits_for(self) -> None:
        after = {"d": ["b", "c"], "c": ["a"], "b": ["a"], "a": []}
        done: list[str] = []
        walk(after, done.append, threads=4)
        assert sorted(done) == ["a", "b", "c", "d"]
        assert all(done.index(first) < done.index(name) for name, waits in after.items() for first in waits)

    def test_independent_ones_at_once(self) -> None:
        together = threading.Barrier(3, timeout=10)

        def work(_: str) -> None:
            together.wait()

        walk({"a": [], "b": [], "c": []}, work, threads=3)

    def test_never_more_than_threads_allow(self) -> None:
        running: list[str] = []
        most: list[int] = []

        def work(name: str) -> None:
            running.append(name)
            most.append(len(running))
            time.sleep(0.01)
            running.remove(name)

        walk({name: [] for name in "abcdef"}, work, threads=2)
        assert max(most) == 2

    def test_a_failure_comes_out_and_stops_what_waits(self) -> None:
        done: list[str] = []

        def work(name: str) -> None:
            if name == "a":
                raise PlanError("no", advice="")
            done.append(name)

        with pytest.raises(PlanError, match="no"):
            walk({"a": [], "b": ["a"]}, work, threads=1)
        assert done == []

    def test_nothing_to_do(self) -> None:
        walk({}, lambda _: None, threads=0)


def test_a_cycle_can_be_cut() -> None:
    """Base's circle must not stand in the way of the pull request that breaks it."""
    reads = {"a": "b", "b": "c", "c": "a", "d": "a"}
    cut = dag(True, **reads)
    assert cut.waits(reads) == {"a": (), "b": (), "c": (), "d": ("a",)}, "what only hangs on the circle still does"
    assert cut.in_order(reads) == ("a", "b", "c", "d")


def test_a_circle_of_models_without_relations_ends_somewhere() -> None:
    assert dag(a="x", x="y", y="x b", b="").inputs("a", {"x", "y"}) == ("b",)
