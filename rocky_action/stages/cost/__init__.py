"""Price both sides of every model, from what was measured, recorded or estimated; what is unknown stays unknown."""

from rocky_action.stages.cost.cadences import cadence_of
from rocky_action.stages.cost.ledger import Terms, price
from rocky_action.stages.cost.tariffs import tariff_of

__all__ = ["Terms", "cadence_of", "price", "tariff_of"]
