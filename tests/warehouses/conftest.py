"""Tests of one warehouse share its servers, and so a process."""

from __future__ import annotations

import pytest

from tests.support.ground import WAREHOUSES


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "warehouses":
            name = next(name for name in WAREHOUSES if name in item.path.name)
            item.add_marker(pytest.mark.xdist_group(name))
            item.add_marker(pytest.mark.warehouse)
