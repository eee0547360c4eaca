"""Windows of time_interval models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.project import Granularity, TimeInterval
from rocky_action.sql.intervals import EMPTY_WINDOW, Window, bind, label, latest_windows, partition_of, whole_window

at = datetime.fromisoformat
NOW = datetime(2024, 3, 15, 13, 45, 59, 7, tzinfo=UTC)
GRANULARITIES: tuple[Granularity, ...] = ("hour", "day", "month", "year")


@pytest.mark.parametrize(
    ("granularity", "start", "end", "key"),
    [
        ("hour", at("2024-03-15T13"), at("2024-03-15T14"), "2024-03-15T13"),
        ("day", at("2024-03-15"), at("2024-03-16"), "2024-03-15"),
        ("month", at("2024-03-01"), at("2024-04-01"), "2024-03"),
        ("year", at("2024-01-01"), at("2025-01-01"), "2024"),
    ],
)
def test_partitions(granularity: Granularity, start: datetime, end: datetime, key: str) -> None:
    window = partition_of(NOW, granularity)
    assert window == Window(start, end)
    assert label(window, granularity) == key


def test_the_last_month_of_a_year() -> None:
    assert partition_of(at("2023-12-31T23"), "month") == Window(at("2023-12-01"), at("2024-01-01"))
    assert partition_of(at("2023-12-31T23"), "hour") == Window(at("2023-12-31T23"), at("2024-01-01"))


@given(st.datetimes(at("1970-01-01"), at("2100-01-01")), st.sampled_from(GRANULARITIES))
def test_partitions_tile_time(moment: datetime, granularity: Granularity) -> None:
    window = partition_of(moment, granularity)
    assert window.start <= moment < window.end
    assert partition_of(window.end, granularity).start == window.end
    assert partition_of(window.end - timedelta(seconds=1), granularity) == window


def test_a_run_rebuilds_the_current_partition_with_its_lookback() -> None:
    windows = latest_windows(TimeInterval("ts", "month", lookback=3), NOW, newest=None)
    assert [label(window, "month") for window in windows] == ["2023-12", "2024-01", "2024-02", "2024-03"]


def test_and_the_newest_partition_that_base_holds() -> None:
    windows = latest_windows(TimeInterval("ts", "day", lookback=1), NOW, newest=at("2024-01-01T05"))
    assert [label(window, "day") for window in windows] == ["2023-12-31", "2024-01-01", "2024-03-14", "2024-03-15"]


def test_once_where_the_two_overlap() -> None:
    windows = latest_windows(TimeInterval("ts", "day", lookback=1), NOW, newest=at("2024-03-14T05"))
    assert [label(window, "day") for window in windows] == ["2024-03-13", "2024-03-14", "2024-03-15"]


def test_a_first_run_builds_everything() -> None:
    assert whole_window(TimeInterval("ts", "day"), NOW) == Window(at("1900-01-01"), at("2024-03-16"))
    first = TimeInterval("ts", "month", first_partition="2022-05")
    assert whole_window(first, NOW) == Window(at("2022-05-01"), at("2024-04-01"))


@pytest.mark.parametrize(
    ("sql", "bound"),
    [
        ("ts >= @start_date AND ts < @end_date", "ts >= '2024-01-02 03:00:00' AND ts < '2024-01-02 04:00:00'"),
        ("ts >= '@start_date'", "ts >= '2024-01-02 03:00:00'"),
        ("ts >= @start_date::DATE", "ts >= '2024-01-02 03:00:00'::DATE"),
        ("@start_dates @end_date_2 @starting", "@start_dates @end_date_2 @starting"),
        ("SELECT 1", "SELECT 1"),
    ],
)
def test_placeholders(sql: str, bound: str) -> None:
    assert bind(sql, Window(at("2024-01-02T03"), at("2024-01-02T04"))) == bound


def test_the_empty_window_is_empty() -> None:
    assert bind("@start_date@end_date", EMPTY_WINDOW) == "'1900-01-01 00:00:00''1900-01-01 00:00:00'"
