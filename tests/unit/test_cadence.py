"""How often production runs: whose word counts, and how a cron is counted."""

from __future__ import annotations

import pytest

from rocky_action.domain.cost import Schedule
from rocky_action.domain.production import ObservedRuns
from rocky_action.stages.cost import cadence_of
from tests.support.projects import ROCKY_TOML, load, project_files

NIGHTLY = Schedule(30.4375, '"0 3 * * *" (UTC)')


SEEN = ObservedRuns(12, 30.0)


class TestWhoseWordCounts:
    def test_a_persons_first(self) -> None:
        found = cadence_of(NIGHTLY, (30, 60), observed=SEEN)
        assert (found.lowest, found.highest, found.because) == (30, 60, "runs_per_month says so")
        assert not cadence_of(None, (30, 30)).is_range

    def test_then_the_schedules(self) -> None:
        found = cadence_of(NIGHTLY, None, observed=SEEN)
        assert found.lowest == found.highest == pytest.approx(30.44, abs=0.01)
        assert found.because == 'rocky.toml schedules the pipeline: "0 3 * * *" (UTC)'

    def test_then_what_was_recorded(self) -> None:
        found = cadence_of(None, None, observed=SEEN)
        assert found.lowest == found.highest == pytest.approx(11 / 30 * 30.4375)
        assert found.because == "12 runs of production were recorded in 30 days"

    def test_no_record_is_not_no_run(self) -> None:
        assert cadence_of(None, None, observed=None).is_range

    def test_then_a_guess_that_says_so(self) -> None:
        found = cadence_of(None, None)
        assert found.is_range
        assert "a guess" in found.because
        assert found.lowest == pytest.approx(30.44, abs=0.01)
        assert found.highest == pytest.approx(24 * 30.44, abs=0.1)


def scheduled(block: str, *, more: str = "", environ: dict[str, str] | None = None) -> tuple[Schedule | None, str]:
    """What a pipeline's schedule comes to, and the warnings."""
    project = load(project_files({"orders": "SELECT 1 AS id"}, f"{more}\n{ROCKY_TOML}\n{block}"), environ=environ)
    return project.schedule, "\n".join(project.warnings)


@pytest.fixture
def pipeline() -> str:
    """The name of the pipeline of ROCKY_TOML."""
    return ROCKY_TOML.partition("[pipeline.")[2].partition("]")[0]


@pytest.mark.parametrize(
    ("cron", "runs"),
    [
        ("0 3 * * *", 30.4375),
        ("0 * * * *", 730.5),
        ("*/15 * * * *", 2922),
        ("0 6,18 * * *", 60.875),
        ("0 3 * * 1-5", 21.74),
        ("0 3 * * MON", 4.35),
        ("30 1 1 * *", 1),
        ("0 0 L * *", 1),
        ("0 0 1 1 *", 1 / 12),
        ("0 0 29 2 *", 1 / 48),
        ("0 0 1 * MON", 5.19),  # either will do: the first of the month, and Mondays
        ("@daily", 30.4375),
        ("@hourly", 730.5),
        ("0 3 ? * ?", 30.4375),
    ],
)
def test_a_cron_is_counted(pipeline: str, cron: str, runs: float) -> None:
    found, warnings = scheduled(f'[pipeline.{pipeline}.schedule]\ncron = "{cron}"')
    assert found is not None
    assert found.runs_per_month == pytest.approx(runs, abs=0.02)
    assert not warnings


@pytest.mark.parametrize(
    "cron",
    ["", "x", "99 * * * *", "0 0 30 2 *", "0 0 * * * *", "* * * *", "0 3 15W * *", "0 0 * * MON#2/2", "1" * 5000],
)
def test_a_broken_cron_is_a_warning_and_no_crash(pipeline: str, cron: str) -> None:
    found, warnings = scheduled(f'[pipeline.{pipeline}.schedule]\ncron = "{cron}"')
    assert found is None
    assert "cannot be counted" in warnings
    assert "rocky.toml:" in warnings


def test_a_cron_that_never_fires_is_not_zero_runs(pipeline: str) -> None:
    found, warnings = scheduled(f'[pipeline.{pipeline}.schedule]\ncron = "0 0 */28 2 3#5"')
    assert found is None
    assert "does not fire once in four years" in warnings


