"""What a run costs: as Rocky reckons, by list prices, by one's own; and what the price book says of itself."""

from __future__ import annotations

import math
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from rocky_action import prices
from rocky_action.domain.cost import PriceList
from rocky_action.domain.prices import OWN_PRICES, PRICE_WORDS, Basis, PriceChoice, Tariff
from rocky_action.domain.project import Adapter, NoReads, Project
from rocky_action.domain.usage import Usage
from rocky_action.errors import InputError
from rocky_action.prices import EVERYWHERE, read_book
from rocky_action.settings.costs import price_choice
from rocky_action.stages.cost import tariff_of
from rocky_action.stages.cost.tariffs import rocky_tariff

HOUR = 3_600_000
TERABYTE, TEBIBYTE = 10**12, 2**40
ADAPTERS = ("duckdb", "databricks", "snowflake", "bigquery", "trino")
DOCS = Path(__file__).parents[2] / "docs" / "prices.md"


def on(adapter: str, *, listed: PriceList | None = None, **settings: str) -> Project:
    return Project(".", adapter, Adapter("default", adapter, settings), {}, NoReads(), listed or PriceList())


def chosen(said: str) -> PriceChoice:
    choice, problems = price_choice(said.split(), "--price")
    assert not problems
    return choice


def tariff(head: Project, said: str = "") -> Tariff:
    found = tariff_of(head, chosen(said))
    assert found is not None
    return found


def refused(head: Project, said: str) -> list[str]:
    """The problems, one a line."""
    with pytest.raises(InputError) as caught:
        tariff_of(head, chosen(said))
    assert "docs/prices.md" in caught.value.advice
    return [line.removeprefix("- --price: ") for line in caught.value.message.splitlines()[1:]]


class TestRockysDefault:
    """FORMAT 6.3: totals equal those of ``rocky cost``."""

    @pytest.mark.parametrize("size", ["Medium", "medium", "unheard-of", ""])
    @pytest.mark.parametrize("adapter", ["databricks", "snowflake"])
    def test_an_hour_of_medium(self, adapter: str, size: str) -> None:
        found = rocky_tariff(adapter, prices=PriceList(warehouse_size=size))
        assert found is not None
        assert found.price(Usage(HOUR)) == pytest.approx(9.60)

    @pytest.mark.parametrize(
        ("size", "units"),
        [
            ("2x-small", 4),
            ("2XSMALL", 4),
            ("x-small", 6),
            ("Small", 12),
            ("Large", 40),
            ("X-Large", 80),
            ("2X-Large", 144),
            ("3xlarge", 272),
            ("4X-LARGE", 528),
        ],
    )
    @pytest.mark.parametrize("adapter", ["databricks", "snowflake"])
    def test_sizes(self, adapter: str, size: str, units: float) -> None:
        found = rocky_tariff(adapter, prices=PriceList(0.0, 0.5, size))
        assert found is not None
        assert found.price(Usage(HOUR)) == pytest.approx(units * 0.5)
        assert found.origin == "[cost] of rocky.toml"

    def test_bigquery_by_decimal_terabytes(self) -> None:
        found = tariff(on("bigquery"))
        assert found.price(Usage(HOUR, bytes_scanned=2 * TERABYTE)) == pytest.approx(12.50)
        assert found.price(Usage(HOUR, bytes_scanned=TERABYTE, bytes_billed=2 * TERABYTE)) == pytest.approx(12.50)

    def test_duckdb_is_free_and_known_to_be(self) -> None:
        assert tariff(on("duckdb")).price(Usage()) == 0.0

    @pytest.mark.parametrize("adapter", ["databricks", "snowflake", "bigquery"])
    def test_unknown_is_none(self, adapter: str) -> None:
        assert tariff(on(adapter)).price(Usage()) is None

    def test_time_prices_no_bigquery_and_nothing_prices_trino(self) -> None:
        assert tariff(on("bigquery")).price(Usage(HOUR)) is None
        assert tariff_of(on("trino"), PriceChoice()) is None

    @pytest.mark.parametrize("adapter", ["databricks", "snowflake", "bigquery", "duckdb"])
    def test_nothing_said_is_rockys(self, adapter: str) -> None:
        assert tariff(on(adapter)) == rocky_tariff(adapter, prices=PriceList())
        assert tariff(on(adapter)).origin == "Rocky's default"


