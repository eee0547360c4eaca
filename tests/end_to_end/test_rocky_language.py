"""Models in the ``.rocky`` language, from a real repository to the comment."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.support import five_models
from tests.support.checkout import Checkout
from tests.support.five_models import ORDERS, Order

BY_CUSTOMER = """\
-- spending by customer
from stg_orders
where status != "refunded"
group customer_id { orders: count(), most: max(amount) }
"""
EDITED = BY_CUSTOMER.replace(
    "group", 'where amount > 50 or status == "lost"\nwhere order_id < 100 -- the young are out\ngroup'
)
SIDECAR = '[[tests]]\ntype = "unique"\ncolumn = "customer_id"\n'
BASE = five_models.base() | {"models/by_customer.rocky": BY_CUSTOMER, "models/by_customer.toml": SIDECAR}


def expected(kept: Callable[[Order], bool]) -> dict[int, tuple[int, Decimal]]:
    """The rows of by_customer, worked out without any SQL."""
    found: dict[int, tuple[int, Decimal]] = {}
    for order in ORDERS:
        if order.status != "refunded" and kept(order):
            number, most = found.get(order.customer_id, (0, Decimal()))
            found[order.customer_id] = number + 1, max(most, order.amount)
    return found


def test_an_edit_is_built_and_compared_and_what_rocky_does_otherwise_is_said(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path, {"models/by_customer.rocky": EDITED}, base=BASE)
    ended = checkout.run("run", "--name", "x")
    assert ended.code == 0, ended.err
    before, after = expected(lambda _: True), expected(lambda order: order.amount > 50 and order.order_id < 100)
    rows = checkout.query("SELECT customer_id, orders, most FROM branch__x.by_customer")
    assert {row[0]: row[1:] for row in rows} == after
    diff = json.loads((checkout.folder / ".rocky-preview" / "diff.json").read_text())
    assert diff["summary"]["total_rows_removed"] == len(before.keys() - after.keys())
    changed = [key for key in after if before[key] != after[key]]
    assert diff["summary"]["total_rows_changed"] == len(changed)
    comment = (checkout.folder / ".rocky-preview" / "comment.md").read_text()
    assert "line 4 of" in comment
    assert "holds on its own" in comment
    assert "holds on its own" in (checkout.folder / ".rocky-preview" / "report.json").read_text()


def test_plan_says_it_before_anything_is_built(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path, {"models/by_customer.rocky": EDITED}, base=BASE)
    plan = checkout.run("plan", "--output", "json").json
    assert plan["copy_set"] == ["stg_orders"]
    warnings = plan["warnings"] if isinstance(plan["warnings"], list) else []
    assert len(warnings) == 1
    warning = warnings[0]
    assert (warning["model_name"], warning["path"]) == ("by_customer", "models/by_customer.rocky")
    assert warning["message"].startswith("line 4 of models/by_customer.rocky: this `where` holds on its own")
    assert "holds on its own" in checkout.run("plan").out


def test_a_model_that_moves_to_the_language_and_means_the_same_runs_nothing(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path, {})
    (checkout.folder / "models/raw_orders.sql").unlink()
    text = "from raw.orders\nselect { order_id, customer_id, status, amount }\n"
    checkout.repository.commit({"models/raw_orders.rocky": text})
    plan = checkout.run("plan", "--output", "json").json
    assert plan["prune_set"] == []
    changes = plan["changes"] if isinstance(plan["changes"], list) else []
    assert [(change["model_name"], change["kind"]) for change in changes] == [("raw_orders", "cosmetic")]


def test_a_file_that_cannot_be_read_fails_with_its_place(tmp_path: Path) -> None:
    text = BY_CUSTOMER.replace("where", "wehre")
    checkout = Checkout.new(tmp_path, {"models/by_customer.rocky": text}, base=BASE)
    ended = checkout.run("run", "--name", "x")
    assert ended.code == 1, ended.err
    comment = (checkout.folder / ".rocky-preview" / "comment.md").read_text()
    assert "line 3, column 1: expected a step" in comment
