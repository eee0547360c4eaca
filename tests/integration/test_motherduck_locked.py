"""A session with MotherDuck is locked as far as it still works; MotherDuck's side is a local file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from rocky_action.errors import WarehouseError
from tests.support.motherduck import Account


@pytest.fixture
def account(tmp_path: Path) -> Account:
    made = Account(tmp_path)
    made.make("shop", "CREATE TABLE t AS SELECT range AS id FROM range(10)")
    return made


@pytest.mark.parametrize(
    "setting", ["lock_configuration = false", "autoload_known_extensions = true", "memory_limit = '1GB'", "threads = 1"]
)
def test_no_setting_can_be_changed_any_more(account: Account, setting: str) -> None:
    with closing(account.opened()) as opened, pytest.raises(WarehouseError, match="configuration has been locked"):
        opened.execute([f"SET {setting}"])


def test_no_extension_comes_by_itself_and_no_variable_is_a_table(account: Account) -> None:
    asked = ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions")
    with closing(account.opened()) as opened:
        values = ", ".join(f"current_setting('{name}')" for name in (*asked, "python_enable_replacements"))
        assert opened.query(f"SELECT {values}") == [(False,) * 4]


def test_it_can_be_opened_twice(account: Account) -> None:
    with closing(account.opened()) as one, closing(account.opened()) as other:
        assert one.query("SELECT count(*) FROM t") == other.query("SELECT count(*) FROM t") == [(10,)]
