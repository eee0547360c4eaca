"""rocky-preview.yml: what it may say, and every mistake with its line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from rocky_action import settings
from rocky_action.domain.options import TOLERANCE_TEXTS, ModelOptions, ProjectFile, Tolerance
from rocky_action.domain.prices import PriceChoice
from rocky_action.errors import InputError
from rocky_action.project_file import load_project_file

FULL = b"""\
fail_on: changed
baseline: rebuild
copy: none
algorithm: exhaustive
sample_size: 50
max_samples: 3
sample_order: first
diff_seconds: 30
diff_bytes: 5GB
seeds: [a.sql, 'b,c.csv']
gates: {usd: 0.5, bytes: 5GB}
ignore_columns: loaded_at
mask_columns: [email, no]
tolerances: {amount: 1e-9}
ignore_case: code
models:
  fct_revenue:
    key: [id, line]
    ignore_columns: [note]
    where: day > '2026-01-01'
    tolerances: {amount: 0.5, tax: 1, rate: 0.1%, fee: 0.01 + 2%}
    ignore_case: [name]
    ignore_trailing_blanks: name
    json_columns: [payload, extra]
  dim_customers:
    key: id
  fct_events:
    key: []
prices:
  edition: enterprise
  region: eu
runs_per_month: 30-60
"""


VERDICTS = "'never', 'failed', 'incomplete' or 'changed'"


def mistakes(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_project_file(text.encode(), "shop/rocky-preview.yml")
    assert caught.value.advice
    first, *rest = caught.value.message.splitlines()
    assert first == "shop/rocky-preview.yml is wrong:"
    return [line.removeprefix("- ") for line in rest]


class TestContents:
    def test_everything(self) -> None:
        file = load_project_file(FULL)
        assert file.project == ModelOptions(
            None, ("loaded_at",), ("email", "no"), (("amount", Tolerance(1e-9)),), ignore_case=("code",)
        )
        assert dict(file.models) == {
            "dim_customers": ModelOptions(("id",)),
            "fct_events": ModelOptions(()),
            "fct_revenue": ModelOptions(
                ("id", "line"),
                ("note",),
                (),
                (
                    ("amount", Tolerance(0.5)),
                    ("fee", Tolerance(0.01, 0.02)),
                    ("rate", Tolerance(relative=0.001)),
                    ("tax", Tolerance(1.0)),
                ),
                "day > '2026-01-01'",
                ignore_case=("name",),
                ignore_trailing_blanks=("name",),
                json_columns=("payload", "extra"),
            ),
        }
        assert file.lines == {
            "fail_on": 1, "baseline": 2, "copy": 3, "algorithm": 4, "sample_size": 5, "max_samples": 6,
            "sample_order": 7, "diff_seconds": 8, "diff_bytes": 9, "seeds": 10, "gate": 11, "price": 29,
            "runs_per_month": 32,
        }  # fmt: skip

    def test_settings_take_all_of_it(self) -> None:
        parsed = settings.parse({}, project_file=load_project_file(FULL))
        assert (parsed.fail_on, parsed.baseline, parsed.copy, parsed.algorithm) == (
            "changed", "rebuild", "none", "exhaustive",
        )  # fmt: skip
        assert (parsed.sample_size, parsed.max_samples, parsed.seeds) == (50, 3, ("a.sql", "b,c.csv"))
        assert (parsed.sample_order, parsed.diff_seconds, parsed.diff_bytes) == ("first", 30, 5_000_000_000)
        assert parsed.price == PriceChoice(words=(("region", "eu"), ("edition", "enterprise")))
        assert parsed.runs_per_month == (30.0, 60.0)
        assert [(gate.name, gate.limit) for gate in parsed.gates] == [("usd", 0.5), ("bytes", 5_000_000_000)]
        assert parsed.origins["copy"] == "rocky-preview.yml, line 3"

    @pytest.mark.parametrize("text", [None, b"", b"# nothing yet\n", b"fail_on:\nmodels:\n  orders:\n", b"seeds: ~"])
    def test_nothing_said(self, text: bytes | None) -> None:
        assert load_project_file(text) == ProjectFile()


class TestMistakes:
    def test_all_are_told_at_once_in_the_order_of_the_file(self) -> None:
        assert mistakes(
            "fail_on: changd\n"
            "max_sample: 3\n"
            "max_samples: five\n"
            "max_samples: 6\n"
            "algorithm: [auto]\n"
            "sample_size: 0\n"
            "tolerances: {amount: -1, b: x, c: .inf, d: nan, e: 1%%, f: [1]}\n"
            "ignore_columns: [a, [b]]\n"
            "mask_columns:\n"
            "  - ''\n"
            "  -\n"
            "seeds: {a: b}\n"
            "models:\n"
            "  fct_revenue:\n"
            "    kye: id\n"
            "    key: [[a]]\n"
            "    where: [a]\n"
            "  dim: text\n"
        ) == [
            f"line 1: fail_on expects {VERDICTS}, not 'changd'; did you mean `changed`?",
            "line 2: max_sample is not a key; did you mean `max_samples`?",
            "line 3: max_samples expects a whole number, not 'five'",
            "line 3: max_samples is there again in line 4",
            "line 5: algorithm expects 'auto', 'exhaustive', 'bisection' or 'sampled', not a list",
            "line 6: sample_size expects a number from 1, not '0'",
            f"line 7: tolerances.amount expects {TOLERANCE_TEXTS}, not '-1'",
            f"line 7: tolerances.b expects {TOLERANCE_TEXTS}, not 'x'",
            f"line 7: tolerances.c expects {TOLERANCE_TEXTS}, not '.inf'",
            f"line 7: tolerances.d expects {TOLERANCE_TEXTS}, not 'nan'",
            f"line 7: tolerances.e expects {TOLERANCE_TEXTS}, not '1%%'",
            f"line 7: tolerances.f expects {TOLERANCE_TEXTS}, not a list",
            "line 8: ignore_columns.1 expects text, not a list",
            "line 10: mask_columns.0 expects text that is not empty, not ''",
            "line 11: mask_columns.1 expects text, not nothing",
            "line 12: seeds expects a name or a list of names, not a mapping",
            "line 15: models.fct_revenue.kye is not a key; did you mean `key`?",
            "line 16: models.fct_revenue.key.0 expects text, not a list",
            "line 17: models.fct_revenue.where expects text, not a list",
            "line 18: models.dim expects a mapping, not 'text'",
        ]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("- a", "line 1: the file expects a mapping, not a list"),
            ("text", "line 1: the file expects a mapping, not 'text'"),
            ("max_samples: 10000000000", "line 1: max_samples expects a number up to 1e+09, not '10000000000'"),
            ("max_samples: " + "9" * 5000, f"line 1: max_samples expects a whole number, not '{'9' * 80}…'"),
            ("max_samples: true", "line 1: max_samples expects a whole number, not 'true'"),
            ("models: [a]", "line 1: models expects a mapping, not a list"),
            ("tolerances: [a]", "line 1: tolerances expects a mapping, not a list"),
            ("copyy: all", "line 1: copyy is not a key; did you mean `copy`?"),
            ("copy_: all", "line 1: copy_ is not a key; did you mean `copy`?"),
            ("models:\n  a: {where: ''}", "line 2: models.a.where expects text that is not empty, not ''"),
            ("models:\n  a: {}\n  a: {}", "line 2: models.a is there again in line 3"),
            ("tolerances:\n  ? [a, b]\n  : 1", "line 1: tolerances has a key that is not text"),
            ("seeds: &s [a]\nmask_columns: *s", "line 1: mask_columns repeats an anchor; write it out"),
        ],
    )
    def test_one(self, text: str, expected: str) -> None:
        place, _, problem = expected.partition(": ")
        found = mistakes(text)
        assert len(found) == 1
        assert found[0].endswith(f": {problem}")
        assert "anchor" in expected or found[0].startswith(f"{place}: ")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (b"seeds: [\n", "shop.yml, line 2: while parsing a flow node expected the node content"),
            (b"a: b: c\n", "shop.yml, line 1: mapping values are not allowed here"),
            (b"fail_on: never\n\tcopy: all\n", "shop.yml, line 2: while scanning for the next token found character"),
            (b"a: 1\n---\nb: 2\n", "shop.yml, line 2: expected a single document in the stream but found another"),
            (b"a: *nowhere", "shop.yml, line 1: found undefined alias 'nowhere'"),
            (b"a: \xff", "shop.yml: unacceptable character #x00ff: invalid start byte."),
            (b"a: \x00", "shop.yml: unacceptable character #x0000"),
            (b"[" * 100_000, "shop.yml: it is nested too deeply"),
        ],
    )
    def test_what_is_no_yaml(self, text: bytes, expected: str) -> None:
        with pytest.raises(InputError) as caught:
            load_project_file(text, "shop.yml")
        assert caught.value.message.startswith(expected)

    def test_a_file_that_contains_itself_or_explodes_is_refused(self) -> None:
        assert mistakes("models: &a {b: *a}")
        bomb = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9) if n else 'a'}]\n" for n in range(30))
        assert mistakes(bomb)

    @pytest.mark.parametrize("depth", range(50, 600, 50))
    def test_any_depth_is_refused_in_words(self, depth: int) -> None:
        with pytest.raises(InputError):
            load_project_file(b"models: " + b"{a: " * depth + b"1" + b"}" * depth)

    def test_no_object_is_ever_made(self) -> None:
        assert mistakes("fail_on: !!python/object/apply:os.system [exit]")

    @for_all(st.binary(max_size=60) | st.text("abc:-[]{},&*!?'\"# \n|>~<1.fail_on", max_size=60).map(str.encode))
    def test_any_bytes_are_read_or_refused(self, text: bytes) -> None:
        with contextlib.suppress(InputError):
            assert isinstance(load_project_file(text), ProjectFile)
