"""Settings: what was given, else the project file, else the default; all mistakes at once."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
from itertools import product
from types import MappingProxyType

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from rocky_action import settings
from rocky_action.domain.limits import Gate, Measure
from rocky_action.domain.naming import is_preview_name
from rocky_action.domain.options import (
    Algorithm,
    Allowance,
    AuditOptions,
    Baseline,
    CopyMode,
    DiffOptions,
    ModelOptions,
    PreviewOptions,
    ProjectFile,
    RunOptions,
    SampleOrder,
)
from rocky_action.domain.prices import PriceChoice
from rocky_action.domain.report import Verdict
from rocky_action.errors import InputError
from rocky_action.settings import ACTION_INPUT, FailOn, Mode

NAME_RULE = (
    "a preview's name has lower-case letters, digits and single underscores only, begins and ends with a letter or"
    " digit and is short"
)
WITH_OPTION = [known.name for known in settings.INPUTS if known.flag]


def mistakes(values: dict[str, str], *, project_file: ProjectFile | None = None, origin: str = ACTION_INPUT) -> str:
    with pytest.raises(InputError) as caught:
        settings.parse(values, project_file=project_file, origin=origin)
    assert caught.value.exit_code == 2
    assert caught.value.advice
    return caught.value.message


def on_command_line(*arguments: str) -> dict[str, str]:
    parser = argparse.ArgumentParser(exit_on_error=False)
    settings.add_options(parser, WITH_OPTION)
    return settings.given(parser.parse_args(arguments))


class TestDefaults:
    def test_nothing_given_is_the_domains_own_defaults(self) -> None:
        assert settings.parse({}).preview_options("x") == PreviewOptions("x", RunOptions(), DiffOptions())

    def test_the_rest(self) -> None:
        parsed = settings.parse({})
        assert parsed.mode is Mode.PREVIEW
        assert parsed.fail_on is FailOn.FAILED
        assert parsed.fail_on_preview_error is True
        assert (parsed.base_ref, parsed.head, parsed.branch_name, parsed.models_dir) == (None, None, None, None)
        assert (parsed.pr_number, parsed.timeout, parsed.memory_limit, parsed.github_token) == (
            None,
            3600.0,
            None,
            None,
        )
        assert (parsed.working_directory, parsed.config, parsed.output_dir) == (".", "rocky.toml", ".rocky-preview")
        assert parsed.comment_marker == "<!-- rocky-preview -->"
        assert set(parsed.origins.values()) == {"default"}

    def test_every_input_has_an_origin_and_no_field_is_without_an_input(self) -> None:
        names = {known.name for known in settings.INPUTS}
        renamed = {"variables": "var", "gates": "gate"}
        fields = {renamed.get(one.name, one.name) for one in dataclasses.fields(settings.Settings)}
        assert settings.parse({}).origins.keys() == names
        assert fields - {"project", "models", "mask_classifications", "proposed_functions", "origins"} == names


class TestValues:
    def test_everything_given(self) -> None:
        parsed = settings.parse({
            "mode": "comment", "base_ref": "origin/main", "head": "v1", "branch_name": "fix_price_pr7",
            "working_directory": "shop", "config": "conf/rocky.toml", "models_dir": "sql", "pipeline": "daily",
            "var": "a=1", "seeds": "a.sql, b.csv", "baseline": "rebuild", "copy": "all", "algorithm": "sampled",
            "sample_size": "10", "max_samples": "0", "sample_order": "first", "diff_seconds": "2.5",
            "diff_bytes": "5GB", "timeout": "1.5", "memory_limit": "2GB", "threads": "2",
            "lease_hours": "1", "fail_on": "never", "fail_on_preview_error": "False", "pr_number": "12",
            "comment_marker": "<!-- rocky-preview:staging -->", "report": "out.md", "output_dir": "out",
            "github_token": "secret-token", "stability": "true", "audit": "10%", "audit_seed": "monday",
            "price": "Edition=Enterprise, region=EU", "runs_per_month": "30 - 60",
            "gate": "usd=0.5, bytes_per_month=5GB", "self_test": "false",
        })  # fmt: skip
        assert parsed.preview_options("n") == PreviewOptions(
            "n",
            RunOptions(Baseline.REBUILD, CopyMode.ALL, 1.5, 2, 1, stability=True),
            DiffOptions(
                Algorithm.SAMPLED, 10, 0, sample_order=SampleOrder.FIRST, allowance=Allowance(2.5, 5_000_000_000)
            ),
            AuditOptions(10, percent=True, seed="monday"),
            PriceChoice(words=(("region", "eu"), ("edition", "enterprise"))),
            (30.0, 60.0),
            (
                Gate(Measure.USD, 0.5, origin="command line --gate"),
                Gate(Measure.BYTES, 5 * 10**9, per_month=True, origin="command line --gate"),
            ),
            self_test=False,
        )
        assert parsed.mode is Mode.COMMENT
        assert (parsed.base_ref, parsed.head, parsed.branch_name) == ("origin/main", "v1", "fix_price_pr7")
        assert (parsed.working_directory, parsed.config, parsed.models_dir) == ("shop", "conf/rocky.toml", "sql")
        assert (parsed.pipeline, dict(parsed.variables), parsed.seeds) == ("daily", {"a": "1"}, ("a.sql", "b.csv"))
        assert (parsed.memory_limit, parsed.fail_on, parsed.fail_on_preview_error) == ("2GB", FailOn.NEVER, False)
        assert (parsed.pr_number, parsed.report, parsed.output_dir) == (12, "out.md", "out")
        assert (parsed.comment_marker, parsed.github_token) == ("<!-- rocky-preview:staging -->", "secret-token")

    def test_blank_is_not_given(self) -> None:
        assert settings.parse({"sample_size": "", "pipeline": "  ", "timeout": "\n"}) == settings.parse({})

    def test_the_token_is_in_no_repr(self) -> None:
        assert "hunter2" not in repr(settings.parse({"github_token": "hunter2"}))

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a=1", {"a": "1"}),
            ("a=1,b=2", {"a": "1", "b": "2"}),
            ("regions=north,south, b = 2", {"regions": "north,south", "b": "2"}),
            ("a=x=y", {"a": "x=y"}),
            ("a=", {"a": ""}),
            ("a=1\nb=2\r\n\n", {"a": "1", "b": "2"}),
            ("a=1,b=2\n", {"a": "1,b=2"}),
        ],
    )
    def test_variables(self, text: str, expected: dict[str, str]) -> None:
        assert settings.parse({"var": text}).variables == expected

    @pytest.mark.parametrize("size", ["2GB", "512MiB", "1.5 gib", "0.5TB"])
    def test_sizes(self, size: str) -> None:
        assert settings.parse({"memory_limit": size}).memory_limit == size

    @pytest.mark.parametrize(
        ("size", "count"),
        [("5GB", 5 * 10**9), ("512MiB", 2**29), ("1.5 gib", 3 * 2**29), ("2KB", 2000), ("1TiB", 2**40)],
    )
    def test_bytes(self, size: str, count: int) -> None:
        assert settings.parse({"diff_bytes": size}).preview_options("x").diff.allowance == Allowance(bytes=count)

    @pytest.mark.parametrize(
        ("text", "gate"),
        [
            ("usd=0.50", Gate(Measure.USD, 0.5)),
            ("USD = 0", Gate(Measure.USD, 0)),
            ("percent=10%", Gate(Measure.PERCENT, 10)),
            ("percent=12.5", Gate(Measure.PERCENT, 12.5)),
            ("bytes=5GB", Gate(Measure.BYTES, 5 * 10**9)),
            ("bytes=0GB", Gate(Measure.BYTES, 0)),
            ("bytes=1", Gate(Measure.BYTES, 1)),
            ("seconds=0.000001", Gate(Measure.SECONDS, 1e-6)),
            ("usd_per_month=100", Gate(Measure.USD, 100, per_month=True)),
            ("bytes_per_month=1.5 TiB", Gate(Measure.BYTES, 3 * 2**39, per_month=True)),
            ("seconds_per_month=3600\n", Gate(Measure.SECONDS, 3600, per_month=True)),
        ],
    )
    def test_gates(self, text: str, gate: Gate) -> None:
        (found,) = settings.parse({"gate": text}).gates
        assert found == dataclasses.replace(gate, origin="command line --gate")
        assert found.name == text.lower().partition("=")[0].strip()

    @pytest.mark.parametrize(
        ("text", "of_thirty"),
        [("0", 0), ("0%", 0), ("4", 4), ("40", 30), ("1%", 1), ("10 %", 3), ("11%", 4), ("100%", 30)],
    )
    def test_how_many_an_audit_draws(self, text: str, of_thirty: int) -> None:
        assert settings.parse({"audit": text}).preview_options("x").audit.of(30) == of_thirty

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("list=true", PriceChoice(words=(("list", "true"),))),
            ("list=false", PriceChoice()),
            ("usd_per_credit=2.10,size=X-Large", PriceChoice(("usd_per_credit", 2.1), (("size", "x-large"),))),
            ("usd_per_tb=.5", PriceChoice(("usd_per_tb", 0.5))),
            ("sku=sql-pro\nregion = eu-west-1\n", PriceChoice(words=(("region", "eu-west-1"), ("sku", "sql-pro")))),
        ],
    )
    def test_prices(self, text: str, expected: PriceChoice) -> None:
        assert settings.parse({"price": text}).price == expected

    def test_a_price_knows_where_it_was_said(self) -> None:
        file = ProjectFile("p.yml", MappingProxyType({"price": "list=true\n"}), MappingProxyType({"price": 3}))
        assert settings.parse({}, project_file=file).price.place == "p.yml, line 3: price"
        assert settings.parse({"price": "list=true"}).price.place == "--price"
        assert settings.parse({"price": "list=true"}, origin=ACTION_INPUT).price.place == "price"

    @pytest.mark.parametrize(
        ("text", "expected"), [("60", (60, 60)), ("30-60", (30, 60)), ("0.5", (0.5, 0.5)), ("4-4", (4, 4))]
    )
    def test_runs_per_month(self, text: str, expected: tuple[float, float]) -> None:
        assert settings.parse({"runs_per_month": text}).runs_per_month == expected


class TestMistakes:
    def test_all_are_told_at_once(self) -> None:
        message = mistakes({
            "sample_sze": "3", "fail_on": "changd", "sample_size": "many", "timeout": "-1", "memory_limit": "2",
            "branch_name": "Feature/X", "var": "oops", "mode": "preview", "copy": "", "zzz": "",
        })  # fmt: skip
        assert message.splitlines() == [
            "The inputs are wrong:",
            "- sample_sze is not an input; did you mean `sample_size`?",
            "- zzz is not an input",
            f"- branch_name is 'Feature/X', but {NAME_RULE}; take feature_x_02cc1910, for example",
            "- var has 'oops', which is not name=value",
            "- sample_size is 'many', not a whole number from 1 to 999999999",
            "- timeout is '-1', not a number of seconds above 0",
            "- memory_limit is '2', not a size such as 2GB or 512MiB",
            "- fail_on is 'changd', not one of never, failed, incomplete, changed; did you mean `changed`?",
        ]

    def test_every_gate_that_is_wrong_is_told(self) -> None:
        names = "usd, percent, bytes, seconds, usd_per_month, bytes_per_month, seconds_per_month"
        gates = "second=1\nusd=x\nbytes=5XB\npercent=5%\npercent=4\nfoo\n"
        assert mistakes({"gate": gates}).splitlines()[1:] == [
            f"- gate has 'second=1', and 'second' is not one of {names}; did you mean `seconds`?",
            "- gate has 'usd=x', whose value is not a number of US dollars such as 0.50",
            "- gate has 'bytes=5XB', whose value is not a size such as 5GB or 512MiB",
            "- gate gives percent twice",
            "- gate has 'foo', which is not name=value",
        ]

    def test_on_the_command_line_the_option_is_named(self) -> None:
        message = mistakes(
            on_command_line("--base", "main", "--name", "A", "--body", "x", "--timeout", "soon"), origin="command line"
        )
        assert "- --name is 'A'" in message
        assert "- --timeout is 'soon'" in message

    @pytest.mark.parametrize(
        ("name", "bad"),
        [
            *product(["sample_size"], ["0", "1.5", "1_000", "-1", "٣", "9999999999", "nan"]),
            *product(["max_samples", "threads", "lease_hours", "pr_number"], ["-1", "x"]),
            *product(["pr_number", "threads", "lease_hours"], ["0"]),
            ("threads", "257"),
            *product(["audit"], ["-1", "x", "%", "101%", "1.5%", "1e3", "9999999999", "10 % of"]),
            ("lease_hours", "8761"),
            *product(["timeout", "diff_seconds"], ["0", "0.0", "nan", "inf", "1e3", "5m", "-1"]),
            *product(["memory_limit"], ["2", "GB", "0GB", "-1GB", "80%", "2XB", "1KB", "2GB; DROP TABLE x"]),
            *product(["diff_bytes"], ["2", "GB", "0GB", "0.0KB", "-1GB", "80%", "2XB", "1B", "1e3GB", "9999999999GB"]),
            *product(["fail_on_preview_error"], ["yes", "1"]),
            *product(["mode", "copy", "baseline", "algorithm", "sample_order", "fail_on"], ["nonsense", "AUTO"]),
            ("algorithm", "bisect"),
            *product(["comment_marker"], ["plain", "<!-- a --> b -->", "<!-- a\nb -->", "<!-- a --><!-- b -->"]),
            *product(
                ["gate"], ["usd", "usd=", "=1", "usd=-1", "usd=1e3", "usd=nan", "usd=$1", "seconds=5s", "bytes=1.5"]
            ),
            *product(["var"], ["=1", "1a=2", "a b=1", "a=1,a=2", "x\ny=1"]),
            *product(["price"], ["edtion=x", "list", "list=yes", "size=", "=5", "size=a,size=b", "usd_per_tb=0"]),
            *product(["price"], ["usd_per_tb=-5", "usd_per_tb=nan", "usd_per_tb=5$", "usd_per_tb=1e3"]),
            ("price", "usd_per_tb=5,usd_per_tib=5"),
            *product(["runs_per_month"], ["0", "-1", "60-30", "0-5", "nan", "1e3", "often", "30-", "1-2-3"]),
            *product(["branch_name"], ["a__b", "_a", "a-b", "A", "ä", "a" * 60]),
        ],
    )
    def test_bad_values(self, name: str, bad: str) -> None:
        message = mistakes({name: bad})
        assert message.count("\n- ") == 1
        assert message.splitlines()[1].startswith(f"- {name} ")

    def test_a_wrong_name_of_a_price_is_suggested_and_all_are_told(self) -> None:
        message = mistakes({"price": "edtion=enterprise\nusd_per_credit=free\n"})
        assert "- price has 'edtion', not one of list, region, edition, sku" in message
        assert "did you mean `edition`?" in message
        assert "- price has usd_per_credit=free, which is not a number of US dollars above 0" in message

    def test_mode_comment_needs_a_report(self) -> None:
        assert "- report is needed with mode comment" in mistakes({"mode": "comment"})
        both = {"mode": "comment", "report": "comment.md", "artifact": "report"}
        assert "or `artifact` in its place: one of the two" in mistakes(both)
        assert settings.parse({"mode": "comment", "artifact": "report"}).artifact == "report"

    def test_a_long_value_is_cut_and_control_characters_are_escaped(self) -> None:
        message = mistakes({"fail_on": "::error::\n\x1b[31m" + "x" * 5000})
        assert len(message) < 300
        assert "\x1b" not in message
        assert message.count("\n") == 1

    @for_all(st.dictionaries(st.sampled_from([known.name for known in settings.INPUTS]), st.text(max_size=30)))
    def test_any_text_is_parsed_or_refused(self, values: dict[str, str]) -> None:
        with contextlib.suppress(InputError):
            assert settings.parse(values).origins.keys() >= values.keys()

    @for_all(st.text(min_size=1).filter(str.strip).filter(lambda text: not is_preview_name(text.strip())))
    def test_the_suggested_name_is_accepted(self, name: str) -> None:
        suggestion = mistakes({"branch_name": name}).rpartition("take ")[2].partition(",")[0]
        assert settings.parse({"branch_name": suggestion}).branch_name == suggestion


class TestPrecedence:
    PROJECT = ProjectFile(
        path="shop/rocky-preview.yml",
        inputs=MappingProxyType({"sample_size": "20", "max_samples": "2", "seeds": "a.sql\nb,c.csv\n"}),
        lines=MappingProxyType({"sample_size": 1, "max_samples": 4, "seeds": 5}),
        project=ModelOptions(ignore_columns=("loaded_at",)),
        models=(("orders", ModelOptions(key=("id",))),),
    )

    def test_given_then_project_file_then_default(self) -> None:
        parsed = settings.parse({"sample_size": "7"}, project_file=self.PROJECT)
        assert (parsed.sample_size, parsed.max_samples, parsed.threads) == (7, 2, RunOptions.threads)
        assert parsed.seeds == ("a.sql", "b,c.csv")
        assert parsed.origins["sample_size"] == "command line --sample-size"
        assert parsed.origins["max_samples"] == "shop/rocky-preview.yml, line 4"
        assert parsed.origins["threads"] == "default"

    def test_an_empty_input_does_not_hide_the_project_file(self) -> None:
        assert settings.parse({"sample_size": ""}, project_file=self.PROJECT).sample_size == 20

    def test_gates_of_the_input_replace_those_of_the_project_file(self) -> None:
        file = ProjectFile("p.yml", MappingProxyType({"gate": "usd=1\nseconds=2\n"}), MappingProxyType({"gate": 9}))
        assert [(one.name, one.origin) for one in settings.parse({}, project_file=file).gates] == [
            ("usd", "p.yml, line 9"),
            ("seconds", "p.yml, line 9"),
        ]
        parsed = settings.parse({"gate": "bytes=1"}, project_file=file, origin=ACTION_INPUT)
        assert [(one.name, one.origin) for one in parsed.gates] == [("bytes", "action input gate")]

    def test_what_it_says_about_models_reaches_the_diff(self) -> None:
        diff = settings.parse({}, project_file=self.PROJECT).preview_options("x").diff
        assert diff.for_model("orders", ModelOptions()) == ModelOptions(key=("id",), ignore_columns=("loaded_at",))

    def test_a_mistake_in_the_file_is_named_by_its_place(self) -> None:
        file = ProjectFile("p.yml", MappingProxyType({"threads": "0"}), MappingProxyType({"threads": 9}))
        assert "- p.yml, line 9: threads is '0'" in mistakes({}, project_file=file)

    def test_the_origin_names_what_was_written(self) -> None:
        parsed = settings.parse({"base_ref": "x", "mode": "cleanup"}, origin=ACTION_INPUT)
        assert (parsed.origins["base_ref"], parsed.origins["mode"]) == ("action input base_ref", "action input mode")


class TestEnvironment:
    def test_reads_what_the_runner_writes(self) -> None:
        environ = {
            "INPUT_BASE_REF": "main", "INPUT_GITHUB-TOKEN": "t", "INPUT_ARGS": "x", "INPUT_ENTRYPOINT": "y",
            "INPUT_THREADS": "", "GITHUB_REF": "r", "MY_INPUT_HEAD": "no",
        }  # fmt: skip
        assert settings.inputs_from_environment(environ) == {"base_ref": "main", "github_token": "t", "threads": ""}

    @pytest.mark.parametrize("order", [1, -1])
    def test_of_two_spellings_the_one_with_a_value_counts(self, order: int) -> None:
        pairs = [("INPUT_GITHUB-TOKEN", "t"), ("INPUT_GITHUB_TOKEN", "")][::order]
        assert settings.inputs_from_environment(dict(pairs)) == {"github_token": "t"}

    def test_a_typo_is_reported(self) -> None:
        assert "base_rf is not an input; did you mean `base_ref`?" in mistakes(
            settings.inputs_from_environment({"INPUT_BASE_RF": ""})
        )


class TestOptions:
    def test_nothing_given_is_nothing(self) -> None:
        assert on_command_line() == {}

    def test_repeated_options_keep_their_commas(self) -> None:
        parsed = settings.parse(on_command_line("--var", "a=1,b=2", "--var", "c=3", "--seeds", "x,y.csv"))
        assert (dict(parsed.variables), parsed.seeds) == ({"a": "1,b=2", "c": "3"}, ("x,y.csv",))

    def test_values_arrive_by_input_name(self) -> None:
        assert on_command_line("--base", "main", "--memory-limit=2GB") == {"base_ref": "main", "memory_limit": "2GB"}

    def test_only_what_was_asked_for_is_added(self) -> None:
        parser = argparse.ArgumentParser()
        settings.add_options(parser, ["base_ref"])
        assert settings.given(parser.parse_args([])) == {}
        assert "--timeout" not in parser.format_help()

    def test_help_tells_choices_and_default(self) -> None:
        parser = argparse.ArgumentParser()
        settings.add_options(parser, WITH_OPTION)
        text = " ".join(parser.format_help().split())
        for known in settings.INPUTS:
            if known.flag:
                assert " ".join(known.help.split()) in text
                assert not known.choices or f"{known.flag} {{{','.join(known.choices)}}}" in text

    def test_an_input_of_the_action_alone_has_no_option(self) -> None:
        with pytest.raises(ValueError, match="github_token"):
            settings.add_options(argparse.ArgumentParser(), ["github_token"])

    def test_no_two_inputs_share_an_option(self) -> None:
        flags = [known.flag for known in settings.INPUTS if known.flag]
        assert len(set(flags)) == len(flags)


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [
        (FailOn.NEVER, set()),
        (FailOn.FAILED, {Verdict.FAILED}),
        (FailOn.INCOMPLETE, {Verdict.FAILED, Verdict.INCOMPLETE}),
        (FailOn.CHANGED, {Verdict.FAILED, Verdict.INCOMPLETE, Verdict.CHANGED}),
    ],
)
def test_the_gate(fail_on: FailOn, failing: set[Verdict]) -> None:
    assert {verdict for verdict in Verdict if fail_on.fails(verdict)} == failing
