"""The quick reader of plain TOML against the standard library's."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from rocky_action.projects.plain_toml import plain_toml

KEYS = st.sampled_from(["a", "b", "target", "1", "a-b", "a.b", '"a"', ""])
_PLAIN = [
    '"x"',
    '"é # ["',
    '""',
    '"\t"',
    '"x" # why',
    "true",
    "false",
    "0",
    "7",
    "9" * 18,
    '["x", "y"]',
    "[]",
    '{ k = "v" }',
]
_OTHER = [
    '"\\n"',
    "'x'",
    "007",
    "-1",
    "1_000",
    "1.5",
    "9" * 19,
    '["x",]',
    "[1]",
    '[["x"]]',
    "{}",
    "{ k = 1 }",
    '"""',
    "inf",
]
_WRONG = ["tru", "{", '"\x00"', '"x" y', '"x"\r', '["x" "y"]', "truefalse", '{ k = "v", k = "w" }', "2024-01-01x"]
VALUES = st.sampled_from([*_PLAIN, *_OTHER, *_WRONG])
LINES = st.one_of(
    st.builds("{} = {}".format, KEYS, VALUES),
    st.builds("[{}]".format, KEYS),
    st.builds("[[{}]]".format, KEYS),
    st.sampled_from(["", "  ", "# why", "\t# [", "#\x01", "[ a ]", "a", "= 1", "]", 'k = "v" [a]']),
)


@given(st.lists(LINES, max_size=7), st.text("\n\r\t \"#'=[]{},a.", max_size=4), st.integers(0, 200))
def test_it_says_the_same_or_nothing(lines: list[str], noise: str, at: int) -> None:
    text = "\n".join(lines)
    text = text[:at] + noise + text[at:]
    found = plain_toml(text)
    if found is not None:
        assert found == tomllib.loads(text)
        assert repr(found) == repr(tomllib.loads(text)), "types and order too"


def test_what_sidecars_are_made_of_is_plain() -> None:
    text = (
        'name = "m"\ndepends_on = ["a", "b"]\ntags = { layer = "int" }\n\n[[tests]]\ntype = "x"\n[[tests]]\n[target]\n'
    )
    assert plain_toml(text) == tomllib.loads(text) != {}
