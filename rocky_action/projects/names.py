"""Names of models and of the relations they become (docs/rocky-format.md, 2.6)."""

from __future__ import annotations

import re

_IDENTIFIER = re.compile(r"[A-Za-z0-9_]+")
_GOOGLE_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


def is_identifier(name: str) -> bool:
    """True for letters, digits and underscores: Rocky renders names unquoted."""
    return _IDENTIFIER.fullmatch(name) is not None


def is_catalog(name: str, dialect: str) -> bool:
    """True for what may be a catalog: on DuckDB also nothing at all, on BigQuery also a project's id."""
    if not name:
        return dialect == "duckdb"
    return is_identifier(name) or (dialect == "bigquery" and _GOOGLE_PROJECT.fullmatch(name) is not None)