@pytest.mark.parametrize(
    ("block", "more", "zone"),
    [
        ("", "", "UTC"),
        ('timezone = "Europe/Lisbon"', "", "Europe/Lisbon"),
        ("", '[schedule]\ntimezone = "America/New_York"', "America/New_York"),
        ('timezone = "Europe/Lisbon"', '[schedule]\ntimezone = "America/New_York"', "Europe/Lisbon"),
    ],
)
def test_the_time_zone_is_told(pipeline: str, block: str, more: str, zone: str) -> None:
    found, _ = scheduled(f'[pipeline.{pipeline}.schedule]\ncron = "0 3 * * *"\n{block}', more=more)
    assert found == Schedule(30.4375, f'"0 3 * * *" ({zone})')


def test_a_strangers_text_is_not_repeated(pipeline: str) -> None:
    block = f'[pipeline.{pipeline}.schedule]\ncron = "@daily"\ntimezone = "@everybody <b>"'
    assert scheduled(block)[0] == Schedule(30.4375, '"0 0 * * *"')
    secret = scheduled(f'[pipeline.{pipeline}.schedule]\ncron = "${{WHEN}}"', environ={"WHEN": "0 4 * * *"})[0]
    assert secret == Schedule(30.4375, "a cron from the environment (UTC)")


@pytest.mark.parametrize(
    "block",
    [
        "",
        'cron = "0 3 * * *"\nenabled = false',
        'cron = "0 3 * * *"\nfreshness = true',
        "freshness = true",
        'cron = "0 3 * * *"\nafter = ["raw"]',
        'after = ["nowhere"]',
        "after = []",
        "cron = 5",
        'after = "raw"',
    ],
)
def test_what_does_not_say_how_often(pipeline: str, block: str) -> None:
    raw = '[pipeline.raw]\ntype = "quality"\n[pipeline.raw.target]\n[pipeline.raw.schedule]\ncron = "0 * * * *"'
    assert scheduled(f"{raw}\n[pipeline.{pipeline}.schedule]\n{block}")[0] is None


def test_without_any_schedule(pipeline: str) -> None:
    assert scheduled("") == (None, "")


class TestAfterOthers:
    RAW = """\
[pipeline.raw]
type = "quality"
[pipeline.raw.target]
[pipeline.raw.schedule]
cron = "0 */6 * * *"
"""
    SLOW = """\
[pipeline.slow]
type = "quality"
[pipeline.slow.target]
[pipeline.slow.schedule]
cron = "0 3 * * *"
"""

    def test_as_often_as_the_one_that_runs_least(self, pipeline: str) -> None:
        found, warnings = scheduled(f'{self.RAW}{self.SLOW}[pipeline.{pipeline}.schedule]\nafter = ["raw", "slow"]')
        assert found == Schedule(30.4375, '"0 3 * * *" (UTC), of a pipeline that this one waits for')
        assert not warnings

    def test_through_another(self, pipeline: str) -> None:
        middle = '[pipeline.mid]\ntype = "quality"\n[pipeline.mid.target]\n[pipeline.mid.schedule]\nafter = ["raw"]\n'
        found, _ = scheduled(f'{self.RAW}{middle}[pipeline.{pipeline}.schedule]\nafter = ["mid"]')
        assert found == Schedule(121.75, '"0 */6 * * *" (UTC), of a pipeline that this one waits for')

    def test_one_that_nobody_knows(self, pipeline: str) -> None:
        unknown = '[pipeline.mid]\ntype = "quality"\n[pipeline.mid.target]\n'
        assert scheduled(f'{self.RAW}{unknown}[pipeline.{pipeline}.schedule]\nafter = ["raw", "mid"]')[0] is None

    def test_a_circle_never_runs(self, pipeline: str) -> None:
        middle = '[pipeline.mid]\ntype = "quality"\n[pipeline.mid.target]\n'
        circle = f'{middle}[pipeline.mid.schedule]\nafter = ["{pipeline}"]\n'
        assert scheduled(f'{circle}[pipeline.{pipeline}.schedule]\nafter = ["mid"]')[0] is None
