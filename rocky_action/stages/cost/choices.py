"""A tariff that a person chose: a list price out of the price book, or a price of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rocky_action.domain.cost import PriceList
from rocky_action.domain.prices import Basis, PriceChoice, Tariff, in_dollars
from rocky_action.domain.project import Project
from rocky_action.errors import InputError, did_you_mean
from rocky_action.prices import EVERYWHERE, PriceBook, read_book

_ON_DEMAND = "on-demand"


@dataclass(frozen=True, kw_only=True)
class _Market:
    """What can be said about prices on one adapter: ``plan`` is the word that picks one of the ``book``'s plans.

    ``own`` are the prices of one's own, with what each is for. ``usual`` is the plan where only ``list`` is said.
    """

    book: str
    plan: str
    own: Mapping[str, Basis] = field(default_factory=dict)
    usual: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All names that mean something here."""
        book = read_book(self.book)
        region = () if all(EVERYWHERE in prices for prices in book.usd.values()) else ("region",)
        size = ("size",) if book.units_per_hour else ()
        return ("list", self.plan, *region, *size, *self.own)


_MARKETS: Mapping[str, _Market] = MappingProxyType(
    {
        "bigquery": _Market(
            book="bigquery",
            plan="edition",
            own={
                "usd_per_tb": Basis.TERABYTE,
                "usd_per_tib": Basis.TEBIBYTE,
                "usd_per_slot_hour": Basis.SLOT_HOUR,
            },
            usual=_ON_DEMAND,
        ),
        "snowflake": _Market(book="snowflake", plan="edition", own={"usd_per_credit": Basis.HOUR}),
        "databricks": _Market(book="databricks", plan="sku", own={"usd_per_dbu": Basis.HOUR}),
        "duckdb": _Market(book="runners", plan="runner", own={"usd_per_runner_minute": Basis.HOUR}),
    }
)


def chosen_tariff(choice: PriceChoice, head: Project) -> Tariff:
    """The tariff that was asked for. Raises InputError, with all that is wrong, if it is none on head's adapter."""
    adapter = "MotherDuck" if head.adapter.is_motherduck else head.adapter.type
    market = _MARKETS.get(adapter)
    if market is None:
        raise _refused([f"{choice.place}: no prices are known on {adapter}"])
    chooser = _Chooser(choice, head, market)
    problems = list(chooser.problems())
    if problems:
        raise _refused(problems)
    return chooser.own() if choice.own else chooser.listed()


def _refused(problems: list[str]) -> InputError:
    return InputError(
        "\n".join(("The prices cannot be had:", *(f"- {problem}" for problem in problems))),
        advice="docs/prices.md of rocky-preview lists what can be said about prices on each warehouse.",
    )


@dataclass(frozen=True)
class _Chooser:
    choice: PriceChoice
    head: Project
    market: _Market

    @property
    def book(self) -> PriceBook:
        return read_book(self.market.book)

    @property
    def plan(self) -> str:
        return self.choice.word(self.market.plan) or self.market.usual or ""

    @property
    def region(self) -> str:
        """As said, else where the adapter of rocky.toml says that it is, else nothing."""
        return (self.choice.word("region") or self.head.adapter.settings.get("location", "")).lower()

    @property
    def size(self) -> str:
        return self.choice.word("size") or self.head.prices.warehouse_size

    @property
    def _size_said(self) -> str:
        if self.choice.word("size"):
            return self.size
        return f"{self.size}, {'as Rocky assumes' if self.size == PriceList.warehouse_size else 'of rocky.toml'}"

    def problems(self) -> Iterator[str]:
        """Everything that keeps this choice from being a price."""
        adapter, known = self.head.adapter.type, self.market.names
        for name in self.choice.names:
            if name not in known:
                yield f"{self.choice.place}: {name} means nothing on {adapter}, which has {', '.join(known)}"
        if self.choice.own is None:
            yield from self._list_problems()
        else:
            for name in self.choice.names:
                if name in known and name not in ("size", self.choice.own[0]):
                    yield f"{self.choice.place}: {name} means nothing beside {self.choice.own[0]}, which is the price"
        if self.book.units_per_hour and self.book.units(self.size) is None:
            said = f"{self.choice.place}: size" if self.choice.word("size") else "warehouse_size of rocky.toml"
            yield f"{said} is {_one_of(self.size, self.book.units_per_hour)}"

    def _list_problems(self) -> Iterator[str]:
        place, word, plans = self.choice.place, self.market.plan, self.book.usd
        if not self.plan:
            yield f"{place}: {word} is needed for a list price: one of {', '.join(plans)}"
        elif self.plan not in plans:
            yield f"{place}: {word} is {_one_of(self.plan, plans)}"
        prices = plans.get(self.plan) or {region: usd for each in plans.values() for region, usd in each.items()}
        if "region" not in self.market.names:
            return
        if self.plan in plans and EVERYWHERE in prices:
            if self.choice.word("region"):
                yield f"{place}: region means nothing for {self.plan}, whose price is the same everywhere"
        elif not self.region:
            yield f"{place}: region is needed for a list price: one of {_listed(prices)}"
        elif self.region not in prices:
            said = f"{place}: region" if self.choice.word("region") else "the adapter's location in rocky.toml"
            own = ", ".join(self.market.own)
            yield f"{said} is {_one_of(self.region, prices)} (or say the price itself: {own})"

    def own(self) -> Tariff:
        """The price that was said."""
        name, usd = self.choice.own or ("", 0.0)
        return self._tariff(self.market.own[name], usd, origin=f"your own price ({self.choice.place})")

    def listed(self) -> Tariff:
        """The price that is asked of everybody."""
        prices = self.book.usd[self.plan]
        region = EVERYWHERE if EVERYWHERE in prices else self.region
        basis = Basis.HOUR
        if self.market.book == "bigquery":
            basis = Basis.TEBIBYTE if self.plan == _ON_DEMAND else Basis.SLOT_HOUR
        note = self.book.notes.get(self.plan)
        what = ", ".join((self.plan, *(() if region == EVERYWHERE else (region,)), *((note,) if note else ())))
        return self._tariff(basis, prices[region], origin=self.book.said, what=what)

    def _tariff(self, basis: Basis, usd: float, *, origin: str, what: str = "") -> Tariff:
        """A price for the unit of ``basis``; by the hour it is first one for a credit, a DBU or a minute."""
        rest = f" ({what})" if what else ""
        if basis is not Basis.HOUR:
            return Tariff(basis, usd, f"{in_dollars(usd)} {_UNITS[basis]}{rest}", origin)
        units = self.book.units(self.size) if self.book.units_per_hour else None
        if units is None:
            return Tariff(basis, usd * 60, f"{in_dollars(usd)} a minute of the runner{rest}", origin)
        terms = f"{units:g} {self.book.unit} an hour ({self._size_said}) at {in_dollars(usd)}{rest}"
        return Tariff(basis, units * usd, terms, origin)


_UNITS: Mapping[Basis, str] = MappingProxyType(
    {
        Basis.TERABYTE: "a terabyte billed",
        Basis.TEBIBYTE: "a tebibyte billed",
        Basis.SLOT_HOUR: "a slot-hour",
    }
)


def _one_of(word: str, known: Mapping[str, object]) -> str:
    return f"{word!r}, not one of {_listed(known)}{did_you_mean(word, known)}"


def _listed(known: Mapping[str, object]) -> str:
    return ", ".join(name for name in known if name != EVERYWHERE)