class TestListPrices:
    """To the cent, from the files."""

    @pytest.mark.parametrize(
        ("said", "usage", "usd"),
        [
            ("list=true region=us", Usage(bytes_billed=2 * TEBIBYTE), 12.50),
            ("region=europe-west3", Usage(bytes_billed=TEBIBYTE), 8.125),
            ("region=EU", Usage(bytes_scanned=TEBIBYTE), 6.25),
            ("edition=standard region=us", Usage(slot_ms=100 * HOUR), 4.00),
            ("edition=enterprise region=eu", Usage(slot_ms=100 * HOUR), 6.60),
            ("edition=enterprise-plus region=asia-northeast1", Usage(slot_ms=100 * HOUR), 12.75),
            ("edition=on-demand region=us-west2", Usage(bytes_billed=TEBIBYTE), 8.4375),
        ],
    )
    def test_bigquery(self, said: str, usage: Usage, usd: float) -> None:
        assert tariff(on("bigquery"), said).price(usage) == pytest.approx(usd)

    def test_bigquerys_region_is_where_the_adapter_is(self) -> None:
        head = on("bigquery", location="EU")
        assert tariff(head, "edition=enterprise").usd == pytest.approx(0.066)
        assert tariff(head, "edition=enterprise region=us").usd == pytest.approx(0.06)

    @pytest.mark.parametrize(
        ("said", "an_hour"),
        [
            ("edition=standard region=us-east-1 size=x-small", 2.00),
            ("edition=enterprise region=eu-central-1 size=Large", 31.20),
            ("edition=business-critical region=westeurope size=6X-Large", 2662.40),
            ("edition=enterprise region=us-west-2", 12.00),
        ],
    )
    def test_snowflake(self, said: str, an_hour: float) -> None:
        assert tariff(on("snowflake"), said).price(Usage(HOUR)) == pytest.approx(an_hour)

    @pytest.mark.parametrize(
        ("said", "an_hour"),
        [
            ("sku=sql-serverless region=us-east-1 size=small", 8.40),
            ("sku=sql-serverless region=westeurope size=2x-small", 3.64),
            ("sku=sql-pro region=ap-northeast-2", 17.76),
            ("sku=sql-classic size=4x-large", 116.16),
        ],
    )
    def test_databricks(self, said: str, an_hour: float) -> None:
        assert tariff(on("databricks"), said).price(Usage(HOUR)) == pytest.approx(an_hour)

    def test_duckdb_by_the_minute_of_a_runner(self) -> None:
        found = tariff(on("duckdb"), "runner=linux-2-core")
        assert found.price(Usage(10 * 60_000)) == pytest.approx(0.06)
        assert found.price(Usage()) is None

    def test_the_size_is_rockys_unless_said(self) -> None:
        head = on("snowflake", listed=PriceList(warehouse_size="x-large"))
        said = "edition=standard region=us-east-1"
        assert tariff(head, said).usd == pytest.approx(32.0)
        assert tariff(head, f"{said} size=small").usd == pytest.approx(4.0)

    @pytest.mark.parametrize(
        ("adapter", "said", "terms"),
        [
            ("bigquery", "region=eu", "6.25 USD a tebibyte billed (on-demand, eu)"),
            ("bigquery", "edition=enterprise region=eu", "0.066 USD a slot-hour (enterprise, eu)"),
            (
                "snowflake",
                "edition=enterprise region=us-east-1",
                "4 credits an hour (Medium, as Rocky assumes) at 3.00 USD (enterprise, us-east-1)",
            ),
            (
                "databricks",
                "sku=sql-pro region=us-east-1 size=large",
                "40 DBU an hour (large) at 0.55 USD (sql-pro, us-east-1, without the cloud's machines)",
            ),
            ("duckdb", "runner=linux-4-core", "0.012 USD a minute of the runner (linux-4-core)"),
        ],
    )
    def test_the_terms_are_for_a_reader(self, adapter: str, said: str, terms: str) -> None:
        found = tariff(on(adapter), said)
        assert found.terms == terms
        assert re.fullmatch(r"list price of \w+, looked up on 2\d{3}-\d\d-\d\d", found.origin)


