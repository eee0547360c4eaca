"""The price book: what vendors ask, as data with its date and its origin. US dollars only."""

from rocky_action.prices.book import EVERYWHERE, PriceBook, read_book

__all__ = ["EVERYWHERE", "PriceBook", "read_book"]
