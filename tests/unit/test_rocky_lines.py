"""Where each key of a TOML text stands."""

from __future__ import annotations

from rocky_action.projects.lines import locate

TEXT = """\
a = 1
b.c = 2
[t]
'x y' = '''
[not.a.header]
k = 1
'''
z = 1
[[l]]
k = 1
[l.inner]
k = 2
[[l]]
"k" = 3
[[l.deep]]
[t.u] # comment
"""


def test_every_key_has_its_first_line() -> None:
    assert locate(TEXT) == {
        ("a",): 1,
        ("b",): 2,
        ("b", "c"): 2,
        ("t",): 3,
        ("t", "x y"): 4,
        ("t", "z"): 8,
        ("l",): 9,
        ("l", 0): 9,
        ("l", 0, "k"): 10,
        ("l", 0, "inner"): 11,
        ("l", 0, "inner", "k"): 12,
        ("l", 1): 13,
        ("l", 1, "k"): 14,
        ("l", 1, "deep"): 15,
        ("l", 1, "deep", 0): 15,
        ("t", "u"): 16,
    }
