"""Tests of one warehouse each, beside the servers that stand in for it."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "warehouses":
            item.add_marker(pytest.mark.warehouse)