class TestOnesOwnPrices:
    @pytest.mark.parametrize(
        ("adapter", "said", "usage", "usd"),
        [
            ("bigquery", "usd_per_tb=5", Usage(bytes_billed=3 * TERABYTE), 15.0),
            ("bigquery", "usd_per_tib=5", Usage(bytes_billed=3 * TEBIBYTE), 15.0),
            ("bigquery", "usd_per_slot_hour=0.03", Usage(slot_ms=200 * HOUR), 6.0),
            ("snowflake", "usd_per_credit=2.10", Usage(HOUR), 8.40),
            ("snowflake", "usd_per_credit=2.10 size=x-small", Usage(HOUR), 2.10),
            ("databricks", "usd_per_dbu=0.45 size=small", Usage(2 * HOUR), 10.80),
            ("duckdb", "usd_per_runner_minute=0.01", Usage(HOUR), 0.60),
        ],
    )
    def test_to_the_cent(self, adapter: str, said: str, usage: Usage, usd: float) -> None:
        found = tariff(on(adapter), said)
        assert found.price(usage) == pytest.approx(usd)
        assert found.origin == "your own price (--price)"

    def test_the_terms_say_the_price(self) -> None:
        found = tariff(on("snowflake"), "usd_per_credit=2.1 size=large")
        assert found.terms == "8 credits an hour (large) at 2.10 USD"


class TestMistakes:
    def test_all_are_told_at_once_with_suggestions(self) -> None:
        found = refused(on("snowflake"), "edition=entreprise region=eu-centrl-1 size=huge runner=linux-2-core")
        assert [problem.partition(" ")[0] for problem in found] == ["runner", "edition", "region", "size"]
        assert "did you mean `enterprise`?" in found[1]
        assert "did you mean `eu-central-1`?" in found[2]

    @pytest.mark.parametrize("adapter", ["snowflake", "databricks", "bigquery", "duckdb"])
    def test_an_unknown_plan_is_no_default(self, adapter: str) -> None:
        plan = {"databricks": "sku", "duckdb": "runner"}.get(adapter, "edition")
        assert any(
            problem.startswith(f"{plan} is 'xyz', not one of") for problem in refused(on(adapter), f"{plan}=xyz")
        )

    def test_an_unknown_region_is_no_default(self) -> None:
        assert "not one of" in refused(on("bigquery"), "edition=standard region=europe-west99")[0]
        elsewhere = refused(on("bigquery", location="asia-east1"), "list=true")[0]
        assert elsewhere.startswith("- the adapter's location in rocky.toml is 'asia-east1', not one of us, eu")

    def test_rockys_unknown_size_is_no_default(self) -> None:
        head = on("snowflake", listed=PriceList(warehouse_size="Huge"))
        assert refused(head, "usd_per_credit=2")[0].startswith("- warehouse_size of rocky.toml is 'Huge', not one of")

    @pytest.mark.parametrize(
        ("adapter", "said", "needed"),
        [
            ("snowflake", "list=true", ["edition is needed", "region is needed"]),
            ("snowflake", "edition=standard", ["region is needed"]),
            ("snowflake", "region=us-east-1", ["edition is needed"]),
            ("snowflake", "size=large", ["edition is needed", "region is needed"]),
            ("databricks", "list=true", ["sku is needed", "region is needed"]),
            ("bigquery", "list=true", ["region is needed"]),
            ("duckdb", "list=true", ["runner is needed"]),
        ],
    )
    def test_what_is_needed(self, adapter: str, said: str, needed: list[str]) -> None:
        assert [" ".join(problem.split()[:3]) for problem in refused(on(adapter), said)] == needed

    @pytest.mark.parametrize(
        ("adapter", "said"),
        [
            ("bigquery", "usd_per_credit=2"),
            ("bigquery", "size=large region=us"),
            ("snowflake", "usd_per_tb=5"),
            ("duckdb", "edition=enterprise runner=linux-2-core"),
            ("databricks", "edition=enterprise sku=sql-classic"),
        ],
    )
    def test_what_means_nothing_on_this_adapter(self, adapter: str, said: str) -> None:
        assert " means nothing on " in refused(on(adapter), said)[0]

    @pytest.mark.parametrize("said", ["edition=enterprise", "region=us-east-1", "list=true"])
    def test_what_means_nothing_beside_a_price(self, said: str) -> None:
        assert " means nothing beside usd_per_credit" in refused(on("snowflake"), f"usd_per_credit=2 {said}")[0]

    def test_a_region_where_the_price_is_the_same_everywhere(self) -> None:
        assert "means nothing for sql-classic" in refused(on("databricks"), "sku=sql-classic region=us-east-1")[0]

    def test_nothing_is_known_elsewhere(self) -> None:
        assert refused(on("trino"), "list=true") == ["no prices are known on trino"]

    def test_motherduck_is_neither_free_nor_a_runner(self) -> None:
        assert tariff_of(on("duckdb", path="md:shop"), chosen("")) is None
        assert refused(on("duckdb", path="md:shop"), "runner=linux-2-core") == ["no prices are known on MotherDuck"]


