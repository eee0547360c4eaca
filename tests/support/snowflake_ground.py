"""Snowflake to test on: the real connector over loopback, and fakesnow, which runs the statements in DuckDB.

fakesnow lives in an environment of its own (`make warehouses`), as it needs another sqlglot and another connector.
The role that the adapter logs in with has the grants that README.md asks for, and no other.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import snowflake.connector

from rocky_action.domain.project import Adapter
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from rocky_action.warehouses.request import OpenRequest
from tests.support.ground import Ground, Missing

_ROOT = Path(__file__).parents[2]
PYTHON = _ROOT / "build" / "fakesnow" / "bin" / "python"
SETTINGS = {
    "account": "fakesnow",
    "username": "PREVIEWER",
    "password": "planted-secret",
    "database": "SHOP",
    "warehouse": "PREVIEW_WH",
}
SCHEMA = "PRODUCTION"
LABELS = {"repository": "acme/shop", "pull_request": "7", "preview": "fix_7"}


@contextmanager
def serving_fakesnow() -> Iterator[int]:
    """A server of its own, empty, and its port."""
    if not PYTHON.exists():
        raise Missing(f"{PYTHON.relative_to(_ROOT)} does not exist; make warehouses")
    command = [str(PYTHON), str(_ROOT / "tests" / "support" / "fakesnow_front.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line.strip().isdigit():
                raise Missing(f"fakesnow does not start: {server.wait()}")
            yield int(line)
        finally:
            server.terminate()


def request(settings: Mapping[str, str], environ: Mapping[str, str]) -> OpenRequest:
    """What the product would open the adapter with."""
    adapter = Adapter("default", "snowflake", settings)
    return OpenRequest(adapter, Path.cwd(), lambda: (), environ=environ, labels=LABELS)


def grants() -> tuple[str, ...]:
    """README.md's, one statement each."""
    blocks = re.findall(r"```sql\n(.*?)```", (_ROOT / "README.md").read_text(), re.DOTALL)
    (block,) = (block for block in blocks if f"production in {SETTINGS['database']}.{SCHEMA}" in block)
    return tuple(line for line in block.splitlines() if line.endswith(" TO ROLE PREVIEWER;"))


@contextmanager
def open_production() -> Iterator[tuple[Callable[[str], None], dict[str, str]]]:
    """The database SHOP with the empty schema PRODUCTION, its owner's hand, and where to log in; nothing is granted."""
    with serving_fakesnow() as port:
        environ = {"SNOWFLAKE_HOST": "127.0.0.1", "SNOWFLAKE_PORT": str(port), "SNOWFLAKE_PROTOCOL": "http"}
        owner = snowflake.connector.connect(
            account="fakesnow",
            user="OWNER",
            password="owner",
            host="127.0.0.1",
            port=port,
            protocol="http",
            database="SHOP",
            enable_server_session_keep_alive_auto_detection=False,
        )
        with closing(owner):

            def production(sql: str) -> None:
                with owner.cursor() as cursor:
                    cursor.execute(sql)

            production(f'CREATE SCHEMA "SHOP"."{SCHEMA}"')
            yield production, environ


@contextmanager
def open_ground() -> Iterator[Ground]:
    """A fresh database, and the adapter with README.md's grants. Raises Missing where fakesnow is not installed."""
    with open_production() as (production, environ):
        for grant in grants():
            production(grant)
        with closing(open_warehouse(request(SETTINGS, environ)).warehouse) as adapter:
            yield Ground("snowflake", adapter, production, SETTINGS["database"], SCHEMA, SETTINGS, environ)
