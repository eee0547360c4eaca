"""What a unit costs on a warehouse: as Rocky reckons, unless somebody says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rocky_action.domain.cost import PriceList
from rocky_action.domain.prices import Basis, PriceChoice, Tariff, in_dollars
from rocky_action.domain.project import Project
from rocky_action.stages.cost.choices import chosen_tariff

_ORIGIN = "Rocky's default"
_USD_PER_TERABYTE = 6.25
_UNITS_PER_HOUR: Mapping[str, float] = MappingProxyType(
    {
        "2xsmall": 4.0,
        "xsmall": 6.0,
        "small": 12.0,
        "medium": 24.0,
        "large": 40.0,
        "xlarge": 80.0,
        "2xlarge": 144.0,
        "3xlarge": 272.0,
        "4xlarge": 528.0,
    }
)
"""DBU per hour by warehouse size (docs/rocky-format.md, 6.3); Rocky uses the same table on Snowflake."""


def tariff_of(head: Project, choice: PriceChoice) -> Tariff | None:
    """What head's warehouse charges, None where nobody knows; both sides are priced by it.

    Raises InputError, with all that is wrong, for a choice that means nothing on head's adapter.
    """
    if choice.names:
        return chosen_tariff(choice, head)
    if head.adapter.is_motherduck:
        return None  # DuckDB is free, and somebody else's computers are not
    return rocky_tariff(head.adapter.type, prices=head.prices)


def rocky_tariff(adapter_type: str, *, prices: PriceList) -> Tariff | None:
    """What ``rocky cost`` reckons with (docs/rocky-format.md, 6.3); None for adapters that it has no price for."""
    match adapter_type:
        case "duckdb":
            return Tariff(Basis.FREE, 0.0, "DuckDB is free", _ORIGIN)
        case "databricks" | "snowflake":
            size = prices.warehouse_size
            units = _UNITS_PER_HOUR.get(size.lower().replace("-", ""), _UNITS_PER_HOUR["medium"])
            each = prices.compute_cost_per_dbu
            origin = _ORIGIN if prices == PriceList() else "[cost] of rocky.toml"
            terms = f"{units:g} units an hour ({size}) at {in_dollars(each)}"
            return Tariff(Basis.HOUR, units * each, terms, origin)
        case "bigquery":
            return Tariff(
                Basis.TERABYTE, _USD_PER_TERABYTE, f"{in_dollars(_USD_PER_TERABYTE)} a terabyte billed", _ORIGIN
            )
        case _:
            return None
