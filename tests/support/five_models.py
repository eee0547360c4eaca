"""The smallest project worth a preview: five models, and a pull request that leaves refunded orders out of revenue.

The expected numbers are worked out here, in Python, from the seed's rows: no SQL of the product is its own judge.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

CATALOG = "five"
SCHEMA = "main"
DATABASE = f"{CATALOG}.duckdb"
KEY = ("customer_id",)

MODELS = ("dim_customers", "fct_revenue", "raw_customers", "raw_orders", "stg_orders")
PRUNE_SET = ("fct_revenue",)
COPY_SET = ("dim_customers", "stg_orders")
SKIPPED = ("raw_customers", "raw_orders")

FILTER = "WHERE o.status <> 'refunded'"
LONG = "(SELECT sum(hash(a.range)) FROM range(120000000) AS a) IS NOT NULL"
"""A condition that is always true and takes some tenths of a second to find out."""


@dataclass(frozen=True)
class Order:
    order_id: int
    customer_id: int
    status: str
    amount: Decimal


def _order(number: int) -> Order:
    refunded = number % 4 == 0 or number % 23 == 5
    cents = 500 + number * 137 % 9000
    return Order(
        number,
        1 + min(number * 17 % 71, number * 29 % 67),
        "refunded" if refunded else "delivered",
        Decimal(cents) / 100,
    )


CUSTOMERS = tuple((number, f"Customer {number:02}") for number in range(1, 71))
ORDERS = tuple(_order(number) for number in range(1, 121))

Revenue = dict[int, tuple[int, Decimal]]
"""Orders and revenue by customer: what fct_revenue must hold."""


def revenue(*, refunded_too: bool) -> Revenue:
    """The rows of fct_revenue, by key; base counts refunded orders, head does not."""
    amounts: defaultdict[int, list[Decimal]] = defaultdict(list)
    for order in ORDERS:
        if refunded_too or order.status != "refunded":
            amounts[order.customer_id].append(order.amount)
    return {customer: (len(of_customer), sum(of_customer, Decimal())) for customer, of_customer in amounts.items()}


REVENUE_BASE = revenue(refunded_too=True)
REVENUE_HEAD = revenue(refunded_too=False)
REMOVED_KEYS = frozenset(REVENUE_BASE) - frozenset(REVENUE_HEAD)
CHANGED_KEYS = frozenset(key for key, row in REVENUE_HEAD.items() if REVENUE_BASE[key] != row)

ROWS_BASE = len(REVENUE_BASE)
ROWS_HEAD = len(REVENUE_HEAD)
ROWS_ADDED = 0
ROWS_REMOVED = len(REMOVED_KEYS)
ROWS_CHANGED = len(CHANGED_KEYS)


def _seed() -> str:
    customers = ",\n".join(f"    ({number}, '{name}')" for number, name in CUSTOMERS)
    orders = ",\n".join(
        f"    ({order.order_id}, {order.customer_id}, '{order.status}', {order.amount:.2f})" for order in ORDERS
    )
    return (
        "CREATE SCHEMA IF NOT EXISTS raw;\n"
        "CREATE OR REPLACE TABLE raw.customers (customer_id INTEGER, full_name VARCHAR);\n"
        f"INSERT INTO raw.customers VALUES\n{customers};\n"
        "CREATE OR REPLACE TABLE raw.orders"
        " (order_id INTEGER, customer_id INTEGER, status VARCHAR, amount DECIMAL(10, 2));\n"
        f"INSERT INTO raw.orders VALUES\n{orders};\n"
    )


_ROCKY_TOML = f"""\
[adapter]
type = "duckdb"
path = "{DATABASE}"

[pipeline.five]
type = "transformation"

[pipeline.five.target]
adapter = "default"
"""

_DEFAULTS = f"""\
[target]
catalog = "{CATALOG}"
schema = "{SCHEMA}"
"""

_FCT_REVENUE = """\
SELECT
    c.customer_id,
    c.full_name,
    count(*) AS orders,
    sum(o.amount) AS revenue
FROM stg_orders AS o
JOIN dim_customers AS c ON c.customer_id = o.customer_id
GROUP BY c.customer_id, c.full_name
"""

_UNIQUE = """\
[[tests]]
type = "unique"
column = "{column}"
"""


def base() -> dict[str, str]:
    """Every file of the project at the merge base, by path."""
    return {
        "rocky.toml": _ROCKY_TOML,
        "data/seed.sql": _seed(),
        "models/_defaults.toml": _DEFAULTS,
        "models/raw_orders.toml": "",
        "models/raw_orders.sql": "SELECT order_id, customer_id, status, amount FROM raw.orders\n",
        "models/raw_customers.toml": "",
        "models/raw_customers.sql": "SELECT customer_id, full_name FROM raw.customers\n",
        "models/stg_orders.toml": _UNIQUE.format(column="order_id"),
        "models/stg_orders.sql": "SELECT order_id, customer_id, status, amount FROM raw_orders\n",
        "models/dim_customers.toml": _UNIQUE.format(column="customer_id"),
        "models/dim_customers.sql": "SELECT customer_id, full_name FROM raw_customers\n",
        "models/fct_revenue.toml": _UNIQUE.format(column="customer_id"),
        "models/fct_revenue.sql": _FCT_REVENUE,
    }


def pull_request() -> dict[str, str]:
    """Every file of the project at head: base, with a filter added to fct_revenue."""
    filtered = _FCT_REVENUE.replace("GROUP BY", f"{FILTER}\nGROUP BY")
    return base() | {"models/fct_revenue.sql": filtered}
