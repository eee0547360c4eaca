"""Names of preview schemas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.naming import BASE_SUFFIX, is_preview_name, preview_name

REFS = st.text(min_size=1, max_size=80)
LIKELY = st.from_regex(r"[a-zA-Z0-9_/.-]{1,60}", fullmatch=True)


@pytest.mark.parametrize(
    ("ref", "number", "name"),
    [
        ("main", None, "main"),
        ("feature/add-filter", 12, "feature_add_filter_pr12"),
        ("Feature", 7, "feature_pr7"),
        ("日本", 3, "head_pr3"),
        ("x" * 60, 1234, "x" * 33 + "_pr1234"),
    ],
)
def test_names(ref: str, number: int | None, name: str) -> None:
    assert preview_name(ref, number) == name


@given(st.one_of(REFS, LIKELY), st.one_of(st.none(), st.integers(1, 10**7)))
def test_every_name_is_legal_everywhere(ref: str, number: int | None) -> None:
    name = preview_name(ref, number)
    assert is_preview_name(name)
    assert len(f"branch__{name}{BASE_SUFFIX}") <= 63


@given(st.sets(LIKELY, min_size=2, max_size=20))
def test_two_branches_never_share_a_name(refs: set[str]) -> None:
    assert len({preview_name(ref) for ref in refs}) == len(refs)


@pytest.mark.parametrize(
    "refs",
    [
        ("a-b", "a_b", "a/b", "A_b", "a__b", "_a_b", "a_b_"),
        ("x" * 40, "x" * 41, "x" * 80),
        ("-", "_", "head", "//"),
    ],
)
def test_nor_do_branches_that_look_alike(refs: tuple[str, ...]) -> None:
    assert len({preview_name(ref) for ref in refs}) == len(refs)


@given(LIKELY, st.one_of(st.none(), st.integers(1, 10**7)), st.sets(LIKELY, min_size=2, max_size=5))
def test_two_projects_never_share_a_name(ref: str, number: int | None, folders: set[str]) -> None:
    """One pull request has a preview of each, and they may be in one warehouse at the same time."""
    names = {preview_name(ref, number), *(preview_name(ref, number, folder=f"{folder}/") for folder in folders)}
    assert len(names) == 1 + len(folders)
    assert all(is_preview_name(name) for name in names)
    assert all(len(f"branch__{name}{BASE_SUFFIX}") <= 63 for name in names)


def test_a_branch_cannot_take_the_name_of_a_pull_request_or_of_a_hash() -> None:
    assert preview_name("a_pr5") != preview_name("a", 5)
    assert preview_name(preview_name("a-b")) != preview_name("a-b")


def test_a_rebuilt_base_is_nobodys_preview() -> None:
    assert not is_preview_name(f"main{BASE_SUFFIX}")


@pytest.mark.parametrize("name", ["", "A", "a b", "a__b", "_a", "a_", "a;", "é", "a" * 49, "a\n"])
def test_what_is_no_name(name: str) -> None:
    assert not is_preview_name(name)
