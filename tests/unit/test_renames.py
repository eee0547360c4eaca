"""Renamed models, told by what their queries say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.project import Projects
from rocky_action.sql.renames import renamed_by_content
from tests.support.sql_models import model, project


def renamed(base: dict[str, str], head: dict[str, str]) -> dict[str, str]:
    old, new = (project(model(name, sql) for name, sql in side.items()) for side in (base, head))
    return renamed_by_content(Projects(old, new), removed=base.keys() - head.keys(), added=head.keys() - base.keys())


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        ({"a": "SELECT 1 AS id"}, {"b": "\nSELECT 1 AS id\n"}, {"b": "a"}),
        ({"a": "SELECT id FROM s"}, {"b": "select (id)\nfrom s -- same"}, {"b": "a"}),
        ({"a": "SELECT id FROM s"}, {"b": "SELECT id FROM t"}, {}),
        ({"a": "SELECT (", "c": "SELECT 1 AS id"}, {"b": "SELECT (", "d": "SELECT 2 AS id"}, {"b": "a"}),
        # the text decides before the meaning does
        ({"a": "SELECT id FROM s"}, {"b": "SELECT id FROM s", "c": "select id from s"}, {"b": "a"}),
    ],
)  # fmt: skip
def test_one_to_one(base: dict[str, str], head: dict[str, str], expected: dict[str, str]) -> None:
    assert renamed(base, head) == expected


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ({"a": "SELECT 1 AS id"}, {"b": "SELECT 1 AS id", "c": "SELECT 1 AS id"}),
        ({"a": "SELECT 1 AS id", "b": "SELECT 1 AS id"}, {"c": "SELECT 1 AS id"}),
        ({"a": "SELECT 1 AS id", "b": "SELECT 1 AS id"}, {"c": "SELECT 1 AS id", "d": "SELECT 1 AS id"}),
        ({"a": "SELECT id FROM s"}, {"b": "select id from s", "c": "select  (id) from s"}),
        ({"a": "SELECT id FROM s", "b": "SELECT (id) FROM s"}, {"c": "select id from s"}),
        ({"a": "SELECT id FROM s", "b": "SELECT id FROM s"}, {"c": "select (id) from s"}),
    ],
)
def test_a_tie_is_no_rename(base: dict[str, str], head: dict[str, str]) -> None:
    assert renamed(base, head) == {}


def test_many_of_a_kind_are_told_apart_by_their_text_alone() -> None:
    base = {f"old_{number}": f"SELECT id FROM s WHERE id = {number}" for number in range(30)}
    head = {f"new_{number}": f"SELECT id FROM s WHERE id = {number}" for number in range(29)}
    assert renamed(base, head | {"new_29": "select id from s where id = 29"}) == {
        **{f"new_{number}": f"old_{number}" for number in range(29)},
        "new_29": "old_29",
    }


QUERIES = st.sampled_from(
    ["SELECT 1 AS id", "select 1 as id", "SELECT 2 AS id", "SELECT id FROM s", "SELECT (id) FROM s"]
)


@given(st.dictionaries(st.sampled_from("abc"), QUERIES), st.dictionaries(st.sampled_from("xyz"), QUERIES))
def test_no_name_is_used_twice_and_both_directions_agree(base: dict[str, str], head: dict[str, str]) -> None:
    found = renamed(base, head)
    assert len(set(found.values())) == len(found)
    assert {old: new for new, old in found.items()} == renamed(head, base)
