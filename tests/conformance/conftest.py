"""Each test runs on every warehouse. A marker says where one cannot pass, and why; passing there is a failure too.

``notimpl``: the stand-in for the warehouse, or the warehouse in tests, does not have it. ``notyet``: this program does
not. ``never``: the warehouse itself does not.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.ground import WAREHOUSES, Ground, live, standing_on

_SLOW = {
    "databricks": ("test_oracle.py", "test_self_tests.py", "test_records.py", "test_previews.py"),
    "bigquery": ("test_oracle.py",),
}
"""Files that would take a warehouse's stand-in minutes."""
MARKERS = ("notimpl", "notyet", "never")


@pytest.fixture(scope="session", params=WAREHOUSES)
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    with standing_on(request.param) as found:
        yield found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        name = getattr(item, "callspec", None) and item.callspec.params.get("ground")  # type: ignore[attr-defined]
        if name is None:
            continue
        item.add_marker(pytest.mark.warehouse)
        if item.path.name in _SLOW.get(name, ()) or any(name in marker.args for marker in item.iter_markers("slow_on")):
            item.add_marker(pytest.mark.slow)
        for kind in MARKERS if live() is None else ("notyet", "never"):
            for marker in item.iter_markers(kind):
                if name in marker.args:
                    reason = f"{kind}: {marker.kwargs['reason']}"
                    item.add_marker(pytest.mark.xfail(strict=True, reason=reason))
