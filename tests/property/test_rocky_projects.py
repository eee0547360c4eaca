"""Whatever a project's files hold, loading them ends in a project or in a ProjectError, and the same one each time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.domain.project import Project
from rocky_action.errors import ProjectError
from rocky_action.projects.lines import locate
from tests.support.examples import examples
from tests.support.projects import DEFAULTS, ROCKY_TOML, load

FILES = {
    "rocky.toml": ROCKY_TOML + '[cost]\ncompute_cost_per_dbu = 0.5\n[budget]\nmax_usd = 5\non_breach = "warn"\n',
    "models/_defaults.toml": DEFAULTS + '[strategy]\ntype = "full_refresh"\n[freshness]\nmax_lag_seconds = 5\n',
    "models/groups/marts.toml": 'schema_template = "mart_{region}"\n[strategy]\ntype = "view"\n[tags]\na = "b"\n',
    "models/test_definitions.toml": '[known]\ntype = "accepted_values"\nvalues = ["x"]\n',
    "models/a.toml": (
        'name = "a"\ndepends_on = ["b"]\ngroup = "marts"\nretention = "90d"\n[args]\nregion = "x"\n'
        '[[tests]]\ntype = "composite"\nkind = "unique"\ncolumns = ["x", "y"]\n[[use_test]]\nname = "known"\n'
        '[[surrogate_key]]\nname = "k"\ncolumns = ["x"]\n[preview]\nkey = ["x"]\ntolerances = { x = 0.5 }\n'
    ),
    "models/b.sql": (
        '---toml\nintent = "${B:-x}"\n[strategy]\ntype = "time_interval"\ntime_column = "d"\ngranularity = "day"\n'
        'first_partition = "2024-01-01"\n---\nSELECT @start_date AS d, @var(n, 1) AS x FROM raw.t'
    ),
    "models/a.sql": "SELECT x, x AS y FROM b",
    "models/c.rocky": "from a",
}
EDITED = sorted(FILES)
SCRAPS = [
    *('"', "'", "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "#", "\n", "\r", '"""', "'''", "\\", "\0", "\ud7ff"),
    *("${", "${X}", "${X:-", "}", "---", "---toml", "@var(", "@var(z)", "1", "-1", "nan", "inf", "0x" + "f" * 80),
    *("true", "1979-05-27", "07:32:00", "[]", "{}", "9" * 30, "a.b.c", "type", "name = 1\n", "[target]\n", "**", "../"),
]


def outcome(files: dict[str, str], pipeline: str | None = None) -> Project | str:
    try:
        return load(files, pipeline=pipeline)
    except ProjectError as err:
        return str(err)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, str]:
    """The project with a few cuts, repetitions, swaps and scraps in one or two of its files."""
    files = dict(FILES)
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(EDITED))
        text = files[path]
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        middle = draw(st.sampled_from([*SCRAPS, "", text[start:end] * 2, text[start:end][::-1]]))
        files[path] = text[:start] + middle + text[end:]
    return files


def test_the_project_is_valid() -> None:
    project = load(FILES)
    assert list(project.models) == ["a", "b", "c"]
    assert project.warnings == ()


@settings(max_examples=examples(400), deadline=None)
@given(mutated(), st.sampled_from([None, "shop"]))
def test_loading_ends_in_a_project_or_in_one_kind_of_error(files: dict[str, str], pipeline: str | None) -> None:
    assert outcome(files, pipeline) == outcome(files, pipeline)


@settings(max_examples=examples(150), deadline=None)
@given(st.sampled_from(EDITED), st.text(max_size=60))
def test_any_text_at_all(path: str, text: str) -> None:
    outcome({**FILES, path: text})


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.sampled_from([*SCRAPS, "a = 1\n", "[a]\n", "[[a.b]]\n"]), max_size=20).map("".join))
def test_lines_exist(text: str) -> None:
    lines = locate(text).values()
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)