BOOKS = sorted(path.stem for path in Path(prices.__file__).parent.glob("*.toml"))


class TestPriceBook:
    def test_there_is_one_for_every_market(self) -> None:
        assert BOOKS == ["bigquery", "databricks", "runners", "snowflake"]

    @pytest.mark.parametrize("name", BOOKS)
    def test_it_says_where_it_is_from_and_since_when(self, name: str) -> None:
        book = read_book(name)
        assert book.version >= 1
        assert date(2026, 1, 1) <= book.looked_up <= date(2100, 1, 1)
        assert re.fullmatch(r"https://\S+", book.origin)
        assert book.looked_up.isoformat() in book.said

    @pytest.mark.parametrize("name", BOOKS)
    def test_every_figure_is_a_positive_number(self, name: str) -> None:
        book = read_book(name)
        figures = [*(usd for each in book.usd.values() for usd in each.values()), *book.units_per_hour.values()]
        assert figures
        assert all(math.isfinite(figure) and figure > 0 for figure in figures)

    @pytest.mark.parametrize("name", BOOKS)
    def test_a_plan_has_regions_or_one_price_everywhere(self, name: str) -> None:
        for regions in read_book(name).usd.values():
            assert regions
            assert EVERYWHERE not in regions or len(regions) == 1

    @pytest.mark.parametrize("name", BOOKS)
    def test_names_are_what_a_person_would_write(self, name: str) -> None:
        book = read_book(name)
        names = [*book.usd, *book.units_per_hour, *(region for each in book.usd.values() for region in each)]
        assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", word) for word in names)
        assert book.notes.keys() <= book.usd.keys()

    def test_editions_of_one_vendor_have_the_same_regions(self) -> None:
        for name in ("bigquery", "snowflake"):
            assert len({tuple(regions) for regions in read_book(name).usd.values()}) == 1

    def test_a_dearer_edition_is_dearer_in_every_region(self) -> None:
        for name, editions in (
            ("bigquery", ("standard", "enterprise", "enterprise-plus")),
            ("snowflake", ("standard", "enterprise", "business-critical")),
        ):
            usd = read_book(name).usd
            for region in usd["standard"]:
                asked = [usd[edition][region] for edition in editions]
                assert asked == sorted(set(asked))

    def test_a_larger_warehouse_uses_more(self) -> None:
        for name in ("snowflake", "databricks"):
            units = [*read_book(name).units_per_hour.values()]
            assert units == sorted(set(units))

    def test_databricks_sizes_are_the_ones_that_rocky_reckons_with(self) -> None:
        for size, units in read_book("databricks").units_per_hour.items():
            found = rocky_tariff("databricks", prices=PriceList(0.0, 1.0, size))
            assert found is not None
            assert found.usd == units

    def test_they_are_part_of_the_package(self) -> None:
        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
        assert project["tool"]["setuptools"]["package-data"]["rocky_action.prices"] == ["*.toml"]

    def test_the_page_names_everything_that_can_be_said_and_every_origin(self) -> None:
        page = DOCS.read_text()
        assert not [name for name in (*PRICE_WORDS, *OWN_PRICES) if f"`{name}`" not in page]
        assert not [read_book(name).origin for name in BOOKS if read_book(name).origin not in page]
        assert not [plan for name in BOOKS for plan in read_book(name).usd if f"`{plan}`" not in page]


def test_every_basis_is_reached() -> None:
    """And by what is said about it in the docs."""
    reached = {
        tariff(on(adapter), said).basis
        for adapter, said in (
            ("duckdb", ""),
            ("snowflake", ""),
            ("bigquery", ""),
            ("bigquery", "region=eu"),
            ("bigquery", "edition=standard region=eu"),
        )
    }
    assert reached == set(Basis)
