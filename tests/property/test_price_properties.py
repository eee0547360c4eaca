"""Whatever a tariff is: a price is linear in the usage, never negative, and unknown where the usage is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from rocky_action.domain.cost import PriceList
from rocky_action.domain.prices import OWN_PRICES, PRICE_WORDS, Basis, PriceChoice, Tariff
from rocky_action.domain.project import Adapter, NoReads, Project
from rocky_action.domain.usage import Usage
from rocky_action.errors import InputError
from rocky_action.prices import read_book
from rocky_action.stages.cost import tariff_of

BOOKS = [read_book(name) for name in ("bigquery", "snowflake", "databricks", "runners")]
WORDS = ["true", *(word for book in BOOKS for word in (*book.usd, *book.units_per_hour))]
REGIONS = sorted({region for book in BOOKS for each in book.usd.values() for region in each})

amounts = st.integers(0, 10**15)
maybe = st.none() | amounts
usages = st.builds(Usage, maybe, bytes_scanned=maybe, bytes_billed=maybe, slot_ms=maybe)
said = st.dictionaries(st.sampled_from(PRICE_WORDS), st.sampled_from([*WORDS, *REGIONS, "nonsense"]), max_size=4)
own = st.none() | st.tuples(st.sampled_from(OWN_PRICES), st.floats(0.000001, 1e6))
choices = st.builds(PriceChoice, own, said.map(lambda words: tuple(words.items())))
adapters = st.sampled_from(["duckdb", "databricks", "snowflake", "bigquery", "trino"])
lists = st.builds(PriceList, st.floats(0, 10), st.floats(0, 100), st.sampled_from(["Medium", "2x-large", "any"]))


def tariff_for(adapter: str, choice: PriceChoice, prices: PriceList) -> Tariff | None:
    head = Project(".", adapter, Adapter("default", adapter, {"location": "eu"}), {}, NoReads(), prices)
    try:
        return tariff_of(head, choice)
    except InputError:
        return None


@for_all(adapters, choices, lists, usages)
def test_a_price_is_unknown_or_not_negative(adapter: str, choice: PriceChoice, prices: PriceList, usage: Usage) -> None:
    tariff = tariff_for(adapter, choice, prices)
    if tariff is None:
        return
    assert tariff.usd >= 0
    assert tariff.terms
    assert tariff.origin
    usd = tariff.price(usage)
    assert usd is None or usd >= 0
    charged = {
        Basis.FREE: 0,
        Basis.HOUR: usage.duration_ms,
        Basis.SLOT_HOUR: usage.slot_ms,
        Basis.TERABYTE: usage.bytes_scanned if usage.bytes_billed is None else usage.bytes_billed,
        Basis.TEBIBYTE: usage.bytes_scanned if usage.bytes_billed is None else usage.bytes_billed,
    }[tariff.basis]
    assert (usd is None) == (charged is None)


@for_all(st.sampled_from(Basis), st.floats(0, 1e6), amounts, amounts)
def test_two_runs_cost_what_each_of_them_costs(basis: Basis, each: float, one: int, other: int) -> None:
    tariff = Tariff(basis, each, "", "")

    def price(amount: int) -> float:
        usd = tariff.price(Usage(amount, bytes_scanned=amount, slot_ms=amount))
        assert usd is not None
        return usd

    assert price(one) + price(other) == pytest.approx(price(one + other), rel=1e-9, abs=1e-9)
    assert price(0) == 0


@for_all(st.sampled_from(Basis), usages)
def test_twice_the_price_is_twice_the_cost(basis: Basis, usage: Usage) -> None:
    once = Tariff(basis, 0.25, "", "")
    first, second = once.price(usage), replace(once, usd=0.5).price(usage)
    assert first is None if second is None else second == pytest.approx(2 * (first or 0.0))


@for_all(choices, lists)
def test_what_is_chosen_is_a_price_or_an_error_that_names_a_problem(choice: PriceChoice, prices: PriceList) -> None:
    """Never a silent default."""
    for adapter in ("duckdb", "databricks", "snowflake", "bigquery", "trino"):
        head = Project(".", adapter, Adapter("default", adapter), {}, NoReads(), prices)
        if adapter == "trino" and not choice.names:
            assert tariff_of(head, choice) is None
            continue
        try:
            found = tariff_of(head, choice)
        except InputError as err:
            assert err.message.splitlines()[1:]  # noqa: PT017
            continue
        assert found is not None
        assert (found.origin in {"Rocky's default", "[cost] of rocky.toml"}) == (not choice.names)
